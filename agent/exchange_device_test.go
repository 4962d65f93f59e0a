package agent_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

// TestExchangeGivesEachDeviceItsToken gives each device its own token, including
// devices without an id.
func TestExchangeGivesEachDeviceItsToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	for range 2 {
		for _, device := range []mediaserver.Device{
			{ID: "a"}, {ID: "b"}, {}, {Client: "Roku"}, {Name: "Roku"}, {Client: "Roku", Name: "Den"},
		} {
			must(d.exchange(key, func(ask *agent.ExchangeAsk) { ask.Device = device }))(t)
		}
	}
	if n := len(d.fake.live("u1")); n != 6 || d.status().Tokens != 6 {
		t.Errorf("%d live tokens, %d in the file; want 6 and 6", n, d.status().Tokens)
	}
	for _, token := range d.fake.tokens {
		if token.device == "" {
			t.Error("got a token for a device without an id, want an id for each")
		}
	}
}

// TestEndedSessionsEndTokens ends the sessions of one device, and then all
// sessions.
func TestEndedSessionsEndTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	code := must(s.NewClient(t).Devices.Begin(t.Context(), client.DeviceAsk{Client: "Den TV", DeviceName: "Living room", DeviceID: "tv-1"}))(t)
	noError(t, bob.Devices.Approve(t.Context(), code.UserCode))
	key := d.key(bob)
	on := func(id string) func(*agent.ExchangeAsk) {
		return func(ask *agent.ExchangeAsk) { ask.Device.ID = id }
	}
	first, second := must(d.exchange(key, on("tv-1")))(t), must(d.exchange(key, on("tv-2")))(t)
	s.Clock.Advance(5 * time.Second)
	signedIn := must(s.NewClient(t).Devices.Token(t.Context(), code.DeviceCode))(t)
	noError(t, s.NewClient(t).As(signedIn.Token).Sessions.SignOut(t.Context()))
	eventually(t, "the device's token ends", func() bool { return !slices.Contains(d.fake.live("u1"), first.AccessToken) })
	if !slices.Contains(d.fake.live("u1"), second.AccessToken) {
		t.Errorf("live tokens %v, want that of tv-2 among them", d.fake.live("u1"))
	}
	d.exchanged(key, "u1") // the link still works
	noError(t, bob.Sessions.EndOthers(t.Context()))
	account, err := strconv.ParseInt(string(must(bob.Accounts.Get(t.Context()))(t).ID), 10, 64)
	noError(t, err)
	noError(t, s.Store.Sessions.EndAll(t.Context(), account, models.Caller{}))
	eventually(t, "all end", func() bool { return len(d.fake.live("u1")) == 0 })
	_, err = d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
}

// TestExchangeWhileLinkIsRemoved exchanges while the link is removed. Afterwards
// no token must be alive.
func TestExchangeWhileLinkIsRemoved(t *testing.T) {
	t.Parallel()
	for round := range 3 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			link := d.linked(bob, "bob", "u1")
			key := d.key(bob)
			d.fake.hook(nil, func(call string) error {
				if strings.HasPrefix(call, "Mint") {
					for range round * 100 { // lets the others overtake
						runtime.Gosched()
					}
				}
				return nil
			})
			var all sync.WaitGroup
			var given atomic.Int32
			begin := make(chan struct{})
			for i := range 64 {
				all.Go(func() {
					<-begin
					for range 4 {
						_, err := d.Exchanges.Exchange(context.Background(), agent.ExchangeAsk{AccessKey: key, Device: mediaserver.Device{ID: fmt.Sprint("d", i%16)}})
						switch {
						case err == nil:
							given.Add(1)
						case !errors.Is(err, agent.ErrAccessKeyWrong):
							t.Errorf("error %v, want none or ErrAccessKeyWrong", err)
						}
					}
				})
			}
			all.Go(func() {
				<-begin
				if !servicetest.Becomes(func() bool { return given.Load() > 8 }) {
					t.Error("no more than 8 exchanges succeeded, want more before the link is removed")
				}
				if err := bob.Links.Remove(context.Background(), client.ID(link.ID)); err != nil {
					t.Errorf("removing the link: error %v, want none", err)
				}
			})
			close(begin)
			all.Wait()
			eventually(t, "no token is alive", func() bool { return len(d.fake.live("u1")) == 0 && d.status().OwedTokens == 0 })
			d.never("one comes to life", func() bool { return len(d.fake.live("u1")) > 0 })
			if status := d.status(); status.Tokens != 0 || status.Links != 0 {
				t.Errorf("status %+v, want no tokens and no links", status)
			}
		})
	}
}

// TestExchangesOfOneDeviceAtOnce lets one device exchange many times at once. Only the
// token in the file must be valid.
func TestExchangesOfOneDeviceAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Mint") {
			for range 30 { // lets the others overtake
				runtime.Gosched()
			}
		}
		return nil
	})
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if _, err := d.exchange(key); err != nil {
				t.Errorf("exchange: error %v, want none", err)
			}
		})
	}
	all.Wait()
	if n := len(d.fake.live("u1")); n != 1 {
		t.Fatalf("%d live tokens, want 1", n)
	}
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "it is revoked", func() bool { return len(d.fake.live("u1")) == 0 })
}

