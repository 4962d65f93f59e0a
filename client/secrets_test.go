package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

// No error text contains a token, a password, a code or a query.
func TestErrorsKeepSecrets(t *testing.T) {
	t.Parallel()
	away := newFake(t, reply{})
	page := newFake(t, reply{status: 200, kind: "text/html", body: "a-secret"})
	moved := newFake(t, reply{status: 302, headers: []string{"Location", "https://evil.example/?a-secret"}})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	closed := newFake(t, reply{})
	closed.Close()
	for name, f := range map[string]*fake{"away": away, "page": page, "moved": moved, "closed": closed} {
		c := f.client(t, client.WithToken("lks_a-secret"))
		for _, ctx := range []context.Context{t.Context(), over} {
			_, byPassword := c.Sessions.SignIn(ctx, client.SignIn{NameOrEmail: "ann", Password: "a-secret"})
			_, byCode := c.Devices.Look(ctx, "a-secret")
			_, byQuery := c.Operators.AccountsPage(ctx, client.AccountsAsk{Prefix: "a-secret"}, client.PageAsk{})
			_, missing := c.Devices.Look(ctx, "..")
			for _, err := range []error{byPassword, byCode, byQuery, missing} {
				if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "?") {
					t.Errorf("%s: %v, want an error, without %q, without %q", name, err, "secret", "?")
				}
			}
			if ctx == over && name != "closed" && !errors.Is(byQuery, context.Canceled) {
				t.Errorf("%s: got the error %v, want %v", name, byQuery, context.Canceled)
			}
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, c); strings.Contains(text, "secret") {
				t.Errorf("%s: got %q, want no secret in it", verb, text)
			}
		}
	}
	for _, text := range []string{"https://ann:a-secret@id.example.org", "https://id.example.org/?a-secret", "a-secret", "ftp://a-secret"} {
		if _, err := client.New(text); err == nil || strings.Contains(err.Error(), "a-secret") {
			t.Errorf("%v, want an error, without %q", err, "a-secret")
		}
	}
}

// The client never follows a redirect, so the token is sent to the service only.
func TestRedirectsLeadNowhere(t *testing.T) {
	t.Parallel()
	other := newFake(t, reply{status: 200, body: accountBody})
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := newFake(t, reply{status: status, headers: []string{"Location", other.URL + "/api/v1/account"}})
		follows := f.Client()
		follows.CheckRedirect = nil
		c := f.client(t, client.WithHTTPClient(follows))
		if _, err := c.Accounts.Get(t.Context()); !errors.Is(err, client.ErrBadAnswer) || !strings.Contains(err.Error(), other.URL) {
			t.Errorf("%d: %v, want the error %v, with %q", status, err, client.ErrBadAnswer, other.URL)
		}
		if err := c.PINs.Verify(t.Context(), "4901"); !errors.Is(err, client.ErrBadAnswer) {
			t.Errorf("%d: %v, want the error %v", status, err, client.ErrBadAnswer)
		}
	}
	if len(other.got()) != 0 {
		t.Errorf("%d requests followed a redirect, want none", len(other.got()))
	}
}

