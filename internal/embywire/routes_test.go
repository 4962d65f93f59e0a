package embywire_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/embywire"
)

// routes returns routes that answer with their pattern and the values in the path.
func routes() *embywire.Routes {
	var r embywire.Routes
	say := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Id", embywire.PathValue(r, "Id"))
		w.Header().Set("X-Type", embywire.PathValue(r, "type"))
		w.Header().Set("X-Pattern", embywire.Pattern(r))
	})
	r.Handle("GET", "/Connect/Exchange", say)
	r.Handle("POST", "/Users/{Id}/Connect/Link", say)
	r.Handle("DELETE", "/Users/{Id}/Connect/Link", say)
	r.Handle("GET", "/Users/Public", say)
	r.Handle("GET POST", "/Users/{Id}", say)
	r.Handle("GET HEAD", "/Users/{Id}/Images/{Type}", say)
	r.Handle("GET", "/", say)
	return &r
}

type went struct{ Pattern, ID, Type, Allowed string }

func find(t testing.TB, r *embywire.Routes, method, path string) went {
	t.Helper()
	request := &http.Request{Method: method, URL: &url.URL{Path: path}}
	handler, with, allowed, ok := r.Find(request.WithContext(t.Context()))
	if !ok {
		if handler != nil || embywire.Pattern(with) != "" {
			t.Error("got a handler without a route, want none")
		}
		return went{Allowed: strings.Join(allowed, " ")}
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, with)
	h := recorder.Header()
	return went{h.Get("X-Pattern"), h.Get("X-Id"), h.Get("X-Type"), strings.Join(allowed, " ")}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	r := routes()
	exchange := went{Pattern: "/Connect/Exchange"}
	for request, want := range map[string]went{
		"GET /Connect/Exchange":                        exchange,
		"GET /connect/exchange":                        exchange,
		"GET /CONNECT/EXCHANGE/":                       exchange,
		"GET /emby/Connect/Exchange":                   exchange,
		"GET /EMBY/connect/exchange":                   exchange,
		"GET /mediabrowser/Connect/Exchange":           exchange,
		"GET /emby/emby/Connect/Exchange":              exchange,
		"GET /emby/mediabrowser/emby/Connect/Exchange": exchange,
		"GET /emby/mediabrowser/emby/x":                {},
		"GET /MediaBrowser/emby//Connect/Exchange//":   exchange,
		"GET //emby/Connect/Exchange":                  exchange,
		"GET //Connect/Exchange":                       exchange,
		"HEAD /connect/exchange":                       exchange,
		"GET /emby/emby/emby/emby/Connect/Exchange":    {},
		"GET /Connect//Exchange":                       {},
		"GET /Connected/Exchange":                      {},
		"GET /Connect":                                 {},
		"GET /Connect/Exchange/x":                      {},
		"GET /x/Connect/Exchange":                      {},
		"GET /embyConnect/Exchange":                    {},
		"GET /Connect/../Connect/Exchange":             {},
		"POST /Connect/Exchange":                       {Allowed: "GET HEAD"},
		"get /Connect/Exchange":                        {Allowed: "GET HEAD"},
		"POST /emby/users/0A-b/connect/link":           {Pattern: "/Users/{Id}/Connect/Link", ID: "0A-b"},
		"DELETE /Users/0a/Connect/Link":                {Pattern: "/Users/{Id}/Connect/Link", ID: "0a"},
		"GET /Users/0a/Connect/Link":                   {Allowed: "DELETE POST"},
		"POST /Users//Connect/Link":                    {},
		"POST /Users/a/b/Connect/Link":                 {},
		"GET /users/PUBLIC":                            {Pattern: "/Users/Public"},
		"POST /users/public":                           {Pattern: "/Users/{Id}", ID: "public"},
		"PUT /users/public":                            {Allowed: "GET HEAD POST"},
		"HEAD /Users/Ä/Images/Primary":                 {Pattern: "/Users/{Id}/Images/{Type}", ID: "Ä", Type: "Primary"},
		"GET /":                                        {Pattern: "/"},
		"GET ":                                         {},
		"GET Connect/Exchange":                         {},
		"GET /emby/":                                   {Pattern: "/"},
		"GET /emby":                                    {Pattern: "/"},
		"GET *":                                        {},
	} {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(request, " ")
			if diff := cmp.Diff(want, find(t, r, method, path)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// A proxy may leave the path of a media server on the requests. They are answered below that path,
// and still without it.
func TestRoutesBelowAPath(t *testing.T) {
	t.Parallel()
	r := routes()
	for _, path := range []string{"", "/jellyfin", "/my%20media/Films", "/users", "/jellyfin"} {
		r.Below(path)
	}
	exchange := went{Pattern: "/Connect/Exchange"}
	for request, want := range map[string]went{
		"GET /Connect/Exchange":                   exchange,
		"GET /jellyfin/Connect/Exchange":          exchange,
		"GET /Jellyfin/emby/connect/exchange/":    exchange,
		"GET //jellyfin//emby//Connect/Exchange":  exchange,
		"GET /my media/films/Connect/Exchange":    exchange,
		"POST /jellyfin/Connect/Exchange":         {Allowed: "GET HEAD"},
		"POST /jellyfin/users/0A-b/connect/link":  {Pattern: "/Users/{Id}/Connect/Link", ID: "0A-b"},
		"POST /users/0A-b/connect/link":           {Pattern: "/Users/{Id}/Connect/Link", ID: "0A-b"},
		"POST /users/users/0A-b/connect/link":     {Pattern: "/Users/{Id}/Connect/Link", ID: "0A-b"},
		"GET /jellyfin":                           {Pattern: "/"},
		"GET /jellyfin/":                          {Pattern: "/"},
		"GET /jellyfin/jellyfin/Connect/Exchange": {},
		"GET /jellyfinConnect/Exchange":           {},
		"GET /jellyfinx/Connect/Exchange":         {},
		"GET /films/Connect/Exchange":             {},
		"GET /jellyfin/nothing":                   {},
		"GET /jellyfin/../Connect/Exchange":       {},
		"GET /other/jellyfin/Connect/Exchange":    {},
		"GET /my%20media/films/Connect/Exchange":  {},
		"GET /my media/films/../Connect/Exchange": {},
	} {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(request, " ")
			if diff := cmp.Diff(want, find(t, r, method, path)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestPathValueWithoutRoute(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/Users/0a", http.NoBody)
	if got := embywire.PathValue(r, "Id") + embywire.Pattern(r); got != "" {
		t.Errorf("got %q, want no text", got)
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	const id = "383ceec546a24889be99de692f6b7b09"
	for text, want := range map[string]string{
		id: id, strings.ToUpper(id): id, "383ceec5-46a2-4889-be99-de692f6b7b09": id, "{" + id + "}": "", id[1:]: "", id + "0": "", "": "",
		"383ceec546a24889be99de692f6b7bg9": "", strings.Repeat("-", 32): "", "..": "", strings.Repeat("\u0661", 16): "",
	} {
		if got := embywire.ID(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// For any path: a route is found only if the path has the parts of its pattern. Prefixes, letter
// case and a slash at the end do not change which route is found. The value for a part in braces is
// one part of the path.
func FuzzRoutes(f *testing.F) {
	for _, path := range []string{"/Connect/Exchange", "/emby/users/0a/Connect/LINK/", "//", "/emby/emby", "/Users/{Id}", "/users/é\xff/images/\x00", "/mediabrowser", "//emBY", "users/0", "/Users/\u212a/Connect/Lin\u212a", ""} {
		f.Add("GET", path)
		f.Add("POST", path)
	}
	r := routes()
	f.Fuzz(func(t *testing.T, method, path string) {
		got := find(t, r, method, path)
		if strings.Contains(got.ID+got.Type, "/") {
			t.Errorf("%q has the values %q, %q, want it without %q", path, got.ID, got.Type, "/")
		}
		if got.Pattern != "" {
			whole := strings.NewReplacer("{Id}", got.ID, "{Type}", got.Type).Replace(got.Pattern)
			if !strings.HasSuffix(strings.ToLower(strings.TrimRight(path, "/")), strings.ToLower(strings.TrimRight(whole, "/"))) {
				t.Errorf("the path %q matched %q, want a path that ends with it", path, whole)
			}
		}
		lower := find(t, r, method, strings.ToLower(path))
		if lower.Pattern != got.Pattern || lower.Allowed != got.Allowed {
			t.Errorf("%q met %q, in lower case %q, want pattern %v, allowed %v", path, got, lower, got.Pattern, got.Allowed)
		}
		if lower := strings.ToLower(path); strings.HasPrefix(path, "/") && !strings.Contains(lower, "emby") && !strings.Contains(lower, "mediabrowser") {
			for _, other := range []string{"/emby" + path, "/MediaBrowser" + path, "/Emby/emby" + path, path + "/"} {
				if there := find(t, r, method, other); there != got {
					t.Errorf("%q met %q, but %q %q, want %v", path, got, other, there, got)
				}
			}
		}
	})
}
