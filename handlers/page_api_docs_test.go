package handlers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// The page shows every operation to everybody, without scripts.
func TestAPIDocs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	page := b.get("/api/docs")
	b.see(page, http.StatusOK, "<title>API reference", s.URL+"/api/v1/account", `href="/api/openapi.yaml"`)
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'self'") || page.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("headers %v, want with %q, no Access-Control-Allow-Origin", page.header, "style-src 'self'")
	}
	if strings.Contains(page.body, " style=") || strings.Contains(page.body, "<style") || strings.Count(page.body, "<script") != 1 {
		t.Error("the page brings style or scripts of its own")
	}
	for _, o := range contractOf(t).operations {
		section, _, _ := strings.Cut(page.body[max(strings.Index(page.body, `<h3 id="`+o.OperationID+`"`), 0):], "</section>")
		for _, text := range []string{o.Summary, o.method, o.path, "curl "} {
			if !strings.Contains(section, strings.ReplaceAll(text, "'", "&#39;")) {
				t.Errorf("%s: its section does not say %s", o, text)
			}
		}
	}
	ids := map[string]bool{}
	for _, match := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		if ids[match[1]] {
			t.Errorf("two elements are %s", match[1])
		}
		ids[match[1]] = true
	}
	for _, match := range regexp.MustCompile(` href="#([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		if !ids[match[1]] {
			t.Errorf("a link leads to #%s, which is not there", match[1])
		}
	}
	b.header.Set("Accept-Language", "de")
	b.see(b.get("/api/docs"), http.StatusOK, "<title>API-Referenz", `lang="en"`)
}
