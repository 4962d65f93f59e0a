package client_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

func TestRetries(t *testing.T) {
	t.Parallel()
	good, gone := reply{status: 200, body: accountBody}, reply{status: 204}
	get := func(ctx context.Context, c *client.Client) error { _, err := c.Accounts.Get(ctx); return err }
	remove := func(ctx context.Context, c *client.Client) error { return c.Links.Remove(ctx, someID) }
	verify := func(ctx context.Context, c *client.Client) error { return c.PINs.Verify(ctx, "4901") }
	setPIN := func(ctx context.Context, c *client.Client) error { return c.PINs.Set(ctx, "4901", "7302") }
	acknowledge := func(ctx context.Context, c *client.Client) error { return c.Agent.Acknowledge(ctx, 7, nil) }
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

// The waits grow, and chance shortens each of them by at most a half.
func TestBackoff(t *testing.T) {
	t.Parallel()
	for name, chance := range map[string]byte{"least": 0, "other": 0x7f} {
		f := newFake(t, reply{})
		c := f.client(t, client.WithRetries(9, time.Second), client.WithRandom(constant(chance)))
		if _, err := c.Accounts.Get(t.Context()); err == nil {
			t.Error("got no error, want one")
		}
		if len(f.slept()) != 8 {
			t.Fatalf("%d waits, want 8 waits", len(f.slept()))
		}
		for i, got := range f.slept() {
			whole := min(250*time.Millisecond<<i, 8*time.Second)
			if got < whole/2 || got > whole || name == "least" && got != whole/2 {
				t.Errorf("%s: wait %d is %s, want %s to %s", name, i+1, got, whole/2, whole)
			}
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
