package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

const secret = "s3cret"

// site is a handler with routes of all kinds.
type site struct {
	http.Handler
	log *bytes.Buffer
}

func newSite(t *testing.T) *site {
	t.Helper()
	log := &bytes.Buffer{}
	kit := wire.NewKit(wire.Options{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.9.0.0/16"), netip.MustParsePrefix("::1/128")},
		Log:            slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	var r embywire.Routes
	add := func(methods, pattern string, f wire.HandlerFunc) { r.Handle(methods, pattern, kit.Handle(f)) }
	add("GET POST", "/Echo/{Id}", func(w http.ResponseWriter, r *wire.Request) error {
		return wire.AnswerJSON(w, http.StatusCreated, map[string]string{
			"id": r.PathValue("ID"), "a": r.Params.Get("a"), "token": r.Identity.Token, "address": r.Address.String(), "local": fmt.Sprint(r.Local),
		})
	})
	r.Handle("POST", "/Raw", kit.HandleRaw(func(w http.ResponseWriter, r *wire.Request) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s %q %d", r.Params.Get("a"), r.Identity.DeviceID, len(body))
		return err
	}))
	for pattern, err := range map[string]error{
		"/Refused": wire.Refuse(http.StatusConflict, `<b>"No"</b>`),
		"/Wrapped": fmt.Errorf("ask: %w", wire.RefuseFor(90*time.Second, http.StatusServiceUnavailable, "Later.")),
		"/Moment":  wire.RefuseFor(time.Millisecond, http.StatusServiceUnavailable, "Later."),
		"/Broken":  errors.New("the disk is full"),
	} {
		add("GET", pattern, func(http.ResponseWriter, *wire.Request) error { return err })
	}
	add("GET", "/Panics", func(http.ResponseWriter, *wire.Request) error { panic(errors.New(secret)) })
	add("GET", "/Aborts", func(http.ResponseWriter, *wire.Request) error { panic(http.ErrAbortHandler) })
	add("GET", "/Halfway", func(w http.ResponseWriter, _ *wire.Request) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("the other half is missing")
	})
	add("GET", "/Cached", func(w http.ResponseWriter, _ *wire.Request) error {
		w.Header().Set("Cache-Control", "public")
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	add("GET", "/Unwritable", func(w http.ResponseWriter, _ *wire.Request) error {
		return wire.AnswerJSON(w, http.StatusOK, map[string]any{"f": func() {}})
	})
	return &site{kit.Handler(&r), log}
}

func (s *site) ask(t *testing.T, method, target, body string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	if peer := r.Header.Get("Peer"); peer != "" {
		r.RemoteAddr = peer
	}
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, r)
	return recorder.Result()
}

func bodyOf(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const plain = "text/plain; charset=utf-8"
	for _, c := range []struct {
		request     string
		status      int
		contentType string
		body        string
	}{
		{"GET /emby/ECHO/Ab?a=1", 201, "application/json; charset=utf-8", `{"a":"1","address":"192.0.2.1","id":"Ab","local":"false","token":""}`},
		{"GET /Nothing?token=" + secret, 404, plain, "There is nothing here."},
		{"GET /", 404, plain, "There is nothing here."},
		{"DELETE /Echo/1", 405, plain, "This cannot be done here."},
		{"BREW /Echo/1", 405, plain, "This cannot be done here."},
		{"GET /Raw", 405, plain, "This cannot be done here."},
		{"OPTIONS /Echo/1", 200, "", ""},
		{"OPTIONS /Nothing", 200, "", ""},
		{"OPTIONS *", 200, "", ""},
		{"GET /Refused", 409, plain, `<b>"No"</b>`},
		{"GET /Wrapped", 503, plain, "Later."},
		{"GET /Broken", 500, plain, "Error processing request."},
		{"GET /Unwritable", 500, plain, "Error processing request."},
		{"GET /Panics", 500, plain, "Error processing request."},
		{"GET /Halfway", 200, "text/plain; charset=utf-8", "half"},
		{"GET /Cached", 204, "", ""},
		{"GET //Echo//1/", 404, plain, "There is nothing here."},
		{"GET /Echo/%2E%2E?a=b", 201, "application/json; charset=utf-8", `{"a":"b","address":"192.0.2.1","id":"..","local":"false","token":""}`},
		{"GET /Echo/a%2Fb", 404, plain, "There is nothing here."},
	} {
		t.Run(c.request, func(t *testing.T) {
			t.Parallel()
			method, target, _ := strings.Cut(c.request, " ")
			s := newSite(t)
			response := s.ask(t, method, target, "")
			body := bodyOf(t, response)
			if response.StatusCode != c.status || response.Header.Get("Content-Type") != c.contentType || body != c.body {
				t.Errorf("got %d, %s, %s; want %d, %s, %s", response.StatusCode, response.Header.Get("Content-Type"), body, c.status, c.contentType, c.body)
			}
			for name, want := range map[string]string{
				"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Private-Network": "true", "X-Content-Type-Options": "nosniff",
				"Access-Control-Allow-Headers": embywire.LocalHeaders, "Location": "", "Www-Authenticate": "",
			} {
				if got := response.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			want := "no-store"
			if c.request == "GET /Cached" {
				want = "public"
			}
			if got := response.Header.Get("Cache-Control"); got != want {
				t.Errorf("Cache-Control: %q, want %q", got, want)
			}
			if log := s.log.String(); strings.Contains(log, secret) || strings.Contains(log, "Nothing") || strings.Contains(log, "BREW") {
				t.Errorf("got a secret or a stranger's text in the log, want neither; log:\n%s", log)
			}
		})
	}
}

// TestPreflight checks the headers that web clients may send. A browser refuses
// to send a header that is missing here.
func TestPreflight(t *testing.T) {
	t.Parallel()
	allowed := strings.Split(strings.ToLower(newSite(t).ask(t, "OPTIONS", "/Echo/1", "").Header.Get("Access-Control-Allow-Headers")), ", ")
	for _, name := range []string{
		"x-emby-token", "x-mediabrowser-token", "x-emby-authorization", "authorization", "x-emby-client", "x-emby-client-version", "x-emby-device-id",
		"x-emby-device-name", "content-type", "range", "x-emby-language", "x-application",
	} {
		if !slices.Contains(allowed, name) {
			t.Errorf("allowed headers %q, want %s among them", allowed, name)
		}
	}
}

func TestAllowHeader(t *testing.T) {
	t.Parallel()
	if got := newSite(t).ask(t, "PUT", "/Echo/1", "").Header.Get("Allow"); got != "GET, HEAD, POST, OPTIONS" {
		t.Errorf("Allow: %s, want GET, HEAD, POST, OPTIONS", got)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/Wrapped": "90", "/Moment": "1", "/Refused": "", "/Broken": ""} {
		if got := newSite(t).ask(t, "GET", path, "").Header.Get("Retry-After"); got != want {
			t.Errorf("%s: Retry-After %q, want %q", path, got, want)
		}
	}
}

func TestLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/Broken?api_key=" + secret:   `level=ERROR msg="request failed" method=GET route=/Broken err="the disk is full"`,
		"/Panics?api_key=" + secret:   `level=ERROR msg=panic method=GET route=/Panics type=*errors.errorString`,
		"/Halfway?api_key=" + secret:  `level=ERROR msg="request failed" method=GET route=/Halfway`,
		"/Echo/" + secret + "?a=b":    `level=DEBUG msg=request method=GET route=/Echo/{Id} status=201`,
		"/Wrapped?api_key=" + secret:  `level=DEBUG msg=request method=GET route=/Wrapped status=503 bytes=6 address=192.0.2.1`,
		"/x/" + secret + "?" + secret: `level=DEBUG msg=request method=GET route="" status=404`,
	} {
		s := newSite(t)
		s.ask(t, "GET", path, "", "X-Emby-Token: "+secret, "User-Agent: "+secret, "Referer: "+secret)
		if log := s.log.String(); strings.Count(log, want) != 1 || strings.Contains(log, secret) || strings.Count(log, "ERROR") != strings.Count(want, "ERROR") {
			t.Errorf("%s: got log\n%s\nwant one line with %q and no secret", path, log, want)
		}
	}
}

