package handlers_test

import (
	"regexp"
	"strings"
	"testing"
)

// Every answer has the headers, also after an attack or a failure.
func TestHeaders(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	nonces := map[string]bool{}
	for _, path := range []string{"/", "/signup", "/signin", "/nowhere", "/account", "/reset?token=x", "/livez", "/static/css/latchkey.css"} {
		a := b.get(path)
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"Strict-Transport-Security":    "max-age=31536000; includeSubDomains",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"X-Frame-Options":              "DENY",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %v", path, name, got, want)
			}
		}
		if a.header.Get("Server") != "" || a.header.Get("X-Powered-By") != "" {
			t.Errorf("%s names the server", path)
		}
		if strings.HasPrefix(path, "/static/") {
			continue
		}
		found := regexp.MustCompile(`^default-src 'none'; script-src 'nonce-([A-Za-z0-9_-]{22})'; style-src 'self'; img-src 'self' data:; ` +
			`connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'$`).
			FindStringSubmatch(a.header.Get("Content-Security-Policy"))
		if found == nil {
			t.Errorf("%s: policy %q, want some found", path, a.header.Get("Content-Security-Policy"))
			continue
		}
		if nonces[found[1]] {
			t.Errorf("%s: the nonce was used before", path)
		}
		nonces[found[1]] = true
		for _, script := range regexp.MustCompile(`<script[^>]*>`).FindAllString(a.body, -1) {
			if !strings.Contains(script, `nonce="`+found[1]+`"`) {
				t.Errorf("%s: %s, want the nonce %s", path, script, found[1])
			}
		}
		store := a.header.Get("Cache-Control")
		if want := "no-store"; path != "/" && store != want {
			t.Errorf("%s: Cache-Control %q, want %s", path, store, want)
		}
	}
}
