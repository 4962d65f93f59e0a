package handlers_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/templates"
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
	named, other := templates.Named("a/x.css", []byte("p{}")), templates.Named("a/x.css", []byte("older"))
	for path, want := range map[string]string{named: "public, max-age=31536000, immutable", other: "public, max-age=300", "a/x.css": "public, max-age=300"} {
		a := b.get("/static/" + path)
		b.see(a, http.StatusOK, "p{}")
		if got := a.header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, got, want)
		}
	}
	for _, path := range []string{"/static/", "/static/a", "/static/a/", "/static/b", "/static/../x", "/static/a/../a/x.css", "/static/%2e%2e/x"} {
		if a := b.get(path); a.status != http.StatusNotFound && a.status != http.StatusOK || strings.Contains(a.body, "<pre>") {
			t.Errorf("%s: status %d with %q, want 404, or 200 without a list of files", path, a.status, a.body)
		}
	}
}

// A file is sent compressed if the browser can read that, with a tag of its own, so that no
// cache confuses the compressed and the plain form.
func TestFilesAreCompressed(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	for _, path := range []string{"/static/css/latchkey.css", "/static/js/captcha.js", "/favicon.ico", "/api/openapi.yaml"} {
		plain := b.request(http.MethodGet, path, "")
		plain.Header.Set("Accept-Encoding", "identity, gzip;q=0")
		whole, small := b.send(plain), b.packed(path)
		if whole.header.Get("Content-Encoding") != "" || small.header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: encodings %q and %q, want none and gzip", path, whole.header.Get("Content-Encoding"), small.header.Get("Content-Encoding"))
		}
		if unpacked(t, small.body) != whole.body {
			t.Errorf("%s: the compressed file has another content", path)
		}
		if got, want := small.header.Get("Content-Length"), strconv.Itoa(len(small.body)); got != want {
			t.Errorf("%s: Content-Length %q, want %q", path, got, want)
		}
		tags := [2]string{whole.header.Get("ETag"), small.header.Get("ETag")}
		if tags[0] == tags[1] || !slices.Contains(small.header.Values("Vary"), "Accept-Encoding") {
			t.Errorf("%s: the tags are %q, Vary is %q; want two tags, and Accept-Encoding in Vary", path, tags, small.header.Values("Vary"))
		}
		for i, want := range []int{http.StatusOK, http.StatusNotModified} {
			again := b.request(http.MethodGet, path, "")
			again.Header.Set("Accept-Encoding", "gzip")
			again.Header.Set("If-None-Match", tags[i])
			if a := b.send(again); a.status != want {
				t.Errorf("%s with the tag %s: status %d, want %d", path, tags[i], a.status, want)
			}
		}
	}
}
