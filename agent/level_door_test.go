package agent_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// behindPIN are levels that only ask for the PIN.
func behindPIN() *client.AgentLevels { return &client.AgentLevels{PINRequired: true} }

// TestPINIsRequiredAtEachWayIn tries an exchange and six digits without an open unlock and with one, with
// each setting of levels. The access key works again after the PIN.
func TestPINIsRequiredAtEachWayIn(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{client.LevelsGuests, client.LevelsLinked, client.LevelsOff} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			s, d, service, bob, link := newLevels(t, whose(setting))
			key := d.key(bob)
			service.send(d, link.ID, behindPIN())
			_, err := d.exchange(key)
			isError(t, err, agent.ErrPINRequired)
			if want := s.URL + "/unlock"; !strings.Contains(err.Error(), want) {
				t.Errorf("error %q, want the page %s", err, want)
			}
			_, err = d.exchange(key)
			isError(t, err, agent.ErrPINRequired)
			eventually(t, "the question", func() bool { return len(service.asks()) > 0 })
			want := []client.UnlockAsk{{LinkID: client.ID(link.ID), Device: "Living room", Client: "Den TV"}}
			if diff := cmp.Diff(want, service.asks()); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			d.fake.showsCode()
			asked := must(bob.QuickConnects.Ask(t.Context(), d.serverID(), "123456"))(t)
			eventually(t, "the digits are refused", func() bool {
				asked = must(bob.QuickConnects.Get(t.Context(), asked.ID))(t)
				return asked.Status == "failed"
			})
			if asked.Reason != client.QuickConnectPINRequired || d.fake.begun("ApproveCode") > 0 {
				t.Errorf("digits: %+v, want them refused before the media server is asked", asked)
			}
			if live := d.fake.live("u1"); len(live) > 0 {
				t.Errorf("%d devices are in, want none", len(live))
			}

			service.send(d, link.ID, open(behindPIN(), "7", s.Clock.Now(), time.Hour))
			token := d.exchanged(key, "u1")
			asked = must(bob.QuickConnects.Ask(t.Context(), d.serverID(), "123456"))(t)
			eventually(t, "the digits open", func() bool {
				return must(bob.QuickConnects.Get(t.Context(), asked.ID))(t).Status == "done"
			})
			s.Clock.Advance(time.Hour)
			_, err = d.exchange(key)
			isError(t, err, agent.ErrPINRequired)
			if !slices.Contains(d.fake.live("u1"), token) {
				t.Error("the device that was in is out, want it to stay")
			}
			must(d.Levels.Unlock(t.Context(), link.ID, 5))(t)
			d.exchanged(key, "u1")
			noError(t, d.Levels.Lock(t.Context(), link.ID))
			_, err = d.exchange(key)
			isError(t, err, agent.ErrPINRequired)
		})
	}
}

// TestDoorStopsWhatPlays lets an unlock end at a link that only asks for the PIN. What plays is stopped once, also after a
// restart, and only if the unlock says so.
func TestDoorStopsWhatPlays(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{client.LevelsGuests, client.LevelsLinked, client.LevelsOff} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			s, d, service, _, link := newLevels(t, whose(setting))
			stops := func() int { return len(d.fake.callsOf("Stop u1")) }
			unlock := func(id string, stop bool) {
				t.Helper()
				service.send(d, link.ID, open(behindPIN(), id, s.Clock.Now(), time.Hour, func(u *client.AgentUnlock) { u.StopPlaying = stop }))
				d.isState(service, link.ID, client.LevelUnlocked)
				d.rounds(2)
			}
			unlock("7", false)
			s.Clock.Advance(time.Hour)
			d.isState(service, link.ID, client.LevelEveryday)
			d.never("what plays is stopped, though nobody asked for it", func() bool { return stops() > 0 })

			unlock("8", true)
			d.restart()
			s.Down()
			d.never("what plays is stopped before the end", func() bool { return stops() > 0 })
			s.Clock.Advance(time.Hour)
			eventually(t, "what plays is stopped", func() bool { return stops() == 1 }, d.log)
			d.never("it is stopped again", func() bool { return stops() > 1 })
			service.begin(s)
			d.isState(service, link.ID, client.LevelEveryday)
			d.rounds(3) // so that no loop still has levels that it asked for before

			unlock("9", true)
			service.send(d, link.ID, behindPIN())
			eventually(t, "what plays is stopped when somebody closes", func() bool { return stops() == 2 }, d.log)

			unlock("10", true)
			service.send(d, link.ID, nil)
			d.rounds(2)
			service.send(d, link.ID, behindPIN())
			d.never("what plays is stopped, though the link needs no PIN", func() bool { return stops() > 2 })
		})
	}
}