// TestGoneClientIsNotAnError checks that nothing is logged as an error when a client
// leaves.
func TestGoneClientIsNotAnError(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, http.MethodGet, "/Broken", http.NoBody))
	if recorder.Code != http.StatusServiceUnavailable || strings.Contains(s.log.String(), "ERROR") {
		t.Errorf("status %d, want 503 and no error in the log:\n%s", recorder.Code, s.log)
	}
}

func TestAbortedHandlerCutsTheConnection(t *testing.T) {
	t.Parallel()
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Error("no http.ErrAbortHandler, want it to be passed on")
		}
	}()
	newSite(t).ask(t, "GET", "/Aborts", "")
}

func TestBodies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request, body, contentType string
		status                     int
		want                       string
	}{
		"form":                {"POST /Echo/1?a=query", "a=body", "application/x-www-form-urlencoded", 201, `"a":"body"`},
		"JSON list":           {"POST /Echo/1", `{"A":["x","y"]}`, "application/json", 201, `"a":"x,y"`},
		"JSON with a mark":    {"POST /Echo/1", "\ufeff" + `{"a":"x"}`, "application/json", 201, `"a":"x"`},
		"long device id":      {"POST /Echo/1?X-Emby-Device-Id=" + strings.Repeat("%C3%A9", 127) + "x", "", "", 201, `"id":"1"`},
		"longer device id":    {"POST /Echo/1?X-Emby-Device-Id=" + strings.Repeat("%C3%A9", 128), "", "", 400, "The device id is too long: at most 255 bytes."},
		"token in the query":  {"POST /Echo/1?api_key=k", "", "", 201, `"token":"k"`},
		"a mebibyte":          {"POST /Echo/1", "a=1&b=" + strings.Repeat("x", 1<<20-6), "", 201, `"a":"1"`},
		"more":                {"POST /Echo/1", "a=1&b=" + strings.Repeat("x", 1<<20-5), "", 413, "The request is too large."},
		"raw":                 {"POST /Raw?A=q&X-Emby-Device-Id=d", "a=body", "application/x-www-form-urlencoded", 200, `q "d" 6`},
		"raw, more than that": {"POST /Raw", strings.Repeat("x", 2<<20), "", 200, ` "" 2097152`},
		"raw, far too much":   {"POST /Raw", strings.Repeat("x", 16<<20+1), "", 413, "The request is too large."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, target, _ := strings.Cut(c.request, " ")
			response := newSite(t).ask(t, method, target, c.body, "Content-Type: "+c.contentType)
			if body := bodyOf(t, response); response.StatusCode != c.status || !strings.Contains(body, c.want) {
				t.Errorf("got %d, %s; want %d, %s", response.StatusCode, body, c.status, c.want)
			}
		})
	}
}