func TestNoCookies(t *testing.T) {
	t.Parallel()
	f := newFake(t, reply{status: 200, body: accountBody, headers: []string{"Set-Cookie", "a=b"}})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := f.client(t, client.WithHTTPClient(&http.Client{Jar: jar}))
	for range 2 {
		if _, err := c.Accounts.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if f.got()[1].Header["Cookie"] != nil {
		t.Error("a cookie was sent back, want none")
	}
}

func TestNewChecksItsAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://id.example.org": true, "https://id.example.org/": true, "https://example.org/behind/a/path/": true,
		"http://127.0.0.1:8470": true, "http://localhost:8470": true, "http://[::1]:8470": true,
		"http://id.example.org": false, "http://127.0.0.1.example.org": false, "": false, "id.example.org": false, "ftp://id.example.org": false,
		"https://": false, "https://id.example.org/?a=b": false, "https://id.example.org/?": false, "https://id.example.org/#a": false,
		"https://ann@id.example.org": false, "://": false,
	} {
		if _, err := client.New(address); (err == nil) != want {
			t.Errorf("%s: got the error %v, want it accepted: %t", address, err, want)
		}
	}
	if _, err := client.New("http://latchkey:8470", client.WithPlainHTTP()); err != nil {
		t.Error(err)
	}
	for name, option := range map[string]client.Option{
		"token": client.WithToken("a\r\nb"), "agent": client.WithUserAgent("ä"), "language": client.WithLanguage("\x00"),
		"tries": client.WithRetries(0, time.Second), "timeout": client.WithTimeout(0), "limit": client.WithAnswerLimit(0),
	} {
		if _, err := client.New("https://id.example.org", option); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
	f := newFake(t, reply{status: 200, body: accountBody})
	if _, err := f.client(t).As("lks_a\r\nHost: evil").Accounts.Get(t.Context()); err != nil || f.got()[0].Header["Authorization"] != nil {
		t.Errorf("%v: %v, want no Authorization", err, f.got()[0].Header)
	}
}

// An id or a code that somebody typed is one part of the path, whatever characters it has.
func TestTypedTextStaysInItsPartOfThePath(t *testing.T) {
	t.Parallel()
	f := newFake(t, reply{status: 204})
	c := f.client(t)
	for _, wrong := range []string{"", ".", ".."} {
		if err := c.Devices.Approve(t.Context(), wrong); err == nil {
			t.Errorf("%q is sent, want an error", wrong)
		}
	}
	if err := c.People.Remove(t.Context(), "1", ""); err == nil || len(f.got()) != 0 {
		t.Errorf("%v, %d requests, want an error, no requests", err, len(f.got()))
	}
	for typed, want := range map[string]string{
		"bcdf-ghjk": "bcdf-ghjk", "a/../b": "a%2F..%2Fb", "a?b=c#d": "a%3Fb=c%23d", "{id}": "%7Bid%7D", "%2e": "%252e",
	} {
		if err := c.Devices.Approve(t.Context(), typed); err != nil {
			t.Fatal(err)
		}
		if got := f.got()[len(f.got())-1].RequestURI; got != "/api/v1/device-codes/"+want+"/approve" {
			t.Errorf("%s: asked for %s, want /api/v1/device-codes/%s/approve", typed, got, want)
		}
	}
}

// Each try has a time limit, and all tries end when the caller's context ends.
func TestTryEndsInTimeAndWithItsContext(t *testing.T) {
	t.Parallel()
	f := newFake(t, reply{status: hanging})
	c := f.client(t, client.WithTimeout(20*time.Millisecond), client.WithRetries(2, 0))
	if _, err := c.Accounts.Get(t.Context()); !errors.Is(err, context.DeadlineExceeded) || len(f.slept()) != 1 {
		t.Errorf("%v after %d waits, want the error %v, 1 wait", err, len(f.slept()), context.DeadlineExceeded)
	}
	// The waiting time of a poll is added to the timeout, so this poll does not end by itself.
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Agent.Changes(ctx, 1, 5*time.Second); !errors.Is(err, context.DeadlineExceeded) || ctx.Err() == nil {
		t.Errorf("%v, want the error %v, an ended context", err, context.DeadlineExceeded)
	}
	// A wait between two tries ends when its context ends.
	stopped := newFake(t, reply{})
	ctx, cancel = context.WithCancel(t.Context())
	waiting := client.WithSleep(func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() })
	if _, err := stopped.client(t, waiting).Accounts.Get(ctx); !errors.Is(err, context.Canceled) || len(stopped.got()) != 1 {
		t.Errorf("%v after %d tries, want the error %v, 1 try", err, len(stopped.got()), context.Canceled)
	}
	// Without the option WithSleep, New returns a Client that waits by the clock of the machine.
	real, err := client.New(newFake(t, reply{}, reply{status: 200, body: accountBody}).URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := real.Accounts.Get(t.Context()); err != nil {
		t.Error(err)
	}
}
