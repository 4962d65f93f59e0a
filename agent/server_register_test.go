package agent_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// owned is how many servers ann has.
func (d *den) owned() int {
	d.t.Helper()
	return len(must(d.ann.Servers.Owned(d.t.Context()))(d.t))
}

func isRegistration(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/api/v1/servers"
}

// TestRegisterLostAnswer loses the answers to the first registrations, which were
// carried out: there is one server.
func TestRegisterLostAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s)
	var lost atomic.Int32
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if isRegistration(r) && lost.Add(1) <= 3 {
			inner.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	d.started()
	if d.owned() != 1 || lost.Load() != 4 {
		t.Errorf("%d servers after %d registrations", d.owned(), lost.Load())
	}
}

// TestRegisterCrash ends the program between the service's answer and its own
// file: the next one gets the same server. By then its media server has another
// name, which must not make another request of it.
func TestRegisterCrash(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s)
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		inner.ServeHTTP(w, r)
		if isRegistration(r) {
			_ = d.store.Close()
		}
	})
	d.run()
	eventually(t, "the registration", func() bool { return d.owned() == 1 })
	d.stop()
	s.up()
	d.fake.set(func() { d.fake.identity.Name = "Other" })
	d.open()
	d.started()
	if d.owned() != 1 {
		t.Errorf("%d servers", d.owned())
	}
}

// TestRegisterCode gives it wrong codes first.
func TestRegisterCode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	right := ""
	d := newDen(t, s, func(o *agent.Options) { right, o.ClaimCode = o.ClaimCode, "" })
	d.run()
	eventually(t, "one line", func() bool { return d.log.count("not registered yet") == 1 })
	never(t, "another line, or a server", func() bool { return d.log.count("not registered yet") > 1 || d.owned() > 0 })
	d.halt()
	d.options.ClaimCode = "WRONG-CODE"
	d.open()
	d.run()
	eventually(t, "one line", func() bool { return d.log.count("refuses to register") == 1 })
	never(t, "another line", func() bool { return d.log.count("refuses to register") > 1 })
	if _, err := d.Exchanges.Exchange(t.Context(), agent.ExchangeAsk{AccessKey: "x"}); !errors.Is(err, agent.ErrNotRegistered) {
		t.Error(err)
	}
	d.halt()
	d.options.ClaimCode = right
	d.open()
	d.started()
	if d.owned() != 1 || d.trouble("registration") {
		t.Errorf("%d servers, %+v", d.owned(), d.status().Trouble)
	}
	if strings.Contains(d.log.String(), right) || strings.Contains(d.log.String(), "WRONG-CODE") {
		t.Error("a claim code is in the log")
	}
}

// TestRegisterOtherCode gives it another code while it does not know whether the
// first one was taken: it asks with the first one again, and only then with the
// other.
func TestRegisterOtherCode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s)
	s.down()
	d.run()
	eventually(t, "trouble", func() bool { return d.trouble("service_away") })
	d.halt()
	// The first code is void now, and was never used.
	d.options.ClaimCode = must(d.ann.Servers.MakeClaimCode(t.Context()))(t).Code
	s.up()
	d.open()
	d.started()
	if d.owned() != 1 {
		t.Errorf("%d servers", d.owned())
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
	never(t, "more lines", func() bool { return d.log.count("does not know the agent's server key") > 1 })
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

// TestOtherMediaServer changes the media server's id: nothing is done with it.
func TestOtherMediaServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	d.fake.set(func() { d.fake.identity.ID = "0ther" })
	eventually(t, "trouble", func() bool { return d.trouble("media_server_changed") })
	_, err := d.exchange(key)
	is(t, err, agent.ErrMediaServerAway)
	d.invite(s.join(t, "cat"), "cat")
	d.linkOf("cat")
	well(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the removal", func() bool { return d.status().Links == 1 })
	never(t, "it works on another media server", func() bool {
		return len(d.fake.asked()) > 0 || d.log.count("another media server") > 1 || !d.trouble("media_server_changed")
	})
	if server := must(d.asServer().Get(t.Context()))(t); server.SystemID != "5ed0" {
		t.Errorf("reported as %s", server.SystemID)
	}
	d.fake.set(func() { d.fake.identity.ID = "5ed0" })
	eventually(t, "what was owed", func() bool { return len(d.fake.live("u1")) == 0 && len(d.fake.named("cat")) == 1 })
	if d.trouble("media_server_changed") {
		t.Error("the trouble is not over")
	}
}

// TestOtherMediaServerAtStart has it changed while the agent did not run.
func TestOtherMediaServerAtStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	d.halt()
	d.fake.set(func() { d.fake.identity.ID = "0ther" })
	d.open()
	_, err := d.exchange(key) // nobody has looked yet
	is(t, err, agent.ErrMediaServerAway)
	if d.Ready() {
		t.Error("it is ready")
	}
}

// TestMediaServerAway says so once, whatever is wrong. A look that has its answer
// already may end it once more.
func TestMediaServerAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	d.fake.setDown(errDown)
	eventually(t, "a line", func() bool { return d.log.count("does not answer as it should") > 0 && !d.Ready() })
	time.Sleep(100 * time.Millisecond) // the looks that were under way
	lines := d.log.count("does not answer as it should")
	if lines > 2 {
		t.Errorf("%d lines", lines)
	}
	never(t, "more lines", func() bool { return d.log.count("does not answer as it should") > lines || d.Ready() })
	d.fake.setDown(nil)
	eventually(t, "the end of it", func() bool { return d.log.count("that trouble is over") == lines && d.Ready() })
	if users := must(d.ann.People.LocalUsers(t.Context(), d.serverID()))(t); len(users) != 5 {
		t.Errorf("%+v", users)
	}
}

// TestWrongKey opens the file with another secret key.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	d := newDen(t, newSite(t))
	_, err := agent.OpenStore(context.Background(), d.path, otherKeys(t), time.Now, nil)
	is(t, err, agent.ErrWrongKey)
}

// TestTwice runs two agents over one file.
func TestTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	other := agent.New(d.options).Hurry()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- other.Run(ctx) }()
	eventually(t, "one line", func() bool { return d.log.count("another agent runs with this data directory") == 1 })
	never(t, "it looks", other.Ready)
	d.stop()
	eventually(t, "the other one works", other.Ready)
	cancel()
	well(t, <-done)
}
