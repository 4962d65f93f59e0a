package agent_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// TestTrustEndsAlthoughClockWasAhead writes a last contact in the future, as a clock that
// was ahead would do. This must not make the trust in the service last longer.
func TestTrustEndsAlthoughClockWasAhead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	s.Down()
	eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	noError(t, d.store.SetFact(t.Context(), "last_contact", fmt.Sprint(s.Clock.Now().Add(1000*time.Hour).UnixMilli())))
	d.exchanged(key, "u1")
	if last := d.status().LastContact; last.After(s.Clock.Now()) {
		t.Errorf("last contact %v, want %v at the latest", last, s.Clock.Now())
	}
	s.Clock.Advance(73 * time.Hour)
	_, err := d.exchange(key)
	isError(t, err, agent.ErrTrustOver)
}

// TestServerSwitchedOffAndOn lets the operator switch the server off and on again.
func TestServerSwitchedOffAndOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	var refused atomic.Int64
	s.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		refused.Add(1)
		problem(w, http.StatusForbidden, "server_disabled")
	})
	eventually(t, "trouble", func() bool { return d.trouble("server_disabled") })
	more(t, "the refusals", &refused, 5)
	d.never("more lines", func() bool { return d.log.Count("the operator of the service has switched this server off") != 1 })
	d.exchanged(key, "u1")
	s.Up()
	eventually(t, "the end of it", func() bool { return !d.trouble("server_disabled") })
}

// TestEndOfOutageIsNoticedSoon ends an outage. The agent must notice that without
// waiting for a change: its first question after the outage asks for an answer at once.
func TestEndOfOutageIsNoticedSoon(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	eventually(t, "the first comparison of links", func() bool { return must(d.store.Facts(t.Context()))(t)["change_seq"] != "" })
	var away atomic.Int64
	s.Intercept(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/changes") {
			away.Add(1)
		}
		panic(http.ErrAbortHandler)
	})
	eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	eventually(t, "the questions for changes", func() bool { return away.Load() >= 2 }, d.log) // the second one comes after a failure
	first := make(chan string, 1)
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/changes") {
			select {
			case first <- r.URL.Query().Get("wait"):
			default:
			}
		}
		inner.ServeHTTP(w, r)
	})
	eventually(t, "the end of it", func() bool { return !d.trouble("service_away") })
	if wait := waittest.Receive(t, first, "the first question after the outage"); wait != "" && wait != "0" {
		t.Errorf("the first question after the outage waits for %s s, want an answer at once", wait)
	}
}

// TestRefusedServerKeyLosesNothing removes the server at the service. Nothing
// must be lost here, and one line must be logged.
func TestRefusedServerKeyLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	noError(t, d.ann.Servers.Remove(t.Context(), d.serverID()))
	eventually(t, "trouble", func() bool { return d.trouble("server_key_refused") })
	d.never("more lines", func() bool { return d.log.Count("no longer accepts the agent's server key") > 1 })
	d.exchanged(key, "u1")
	if len(must(d.Links.List(t.Context()))(t)) != 1 {
		t.Error("the agent has lost the link, want it kept")
	}
	_, err := d.Links.Ask(t.Context(), "u5", "bob", "")
	isError(t, err, agent.ErrNotRegistered)
	s.Clock.Advance(73 * time.Hour)
	_, err = d.exchange(key)
	isError(t, err, agent.ErrTrustOver)
	if d.owned() != 0 {
		t.Errorf("%d servers, want 0: the agent has registered again", d.owned())
	}
}
