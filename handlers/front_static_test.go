package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/latchkey-media/latchkey/handlers"
)

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	b := newSite(t, func(s *handlers.Server) {
		s.Static = fstest.MapFS{"a/x.css": {Data: []byte("p{}")}, "favicon.svg": {Data: []byte("<svg/>")}}
	}).browser(t)
	a := b.get("/static/a/x.css")
	b.see(a, http.StatusOK, "p{}")
	if a.header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(a.header.Get("Cache-Control"), "max-age") {
		t.Errorf("headers %v, want Content-Type text/css; charset=utf-8, with %q", a.header, "max-age")
	}
	request := b.request(http.MethodGet, "/static/a/x.css", "")
	request.Header.Set("If-None-Match", a.header.Get("ETag"))
	b.see(b.send(request), http.StatusNotModified)
	b.see(b.get("/favicon.ico"), http.StatusOK, "<svg/>")
	for _, path := range []string{"/static/", "/static/a", "/static/a/", "/static/b", "/static/../x", "/static/a/../a/x.css", "/static/%2e%2e/x"} {
		if a := b.get(path); a.status != http.StatusNotFound && a.status != http.StatusOK || strings.Contains(a.body, "<pre>") {
			t.Errorf("%s: status %d with %q, want 404, or 200 without a list of files", path, a.status, a.body)
		}
	}
}
