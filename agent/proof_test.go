package agent_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// selfService lets people prove by themselves who they are.
func (d *den) selfService() {
	d.t.Helper()
	must(d.ann.Servers.Change(d.t.Context(), d.serverID(), client.ServerChange{SelfService: new(true)}))(d.t)
}

func (d *den) proof(person *client.Client) client.Proof {
	d.t.Helper()
	return must(person.Proofs.Get(d.t.Context(), d.serverID()))(d.t)
}

// TestProof proves local users: the usual one is linked, others are refused.
func TestProof(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		who    string // who answers
		admins bool
		reason string
		before func(d *den)
	}{
		"usual":         {who: "u1"},
		"administrator": {who: "u2", reason: client.ProofNotAllowed},
		"allowed":       {who: "u2", admins: true},
		"disabled":      {who: "u4", reason: client.ProofNotAllowed},
		"denied":        {who: "denied", reason: client.ProofDenied},
		"taken":         {who: "u5", reason: client.ProofNotAllowed, before: func(d *den) { d.linked(d.site.join(d.t, "cat"), "cat", "u5") }},
		"new": {who: "u9", before: func(d *den) {
			d.site.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
				inner.ServeHTTP(w, r)
				if strings.HasSuffix(r.URL.Path, "/propose") {
					d.fake.set(func() { d.fake.users = append(d.fake.users, mediaserver.LocalUser{ID: "u9", Name: "New"}) })
				}
			})
		}},
		"away": {reason: client.ProofUnavailable, before: func(d *den) {
			d.fake.hook(func(call string) error {
				if call == "StartProof" {
					return errDown
				}
				return nil
			}, nil)
		}},
		"unsupported": {reason: client.ProofUnavailable, before: func(d *den) {
			d.fake.hook(func(call string) error {
				if call == "StartProof" {
					return mediaserver.ErrUnsupported
				}
				return nil
			}, nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDen(t, s, func(o *agent.Options) {
				o.Policy.AllowAdmins = test.admins
				if name == "new" {
					o.CheckEvery, o.ReportEvery = time.Hour, time.Hour
				}
			}).started()
			d.selfService()
			bob := s.join(t, "bob")
			if test.before != nil {
				test.before(d)
			}
			must(bob.Proofs.Start(t.Context(), d.serverID()))(t)
			if test.who != "" {
				eventually(t, "a code", func() bool { return d.proof(bob).Code != "" })
				if strings.Contains(d.log.String(), d.proof(bob).Code) {
					t.Error("the code is in the log")
				}
				d.fake.prove(test.who)
			}
			if test.reason != "" {
				eventually(t, "its end", func() bool { return d.proof(bob).Status == "failed" })
				if got := d.proof(bob).Reason; got != test.reason {
					t.Errorf("reason %s, want %s", got, test.reason)
				}
				never(t, "a link", func() bool {
					return slices.ContainsFunc(must(d.Links.List(t.Context()))(t), func(l agent.Link) bool { return l.Username == "bob" })
				})
				return
			}
			eventually(t, "done", func() bool { return d.proof(bob).Status == "done" })
			if link := d.linkOf("bob"); link.LocalUserID != test.who {
				t.Errorf("%+v", link)
			}
			d.exchange(d.key(bob))
			if d.log.count("has proved which local user they are") != 1 {
				t.Error("no line")
			}
		})
	}
}

// TestProofRestart ends the program while a person is to answer: the next one
// begins anew.
func TestProofRestart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	d.selfService()
	bob := s.join(t, "bob")
	must(bob.Proofs.Start(t.Context(), d.serverID()))(t)
	eventually(t, "a code", func() bool { return d.proof(bob).Code != "" })
	first := d.proof(bob).Code
	d.restart()
	eventually(t, "another code", func() bool { return d.proof(bob).Code != first })
	d.fake.setDown(errDown)
	time.Sleep(20 * time.Millisecond)
	d.fake.setDown(nil)
	d.fake.prove("u1")
	eventually(t, "done", func() bool { return d.proof(bob).Status == "done" })
}

// TestProofExpires lets nobody answer.
func TestProofExpires(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	d.selfService()
	bob := s.join(t, "bob")
	must(bob.Proofs.Start(t.Context(), d.serverID()))(t)
	eventually(t, "a code", func() bool { return d.proof(bob).Code != "" })
	s.clock.Advance(11 * time.Minute)
	eventually(t, "a line", func() bool { return d.log.count("came to nothing") == 1 && d.log.count("reason=expired") == 1 })
	d.fake.prove("u1")
	never(t, "a link", func() bool { return len(must(d.Links.List(t.Context()))(t)) > 0 })
}

// codeOn shows a code on a screen.
func (f *fake) codeOn(code string) { f.set(func() { f.codes[code] = "" }) }

func (f *fake) approvedFor(code string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.codes[code]
}

func (d *den) enter(person *client.Client, code string) client.QuickConnect {
	d.t.Helper()
	asked := must(person.QuickConnects.Ask(d.t.Context(), d.serverID(), code))(d.t)
	eventually(d.t, "the end of it", func() bool {
		asked = must(person.QuickConnects.Get(d.t.Context(), asked.ID))(d.t)
		return asked.Status != "asked"
	})
	return asked
}

// TestQuickConnect enters codes: they are approved for the linked local user, if
// that may be.
func TestQuickConnect(t *testing.T) {
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
			d := newDen(t, s).started()
			bob := s.join(t, "bob")
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
				t.Errorf("approved for %q", who)
			}
			if strings.Contains(d.log.String(), "123456") || strings.Contains(d.log.String(), "654321") {
				t.Error("a code is in the log")
			}
			if d.log.count("by its Quick Connect code")+d.log.count("by a Quick Connect code") != 1 {
				t.Errorf("log:\n%s", d.log)
			}
		})
	}
}

// TestQuickConnectLostAnswer loses the word that a code was approved: it is told
// again, and the code is not tried again.
func TestQuickConnectLostAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.linked(bob, "bob", "u1")
	var lost atomic.Int32
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/complete") && lost.Add(1) <= 2 {
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	d.fake.codeOn("123456")
	if got := d.enter(bob, "123456"); got.Status != "done" || d.fake.count("ApproveCode") != 1 || lost.Load() != 3 {
		t.Errorf("%+v", got)
	}
}

// TestQuickConnectGuess has the service try codes without end.
func TestQuickConnectGuess(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	var many []any
	for i := range 100 {
		many = append(many, map[string]any{
			"id": string(rune('1'+i%9)) + strings.Repeat("0", 1+i/9), "link_id": link.ID, "account_id": link.AccountID, "code": "111111",
			"expires_at": s.clock.Now().Add(time.Minute),
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
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/quick-connects"):
			writeJSON(w, map[string]any{"quick_connects": many})
		case strings.HasSuffix(r.URL.Path, "/fail"):
			failed.Add(1)
			w.WriteHeader(http.StatusNoContent)
		default:
			inner.ServeHTTP(w, r)
		}
	})
	eventually(t, "all are answered", func() bool { return failed.Load() >= 100 })
	if n := tried.Load(); n != 30 {
		t.Errorf("%d codes were tried", n)
	}
	if link.LocalUserID != "u1" || len(many) != 100 {
		t.Error("no link")
	}
}
