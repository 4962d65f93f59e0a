package builtin_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// kit is a media server for one test, with its own file and HTTP routes.
type kit struct {
	*builtin.Server

	t    testing.TB
	path string
	opt  builtin.Options
	logs *servicetest.Log
	mu   sync.Mutex
	time time.Time

	connections builtin.Connections
	handler     http.Handler
}

func newKit(t testing.TB) *kit {
	t.Helper()
	keys, err := secret.NewKeys(strings.Repeat("k", 32), "")
	if err != nil {
		t.Fatal(err)
	}
	k := &kit{t: t, path: filepath.Join(t.TempDir(), "builtin.db"), logs: &servicetest.Log{}, time: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	k.opt = builtin.Options{
		Path: k.path, Name: "Den", Keys: keys, Random: rand.Reader,
		Hashing:   secret.HasherOptions{Memory: 64, Iterations: 1, Parallel: 4, Queue: 128, Wait: waittest.Patience},
		Now:       k.now,
		Log:       slog.New(slog.NewJSONHandler(k.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		PublicURL: func() string { return "http://media.test:8096/" },
		Addresses: func() (local, remote []string) {
			return []string{"http://192.168.1.5:8096"}, []string{"https://media.example.test"}
		},
	}
	k.Server = k.open(k.opt)
	k.serve()
	return k
}

// open opens the file once more.
func (k *kit) open(o builtin.Options) *builtin.Server {
	k.t.Helper()
	server, err := builtin.Open(k.t.Context(), o)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = server.Close() })
	return server
}

func (k *kit) serve() {
	var routes embywire.Routes
	w := wire.NewKit(wire.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Log: k.opt.Log})
	k.Routes(w, &routes, func(ctx context.Context) (map[string]builtin.Connection, error) {
		if k.connections == nil {
			return nil, nil
		}
		return k.connections(ctx)
	})
	k.handler = w.Handler(&routes)
}

// restart closes the server and opens its file again.
func (k *kit) restart() {
	k.t.Helper()
	if err := k.Close(); err != nil {
		k.t.Fatal(err)
	}
	k.Server = k.open(k.opt)
	k.serve()
}

func (k *kit) now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.time
}

func (k *kit) pass(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.time = k.time.Add(d)
}

func (k *kit) add(name, password string, administrator bool) mediaserver.LocalUser {
	k.t.Helper()
	user, err := k.AddUser(k.t.Context(), name, password, administrator)
	if err != nil {
		k.t.Fatal(err)
	}
	return user
}

func (k *kit) guest(name string) mediaserver.LocalUser {
	k.t.Helper()
	user, err := k.CreateGuest(k.t.Context(), name, guestSecret, mediaserver.Restriction{AllLibraries: true})
	if err != nil {
		k.t.Fatal(err)
	}
	return user
}

func device(id string) mediaserver.Device {
	return mediaserver.Device{Client: "App", Name: "TV", ID: id, Version: "1.0", Address: netip.MustParseAddr("192.168.1.20")}
}

// mint returns a token for a local user on the device "d1".
func (k *kit) mint(user mediaserver.LocalUser) string {
	k.t.Helper()
	token, err := k.Mint(k.t.Context(), user.ID, device("d1"))
	if err != nil {
		k.t.Fatal(err)
	}
	return token.Value
}

// good reports whether a token is valid.
func (k *kit) good(token string) bool {
	k.t.Helper()
	_, ok, err := k.Look(k.t.Context(), token)
	if err != nil {
		k.t.Fatal(err)
	}
	return ok
}

// home and away are the addresses of callers.
const (
	home = "192.168.1.20:50000"
	away = "203.0.113.9:50000"
)

// ask is a request.
type ask struct {
	method, path string
	header       map[string]string
	body         string
	from         string // home by default
}

const (
	formType = "application/x-www-form-urlencoded; charset=UTF-8"
	jsonType = "application/json"
)

// do sends a request. It fails the test if the server fails.
func (k *kit) do(a ask) *httptest.ResponseRecorder {
	k.t.Helper()
	var body io.Reader = http.NoBody
	if a.body != "" {
		body = strings.NewReader(a.body)
	}
	r := httptest.NewRequestWithContext(k.t.Context(), a.method, "http://media.test"+a.path, body)
	r.RemoteAddr = a.from
	if a.from == "" {
		r.RemoteAddr = home
	}
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	return k.send(r)
}

func (k *kit) send(r *http.Request) *httptest.ResponseRecorder {
	k.t.Helper()
	return k.sendFor(k.t, r)
}

// sendFor sends a request for one run of a fuzz test.
func (k *kit) sendFor(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	k.handler.ServeHTTP(w, r)
	if w.Code >= 500 {
		t.Errorf("%s %s: status %d, want one below 500: %s\n%s", r.Method, r.URL.Path, w.Code, w.Body, k.logs)
	}
	if w.Code >= 400 && !strings.HasPrefix(r.URL.Path, "/latchkey/") {
		if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: status %d with type %q, want text/plain and CORS headers", r.Method, r.URL.Path, w.Code, kind)
		}
	}
	return w
}

// get sends a GET with a token.
func (k *kit) get(path, token string) *httptest.ResponseRecorder {
	k.t.Helper()
	return k.do(ask{method: "GET", path: path, header: map[string]string{"X-Emby-Token": token}})
}

// post sends a POST of JSON with a token.
func (k *kit) post(path, token, body string) *httptest.ResponseRecorder {
	k.t.Helper()
	return k.do(ask{method: "POST", path: path, header: map[string]string{"X-Emby-Token": token, "Content-Type": jsonType}, body: body})
}

// want fails the test unless an answer has a status.
func want(t testing.TB, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
}

// decoded returns the JSON of an answer.
func decoded[T any](t testing.TB, w *httptest.ResponseRecorder) T {
	t.Helper()
	want(t, w, http.StatusOK)
	var value T
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return value
}

// guestSecret is the password of the guests of tests.
const guestSecret = "the secret of a guest, which is long enough to be one"
