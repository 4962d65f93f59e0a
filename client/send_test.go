package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/client"
)

const (
	someToken = "lks_the-token-of-a-session"
	someID    = client.ID("734018259734822912")
)

// reply is the answer of a fake service to one request. If its status is broken, the fake breaks
// the connection; if it is hanging, the fake never answers.
type reply struct {
	status  int
	kind    string // Content-Type; JSON for ""
	body    string
	headers []string // names and values
}

const (
	broken  = 0
	hanging = -1
)

// problem returns a reply with problem details.
func problem(status int, code string, headers ...string) reply {
	body := fmt.Sprintf(`{"type":"about:blank","title":"x","status":%d,"code":%q,"detail":"d"}`, status, code)
	return reply{status, "application/problem+json", body, headers}
}

// fake is a service that sends its replies one after the other, and then the last one again and
// again.
type fake struct {
	*httptest.Server
	mu      sync.Mutex
	replies []reply
	asked   []*http.Request
	read    []string // the bodies of asked
	waits   []time.Duration
}

func (f *fake) got() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func (f *fake) bodies() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.read)
}

func (f *fake) slept() []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.waits)
}

func newFake(t *testing.T, replies ...reply) *fake {
	t.Helper()
	f := &fake{replies: replies}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.asked, f.read = append(f.asked, r), append(f.read, string(body))
	now := f.replies[0]
	if len(f.replies) > 1 {
		f.replies = f.replies[1:]
	}
	f.mu.Unlock()
	switch now.status {
	case broken:
		panic(http.ErrAbortHandler)
	case hanging:
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if now.kind != "" {
		w.Header().Set("Content-Type", now.kind)
	}
	for i := 0; i+1 < len(now.headers); i += 2 {
		w.Header().Set(now.headers[i], now.headers[i+1])
	}
	w.WriteHeader(now.status)
	_, _ = io.WriteString(w, now.body)
}

func (f *fake) sleep(ctx context.Context, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waits = append(f.waits, d)
	return ctx.Err()
}

func (f *fake) client(t *testing.T, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(f.URL, append([]client.Option{
		client.WithToken(someToken), client.WithSleep(f.sleep), client.WithHTTPClient(f.Client()),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const accountBody = `{"id":"1","username":"ann","display_name":"","email":"","pending_email":null,"language":"en",` +
	`"has_pin":false,"operator":false,"created_at":"2026-03-04T05:06:07Z","confirmed_at":null,"a_member_of_next_year":[1]}`

func TestRequestHeadersAndBody(t *testing.T) {
	t.Parallel()
	f := newFake(t, reply{status: 200, body: accountBody})
	c := f.client(t, client.WithUserAgent("Den TV/1.4"), client.WithLanguage("de"))
	got, err := c.Accounts.Change(t.Context(), client.Profile{Language: new("de")})
	if err != nil {
		t.Fatal(err)
	}
	want := client.Account{ID: "1", Username: "ann", Language: "en", CreatedAt: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	r := f.got()[0]
	for name, want := range map[string]string{
		"Authorization": "Bearer " + someToken, "User-Agent": "Den TV/1.4", "Accept-Language": "de", "Content-Type": "application/json",
	} {
		if r.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, r.Header.Get(name), want)
		}
	}
	if f.bodies()[0] != `{"language":"de"}` {
		t.Errorf("body %s, want %q", f.bodies()[0], `{"language":"de"}`)
	}
	// No token is sent with a request that needs none.
	_, _ = c.Sessions.SignIn(t.Context(), client.SignIn{})
	_ = c.As("").Sessions.SignOut(t.Context())
	for _, r := range f.got()[1:] {
		if r.Header["Authorization"] != nil {
			t.Errorf("%s: a token is sent, want none", r.URL.Path)
		}
	}
}

type constant byte

func (c constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c)
	}
	return len(p), nil
}

// The repetition of a request that makes something has the same key as the first try, and another
// call has another key.
func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	pending := reply{status: 202, body: `{"username":"ann","pending_token":"lkp_x"}`}
	f := newFake(t, reply{}, reply{}, pending)
	c := f.client(t)
	for range 2 {
		if _, err := c.Accounts.SignUp(t.Context(), client.SignUp{Username: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Accounts.SignUp(t.Context(), client.SignUp{Username: "ann", IdempotencyKey: "mine"}); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range f.got() {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
	}
	if len(keys) != 5 || keys[0] == "" || keys[1] != keys[0] || keys[2] != keys[0] || keys[3] == keys[0] || keys[4] != "mine" {
		t.Errorf("keys %q, want the first one three times, then a new one, then mine", keys)
	}
	if f.bodies()[0] != f.bodies()[2] || strings.Contains(f.bodies()[4], "mine") {
		t.Errorf("bodies %q, want the same body in each repetition, and none with the key", f.bodies())
	}
	_, err := f.client(t, client.WithRandom(strings.NewReader(""))).Invites.Create(t.Context(), client.NewInvite{})
	if !errors.Is(err, io.EOF) || len(f.got()) != 5 {
		t.Errorf("without chance: %v after %d requests, want the error %v, 5 requests", err, len(f.got()), io.EOF)
	}
}

// An answer that does not come from the service becomes an error that says so, and never one of the
// errors of the service.
func TestBadAnswers(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]reply{
		"a page":                 {status: 200, kind: "text/html", body: "<p>Sign in to this hotel</p>"},
		"no kind":                {status: 200, kind: "garbage;;", body: accountBody},
		"garbage":                {status: 200, body: "{\x00\xff"},
		"half":                   {status: 200, body: accountBody[:40]},
		"nothing":                {status: 200},
		"an array":               {status: 200, body: "[" + accountBody + "]"},
		"null":                   {status: 200, body: "null"},
		"an empty object":        {status: 200, body: "{}"},
		"two objects":            {status: 200, body: accountBody + accountBody},
		"a number for a text":    {status: 200, body: `{"id":1}`},
		"another status":         {status: 204},
		"too long":               {status: 200, body: accountBody + strings.Repeat(" ", 1000)},
		"a tag nobody asked for": {status: 304},
		"a redirect":             {status: 302, headers: []string{"Location", "/elsewhere"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, r)
			_, err := f.client(t, client.WithAnswerLimit(500)).Accounts.Get(t.Context())
			if !errors.Is(err, client.ErrBadAnswer) || client.CodeOf(err) != "" {
				t.Errorf("got the error %v with the code %q, want %v without a code", err, client.CodeOf(err), client.ErrBadAnswer)
			}
			if len(f.got()) != 1 {
				t.Errorf("%d tries, want 1 try", len(f.got()))
			}
		})
	}
	// If an operation's answer has no content, an answer with status 200 from something else does
	// not count as success.
	for _, r := range []reply{{status: 200, kind: "text/html", body: "<p>"}, {status: 202}, {status: 304}} {
		if err := newFake(t, r).client(t).PINs.Verify(t.Context(), "4901"); !errors.Is(err, client.ErrBadAnswer) {
			t.Errorf("%d: %v, want the error %v", r.status, err, client.ErrBadAnswer)
		}
	}
	if _, err := newFake(t, reply{status: 200, body: "[]"}).client(t).Accounts.Export(t.Context()); !errors.Is(err, client.ErrBadAnswer) {
		t.Errorf("an export that is no object: %v, want the error %v", err, client.ErrBadAnswer)
	}
	// A missing list is an error, not an empty list.
	for name, do := range map[string]func(*client.Client) error{
		"servers": func(c *client.Client) error { _, err := c.Servers.List(t.Context()); return err },
		"links":   func(c *client.Client) error { _, err := c.Agent.Links(t.Context()); return err },
		"changes": func(c *client.Client) error { _, err := c.Agent.Changes(t.Context(), 0, 0); return err },
		"page": func(c *client.Client) error {
			_, err := c.Accounts.HistoryPage(t.Context(), client.PageAsk{})
			return err
		},
	} {
		if err := do(newFake(t, reply{status: 200, body: `{"last":1}`}).client(t)); !errors.Is(err, client.ErrBadAnswer) {
			t.Errorf("%s: %v, want the error %v", name, err, client.ErrBadAnswer)
		}
	}
}

// If the connection breaks during an answer, the request is repeated.
func TestCutAnswerIsRepeated(t *testing.T) {
	t.Parallel()
	f := newFake(t, reply{status: 200, body: accountBody[:40], headers: []string{"Content-Length", "400"}}, reply{status: 200, body: accountBody})
	if _, err := f.client(t).Accounts.Get(t.Context()); err != nil || len(f.got()) != 2 {
		t.Errorf("%v after %d tries, want 2 tries", err, len(f.got()))
	}
}
