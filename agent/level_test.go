package agent_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// TestUnlockEndsByItself opens an unlock, and lets its time pass while the service is away. A word is said
// once before the end, and what plays is stopped at the end.
func TestUnlockEndsByItself(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	service.send(d, link.ID, kids())
	d.limited(everydayKid())
	d.isState(service, link.ID, client.LevelEveryday)
	now := s.Clock.Now()
	service.send(d, link.ID, open(kids(), "7", now, time.Hour, func(u *client.AgentUnlock) {
		u.StopPlaying, u.Warning = true, &client.LevelMessage{Header: "Soon", Text: "Five minutes"}
	}))
	d.limited(unlockedKid())
	if got := d.isState(service, link.ID, client.LevelUnlocked); !got.EndsAt.Equal(now.Add(time.Hour)) || len(got.ByHand) > 0 || got.Problem != "" {
		t.Errorf("told %+v, want the end after an hour and no problem", got)
	}
	s.Down()
	s.Clock.Advance(54 * time.Minute)
	d.never("a word is said early", func() bool { return len(d.fake.callsOf("Say")) > 0 })
	s.Clock.Advance(2 * time.Minute)
	eventually(t, "the word", func() bool { return len(d.fake.callsOf("Say")) > 0 })
	if got := d.limits(); !cmp.Equal(unlockedKid(), got) {
		t.Errorf("limits %+v before the end, want the unlocked level", got)
	}
	s.Clock.Advance(4 * time.Minute)
	d.limited(everydayKid())
	eventually(t, "the end of what plays", func() bool { return len(d.fake.callsOf("Stop")) > 0 })
	d.rounds(2)
	if said, stopped := d.fake.callsOf("Say"), d.fake.callsOf("Stop"); !slices.Equal(said, []string{"Say u1 Soon Five minutes"}) || len(stopped) != 1 {
		t.Errorf("said %q and stopped %q, want each once", said, stopped)
	}
	service.begin(s)
	d.isState(service, link.ID, client.LevelEveryday)
}

// newSlowLevels does the work of newLevels with a pace so slow that nothing wakes the agent but a deadline.
func newSlowLevels(t *testing.T) (*servicetest.Service, *deployment, *levelService, agent.Link) {
	t.Helper()
	s := newSite(t)
	service := levelled(s)
	d := newDeployment(t, s, whose(client.LevelsLinked))
	d.SlowDown()
	d.started()
	return s, d, service, d.linked(s.Join(t, "bob"), "bob", "u1")
}

// TestUnlockEndsAtTheDeadline sets a pace so slow that only the deadline itself wakes the agent.
func TestUnlockEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	s, d, service, link := newSlowLevels(t)
	const left = 200 * time.Millisecond
	service.send(d, link.ID, open(kids(), "7", s.Clock.Now().Add(left-time.Hour), time.Hour))
	d.limited(unlockedKid())
	d.rounds(2)
	for range 50 { // so that the last round is over, which looked at the clock before
		must(d.Levels.List(t.Context()))(t)
	}
	s.Clock.Advance(left)
	d.limitedQuietly(everydayKid())
}

// TestUnlockEndsWhileItIsCarriedOut lets an unlock end while the media server, which is slow, is still writing the unlocked
// level.
func TestUnlockEndsWhileItIsCarriedOut(t *testing.T) {
	t.Parallel()
	s, d, service, link := newSlowLevels(t)
	service.send(d, link.ID, kids())
	d.limited(everydayKid())
	d.rounds(2)
	var once sync.Once
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Limits u1") {
			once.Do(func() { s.Clock.Advance(time.Hour) })
		}
		return nil
	})
	service.send(d, link.ID, open(kids(), "7", s.Clock.Now(), time.Hour))
	eventually(t, "the unlocked level and the everyday one again", func() bool { return len(d.fake.callsOf("Limits u1")) >= 3 }, d.log)
	d.limitedQuietly(everydayKid())
}

// limitedQuietly is limited without waking the agent.
func (d *deployment) limitedQuietly(want mediaserver.Limits) {
	d.t.Helper()
	eventually(d.t, "the limits of u1", func() bool { return cmp.Equal(want, d.limits()) }, d.log)
}

