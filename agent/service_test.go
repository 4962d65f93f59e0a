package agent_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
)

// TestClockAhead has heard of the service in the future, by a clock that was wrong
// once: it is trusted no longer for that.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	s.down()
	eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	well(t, d.store.SetFact(t.Context(), "last_contact", fmt.Sprint(s.clock.Now().Add(1000*time.Hour).UnixMilli())))
	d.exchanged(key, "u1")
	if last := d.status().LastContact; last.After(s.clock.Now()) {
		t.Errorf("last contact %v", last)
	}
	s.clock.Advance(73 * time.Hour)
	_, err := d.exchange(key)
	is(t, err, agent.ErrTrustOver)
}

// TestSwitchedOff has the operator switch the server off and on again.
func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	s.answer(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		problem(w, http.StatusForbidden, "server_disabled")
	})
	eventually(t, "trouble", func() bool { return d.trouble("server_disabled") })
	never(t, "more lines", func() bool { return d.log.count("the operator of the service has switched this server off") != 1 })
	d.exchanged(key, "u1")
	s.up()
	eventually(t, "the end of it", func() bool { return !d.trouble("server_disabled") })
}

// TestOverSoon ends an outage: that is known without waiting for a change.
func TestOverSoon(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	s.down()
	eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	time.Sleep(200 * time.Millisecond) // until all who ask have seen that
	begin := time.Now()
	s.up()
	eventually(t, "the end of it", func() bool { return !d.trouble("service_away") })
	if took := time.Since(begin); took > 1500*time.Millisecond { // it waits for changes for 2 s
		t.Errorf("it took %v", took)
	}
}

// TestKeyRefused removes and disables the server at the service: nothing is lost
// here, and one line says so.
func TestKeyRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	well(t, d.ann.Servers.Remove(t.Context(), d.serverID()))
	eventually(t, "trouble", func() bool { return d.trouble("server_key_refused") })
	never(t, "more lines", func() bool { return d.log.count("no longer accepts the agent's server key") > 1 })
	d.exchanged(key, "u1")
	if len(must(d.Links.List(t.Context()))(t)) != 1 {
		t.Error("the link is gone")
	}
	_, err := d.Links.Ask(t.Context(), "u5", "bob", "")
	is(t, err, agent.ErrNotRegistered)
	s.clock.Advance(73 * time.Hour)
	_, err = d.exchange(key)
	is(t, err, agent.ErrTrustOver)
	if d.owned() != 0 {
		t.Error("it has registered anew")
	}
}
