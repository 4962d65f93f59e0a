package agent_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// TestQuickConnectOff switches Quick Connect off at the media server: devices are
// told to come back, and one line says what to do until it is on again.
func TestQuickConnectOff(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(d *den, key string){
		"seen":      func(d *den, _ string) { d.fake.set(func() { d.fake.identity.QuickConnect = true }) },
		"exchanged": func(d *den, key string) { d.exchanged(key, "u1") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDen(t, s)
			d.fake.identity.QuickConnect = false
			d.started()
			bob := s.join(t, "bob")
			d.linked(bob, "bob", "u1")
			key := d.key(bob)
			d.fake.hook(func(call string) error {
				if strings.HasPrefix(call, "Mint") {
					return mediaserver.ErrQuickConnectOff
				}
				return nil
			}, nil)
			for range 3 {
				_, err := d.exchange(key)
				is(t, err, agent.ErrMediaServerAway)
			}
			if n := d.log.count("Quick Connect is off at the media server: switch it on"); n != 1 || !d.trouble("quick_connect_off") || d.trouble("media_server_away") {
				t.Errorf("%d lines, log:\n%s", n, d.log)
			}
			never(t, "it is over", func() bool { return !d.trouble("quick_connect_off") })
			d.fake.hook(nil, nil)
			end(d, key)
			eventually(t, "the end of it", func() bool { return !d.trouble("quick_connect_off") })
		})
	}
}

// TestQuickConnectCrash ends the program after the media server was asked to
// approve a code, and before the service has heard: nobody is told that the code
// was wrong.
func TestQuickConnectCrash(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lose   bool // the answer of the media server
		reason string
	}{
		"approved": {},
		"unknown":  {lose: true, reason: client.QuickConnectUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDen(t, s).started()
			bob := s.join(t, "bob")
			d.linked(bob, "bob", "u1")
			s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
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
				return d.fake.approvedFor("123456") == "u1" && d.log.count("Quick Connect code") > 0
			})
			d.halt()
			s.up()
			d.open()
			d.run()
			eventually(t, "the end of it", func() bool {
				asked = must(bob.QuickConnects.Get(t.Context(), asked.ID))(t)
				return asked.Status != "asked"
			})
			if asked.Reason != test.reason || (asked.Status == "done") == test.lose {
				t.Errorf("%+v", asked)
			}
			eventually(t, "it is forgotten", func() bool {
				d.Wake()
				return must(d.store.Facts(t.Context()))(t)["quick_connect:"+string(asked.ID)] == ""
			})
		})
	}
}

// TestDevicesMost signs one link in on ever more devices: the oldest are signed out.
func TestDevicesMost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	first := d.onDevice(key, "d0")
	for i := range agent.TokensMost - 1 {
		s.clock.Advance(time.Second)
		d.onDevice(key, fmt.Sprint("e", i))
	}
	never(t, "one ends", func() bool { return len(d.fake.live("u1")) != agent.TokensMost })
	s.clock.Advance(time.Second)
	d.onDevice(key, "last")
	eventually(t, "the oldest ends", func() bool {
		live := strings.Join(d.fake.live("u1"), " ") + " "
		return !strings.Contains(live, first+" ") && len(d.fake.live("u1")) == agent.TokensMost
	})
}

// TestDeviceLeft has devices that leave while others are served: no token is made
// for them.
func TestDeviceLeft(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	open := make(chan struct{})
	var minting atomic.Int32
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "Mint") && minting.Add(1) == 1 {
			<-open
		}
		return nil
	}, nil)
	done := make(chan error, 1)
	go func() {
		_, err := d.exchange(key)
		done <- err
	}()
	eventually(t, "the first is served", func() bool { return minting.Load() == 1 })
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := d.Exchanges.Exchange(ctx, agent.ExchangeAsk{AccessKey: key, Device: tv})
		left <- err
	}()
	time.Sleep(50 * time.Millisecond) // until it waits
	leave()
	close(open)
	well(t, <-done)
	is(t, <-left, agent.ErrMediaServerAway)
	if n := minting.Load(); n != 1 {
		t.Errorf("%d tokens were made", n)
	}
}

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

// TestOtherAdministrator asks another media server than the one that was registered
// who is an administrator: it is not believed.
func TestOtherAdministrator(t *testing.T) {
	t.Parallel()
	d := newDen(t, newSite(t)).started()
	token := must(d.fake.Mint(t.Context(), "u2", tv))(t)
	if got := must(d.MediaServer.Administrator(t.Context(), token.Value))(t); !got {
		t.Error("no administrator")
	}
	d.fake.set(func() { d.fake.identity.ID = "other" })
	eventually(t, "trouble", func() bool { return d.trouble("media_server_changed") })
	got, err := d.MediaServer.Administrator(t.Context(), token.Value)
	if is(t, err, agent.ErrMediaServerAway); got {
		t.Error("it is believed")
	}
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

// TestSecondProgramTrouble has trouble in a program that does not run an agent, as
// commands have: it is not written down, as nobody would say when it is over.
func TestSecondProgramTrouble(t *testing.T) {
	t.Parallel()
	d := newDen(t, newSite(t)).started()
	other := newFake()
	other.down = errDown
	options := d.options
	options.MediaServer = other
	_, err := agent.New(options).Links.Ask(t.Context(), "u1", "bob", "")
	is(t, err, agent.ErrMediaServerAway)
	if d.log.count("does not answer as it should") != 1 || len(d.status().Trouble) != 0 {
		t.Errorf("%+v", d.status().Trouble)
	}
}
