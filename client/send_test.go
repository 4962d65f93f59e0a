package client_test

import (
	"context"
	"encoding/json"
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

// reply is what a fake service answers to one request. The status broken breaks
// the connection, hanging never answers.
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

// problem is a reply with problem details.
func problem(status int, code string, headers ...string) reply {
	body := fmt.Sprintf(`{"type":"about:blank","title":"x","status":%d,"code":%q,"detail":"d"}`, status, code)
	return reply{status, "application/problem+json", body, headers}
}

// fake is a service that answers one reply after the other, and the last one
// again and again.
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

func TestRequest(t *testing.T) {
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
		t.Errorf("body %s", f.bodies()[0])
	}
	// Where nobody has to be signed in no token is sent.
	_, _ = c.Sessions.SignIn(t.Context(), client.SignIn{})
	_ = c.As("").Sessions.SignOut(t.Context())
	for _, r := range f.got()[1:] {
		if r.Header["Authorization"] != nil {
			t.Errorf("%s: a token is sent", r.URL.Path)
		}
	}
}

// What is unchanged is absent, what is to be taken away is null.
func TestPersonChange(t *testing.T) {
	t.Parallel()
	never, none, some := time.Time{}, []string(nil), []string{"films"}
	for want, in := range map[string]client.PersonChange{
		`{}`:                 {},
		`{"ends_at":null}`:   {EndsAt: &never},
		`{"libraries":null}`: {Libraries: &none},
		`{"ends_at":"2026-03-04T04:06:07Z","libraries":["films"]}`: {
			EndsAt: new(time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))), Libraries: &some,
		},
	} {
		if got, err := json.Marshal(in); err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	good, gone := reply{status: 200, body: accountBody}, reply{status: 204}
	get := func(ctx context.Context, c *client.Client) error { _, err := c.Accounts.Get(ctx); return err }
	remove := func(ctx context.Context, c *client.Client) error { return c.Links.Remove(ctx, someID) }
	verify := func(ctx context.Context, c *client.Client) error { return c.PINs.Verify(ctx, "4901") }
	setPIN := func(ctx context.Context, c *client.Client) error { return c.PINs.Set(ctx, "4901", "7302") }
	acknowledge := func(ctx context.Context, c *client.Client) error { return c.Agent.Acknowledge(ctx, 7) }
	busy := problem(503, "unavailable", "Retry-After", "10")
	for _, tt := range []struct {
		name    string
		do      func(context.Context, *client.Client) error
		replies []reply
		tries   int
		code    string // of the error; "-" for none, "" for one without a code
		slept   time.Duration
	}{
		{"well at once", get, []reply{good}, 1, "-", 0},
		{"unavailable, then well", get, []reply{busy, good}, 2, "-", 10 * time.Second},
		{"broken, then well", get, []reply{{}, good}, 2, "-", 0},
		{"a gateway, then well", get, []reply{{status: 502, kind: "text/html", body: "<p>"}, good}, 2, "-", 0},
		{"away all the time", get, []reply{busy}, 4, "unavailable", 30 * time.Second},
		{"too long to wait", get, []reply{problem(429, "throttled", "Retry-After", "31")}, 1, "throttled", 0},
		{"a fault is no reason", get, []reply{problem(500, "internal")}, 1, "internal", 0},
		{"nor is a refusal", get, []reply{problem(403, "wrong_kind_of_token")}, 1, "wrong_kind_of_token", 0},
		{"a PIN is not tried twice", verify, []reply{{}}, 1, "", 0},
		{"even if asked to", verify, []reply{busy}, 1, "unavailable", 0},
		{"nor is it set twice", setPIN, []reply{busy}, 1, "unavailable", 0},
		{"acknowledging twice is fine", acknowledge, []reply{{}, gone}, 2, "-", 0},
		{"deleted by the try that was lost", remove, []reply{{}, problem(404, "not_found")}, 2, "-", 0},
		{"deleted behind a gateway", remove, []reply{{status: 504}, problem(404, "not_found")}, 2, "-", 0},
		{"not there at all", remove, []reply{problem(404, "not_found")}, 1, "not_found", 0},
		{"a proxy's 404 removes nothing", remove, []reply{{}, {status: 404, kind: "text/html", body: "<p>"}}, 2, "", 0},
		{"not there, after a wait", remove, []reply{problem(429, "throttled", "Retry-After", "1"), problem(404, "not_found")}, 2, "not_found", time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, tt.replies...)
			err := tt.do(t.Context(), f.client(t))
			if (err == nil) != (tt.code == "-") || err != nil && client.CodeOf(err) != tt.code {
				t.Errorf("error %v, want code %q", err, tt.code)
			}
			if len(f.got()) != tt.tries {
				t.Errorf("%d tries, want %d", len(f.got()), tt.tries)
			}
			var slept time.Duration
			for _, d := range f.slept() {
				slept += d
			}
			if slept < tt.slept || slept > tt.slept+2*time.Second {
				t.Errorf("waited %s, want %s", slept, tt.slept)
			}
		})
	}
}

