package handlers_test

import (
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
)

// packed asks for a page, or a file, that may be compressed, and returns the answer with its
// body as it was sent.
func (b *browser) packed(path string) answer {
	b.t.Helper()
	request := b.request(http.MethodGet, path, "")
	request.Header.Set("Accept-Encoding", "gzip, deflate, br") // because the test sets the header, the client does not unpack the answer
	return b.send(request)
}

// unpacked returns the text of a body that was compressed.
func unpacked(t *testing.T, body string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A page that all strangers see alike is drawn once, but each answer has a nonce of its own,
// whether it is compressed or not, and the compressed page is the same as the plain page.
func TestSharedPagesHaveFreshNonces(t *testing.T) {
	t.Parallel()
	b := newSite(t, development).browser(t)
	b.header.Set("Accept-Language", "de")
	nonce := regexp.MustCompile(`nonce[-=]"?([\w-]{22})`)
	seen := map[string]bool{}
	for _, path := range []string{"/", "/help/pin", "/signin", "/signup", "/forgot", "/api/docs"} {
		plain := b.get(path)
		request := b.request(http.MethodGet, path, "")
		request.Header.Set("Accept-Encoding", "identity")
		pages := []string{plain.body, b.send(request).body}
		small := b.packed(path)
		if got := small.header.Get("Content-Encoding"); got != "gzip" || !slices.Contains(small.header.Values("Vary"), "Accept-Encoding") {
			t.Errorf("%s: Content-Encoding %q, Vary %q; want gzip, and Accept-Encoding in Vary", path, got, small.header.Values("Vary"))
		}
		pages = append(pages, unpacked(t, small.body))
		if len(small.body) > len(pages[2])*2/3 {
			t.Errorf("%s: %d of %d bytes are sent, want less than two thirds", path, len(small.body), len(pages[2]))
		}
		for i, page := range pages {
			found := nonce.FindAllStringSubmatch(page, -1)
			if len(found) == 0 {
				t.Fatalf("%s: no nonce in the page, want one", path)
			}
			for _, one := range found {
				if one[1] != found[0][1] {
					t.Errorf("%s: the nonces %s and %s in one page, want one", path, found[0][1], one[1])
				}
			}
			if seen[found[0][1]] {
				t.Errorf("%s: the nonce was used before", path)
			}
			seen[found[0][1]] = true
			if pages[i] = strings.ReplaceAll(page, found[0][1], "NONCE"); pages[i] != pages[0] || !strings.Contains(page, `lang="de"`) {
				t.Errorf("%s: answer %d is another page, want the same in German", path, i)
			}
		}
		if policy := small.header.Get("Content-Security-Policy"); !strings.Contains(unpacked(t, small.body), nonce.FindStringSubmatch(policy)[1]) {
			t.Errorf("%s: the page has not the nonce of its policy %q", path, policy)
		}
	}
}

// Only pages without anything about their reader are compressed, because the length of a
// compressed page tells whether the page also contains a text that somebody else chose (ADR
// 0013).
func TestOnlySharedPagesAreCompressed(t *testing.T) {
	t.Parallel()
	s := newSite(t, development)
	routes := plainPaths(t, s)
	stranger, reader := s.browser(t), s.browser(t)
	reader.signIn(reader.join("ann"))
	strangers := map[string]bool{}
	for _, path := range routes {
		if stranger.packed(path).header.Get("Content-Encoding") != "" {
			strangers[path] = true
		}
		a := reader.packed(path)
		if a.header.Get("Content-Encoding") != "" && path != "/favicon.ico" && path != "/api/openapi.yaml" {
			t.Errorf("%s, signed in: it is compressed, want it as it is", path)
		}
	}
	want := []string{"/", "/api/docs", "/api/docs/objects", "/api/openapi.yaml", "/favicon.ico", "/forgot", "/help", "/help/pin", "/signin", "/signup"}
	if got := slices.Sorted(maps.Keys(strangers)); !slices.Equal(got, want) {
		t.Errorf("compressed for strangers: %v, want %v", got, want)
	}
	for _, path := range []string{"/signin?return_to=/servers", "/nowhere", "/signup/sent"} {
		if stranger.packed(path).header.Get("Content-Encoding") != "" {
			t.Errorf("%s: it is compressed, want it as it is", path)
		}
	}
	stranger.led(stranger.post("/signin", "name_or_email", "ann", "password", goodPassword), "/servers")
	stranger.post("/signout")
	a := stranger.packed("/")
	if a.header.Get("Content-Encoding") != "" || !strings.Contains(a.body, `id="notice"`) {
		t.Errorf("/ with a notice: headers %v, want a page of its own that is not compressed", a.header)
	}
	if a := stranger.packed("/"); strings.Contains(unpacked(t, a.body), `id="notice"`) {
		t.Error("the notice stands in the page that all strangers share, want it gone")
	}
}

// plainPaths returns the paths of all pages and files that can be asked for without a
// parameter of their own, and that do not sign anybody out.
func plainPaths(t *testing.T, s *site) []string {
	t.Helper()
	routes, err := handlers.Routes(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, route := range routes {
		if route.Method == http.MethodGet && !strings.ContainsAny(route.Path, "*:") {
			paths = append(paths, route.Path)
		}
	}
	return paths
}
