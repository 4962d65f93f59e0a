package agent_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// TestQuickConnectCodeAfterCrash ends the program after the media server was asked to
// approve a code and before the service hears about it. The person must not be told that
// the code was wrong.
func TestQuickConnectCodeAfterCrash(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lose   bool // lose the answer of the media server
		reason string
	}{
		"approved": {},
		"unknown":  {lose: true, reason: client.QuickConnectUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			d.linked(bob, "bob", "u1")
			s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
				if strings.Contains(r.URL.Path, "/quick-connects/") {
					panic(http.ErrAbortHandler)
				}
				inner.ServeHTTP(w, r)
			})
			d.fake.codeOn("123456")
			d.fake.hook(nil, func(call string) error {
				if test.lose && strings.HasPrefix(call, "ApproveCode") {
					return errDown
				}
				return nil
			})
			asked := must(bob.QuickConnects.Ask(t.Context(), d.serverID(), "123456"))(t)
			eventually(t, "it was approved", func() bool {
				return d.fake.approvedFor("123456") == "u1" && d.log.Count("Quick Connect code") > 0
			})
			d.halt()
			s.Up()
			d.open()
			d.run()
			eventually(t, "the end of it", func() bool {
				asked = must(bob.QuickConnects.Get(t.Context(), asked.ID))(t)
				return asked.Status != "asked"
			})
			if asked.Reason != test.reason || (asked.Status == "done") == test.lose {
				t.Errorf("got %+v, want reason %q", asked, test.reason)
			}
			eventually(t, "it is forgotten", func() bool {
				d.Wake()
				return must(d.store.Facts(t.Context()))(t)["quick_connect:"+string(asked.ID)] == ""
			})
		})
	}
}

// TestQuickConnectCodes enters codes. They must be approved for the linked local
// user if that is allowed.
func TestQuickConnectCodes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		user, code string
		change     func(f *fake)
		reason     string
	}{
		"usual":         {user: "u1", code: "123456"},
		"no remote":     {user: "u3", code: "123456"},
		"wrong":         {user: "u1", code: "654321", reason: client.CodeWrong},
		"administrator": {user: "u2", code: "123456", reason: client.QuickConnectNotAllowed},
		"disabled":      {user: "u4", code: "123456", reason: client.QuickConnectNotAllowed},
		"deleted":       {user: "u1", code: "123456", change: func(f *fake) { f.users = f.users[1:] }, reason: client.QuickConnectNotAllowed},
		"away":          {user: "u1", code: "123456", change: func(f *fake) { f.down = errDown }, reason: client.QuickConnectUnavailable},
		"off": {user: "u1", code: "123456", change: func(f *fake) {
			f.before = func(c string) error {
				return map[bool]error{true: mediaserver.ErrUnsupported}[strings.HasPrefix(c, "ApproveCode")]
			}
		}, reason: client.QuickConnectUnavailable},
		"refused": {user: "u1", code: "123456", change: func(f *fake) {
			f.before = func(c string) error {
				return map[bool]error{true: mediaserver.ErrNotAllowed}[strings.HasPrefix(c, "ApproveCode")]
			}
		}, reason: client.QuickConnectNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			d.linked(bob, "bob", test.user)
			d.fake.codeOn("123456")
			if test.change != nil {
				d.fake.set(func() { test.change(d.fake) })
			}
			got := d.enter(bob, test.code)
			if got.Reason != test.reason || (test.reason == "") != (got.Status == "done") {
				t.Errorf("%+v, want %q", got, test.reason)
			}
			want := test.user
			if test.reason != "" {
				want = ""
			}
			if who := d.fake.approvedFor("123456"); who != want {
				t.Errorf("approved for %q, want %q", who, want)
			}
			if strings.Contains(d.log.String(), "123456") || strings.Contains(d.log.String(), "654321") {
				t.Errorf("got a code in the log, want none; log:\n%s", d.log)
			}
			if d.log.Count("by its Quick Connect code")+d.log.Count("by a Quick Connect code") != 1 {
				t.Errorf("want one line about the code; log:\n%s", d.log)
			}
		})
	}
}

// TestQuickConnectCodeIsTriedOnce loses the message to the service that a code was
// approved. The message must be repeated, and the code must not be tried again.
func TestQuickConnectCodeIsTriedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	var lost atomic.Int32
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/complete") && lost.Add(1) <= 2 {
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	d.fake.codeOn("123456")
	if got := d.enter(bob, "123456"); got.Status != "done" || d.fake.count("ApproveCode") != 1 || lost.Load() != 3 {
		t.Errorf("got %+v, %d approvals, %d completions; want done, 1 and 3", got, d.fake.count("ApproveCode"), lost.Load())
	}
}

// TestQuickConnectTriesAreLimited lets the service send codes again and again.
func TestQuickConnectTriesAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	var many []any
	for i := range 100 {
		many = append(many, map[string]any{
			"id": string(rune('1'+i%9)) + strings.Repeat("0", 1+i/9), "link_id": link.ID, "account_id": link.AccountID, "code": "111111",
			"expires_at": s.Clock.Now().Add(time.Minute),
		})
	}
	var tried atomic.Int32
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "ApproveCode") {
			tried.Add(1)
		}
		return nil
	}, nil)
	var failed atomic.Int32
	var reasons sync.Map
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/quick-connects"):
			writeJSON(w, map[string]any{"quick_connects": many})
		case strings.HasSuffix(r.URL.Path, "/fail"):
			var told struct {
				Reason string `json:"reason"`
			}
			if err := json.NewDecoder(r.Body).Decode(&told); err == nil {
				reasons.Store(told.Reason, true)
			}
			failed.Add(1)
			w.WriteHeader(http.StatusNoContent)
		default:
			inner.ServeHTTP(w, r)
		}
	})
	eventually(t, "all are answered", func() bool { return failed.Load() >= 100 })
	if n := tried.Load(); n != 30 {
		t.Errorf("%d codes were tried, want 30", n)
	}
	_, tooMany := reasons.Load(client.QuickConnectTooMany)
	if _, blamed := reasons.Load(client.QuickConnectNotAllowed); !tooMany || blamed {
		t.Errorf("too many as a reason: %v, not allowed: %v; want only too many for codes that were not tried", tooMany, blamed)
	}
	if link.LocalUserID != "u1" || len(many) != 100 {
		t.Errorf("link %+v and %d codes, want u1 and 100", link, len(many))
	}
}

// codeOn shows a code on a screen.
func (f *fake) codeOn(code string) { f.set(func() { f.codes[code] = "" }) }

func (f *fake) approvedFor(code string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.codes[code]
}

func (d *deployment) enter(person *client.Client, code string) client.QuickConnect {
	d.t.Helper()
	asked := must(person.QuickConnects.Ask(d.t.Context(), d.serverID(), code))(d.t)
	eventually(d.t, "the end of it", func() bool {
		asked = must(person.QuickConnects.Get(d.t.Context(), asked.ID))(d.t)
		return asked.Status != "asked"
	})
	return asked
}
