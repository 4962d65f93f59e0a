package handlers_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// Where there is nothing the API says so in its own way.
func TestAPIFace(t *testing.T) {
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
			t.Errorf("%s: 405 without Allow", tt.path)
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

// Where are my servers?
func TestAPIServers(t *testing.T) {
	t.Parallel()
	eachBusySite(t, whereAreMyServers)
}

func whereAreMyServers(t *testing.T, s *site) {
	f := newFixture(t, s)
	own := f.as(f.annToken)
	var list struct {
		Servers []struct {
			ID        string
			LinkID    string `json:"link_id"`
			Name      string
			Kind      string
			Type      string
			AccessKey string `json:"access_key"`
			Addresses []struct{ Kind, URL string }
		}
	}
	first := own.api(http.MethodGet, "/api/v1/servers", nil)
	own.is(first, http.StatusOK, &list)
	if len(list.Servers) != 1 || list.Servers[0].ID != f.first.id || list.Servers[0].LinkID != f.accepted ||
		list.Servers[0].AccessKey != f.annAccessKey || list.Servers[0].Kind != "agent" || list.Servers[0].Type != "linked" {
		t.Errorf("%s", first.body)
	}
	want := []struct{ Kind, URL string }{{"lan", "http://192.168.1.2:8096"}, {"wan", "https://den.example.org:443"}}
	if diff := cmp.Diff(want, list.Servers[0].Addresses); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	tag := first.header.Get("ETag")
	for _, given := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		a := own.with("If-None-Match", given).api(http.MethodGet, "/api/v1/servers", nil)
		if a.status != http.StatusNotModified || a.body != "" || a.header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d %q", given, a.status, a.body)
		}
	}
	// A server that only lives changes nothing.
	s.Clock.Advance(time.Hour)
	f.is(f.with(serverToken, f.first.key).form(http.MethodGet, "/service/ServerAuthorizations", nil), http.StatusOK, nil)
	if a := own.with("If-None-Match", tag).api(http.MethodGet, "/api/v1/servers", nil); a.status != http.StatusNotModified {
		t.Errorf("after a call of the server: %d", a.status)
	}
	own.is(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/accept", nil), http.StatusNoContent, nil)
	own.is(own.with("If-None-Match", tag).api(http.MethodGet, "/api/v1/servers", nil), http.StatusOK, &list)
	if len(list.Servers) != 2 {
		t.Errorf("%d servers, want 2", len(list.Servers))
	}
	var none struct{ Servers []any }
	bob := f.as(f.bobToken)
	bob.is(bob.api(http.MethodGet, "/api/v1/servers", nil), http.StatusOK, &none)
	if none.Servers == nil || len(none.Servers) != 0 {
		t.Errorf("an empty list is %v", none.Servers)
	}
}

