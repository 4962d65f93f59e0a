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