// TestEndWaitsForMediaServer lets an unlock end while the media server is away, and while it says and stops
// nothing.
func TestEndWaitsForMediaServer(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	service.send(d, link.ID, open(kids(), "7", s.Clock.Now(), time.Hour, func(u *client.AgentUnlock) { u.StopPlaying = true }))
	d.limited(unlockedKid())
	d.fake.setDown(errDown)
	s.Clock.Advance(2 * time.Hour)
	d.isState(service, link.ID, client.LevelWaiting)
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "Stop") {
			return mediaserver.ErrUnsupported
		}
		return nil
	}, nil)
	d.fake.setDown(nil)
	d.limited(everydayKid())
	d.isState(service, link.ID, client.LevelEveryday)
}

// TestEverydayLevelIsBackAfterCrash ends the program at each step of opening and of closing an unlock, or
// loses an answer. In the end the everyday level holds, and the bound is still known: it is back when the
// link has no levels any more.
func TestEverydayLevelIsBackAfterCrash(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"open", "close"} {
		for _, step := range []string{"before ReadLimits", "after ReadLimits", "before Limits", "after Limits", "lose Limits", "second ReadLimits"} {
			t.Run(when+" "+step, func(t *testing.T) {
				t.Parallel()
				s, d, service, _, link := newLevels(t)
				service.send(d, link.ID, kids())
				d.limited(everydayKid())
				unlock := open(kids(), "7", s.Clock.Now(), time.Hour)
				crash := d.crashAt(step)
				if when == "open" {
					crash.arm()
					service.put(link.ID, unlock)
					_ = d.SendLevels(context.Background(), link.ID, unlock) // the file may be closed meanwhile
				} else {
					service.send(d, link.ID, unlock)
					d.limited(unlockedKid())
					crash.arm()
					s.Clock.Advance(time.Hour)
				}
				eventually(t, "the crash", crash.struck.Load)
				d.halt()
				if when == "open" {
					s.Clock.Advance(time.Hour)
				}
				service.put(link.ID, kids()) // the service has ended the unlock, too
				d.fake.hook(nil, nil)
				d.open()
				d.run()
				d.limited(everydayKid())
				if got := d.isState(service, link.ID, client.LevelEveryday); len(got.ByHand) > 0 {
					t.Errorf("changed by hand %q, want nothing: the agent itself changed it", got.ByHand)
				}
				service.send(d, link.ID, nil)
				d.limited(everything())
			})
		}
	}
}

// TestManyCrashesDuringUnlocks ends the program in the middle of 20 unlocks.
func TestManyCrashesDuringUnlocks(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	service.send(d, link.ID, kids())
	d.limited(everydayKid())
	steps := []string{"before Limits", "after Limits", "second ReadLimits", "after ReadLimits"}
	for i := range 20 {
		unlock := open(kids(), fmt.Sprint(100+i), s.Clock.Now(), time.Hour)
		crash := d.crashAt(steps[i%len(steps)])
		crash.arm()
		service.put(link.ID, unlock)
		_ = d.SendLevels(context.Background(), link.ID, unlock)
		eventually(t, "the crash", crash.struck.Load)
		d.halt()
		d.fake.hook(nil, nil)
		s.Clock.Advance(61 * time.Minute) // the service is not asked: the end is in the agent's own file
		s.Down()
		d.open()
		d.run()
		d.limitedQuietly(everydayKid())
		service.put(link.ID, kids())
		service.begin(s)
	}
	service.send(d, link.ID, nil)
	d.limited(everything())
}

// TestWrongUnlocksStayClosed sends unlocks whose time makes no sense.
func TestWrongUnlocksStayClosed(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	service.send(d, link.ID, kids())
	d.limited(everydayKid())
	now := s.Clock.Now()
	for name, levels := range map[string]*client.AgentLevels{
		"longer than a day": open(kids(), "1", now, 24*time.Hour+time.Second),
		"over":              open(kids(), "2", now.Add(-time.Hour), time.Hour),
		"not begun":         open(kids(), "3", now.Add(6*time.Minute), time.Hour),
		"backwards":         open(kids(), "4", now, -time.Hour),
		"without a time":    open(kids(), "5", time.Time{}, time.Hour),
		"no id":             open(kids(), "x", now, time.Hour),
	} {
		service.send(d, link.ID, levels)
		d.rounds(2)
		if got := d.limits(); !cmp.Equal(everydayKid(), got) {
			t.Errorf("%s: limits %+v, want the everyday level", name, got)
		}
	}
	service.send(d, link.ID, open(kids(), "6", now.Add(4*time.Minute), time.Hour)) // the service's clock is ahead
	d.limited(unlockedKid())
}

