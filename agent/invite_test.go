package agent_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// TestInviteAtTheMachine invites guests at the machine.
func TestInviteAtTheMachine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	made := must(d.Invites.Create(t.Context(), agent.InviteAsk{To: "bob", Note: "Come in", Libraries: []string{"music", "l1"}, EndsAt: s.Clock.Now().Add(time.Hour)}))(t)
	if made.ID == "" || made.To != "bob" || made.ExpiresAt.IsZero() {
		t.Errorf("answer %+v, want an id, bob and an end", made)
	}
	got := must(bob.Invites.Received(t.Context()))(t)
	if len(got) != 1 || got[0].From != "ann" || got[0].Note != "Come in" || len(got[0].Servers[0].Libraries) != 2 {
		t.Fatalf("received %+v, want one invite of ann with 2 libraries", got)
	}
	noError(t, bob.Invites.Accept(t.Context(), got[0].ID))
	guest := d.guestOf("bob")
	if got := d.fake.limit(guest.LocalUserID).Libraries; !slices.Equal(got, []string{"l1", "l2"}) {
		t.Errorf("libraries %q, want l1 and l2", got)
	}
	_, err := d.Invites.Create(t.Context(), agent.InviteAsk{To: "bob", Libraries: []string{"Books"}})
	isError(t, err, agent.ErrLibraryUnknown)
	_, err = d.Invites.Create(t.Context(), agent.InviteAsk{To: "nobody at all"})
	isError(t, err, agent.ErrUsernameUnknown)
	d.halt()
	d.options.Policy.CreateUsers = false
	d.open()
	_, err = d.Invites.Create(t.Context(), agent.InviteAsk{To: "bob"})
	isError(t, err, agent.ErrGuestsOff)
}

// An admin at the machine makes a link for several people, by a profile that the owner has saved at the service, sees it in
// the list, and withdraws it.
func TestInviteLinkAtTheMachine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	id := d.serverID()
	must(d.ann.Invites.MakeProfile(t.Context(), id, client.InviteProfileChoices{Name: "Club", Libraries: []string{"l1"}, Uses: 30, LinkDays: 7}))(t)
	made := must(d.Invites.Create(t.Context(), agent.InviteAsk{Link: true, Greeting: "Nina", Profile: "club"}))(t)
	if made.To != "" || made.Uses != 30 || made.EndsAt.IsZero() || !strings.Contains(made.Link, "/i#lki_") {
		t.Errorf("answer %+v, want a link for 30 people with an end", made)
	}
	pending := must(d.Invites.Pending(t.Context()))(t)
	if len(pending) != 1 || pending[0].Greeting != "Nina" || !pending[0].HasLink || pending[0].Uses != 30 || pending[0].Used != 0 || !slices.Equal(pending[0].Libraries, []string{"l1"}) {
		t.Errorf("pending %+v, want the link for Nina", pending)
	}
	bob := s.Join(t, "bob")
	_, secret, _ := strings.Cut(made.Link, "#")
	noError(t, bob.Invites.AcceptLink(t.Context(), secret))
	if got := must(d.Invites.Pending(t.Context()))(t); len(got) != 1 || got[0].Used != 1 {
		t.Errorf("pending %+v, want one that was used once", got)
	}
	noError(t, d.Invites.Withdraw(t.Context(), made.ID))
	isError(t, d.Invites.Withdraw(t.Context(), made.ID), agent.ErrNotInvited)
	_, err := d.Invites.Create(t.Context(), agent.InviteAsk{Link: true, Profile: "family"})
	isError(t, err, agent.ErrProfileUnknown)
	_, err = d.Invites.Create(t.Context(), agent.InviteAsk{Link: true, Uses: 1000})
	isError(t, err, agent.ErrServiceRefused)
	if err == nil || errors.Is(err, agent.ErrServiceAway) || !strings.Contains(err.Error(), "100") {
		t.Errorf("error %v, want one that names the limit", err)
	}
}

// When the service refuses an invite because there were too many, the error says so, and
// does not say that the service is away.
func TestThrottledInviteIsToldAsThat(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/server/invites") {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"status":429,"code":"throttled","title":"Too many"}`)
			return
		}
		inner.ServeHTTP(w, r)
	})
	_, err := d.Invites.Create(t.Context(), agent.InviteAsk{To: "somebody@example.org"})
	isError(t, err, agent.ErrServiceRefused)
	if err == nil || errors.Is(err, agent.ErrServiceAway) || !strings.Contains(err.Error(), "too many") {
		t.Errorf("error %v, want one that says too many", err)
	}
}
