package handlers_test

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The pages show every operation and object to everybody, without scripts, and their links lead somewhere.
func TestAPIDocs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	contents := b.get("/api/docs")
	b.see(contents, http.StatusOK, "<title>API reference", `href="/api/openapi.yaml"`, `href="/api/docs/objects"`)
	if policy := contents.header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'self'") || contents.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("headers %v, want with %q, no Access-Control-Allow-Origin", contents.header, "style-src 'self'")
	}
	pages := map[string]string{"/api/docs": contents.body}
	for _, match := range regexp.MustCompile(` href="(/api/docs/[a-z-]+)["#]`).FindAllStringSubmatch(contents.body, -1) {
		if pages[match[1]] == "" {
			page := b.get(match[1])
			b.see(page, http.StatusOK)
			pages[match[1]] = page.body
		}
	}
	everything := strings.Join(slices.Collect(maps.Values(pages)), "\n")
	if strings.Contains(everything, " style=") || strings.Contains(everything, "<style") || strings.Count(everything, "<script") != len(pages) {
		t.Error("a page brings style or scripts of its own")
	}
	for _, o := range contractOf(t).operations {
		_, section, _ := strings.Cut(everything, `<h2 id="`+o.OperationID+`"`)
		section, _, _ = strings.Cut(section, "</article>")
		for _, text := range []string{o.Summary, o.method, o.path, "curl ", s.URL} {
			if !strings.Contains(section, strings.ReplaceAll(text, "'", "&#39;")) {
				t.Errorf("%s: its section does not say %s", o, text)
			}
		}
	}
	checkAnchors(t, pages)
	b.see(b.get("/api/docs/nothing"), http.StatusNotFound, "not found")
	b.header.Set("Accept-Language", "de")
	b.see(b.get("/api/docs"), http.StatusOK, "<title>API-Referenz", `lang="en"`)
}

// checkAnchors checks that each link with a # leads to an element of one of the pages, and that no id of
// a page occurs twice.
func checkAnchors(t *testing.T, pages map[string]string) {
	t.Helper()
	ids := map[string]bool{}
	for path, page := range pages {
		for _, match := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
			if ids[path+"#"+match[1]] {
				t.Errorf("%s: two elements are %s", path, match[1])
			}
			ids[path+"#"+match[1]] = true
		}
	}
	for path, page := range pages {
		for _, match := range regexp.MustCompile(` href="([^"#]*)#([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if to := cmp.Or(match[1], path) + "#" + match[2]; !ids[to] {
				t.Errorf("%s: a link leads to %s, which is not there", path, to)
			}
		}
	}
}
