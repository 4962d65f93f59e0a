package agent_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// TestLinkAndUnlinkAtTheMachine links and unlinks a local user by the agent's own
// commands, as the admin does on the machine of the media server.
func TestLinkAndUnlinkAtTheMachine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	made := must(d.Links.Ask(t.Context(), "u1", "Bob", "the dashboard"))(t)
	if !made.Pending || made.Link.LocalUserID != "u1" || made.Link.Username != "bob" || made.Link.LocalUserName != "Kid" {
		t.Errorf("answer %+v, want a pending link of bob with u1, Kid", made)
	}
	if again := must(d.Links.Ask(t.Context(), "u1", "bob", ""))(t); again.Link.ID != made.Link.ID {
		t.Errorf("second answer %+v, want link %s again", again, made.Link.ID)
	}
	if list := must(d.Links.Pending(t.Context()))(t); len(list) != 1 || list[0].ID != made.Link.ID {
		t.Errorf("pending links %+v, want %s alone", list, made.Link.ID)
	}
	asked := must(bob.Links.List(t.Context(), client.Pending))(t)
	if len(asked) != 1 || asked[0].RequestedBy != "the dashboard" {
		t.Fatalf("links of bob %+v, want one, asked for by the dashboard", asked)
	}
	noError(t, bob.Links.Accept(t.Context(), asked[0].ID))
	d.linkOf("bob")
	if made = must(d.Links.Ask(t.Context(), "u1", "bob", ""))(t); made.Pending {
		t.Errorf("answer %+v, want an accepted link", made)
	}
	if list := must(d.Links.Pending(t.Context()))(t); len(list) != 0 {
		t.Errorf("pending links %+v, want none", list)
	}
	d.fake.set(func() { d.fake.users = append(d.fake.users, mediaserver.LocalUser{ID: "u9", Name: "New"}) })
	must(d.Links.Ask(t.Context(), "u9", "cat", ""))(t) // perhaps created after the last report
	for name, test := range map[string]struct {
		user, to string
		want     error
	}{
		"no local user": {"u77", "cat", agent.ErrLocalUserUnknown},
		"administrator": {"u2", "cat", agent.ErrLocalUserRefused},
		"no account":    {"u5", "nobody", agent.ErrUsernameUnknown},
		"an address":    {"u5", "cat@example.org", agent.ErrUsernameUnknown},
		"user taken":    {"u1", "ann", agent.ErrAlreadyLinked},
		"account taken": {"u5", "bob", agent.ErrAlreadyLinked},
	} {
		if _, err := d.Links.Ask(t.Context(), test.user, test.to, ""); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
	}

	d.exchanged(d.key(bob), "u1")
	noError(t, d.Links.EndOf(t.Context(), "u1"))
	_, err := d.exchange("x")
	isError(t, err, agent.ErrAccessKeyWrong)
	eventually(t, "the token ends", func() bool { return len(d.fake.live("u1")) == 0 })
	if list := must(bob.Links.List(t.Context(), ""))(t); len(list) != 0 {
		t.Errorf("links of bob %+v, want none", list)
	}
	isError(t, d.Links.EndOf(t.Context(), "u1"), agent.ErrNotLinked)
	isError(t, d.Links.EndOf(t.Context(), ""), agent.ErrNotLinked)
	isError(t, d.Links.End(t.Context(), made.Link.ID), agent.ErrNotLinked)
	waiting := must(d.Links.Pending(t.Context()))(t)
	if len(waiting) != 1 || waiting[0].Username != "cat" {
		t.Fatalf("pending links %+v, want one of cat", waiting)
	}
	noError(t, d.Links.End(t.Context(), waiting[0].ID))
	if list := must(cat.Links.List(t.Context(), ""))(t); len(list) != 0 {
		t.Errorf("links of cat %+v, want none", list)
	}
}

// TestLinkWhileServiceOrMediaServerIsAway links and unlinks while the service or
// the media server is away.
func TestLinkWhileServiceOrMediaServerIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	s.Down()
	_, err := d.Links.Ask(t.Context(), "u5", "bob", "")
	isError(t, err, agent.ErrServiceAway)
	_, err = d.Invites.Create(t.Context(), agent.InviteAsk{To: "cat"})
	isError(t, err, agent.ErrServiceAway)
	// An admin at the machine can always end a link.
	noError(t, d.Links.EndOf(t.Context(), "u1"))
	_, err = d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
	eventually(t, "the token ends", func() bool { return len(d.fake.live("u1")) == 0 })
	d.restart()
	_, err = d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
	s.Up()
	eventually(t, "the service hears of it", func() bool { return len(must(bob.Links.List(t.Context(), ""))(t)) == 0 })
	eventually(t, "it is gone here", func() bool { return len(must(d.Links.List(t.Context()))(t)) == 0 })
	eventually(t, "it is forgotten here", func() bool { return errors.Is(d.Links.End(t.Context(), link.ID), agent.ErrNotLinked) })
	d.fake.setDown(errDown)
	_, err = d.Links.Ask(t.Context(), "u5", "bob", "")
	isError(t, err, agent.ErrMediaServerAway)
	_, err = d.MediaServer.Administrator(t.Context(), "x")
	isError(t, err, agent.ErrMediaServerAway)
}

// TestUnlinkedLinkStaysShut ends a link at the machine while the service still sends the
// link. The link must not let anybody in again.
func TestUnlinkedLinkStaysShut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if r.Method == http.MethodDelete {
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	noError(t, d.Links.End(t.Context(), link.ID))
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(link.ID), client.PersonChange{Libraries: &[]string{"l1"}}))
	eventually(t, "the change", func() bool { return must(d.Links.List(t.Context()))(t)[0].Libraries != nil })
	_, err := d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
	s.Up()
	eventually(t, "the end", func() bool { return len(must(d.Links.List(t.Context()))(t)) == 0 })
}

// TestLinkLostAnswer loses the answer to a request for a link. The feed must
// bring the link.
func TestLinkLostAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	s.Join(t, "bob")
	var lost atomic.Bool
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/links") && lost.CompareAndSwap(false, true) {
			inner.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	_, err := d.Links.Ask(t.Context(), "u1", "bob", "")
	isError(t, err, agent.ErrServiceAway)
	eventually(t, "it is known all the same", func() bool { return len(must(d.Links.Pending(t.Context()))(t)) == 1 }, d.log, s.Log)
}
