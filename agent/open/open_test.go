package open_test

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/open"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/templates"
)

// newSite returns the handler of an agent that is not registered yet, below /jellyfin of
// films.example.org. Every request that is not for the agent gets 418.
func newSite(t *testing.T) http.Handler {
	t.Helper()
	keys, err := secret.NewKeys(modelstest.Key, "")
	if err != nil {
		t.Fatal(err)
	}
	store, err := agent.OpenStore(t.Context(), filepath.Join(t.TempDir(), "agent.db"), keys, time.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	engine := agent.New(agent.Options{
		ServiceURL: "https://id.example.org", Store: store, Now: time.Now, Random: rand.Reader,
		Addresses: agent.Addresses{Configured: []string{"https://films.example.org:443/jellyfin"}},
	})
	site, err := open.Handler(open.Options{Door: agent.NewDoor(engine), Bases: []string{"/jellyfin"}, Log: slog.New(slog.DiscardHandler)},
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// ask sends a request with headers that are written as "Name: value".
func ask(t *testing.T, site http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(`{"flow":"x","state":"y","code":"z","device_id":"d"}`))
	r.Header.Set("Content-Type", "application/json")
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	return w
}

// TestForeignPagesAskNothing sends the steps as pages of other origins would.
func TestForeignPagesAskNothing(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for name, row := range map[string]struct {
		headers []string
		status  int
	}{
		"own page":                {[]string{"Origin: https://films.example.org", "Sec-Fetch-Site: same-origin"}, 503},
		"own page over http":      {[]string{"Origin: https://films.example.org"}, 503},
		"a program":               {nil, 503},
		"foreign page":            {[]string{"Origin: https://evil.example.org", "Sec-Fetch-Site: cross-site"}, 403},
		"foreign page, old":       {[]string{"Origin: https://evil.example.org"}, 403},
		"sibling host":            {[]string{"Origin: https://id.example.org", "Sec-Fetch-Site: same-site"}, 403},
		"frame without an origin": {[]string{"Origin: null", "Sec-Fetch-Site: cross-site"}, 403},
		"sandboxed frame":         {[]string{"Origin: null"}, 403},
		"another scheme":          {[]string{"Origin: http://films.example.org"}, 403},
		"another port":            {[]string{"Origin: https://films.example.org:8443"}, 403},
		"a form":                  {[]string{"Content-Type: text/plain", "Origin: https://films.example.org"}, 403},
	} {
		for _, step := range []string{"begin"} {
			w := ask(t, site, http.MethodPost, "/jellyfin/latchkey/"+step, row.headers...)
			if w.Code != row.status {
				t.Errorf("%s, %s: status %d with %s, want %d", name, step, w.Code, w.Body, row.status)
			}
		}
		for _, step := range []string{"who", "mint"} {
			if w := ask(t, site, http.MethodPost, "/latchkey/"+step, row.headers...); row.status == 403 && w.Code != 403 || row.status != 403 && w.Code != http.StatusGone {
				t.Errorf("%s, %s: status %d with %s, want 403 or 410", name, step, w.Code, w.Body)
			}
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for path, method := range map[string]string{
		"/jellyfin/latchkey/": "GET", "/latchkey/open": "GET", "/latchkey/open.js": "GET", "/latchkey/open.css": "GET", "/latchkey/open.svg": "GET", "/latchkey/check": "GET",
		"/latchkey/begin": "POST", "/latchkey/who": "POST", "/latchkey/mint": "POST",
	} {
		h := ask(t, site, method, path).Header()
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q, want a strict one", path, policy)
		}
	}
	// Icons come from this origin, and Firefox applies the policy to icons.
	page := ask(t, site, http.MethodGet, "/jellyfin/latchkey/open")
	if policy := page.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "; img-src 'self'; ") || !strings.Contains(page.Body.String(), `rel="icon" href="/jellyfin/latchkey/open.svg"`) {
		t.Errorf("the page has the policy %q, want it to allow the page's own icon", policy)
	}
	for _, path := range []string{"/", "/System/Info", "/latchkey", "/latchkey/proof/x", "/jellyfinx/latchkey/open", "/latchkey/begin", "/web/latchkey/open", "/latchkey/../open"} {
		if w := ask(t, site, http.MethodGet, path); w.Code != http.StatusTeapot {
			t.Errorf("GET %s: status %d, want it passed on", path, w.Code)
		}
	}
	var said map[string]string
	if w := ask(t, site, http.MethodGet, "/jellyfin/latchkey/check"); json.Unmarshal(w.Body.Bytes(), &said) != nil || w.Code != 200 || len(said) != 1 {
		t.Errorf("the check answers %d %s, want the id of the server alone", w.Code, w.Body)
	}
}

// TestThePageSpeaksEveryLanguage compares the texts of the page with the texts that its script
// and the agent name.
func TestThePageSpeaksEveryLanguage(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("static/open.js")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("open.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?:Stop|say)\("(\w+)"`).FindAllStringSubmatch(string(script), -1)
	names = append(names, regexp.MustCompile(`(?:Status\w+, |refuse\(w, http\.Status\w+, )"(\w+)"`).FindAllStringSubmatch(string(code), -1)...)
	if len(names) < 20 {
		t.Errorf("%d names of texts are found, want more: their form has changed", len(names))
	}
	for _, language := range catalogue.Languages() {
		w := ask(t, site, http.MethodGet, "/jellyfin/latchkey/open", "Accept-Language: "+language.Code)
		page, _ := io.ReadAll(w.Result().Body)
		for _, name := range names {
			if !strings.Contains(string(page), `data-say="`+name[1]+`"`) {
				t.Errorf("%s: the page has no text %s, want it", language.Code, name[1])
			}
		}
		for _, part := range []string{
			`<html lang="` + language.Code + `" dir="`, `href="https://id.example.org/link"`, "<noscript><p>", `src="/jellyfin/latchkey/open.js"`, `data-base="/jellyfin"`,
		} {
			if !strings.Contains(string(page), part) {
				t.Errorf("%s: the page lacks %s", language.Code, part)
			}
		}
		if strings.Contains(string(page), ">open.") {
			t.Errorf("%s: the page shows a key in the place of a text:\n%s", language.Code, page)
		}
	}
}