func TestAPILinks(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	f := newFixture(t, s)
	own := f.as(f.annToken)
	pending := own.api(http.MethodGet, "/api/v1/links?status=pending", nil)
	if strings.Contains(pending.body, strings.Repeat("0b", 16)) || strings.Contains(pending.body, "access_key") {
		t.Error("a link that is pending gives its key")
	}
	for _, query := range []string{"status[]=pending", "Status=pending", "status=pending&page=2", "status=pending;status=accepted", "status=%zz"} {
		own.isProblem(own.api(http.MethodGet, "/api/v1/links?"+query, nil), http.StatusBadRequest, "bad_request")
	}
	for _, path := range []string{"/api/v1/links?status=Waiting", "/api/v1/links?status=pending&status=accepted", "/api/v1/links?status="} {
		own.isProblem(own.api(http.MethodGet, path, nil), http.StatusUnprocessableEntity, "invalid")
	}
	var both struct{ Links []struct{ Status string } }
	own.is(own.api(http.MethodGet, "/api/v1/links", nil), http.StatusOK, &both)
	if len(both.Links) != 2 {
		t.Errorf("%d links, want 2", len(both.Links))
	}
	for _, id := range []string{"0", "-1", "x", "1", "99999999999999999999", f.accepted + "0"} {
		own.isProblem(own.api(http.MethodPost, "/api/v1/links/"+id+"/accept", nil), http.StatusNotFound, "not_found")
		own.isProblem(own.api(http.MethodDelete, "/api/v1/links/"+id, nil), http.StatusNotFound, "not_found")
	}
	// Declining is for what is pending alone.
	own.isProblem(own.api(http.MethodPost, "/api/v1/links/"+f.accepted+"/decline", nil), http.StatusNotFound, "not_found")
	own.is(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/decline", nil), http.StatusNoContent, nil)
	own.isProblem(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/accept", nil), http.StatusNotFound, "not_found")
	own.is(own.api(http.MethodDelete, "/api/v1/links/"+f.accepted, nil), http.StatusNoContent, nil)
	own.is(own.api(http.MethodGet, "/api/v1/links", nil), http.StatusOK, &both)
	if len(both.Links) != 0 {
		t.Errorf("%d links are left", len(both.Links))
	}
}

func TestAPIRegistersServers(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	s.browser(t).join("ann")
	p := s.program(t)
	try := func(change func(map[string]any)) answer {
		in := map[string]any{"name": "Den", "system_id": "5ed", "version": "1"}
		change(in)
		return p.api(http.MethodPost, "/api/v1/servers", in)
	}
	addresses := func(kind, text string) func(map[string]any) {
		return func(in map[string]any) { in["addresses"] = []map[string]string{{"kind": kind, "url": text}} }
	}
	p.isProblem(try(addresses("wan", "javascript:alert(1)")), http.StatusUnprocessableEntity, "invalid")
	for many, want := range map[int]int{20: http.StatusCreated, 21: http.StatusUnprocessableEntity} {
		a := try(func(in map[string]any) {
			list := []map[string]string{}
			for i := range many {
				list = append(list, map[string]string{"kind": "wan", "url": fmt.Sprintf("https://den%d.example.org", i)})
			}
			in["addresses"] = list
		})
		p.is(a, want, nil)
	}
	p.isProblem(try(addresses("custom", "https://den.example.org")), http.StatusUnprocessableEntity, "invalid")
	p.isProblem(try(func(in map[string]any) { in["claim_code"] = "BCDF-GHJK" }), http.StatusUnprocessableEntity, "invalid")
	p.is(try(addresses("vpn", "http://10.8.0.2:8096")), http.StatusCreated, nil)
	var made struct {
		Code      string
		ExpiresAt time.Time `json:"expires_at"`
	}
	ann := p.as(p.token("ann"))
	ann.is(ann.api(http.MethodPost, "/api/v1/servers/claim-codes", nil), http.StatusCreated, &made)
	if !made.ExpiresAt.Equal(s.Clock.Now().Add(10 * time.Minute)) {
		t.Errorf("expires at %s", made.ExpiresAt)
	}
	claim := func(in map[string]any) { in["claim_code"] = made.Code }
	p.is(try(claim), http.StatusCreated, nil)
	p.isProblem(try(claim), http.StatusUnprocessableEntity, "invalid") // once
}

// What goes wrong inside, or before any handler, looks as the rest of its face.
func TestFacesInTrouble(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t, unlimited)
	config := server(t, store, clock)
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
	broken := server(t, nil, clock)
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
			t.Errorf("%s, %s: %v %q", tt.answer.path, tt.name, tt.answer.header, tt.answer.body)
		}
		if tt.want == 503 && tt.answer.header.Get("Retry-After") == "" {
			t.Errorf("%s, %s: no Retry-After", tt.answer.path, tt.name)
		}
	}
}

// anyToken is well-formed and opens nothing.
const anyToken = "lks_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAxjaquw"

type panicking struct{}

func (panicking) Verify(context.Context, string, netip.Addr) error { panic("broken") }

// Apps sign people up with a captcha, or are told where to.
func TestServiceRegisterPolicy(t *testing.T) {
	t.Parallel()
	fake := &fakeCaptcha{}
	s := busySite(t, func(s *handlers.Server) { s.Captcha, s.CaptchaKind = fake, handlers.CaptchaProofOfWork })
	p := s.program(t)
	register := func(name, field, proof string) answer {
		return p.form(http.MethodPost, "/service/register", pairs("userName", name, "email", name+"@example.org", "rawpw", goodPassword, field, proof))
	}
	type said struct {
		Status, Message string
		Validated       bool
	}
	check := func(a answer, status int, want string) said {
		t.Helper()
		var got said
		p.is(a, status, &got)
		if got.Status != want || got.Message == "" || strings.HasPrefix(got.Message, "error.") {
			t.Errorf("%+v, want %s", got, want)
		}
		checkServiceAnswer(t, "/service/register", a)
		return got
	}
	if got := check(register("ann", "grecaptcha", "good"), 400, "CAPTCHA_REQUIRED"); got.Message != s.URL+"/signup" {
		t.Errorf("sent to %s", got.Message)
	}
	check(register("ann", "altcha", "good"), 200, "SUCCESS")
	check(register("ANN", "altcha", "good"), 400, "USERNAME_IN_USE")
	fake.set(captcha.ErrRefused)
	check(register("bob", "altcha", "used"), 400, "CAPTCHA_REQUIRED")
	fake.set(errDown)
	a := register("bob", "altcha", "good")
	if check(a, 503, "CAPTCHA_UNAVAILABLE"); a.header.Get("Retry-After") == "" {
		t.Errorf("a captcha that is down: %v", a.header)
	}
}