// TestChunkedBodies sends bodies of unknown length over a real connection. The same limits
// must apply to them.
func TestChunkedBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for path, size := range map[string]int{"/Echo/1": 1<<20 + 1, "/Raw": 16<<20 + 1} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, io.MultiReader(strings.NewReader(strings.Repeat("x", size))))
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if body := bodyOf(t, response); response.StatusCode != http.StatusRequestEntityTooLarge || body != "The request is too large." {
			t.Errorf("%s: got %d, %s; want 413, the request is too large", path, response.StatusCode, body)
		}
		response.Body.Close()
	}
}

func TestHeadRequest(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newSite(t))
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+"/emby/echo/1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body := bodyOf(t, response); response.StatusCode != http.StatusCreated || body != "" || response.ContentLength == 0 {
		t.Errorf("got %d, %q, length %d", response.StatusCode, body, response.ContentLength)
	}
}

func TestAddressOfCaller(t *testing.T) {
	t.Parallel()
	type caller struct{ address, local string }
	for name, c := range map[string]struct {
		peer    string
		headers []string
		want    caller
	}{
		"from the internet":                      {"203.0.113.5:1", nil, caller{"203.0.113.5", "false"}},
		"from home":                              {"192.168.1.2:1", nil, caller{"192.168.1.2", "true"}},
		"from home, IPv6":                        {"[fd00::2]:1", nil, caller{"fd00::2", "true"}},
		"link-local with a zone":                 {"[fe80::2%eth0]:1", nil, caller{"fe80::2", "true"}},
		"IPv4 in IPv6":                           {"[::ffff:192.168.1.2]:1", nil, caller{"192.168.1.2", "true"}},
		"from this machine":                      {"127.0.0.1:1", nil, caller{"127.0.0.1", "true"}},
		"who lies and is no proxy":               {"203.0.113.5:1", []string{"X-Forwarded-For: 192.168.1.2"}, caller{"203.0.113.5", "false"}},
		"a proxy at home that nobody trusts":     {"192.168.1.2:1", []string{"X-Forwarded-For: 203.0.113.5"}, caller{"192.168.1.2", "false"}},
		"through a proxy":                        {"127.0.0.1:1", []string{"X-Forwarded-For: 203.0.113.5"}, caller{"203.0.113.5", "false"}},
		"through a proxy, from home":             {"[::1]:1", []string{"X-Forwarded-For: 192.168.1.2"}, caller{"192.168.1.2", "true"}},
		"through a proxy, with a port":           {"127.0.0.1:1", []string{"X-Forwarded-For: [2001:db8::1]:99"}, caller{"2001:db8::1", "false"}},
		"who lies, through a proxy":              {"127.0.0.1:1", []string{"X-Forwarded-For: 127.0.0.1, 192.168.1.2, 203.0.113.5"}, caller{"203.0.113.5", "false"}},
		"who lies, in a header of their own":     {"127.0.0.1:1", []string{"X-Forwarded-For: 192.168.1.2", "X-Forwarded-For: 203.0.113.5"}, caller{"203.0.113.5", "false"}},
		"through two proxies":                    {"127.0.0.1:1", []string{"X-Forwarded-For: 192.168.1.2, 203.0.113.5, 10.9.1.1"}, caller{"203.0.113.5", "false"}},
		"through a proxy that we do not know":    {"127.0.0.1:1", []string{"X-Forwarded-For: 203.0.113.5, 10.8.1.1"}, caller{"10.8.1.1", "false"}},
		"proxies alone":                          {"127.0.0.1:1", []string{"X-Forwarded-For: 10.9.1.1"}, caller{"10.9.1.1", "true"}},
		"a proxy that makes no sense":            {"127.0.0.1:1", []string{"X-Forwarded-For: unknown"}, caller{"127.0.0.1", "false"}},
		"a proxy that makes no sense, after one": {"127.0.0.1:1", []string{"X-Forwarded-For: 192.168.1.2, "}, caller{"127.0.0.1", "false"}},
		"a proxy that says nothing":              {"127.0.0.1:1", []string{"X-Forwarded-For: "}, caller{"127.0.0.1", "false"}},
		"a proxy that names nobody":              {"127.0.0.1:1", []string{"X-Forwarded-Proto: https"}, caller{"127.0.0.1", "false"}},
		"a proxy with another header":            {"127.0.0.1:1", []string{"Forwarded: for=203.0.113.5"}, caller{"127.0.0.1", "false"}},
		"a real IP that nobody vouches for":      {"127.0.0.1:1", []string{"X-Real-Ip: 192.168.1.2"}, caller{"127.0.0.1", "false"}},
		"one that says little of itself":         {"192.168.1.2:1", []string{"X-Forwarded-Proto: https"}, caller{"192.168.1.2", "false"}},
		"a unix socket":                          {"@", nil, caller{"invalid IP", "false"}},
		"carrier-grade NAT is not home":          {"100.64.1.1:1", nil, caller{"100.64.1.1", "false"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := newSite(t).ask(t, "GET", "/Echo/1", "", append(c.headers, "Peer: "+c.peer)...)
			want := fmt.Sprintf(`{"a":"","address":%q,"id":"1","local":%q,"token":""}`, c.want.address, c.want.local)
			if diff := cmp.Diff(want, bodyOf(t, response)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestServerLimits checks that the server refuses requests that are too large.
func TestServerLimits(t *testing.T) {
	t.Parallel()
	server := wire.NewHTTPServer(newSite(t))
	listening := httptest.NewUnstartedServer(nil)
	listening.Config = server
	listening.Start()
	t.Cleanup(listening.Close)
	for size, want := range map[int]int{16 << 10: http.StatusCreated, 64 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		for _, in := range []string{"header", "query"} {
			target, header := listening.URL+"/Echo/1", strings.Repeat("x", size)
			if in == "query" {
				target, header = target+"?x="+header, ""
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Emby Device="+header)
			response, err := listening.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%d bytes in the %s: status %d, want %d", size, in, response.StatusCode, want)
			}
		}
	}
}