// TestExchangeGivesNoTokenWhenLinkEndsMeanwhile ends the link in several ways, after a
// token was made and before it is written down. The device must not get the token.
func TestExchangeGivesNoTokenWhenLinkEndsMeanwhile(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(d *deployment, bob *client.Client, link agent.Link) error{
		"removed": func(_ *deployment, bob *client.Client, link agent.Link) error {
			return bob.Links.Remove(context.Background(), client.ID(link.ID))
		},
		"unlinked here": func(d *deployment, _ *client.Client, link agent.Link) error {
			d.site.Down()
			return d.Links.End(context.Background(), link.ID)
		},
		"ended": func(d *deployment, _ *client.Client, _ agent.Link) error {
			d.site.Clock.Advance(time.Hour)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			link := d.linked(bob, "bob", "u1")
			noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(link.ID), client.PersonChange{EndsAt: new(s.Clock.Now().Add(time.Hour))}))
			eventually(t, "the end is known", func() bool { return !d.linkOf("bob").EndsAt.IsZero() })
			key := d.key(bob)
			var first atomic.Bool
			d.fake.hook(nil, func(call string) error {
				if !strings.HasPrefix(call, "Mint") || !first.CompareAndSwap(false, true) {
					return nil
				}
				if err := end(d, bob, link); err != nil {
					t.Errorf("ending the link: error %v, want none", err)
				}
				if name == "removed" && !servicetest.Becomes(func() bool { return d.status().Links == 0 }) {
					t.Error("the agent still has the link, want it removed")
				}
				return nil
			})
			got, err := d.exchange(key)
			isError(t, err, agent.ErrAccessKeyWrong)
			if got != (agent.Exchanged{}) || len(d.fake.live("u1")) != 0 {
				t.Errorf("got %+v, live tokens %q; want neither", got, d.fake.live("u1"))
			}
		})
	}
}

// TestTokenOfDeviceThatLeftIsWrittenDown lets the device leave while its token is made. The
// token must be written down nevertheless.
func TestTokenOfDeviceThatLeftIsWrittenDown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	ctx, leave := context.WithCancel(t.Context())
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Mint") {
			leave()
		}
		return nil
	})
	_, _ = d.Exchanges.Exchange(ctx, agent.ExchangeAsk{AccessKey: key, Device: tv})
	if len(d.fake.live("u1")) != 1 || d.status().Tokens != 1 {
		t.Errorf("%d live tokens, %d in the file; want 1 and 1", len(d.fake.live("u1")), d.status().Tokens)
	}
}

// TestExchangeWhileQuickConnectIsOff switches Quick Connect off at the media server. As
// long as it is off, devices must be asked to come back, and one line of the log must say
// what to do.
func TestExchangeWhileQuickConnectIsOff(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(d *deployment, key string){
		"seen":      func(d *deployment, _ string) { d.fake.set(func() { d.fake.identity.QuickConnect = true }) },
		"exchanged": func(d *deployment, key string) { d.exchanged(key, "u1") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s)
			d.fake.identity.QuickConnect = false
			d.started()
			bob := s.Join(t, "bob")
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
				isError(t, err, agent.ErrMediaServerAway)
			}
			if n := d.log.Count("Quick Connect is off at the media server: switch it on"); n != 1 || !d.trouble("quick_connect_off") || d.trouble("media_server_away") {
				t.Errorf("%d lines, want 1, and quick_connect_off as the only trouble; log:\n%s", n, d.log)
			}
			d.meets("Identity", 3)
			d.never("it is over", func() bool { return !d.trouble("quick_connect_off") })
			d.fake.hook(nil, nil)
			end(d, key)
			eventually(t, "the end of it", func() bool { return !d.trouble("quick_connect_off") })
		})
	}
}

// TestExchangeEndsOldestDevice uses one link on more devices than allowed. The device that
// was signed in first must be signed out.
func TestExchangeEndsOldestDevice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	first := d.onDevice(key, "d0")
	for i := range agent.TokensMost - 1 {
		s.Clock.Advance(time.Second)
		d.onDevice(key, fmt.Sprint("e", i))
	}
	d.never("one ends", func() bool { return len(d.fake.live("u1")) != agent.TokensMost })
	s.Clock.Advance(time.Second)
	d.onDevice(key, "last")
	eventually(t, "the oldest ends", func() bool {
		live := strings.Join(d.fake.live("u1"), " ") + " "
		return !strings.Contains(live, first+" ") && len(d.fake.live("u1")) == agent.TokensMost
	})
}

// TestExchangeMakesNoTokenForWaitingDeviceThatLeft lets a device leave while it waits for
// another exchange to finish. No token must be made for this device.
func TestExchangeMakesNoTokenForWaitingDeviceThatLeft(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
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
	eventually(t, "the second one waits", func() bool { return d.Exchanges.Minting() == 2 })
	leave()
	close(open)
	noError(t, <-done)
	isError(t, <-left, agent.ErrMediaServerAway)
	if n := minting.Load(); n != 1 {
		t.Errorf("%d tokens were made, want 1", n)
	}
}