// Waits grow, and chance shortens them by half at most.
func TestBackoff(t *testing.T) {
	t.Parallel()
	for name, chance := range map[string]byte{"least": 0, "other": 0x7f} {
		f := newFake(t, reply{})
		c := f.client(t, client.WithRetries(9, time.Second), client.WithRandom(constant(chance)))
		if _, err := c.Accounts.Get(t.Context()); err == nil {
			t.Error("no error")
		}
		if len(f.slept()) != 8 {
			t.Fatalf("%d waits", len(f.slept()))
		}
		for i, got := range f.slept() {
			whole := min(250*time.Millisecond<<i, 8*time.Second)
			if got < whole/2 || got > whole || name == "least" && got != whole/2 {
				t.Errorf("%s: wait %d is %s, of %s", name, i+1, got, whole)
			}
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

// What makes something is repeated under the same key, and another call has
// another key.
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
		t.Errorf("keys %q", keys)
	}
	if f.bodies()[0] != f.bodies()[2] || strings.Contains(f.bodies()[4], "mine") {
		t.Errorf("bodies %q", f.bodies())
	}
	_, err := f.client(t, client.WithRandom(strings.NewReader(""))).Invites.Create(t.Context(), client.NewInvite{})
	if !errors.Is(err, io.EOF) || len(f.got()) != 5 {
		t.Errorf("without chance: %v after %d requests", err, len(f.got()))
	}
}

// What is not an answer of ours is told as such, and never as something that the
// service said.
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
				t.Errorf("error %v", err)
			}
			if len(f.got()) != 1 {
				t.Errorf("%d tries", len(f.got()))
			}
		})
	}
	// What only has to be done is not done because some page says 200.
	for _, r := range []reply{{status: 200, kind: "text/html", body: "<p>"}, {status: 202}, {status: 304}} {
		if err := newFake(t, r).client(t).PINs.Verify(t.Context(), "4901"); !errors.Is(err, client.ErrBadAnswer) {
			t.Errorf("%d: %v", r.status, err)
		}
	}
	if _, err := newFake(t, reply{status: 200, body: "[]"}).client(t).Accounts.Export(t.Context()); !errors.Is(err, client.ErrBadAnswer) {
		t.Errorf("an export that is no object: %v", err)
	}
	// A list that is not there is no empty list.
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
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An answer whose connection breaks is lost, so it is asked for again.
func TestCutAnswer(t *testing.T) {
	t.Parallel()
	f := newFake(t, reply{status: 200, body: accountBody[:40], headers: []string{"Content-Length", "400"}}, reply{status: 200, body: accountBody})
	if _, err := f.client(t).Accounts.Get(t.Context()); err != nil || len(f.got()) != 2 {
		t.Errorf("%v after %d tries", err, len(f.got()))
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	body := `{"type":"about:blank","title":"x","status":422,"code":"invalid","detail":"Look\u001b[31m again.","errors":[{"field":"email","code":"email_invalid","detail":"No."}]}`
	f := newFake(t, reply{422, "application/problem+json; charset=utf-8", body, []string{"Retry-After", "7"}})
	err := f.client(t).Emails.Change(t.Context(), "x", "y")
	want := &client.Error{
		Status: 422, Code: "invalid", Detail: "Look[31m again.", RetryAfter: 7 * time.Second,
		Fields: []client.FieldError{{Field: "email", Code: "email_invalid", Detail: "No."}},
	}
	got, ok := errors.AsType[*client.Error](err)
	if !ok {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if !errors.Is(err, client.ErrInvalid) || errors.Is(err, client.ErrNotFound) || client.CodeOf(err) != "invalid" || client.CodeOf(nil) != "" {
		t.Errorf("%v is not what it is", err)
	}
	if wrong, ok := got.Field("email"); !ok || wrong.Code != "email_invalid" {
		t.Errorf("field %+v", wrong)
	}
	if _, ok := got.Field("password"); ok {
		t.Error("a field is wrong that is not")
	}
	if text := err.Error(); text != "POST /api/v1/account/email: 422 invalid: Look[31m again. [email: email_invalid]" {
		t.Error(text)
	}
	// Errors of somebody else have no code, so they are like none of ours.
	for name, r := range map[string]reply{
		"a page": {status: 404, kind: "text/html", body: "<p>"}, "a lie": {404, "application/problem+json", `{"status":410,"code":"not_found"}`, nil},
		"plain JSON": {status: 404, body: `{"status":404,"code":"not_found"}`}, "garbage": {404, "application/problem+json", "{", nil},
	} {
		_, err := newFake(t, r).client(t).Accounts.Get(t.Context())
		if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != 404 || e.Code != "" || errors.Is(err, client.ErrNotFound) || errors.Is(err, &client.Error{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC).Format(http.TimeFormat)
	for _, tt := range []struct {
		text string
		want time.Duration
	}{
		{"", 0},
		{"0", 0},
		{"90", 90 * time.Second},
		{"-5", 0},
		{"soon", 0},
		{"99999999", 24 * time.Hour},
		{"99999999999999999999", 0},
		{"Wed, 04 Mar 2026 05:06:37 GMT", 30 * time.Second},
		{"Wed, 04 Mar 2026 05:06:00 GMT", 0},
	} {
		f := newFake(t, problem(429, "throttled", "Retry-After", tt.text, "Date", date))
		_, err := f.client(t, client.WithRetries(1, 0)).Accounts.Get(t.Context())
		if e, ok := errors.AsType[*client.Error](err); !ok || e.RetryAfter != tt.want {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
	}
}
