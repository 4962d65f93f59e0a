package agent_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// selfService lets people prove by themselves which local user they are.
func (d *deployment) selfService() {
	d.t.Helper()
	must(d.ann.Servers.Change(d.t.Context(), d.serverID(), client.ServerChange{SelfService: new(true)}))(d.t)
}

func (d *deployment) proof(person *client.Client) client.Proof {
	d.t.Helper()
	return must(person.Proofs.Get(d.t.Context(), d.serverID()))(d.t)
}

// TestProofOfLocalUser proves local users. Those who may be linked must be linked, and all
// others must be refused.
func TestProofOfLocalUser(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		who    string // the local user who answers
		admins bool
		reason string
		before func(d *deployment)
	}{
		"usual":         {who: "u1"},
		"administrator": {who: "u2", reason: client.ProofNotAllowed},
		"allowed":       {who: "u2", admins: true},
		"disabled":      {who: "u4", reason: client.ProofNotAllowed},
		"denied":        {who: "denied", reason: client.ProofDenied},
		"taken":         {who: "u5", reason: client.ProofNotAllowed, before: func(d *deployment) { d.linked(d.site.Join(d.t, "cat"), "cat", "u5") }},
		"new": {who: "u9", before: func(d *deployment) {
			d.site.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
				inner.ServeHTTP(w, r)
				if strings.HasSuffix(r.URL.Path, "/propose") {
					d.fake.set(func() {
						d.fake.users = append(d.fake.users, mediaserver.LocalUser{ID: "u9", Name: "New", RemoteAccess: true})
					})
				}
			})
		}},
		"away": {reason: client.ProofUnavailable, before: func(d *deployment) {
			d.fake.hook(func(call string) error {
				if call == "StartProof" {
					return errDown
				}
				return nil
			}, nil)
		}},
		"unsupported": {reason: client.ProofUnavailable, before: func(d *deployment) {
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
			d := newDeployment(t, s, func(o *agent.Options) {
				o.Policy.AllowAdmins = test.admins
				if name == "new" {
					o.CheckEvery, o.ReportEvery = time.Hour, time.Hour
				}
			}).started()
			d.selfService()
			bob := s.Join(t, "bob")
			if test.before != nil {
				test.before(d)
			}
			must(bob.Proofs.Start(t.Context(), d.serverID()))(t)
			if test.who != "" {
				eventually(t, "a code", func() bool { return d.proof(bob).Code != "" })
				if strings.Contains(d.log.String(), d.proof(bob).Code) {
					t.Errorf("got the code in the log, want it left out; log:\n%s", d.log)
				}
				d.fake.prove(test.who)
			}
			if test.reason != "" {
				eventually(t, "its end", func() bool { return d.proof(bob).Status == "failed" })
				if got := d.proof(bob).Reason; got != test.reason {
					t.Errorf("reason %s, want %s", got, test.reason)
				}
				d.never("a link", func() bool {
					return slices.ContainsFunc(must(d.Links.List(t.Context()))(t), func(l agent.Link) bool { return l.Username == "bob" })
				})
				return
			}
			eventually(t, "done", func() bool { return d.proof(bob).Status == "done" })
			if link := d.linkOf("bob"); link.LocalUserID != test.who {
				t.Errorf("link %+v, want local user %s", link, test.who)
			}
			must(d.exchange(d.key(bob)))(t) // the proof is the yes that the local user needs
			if d.log.Count("has proved which local user they are") != 1 {
				t.Errorf("want one line about the proved local user; log:\n%s", d.log)
			}
		})
	}
}

// TestProofBeginsAgainAfterRestart ends the program while a proof waits for the
// person. The next run must begin it again.
func TestProofBeginsAgainAfterRestart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	d.selfService()
	bob := s.Join(t, "bob")
	must(bob.Proofs.Start(t.Context(), d.serverID()))(t)
	eventually(t, "a code", func() bool { return d.proof(bob).Code != "" })
	first := d.proof(bob).Code
	d.restart()
	eventually(t, "another code", func() bool { return d.proof(bob).Code != first })
	d.fake.setDown(errDown)
	d.meets("CheckProof", 2)
	d.fake.setDown(nil)
	d.fake.prove("u1")
	eventually(t, "done", func() bool { return d.proof(bob).Status == "done" })
}

// TestProofExpires begins a proof that is never answered.
func TestProofExpires(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	d.selfService()
	bob := s.Join(t, "bob")
	must(bob.Proofs.Start(t.Context(), d.serverID()))(t)
	eventually(t, "a code", func() bool { return d.proof(bob).Code != "" })
	s.Clock.Advance(11 * time.Minute)
	eventually(t, "a line", func() bool {
		return d.log.Count("a proof of a local user has failed") == 1 && d.log.Count("reason=expired") == 1
	})
	d.fake.prove("u1")
	d.never("a link", func() bool { return len(must(d.Links.List(t.Context()))(t)) > 0 })
}