// TestClockThatJumpsClosesUnlocks sets the clock of the machine forwards and back again. What was open is
// closed for good, and only a new unlock opens the level.
func TestClockThatJumpsClosesUnlocks(t *testing.T) {
	t.Parallel()
	for name, jumps := range map[string][]time.Duration{
		"back":              {-3 * time.Minute},
		"back by a day":     {-24 * time.Hour, 24 * time.Hour},
		"forwards and back": {2 * time.Hour, -2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d, service, _, link := newLevels(t)
			unlock := open(kids(), "7", s.Clock.Now(), time.Hour)
			service.send(d, link.ID, unlock)
			d.limited(unlockedKid())
			s.Clock.Advance(10 * time.Minute)
			d.rounds(2) // the clock is noted
			for _, by := range jumps {
				s.Clock.Advance(by)
				d.limited(everydayKid())
			}
			service.send(d, link.ID, unlock) // the same again
			d.rounds(2)
			if got := d.limits(); !cmp.Equal(everydayKid(), got) {
				t.Errorf("limits %+v after the clock was set back, want the everyday level", got)
			}
			d.restart()
			d.limited(everydayKid())
			service.send(d, link.ID, open(kids(), "8", s.Clock.Now(), time.Hour))
			d.limited(unlockedKid())
		})
	}
}

// TestClockThatIsSetBackALittleChangesNothing sets the clock back by less than two minutes, as a time server
// may do.
func TestClockThatIsSetBackALittleChangesNothing(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	service.send(d, link.ID, open(kids(), "7", s.Clock.Now(), time.Hour))
	d.limited(unlockedKid())
	s.Clock.Advance(10 * time.Minute)
	d.rounds(2)
	s.Clock.Advance(-time.Minute)
	d.rounds(2)
	if got := d.limits(); !cmp.Equal(unlockedKid(), got) {
		t.Errorf("limits %+v, want the unlocked level", got)
	}
}

// TestLastUnlockCounts sends two unlocks, a longer one and then a shorter one, and a link that ends during
// an unlock.
func TestLastUnlockCounts(t *testing.T) {
	t.Parallel()
	s, d, service, bob, link := newLevels(t)
	now := s.Clock.Now()
	service.send(d, link.ID, open(kids(), "7", now, 4*time.Hour))
	d.limited(unlockedKid())
	service.send(d, link.ID, open(kids(), "8", now, 15*time.Minute))
	s.Clock.Advance(15 * time.Minute)
	d.limited(everydayKid())
	service.send(d, link.ID, open(kids(), "9", s.Clock.Now(), time.Hour))
	d.limited(unlockedKid())
	service.send(d, link.ID, kids()) // closed at once
	d.limited(everydayKid())
	service.send(d, link.ID, open(kids(), "10", s.Clock.Now(), time.Hour))
	d.limited(unlockedKid())
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	d.limited(everything())
	if n := must(d.store.Levelled(t.Context()))(t); n != 0 {
		t.Errorf("%d local users with a level, want none", n)
	}
}

// TestAccountThatIsDisabledKeepsItsLevel disables the account during an unlock: the local user must not see
// more because of it.
func TestAccountThatIsDisabledKeepsItsLevel(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	service.send(d, link.ID, open(kids(), "7", s.Clock.Now(), time.Hour))
	d.limited(unlockedKid())
	noError(t, s.Store.Operators.Disable(t.Context(), "bob"))
	d.limited(everydayKid())
}

// TestLevelsThatMakeNoSenseShut sends levels that the agent cannot understand: the strictest level holds.
func TestLevelsThatMakeNoSenseShut(t *testing.T) {
	t.Parallel()
	_, d, service, _, link := newLevels(t)
	for name, level := range map[string]*client.Level{
		"word":   {MayNot: []string{"sing"}},
		"day":    {Hours: []client.LevelHours{{Day: "Someday", From: 1, To: 2}}},
		"hours":  {Hours: []client.LevelHours{{Day: "Monday", From: 2, To: 2}}},
		"long":   {BlockedTags: []string{strings.Repeat("x", 1000)}},
		"many":   {Types: make([]string, 1001)},
		"day 25": {Hours: []client.LevelHours{{Day: "Monday", From: 0, To: 1441}}},
	} {
		service.send(d, link.ID, nil)
		d.limited(everything())
		service.send(d, link.ID, &client.AgentLevels{Everyday: level})
		d.limited(mediaserver.Limits{AllowedTags: []string{agent.NothingTag}, Hours: []mediaserver.Hours{mediaserver.NeverHours()}})
		if t.Failed() {
			t.Fatalf("the level with a wrong %s", name)
		}
	}
	if d.log.Count("the strictest level holds") == 0 {
		t.Errorf("want a line about it; log:\n%s", d.log)
	}
}

