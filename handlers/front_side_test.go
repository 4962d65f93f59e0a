package handlers_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// A program joins a path with an address that may end with a slash: the API accepts paths
// with several slashes in a row, and with a slash at the end.
func TestAPIPathsWithSlashes(t *testing.T) {
	t.Parallel()
	p := newSite(t).program(t)
	for path, want := range map[string]int{
		"/api/v1/device-codes": 201, "/api/v1//device-codes": 201, "//api/v1/device-codes": 201, "/api/v1/device-codes/": 201, "/api//v1///device-codes//": 201,
		"/api//": 404, "//nowhere": 404, "/api/v1/nothing/": 404,
	} {
		const body = `{"client": "TV app", "device_name": "TV", "device_id": "tv"}`
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := p.Client().Transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != want {
			t.Errorf("POST %s: status %d, want %d", path, response.StatusCode, want)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The API answers with a problem for paths that do not exist.
func TestAPIErrorsAreProblems(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	p := s.program(t)
	for _, tt := range []struct {
		method, path string
		status       int
		code         string
	}{
		{http.MethodGet, "/api", 404, "not_found"},
		{http.MethodGet, "/api/v1/nothing", 404, "not_found"},
		{http.MethodPost, "/api/v2/sessions", 404, "not_found"},
		{http.MethodPut, "/api/v1/account", 405, "method_not_allowed"},
		{http.MethodGet, "/api/v1/sessions/current", 405, "method_not_allowed"},
		{http.MethodGet, "/api/v1/account?" + strings.Repeat("a=1&", 200), 400, "bad_request"},
	} {
		a := p.api(tt.method, tt.path, nil)
		p.isProblem(a, tt.status, tt.code)
		checkAPIAnswer(t, a)
		if tt.status == 405 && a.header.Get("Allow") == "" {
			t.Errorf("%s: 405 without Allow, want one", tt.path)
		}
	}
	for path, allow := range map[string]string{"/api/v1/links/1/accept": "POST, OPTIONS", "/api/v1/links": "GET, HEAD, OPTIONS", "/api/v1/nothing": ""} {
		a := p.api(http.MethodOptions, path, nil)
		p.is(a, http.StatusNoContent, nil)
		checkAPIAnswer(t, a)
		if a.header.Get("Allow") != allow {
			t.Errorf("%s: allowed is %q, want %q", path, a.header.Get("Allow"), allow)
		}
	}
	if a := p.api(http.MethodGet, "/apis", nil); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a page may be read by any site")
	}
}

// Errors in a handler, and errors before any handler runs, have the form of their side.
func TestEachSideAnswersErrorsInItsForm(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t, modelstest.Unlimited)
	config := servicetest.Handlers(t, store, clock)
	config.Captcha, config.CaptchaKind = panicking{}, handlers.CaptchaProofOfWork
	config.Log = slog.New(slog.DiscardHandler)
	handler, err := config.Handler()
	if err != nil {
		t.Fatal(err)
	}
	serve := func(ctx context.Context, handler http.Handler, host, method, path, body string) answer {
		request := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
		request.Host = host
		request.Header.Set("Authorization", "Bearer "+anyToken)
		request.Header.Set("X-Connect-UserToken", anyToken)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, request)
		return answer{w.Code, w.Header(), w.Body.String(), method + " " + path}
	}
	const host = "id.example.org"
	register := "userName=ann&email=ann@example.org&rawpw=" + goodPassword
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	broken := servicetest.Handlers(t, nil, clock)
	noStore, err := broken.Handler()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		answer answer
		want   int
	}{
		{"another host", serve(t.Context(), handler, "evil.example.org", "GET", "/service/ip", ""), 421},
		{"another host", serve(t.Context(), handler, "evil.example.org", "GET", "/api/v1/account", ""), 421},
		{"panic", serve(t.Context(), handler, host, "POST", "/service/register", register), 500},
		{"panic", serve(t.Context(), noStore, host, "GET", "/api/v1/account", ""), 500},
		{"panic", serve(t.Context(), noStore, host, "GET", "/service/servers", ""), 500},
		{"no database", serve(gone, handler, host, "GET", "/Service/Servers", ""), 503},
		{"no database", serve(gone, handler, host, "GET", "/api/v1/servers", ""), 503},
		{"starting", serve(t.Context(), http.HandlerFunc(handlers.Starting), host, "GET", "/Service/Servers", ""), 503},
		{"starting", serve(t.Context(), http.HandlerFunc(handlers.Starting), host, "GET", "/api/v1/servers", ""), 503},
	} {
		if tt.answer.status != tt.want {
			t.Errorf("%s, %s: %d, want %d", tt.answer.path, tt.name, tt.answer.status, tt.want)
		}
		if strings.Contains(tt.answer.path, " /api") {
			checkAPIAnswer(t, tt.answer)
		} else if tt.name != "starting" {
			checkServiceAnswer(t, "/service", tt.answer)
		}
		if tt.answer.header.Get("Access-Control-Allow-Origin") != "*" || strings.HasPrefix(tt.answer.body, "[") {
			t.Errorf("%s, %s: %v %q, want Access-Control-Allow-Origin *, not beginning with %q", tt.answer.path, tt.name, tt.answer.header, tt.answer.body, "[")
		}
		if tt.want == 503 && tt.answer.header.Get("Retry-After") == "" {
			t.Errorf("%s, %s: 503 without Retry-After, want one", tt.answer.path, tt.name)
		}
	}
}

type panicking struct{}

func (panicking) Verify(context.Context, string, netip.Addr) error { panic("broken") }