// asks returns the questions for an unlock.
func (l *levelService) asks() []client.UnlockAsk {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asked)
}

// TestUnlockEndsWhileTokenIsMade lets an unlock end, or the clock be set back, while the media server makes
// the token. Nobody gets the token.
func TestUnlockEndsWhileTokenIsMade(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"end": time.Hour, "clock set back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d, service, bob, link := newLevels(t)
			key := d.key(bob)
			service.send(d, link.ID, open(behindPIN(), "7", s.Clock.Now(), time.Hour))
			s.Clock.Advance(time.Minute)
			d.rounds(2)
			d.fake.hook(nil, func(call string) error {
				if strings.HasPrefix(call, "Mint") {
					s.Clock.Advance(by)
				}
				return nil
			})
			_, err := d.exchange(key)
			isError(t, err, agent.ErrPINRequired)
			eventually(t, "the token ends", func() bool { return len(d.fake.live("u1")) == 0 })
		})
	}
}

// TestPINIsRequiredAtOpen presses Open without an open unlock, and lets one end in the middle.
func TestPINIsRequiredAtOpen(t *testing.T) {
	t.Parallel()
	d, session := opening(t)
	link := d.linkOf("bob")
	service := levelled(d.site)
	service.send(d, link.ID, behindPIN())
	flow, state, code := d.allowed(session)
	_, err := d.Opens.Who(t.Context(), flow, state, code, false)
	isError(t, err, agent.ErrPINRequired)
	service.send(d, link.ID, open(behindPIN(), "7", d.site.Clock.Now(), time.Minute))
	flow, state, code = d.allowed(session)
	must(d.Opens.Who(t.Context(), flow, state, code, false))(t)
	d.site.Clock.Advance(time.Minute)
	_, err = d.Opens.Mint(t.Context(), flow, browser(), false)
	isError(t, err, agent.ErrPINRequired)
	if live := d.fake.live("u1"); len(live) > 0 {
		t.Errorf("%d devices are in, want none", len(live))
	}
}

// TestNoLocalPasswordBehindPIN chooses a local password, and then the link needs the PIN: a random password
// replaces it, and no other can be chosen, not even while it is unlocked.
func TestNoLocalPasswordBehindPIN(t *testing.T) {
	t.Parallel()
	s, d, service, bob, link := newLevels(t)
	d.allowPasswords()
	if got := d.over(bob, d.choose(bob, chosen)); got.Status != "done" {
		t.Fatalf("password %+v, want it done", got)
	}
	service.send(d, link.ID, behindPIN())
	eventually(t, "another password", func() bool { return d.fake.passwordOf("u1") != chosen })
	service.send(d, link.ID, open(behindPIN(), "7", s.Clock.Now(), time.Hour))
	random := d.fake.passwordOf("u1")
	if got := d.over(bob, d.choose(bob, chosen)); got.Status != "failed" || got.Reason != client.LocalPasswordNotAllowed {
		t.Errorf("password %+v, want it refused", got)
	}
	if d.fake.passwordOf("u1") != random {
		t.Error("the password was changed, want the random one")
	}
	service.send(d, link.ID, nil)
	if got := d.over(bob, d.choose(bob, chosen)); got.Status != "done" {
		t.Errorf("password %+v without a PIN, want it done", got)
	}
}