// TestUnlockAtTheMachine opens and closes a level by the operations of the commands, from another program
// and while the service is away.
func TestUnlockAtTheMachine(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	other := d.another()
	_, err := other.Levels.Unlock(t.Context(), link.ID, 60)
	isError(t, err, agent.ErrNothingToUnlock)
	_, err = other.Levels.Unlock(t.Context(), "1", 60)
	isError(t, err, agent.ErrNotLinked)
	isError(t, other.Levels.Lock(t.Context(), "1"), agent.ErrNotLinked)
	service.send(d, link.ID, kids())
	d.limited(everydayKid())
	for _, minutes := range []int{-1, 0, 1441} {
		_, err = other.Levels.Unlock(t.Context(), link.ID, minutes)
		isError(t, err, agent.ErrMinutes)
	}
	s.Down()
	until := must(other.Levels.Unlock(t.Context(), link.ID, 30))(t)
	d.limited(unlockedKid())
	got := must(other.Levels.List(t.Context()))(t)
	want := []agent.LevelState{{
		LinkID: link.ID, LocalUserID: "u1", LocalUserName: "Kid", Username: "bob", State: client.LevelUnlocked, Until: until, Open: true, ByHand: []string{},
	}}
	if diff := cmp.Diff(want, got); diff != "" || !until.Equal(s.Clock.Now().Add(30*time.Minute)) {
		t.Errorf("until %v, levels (-want +got):\n%s", until, diff)
	}
	s.Clock.Advance(30 * time.Minute)
	d.limited(everydayKid())
	must(other.Levels.Unlock(t.Context(), link.ID, 30))(t)
	d.limited(unlockedKid())
	noError(t, other.Levels.Lock(t.Context(), link.ID))
	d.limited(everydayKid())

	service.begin(s)
	s.Clock.Advance(time.Minute)
	unlock := open(kids(), "7", s.Clock.Now(), time.Hour)
	service.send(d, link.ID, unlock)
	d.limited(unlockedKid())
	s.Clock.Advance(time.Minute)
	noError(t, other.Levels.Lock(t.Context(), link.ID))
	d.limited(everydayKid())
	for _, before := range []*client.AgentLevels{unlock, open(kids(), "8", s.Clock.Now().Add(-time.Second), time.Hour)} {
		service.send(d, link.ID, before) // opened before, and late
		d.rounds(2)
		if got := d.limits(); !cmp.Equal(everydayKid(), got) {
			t.Errorf("limits %+v after a lock, want the everyday level", got)
		}
	}
	s.Clock.Advance(time.Minute)
	service.send(d, link.ID, open(kids(), "9", s.Clock.Now(), time.Hour))
	d.limited(unlockedKid())
}

// TestParallelUnlocksAndLocks changes, opens and closes a level 64 times at once. At the end, the level
// has the state that the last of these calls has chosen.
func TestParallelUnlocksAndLocks(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	service.send(d, link.ID, kids())
	other := d.another()
	for round := range 2 {
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				var err error
				switch i % 4 {
				case 0:
					err = d.SendLevels(context.Background(), link.ID, open(kids(), fmt.Sprint(1000*round+i+1), s.Clock.Now(), time.Hour))
				case 1:
					err = d.SendLevels(context.Background(), link.ID, kids())
				case 2:
					_, err = other.Levels.Unlock(context.Background(), link.ID, 60)
				case 3:
					err = other.Levels.Lock(context.Background(), link.ID)
				}
				if err != nil {
					t.Errorf("change %d: %v", i, err)
				}
			})
		}
		all.Wait()
		if s.Clock.Advance(time.Second); round == 0 {
			must(other.Levels.Unlock(t.Context(), link.ID, 60))(t)
			d.limited(unlockedKid())
		}
	}
	noError(t, other.Levels.Lock(t.Context(), link.ID))
	d.limited(everydayKid())
	service.send(d, link.ID, nil)
	d.limited(everything())
}
