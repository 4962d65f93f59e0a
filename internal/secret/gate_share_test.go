package secret_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// Strangers fill the queue. A known person still finds a place, waits for few hashes only,
// and does not push the strangers out.
func TestKnownPeopleHaveAReservedPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const queue = 4
		g := newGate(t, 1, queue)
		strangers := []<-chan error{g.start(secret.ForStranger(t.Context(), ""))}
		for range queue {
			strangers = append(strangers, g.start(secret.ForStranger(t.Context(), "")))
		}
		g.is(g.start(secret.ForStranger(t.Context(), "")), secret.ErrBusy, 0)
		ann, ben := g.start(secret.ForKnown(t.Context(), "ann", "ann")), g.start(secret.ForKnown(t.Context(), "ben", "ben"))
		g.is(g.start(secret.ForKnown(t.Context(), "ann", "ann")), secret.ErrBusy, 0) // her one place is taken
		for step, order := range []<-chan error{strangers[0], ann, strangers[1], ben, strangers[2], strangers[3], strangers[4]} {
			g.finish()
			select {
			case err := <-order:
				if err != nil {
					t.Errorf("step %d: error %v, want none", step, err)
				}
			default:
				t.Fatalf("step %d: another hash than expected ran", step)
			}
		}
		again := g.start(secret.ForKnown(t.Context(), "ann", "ann"))
		g.finish()
		g.is(again, nil, 0)
	})
}

// Somebody has many accounts and uses all of them from one network. These accounts get an eighth of
// the reserved places, and people in other networks get the others.
func TestOneNetworkHasAShareOfTheReservedPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const queue, share = 32, 4
		g := newGate(t, 1, queue)
		strangers := []<-chan error{g.start(t.Context())}
		for range queue { // so that everybody without a reserved place is refused
			strangers = append(strangers, g.start(secret.ForStranger(t.Context(), "theirs")))
		}
		hangUps := map[string]context.CancelFunc{}
		// ask lets accounts ask for a hash from a network, and returns the outcomes of the accounts
		// that wait for it.
		ask := func(network string, accounts int) (waiting []<-chan error) {
			for i := range accounts {
				owner := fmt.Sprintf("%s %d", network, i)
				ctx, hangUp := context.WithCancel(secret.ForKnown(t.Context(), owner, network))
				hangUps[owner] = hangUp
				one := g.start(ctx)
				select {
				case err := <-one:
					if !errors.Is(err, secret.ErrBusy) {
						t.Errorf("%s: error %v, want %v", owner, err, secret.ErrBusy)
					}
				default:
					waiting = append(waiting, one)
				}
			}
			return waiting
		}
		theirs := ask("theirs", queue+10)
		if len(theirs) != share {
			t.Errorf("%d hashes of one network wait, want %d of %d places", len(theirs), share, queue)
		}
		for i := range queue/share - 1 {
			if other := ask(fmt.Sprintf("net %d", i), share+1); len(other) != share {
				t.Errorf("%d hashes of another network wait, want %d", len(other), share)
			}
		}
		hangUps["theirs 0"]() // a place that was given up is free again
		g.is(theirs[0], context.Canceled, 0)
		if again := ask("theirs", 1); len(again) != 1 {
			t.Error("a place that was given up was refused, want it to be free")
		}
		g.finish() // the hash of the stranger; then it is the turn of the reserved queue
		g.finish()
		g.is(strangers[0], nil, 0)
		g.is(theirs[1], nil, 0)
		g.start(secret.ForStranger(t.Context(), "theirs")) // so that the common queue is full again
		if again := ask("theirs", share); len(again) != 1 {
			t.Errorf("%d hashes wait after one was done, want 1 more", len(again))
		}
		for _, hangUp := range hangUps {
			hangUp()
		}
		for g.running.Load() > 0 {
			g.finish()
		}
	})
}

// When a caller of the reserved queue gives up, the place of its account becomes free.
func TestReservedPlacesAreGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, 1, 1)
		first := g.start(t.Context())
		ctx, hangUp := context.WithCancel(t.Context())
		waits := g.start(secret.ForKnown(ctx, "ann", "ann"))
		hangUp()
		g.is(waits, context.Canceled, 0)
		g.is(g.start(secret.ForKnown(t.Context(), "ann", "ann")), secret.ErrBusy, gateWait)
		other, next := g.start(t.Context()), g.start(secret.ForKnown(t.Context(), "ann", "ann")) // both queues are full now
		for _, one := range []<-chan error{first, next, other} {
			g.finish()
			g.is(one, nil, 0)
		}
	})
}

// sharing is a hasher whose hashes take as long as the test says. Strangers may have half of the
// hashes that it can do.
type sharing struct {
	*secret.Hasher
	t    *testing.T
	took time.Duration
}

// flood lets strangers ask for hashes for the time span, ten times as often as the machine can make
// them, and returns the number of hashes that they got.
func (s *sharing) flood(span time.Duration) (got int) {
	s.t.Helper()
	for end := time.Now().Add(span); time.Now().Before(end); {
		err := secret.Run(secret.ForStranger(s.t.Context(), ""), s.Hasher, func() { time.Sleep(s.took) })
		switch {
		case err == nil:
			got++
		case errors.Is(err, secret.ErrBusy):
			time.Sleep(s.took / 10)
		default:
			s.t.Fatal(err)
		}
	}
	return got
}

// TestStrangersHaveAShareOfTheMeasuredRate gives strangers half of the measured rate. The
// machine does ten hashes a second, then one a second, then a hundred, and the number of
// hashes that the strangers get follows.
func TestStrangersHaveAShareOfTheMeasuredRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sharing{t: t, Hasher: hasher(t, oneKey(t), func(o *secret.HasherOptions) {
			o.Parallel, o.Queue, o.Wait, o.StrangersShare = 1, 4, gateWait, 0.5
		})}
		for _, rate := range []int{10, 1, 100} {
			s.took = time.Second / time.Duration(rate)
			s.flood(5 * time.Minute) // until the measured rate is the new one, and no saved hash is left
			got, want := s.flood(10*time.Minute), rate*600/2
			if got < want*95/100 || got > want*105/100 {
				t.Errorf("%d hashes a second: strangers got %d in ten minutes, want about %d", rate, got, want)
			}
		}
	})
}

// The hashes of known people, and of people who solved a captcha, do not count as hashes of
// strangers. A hash that was never made does not count either.
func TestOnlyHashesOfStrangersAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const queue = 3
		g := &gate{Hasher: hasher(t, oneKey(t), func(o *secret.HasherOptions) {
			o.Parallel, o.Queue, o.Wait, o.StrangersShare = 1, queue, gateWait, 1
		}), t: t, open: make(chan struct{})}
		run := func(ctx context.Context, took time.Duration) error {
			return secret.Run(ctx, g.Hasher, func() { time.Sleep(took) })
		}
		for range 200 { // two hashes a second: strangers may save up four
			if err := run(t.Context(), time.Second/2); err != nil {
				t.Fatal(err)
			}
		}
		first := g.start(t.Context())
		for range 10 { // they give up, and no hash is made
			ctx, hangUp := context.WithCancel(secret.ForStranger(t.Context(), ""))
			waits := g.start(ctx)
			hangUp()
			g.is(waits, context.Canceled, 0)
		}
		g.finish()
		g.is(first, nil, 0)
		allowed := 0
		for range 10 {
			if run(secret.ForStranger(t.Context(), ""), time.Nanosecond) == nil {
				allowed++
			}
		}
		if allowed != 4 {
			t.Errorf("strangers got %d hashes at once, want 4, those of two seconds", allowed)
		}
		for i := range 10 {
			for what, ctx := range map[string]context.Context{
				"a hash after a captcha": t.Context(), "a known person": secret.ForKnown(t.Context(), fmt.Sprint(i), fmt.Sprint(i)),
			} {
				if err := run(ctx, 0); err != nil {
					t.Errorf("%s: error %v, want none", what, err)
				}
			}
		}
	})
}

// A caller that has booked a place keeps it before it has a hash to make, and other hashes do not
// wait for it meanwhile. A cancelled place is free again, and each place can be used once.
func TestBookedPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for who, as := range map[string]func(context.Context) context.Context{
			"somebody":       func(ctx context.Context) context.Context { return ctx },
			"a stranger":     func(ctx context.Context) context.Context { return secret.ForStranger(ctx, "") },
			"a known person": func(ctx context.Context) context.Context { return secret.ForKnown(ctx, "ann", "ann") },
		} {
			const queue = 2
			g := newGate(t, 1, queue)
			var booked []context.Context
			var cancels []func()
			for range queue + 1 {
				ctx, cancel, err := g.Book(t.Context())
				if err != nil {
					t.Fatalf("%s: the place %d was refused: %v", who, len(booked), err)
				}
				booked, cancels = append(booked, ctx), append(cancels, cancel)
			}
			g.is(g.start(t.Context()), secret.ErrBusy, 0) // the places are booked
			if _, _, err := g.Book(t.Context()); !errors.Is(err, secret.ErrBusy) {
				t.Errorf("%s: a place beyond the queue gave %v, want ErrBusy", who, err)
			}
			runs, waits := g.start(booked[0]), g.start(booked[1])
			g.isRunning(1)
			g.is(g.start(booked[1]), secret.ErrBusy, 0) // a booked place can be used once only
			cancels[2]()
			cancels[2]()
			cancels[0]() // too late to change anything
			another, cancel, err := g.Book(as(t.Context()))
			if err != nil {
				t.Fatalf("%s: the cancelled place was refused: %v", who, err)
			}
			last := g.start(another)
			for range 3 {
				g.finish()
			}
			for _, one := range []<-chan error{runs, waits, last} {
				g.is(one, nil, 0)
			}
			cancel()
		}
	})
}

// A cancelled booking returns the hash that it took from the share of strangers, and frees the
// reserved place of its account.
func TestCancelledPlacesCountForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{Hasher: hasher(t, oneKey(t), func(o *secret.HasherOptions) {
			o.Parallel, o.Queue, o.Wait, o.StrangersShare, o.Now = 1, 5, gateWait, 1e-9, time.Now
		}), t: t, open: make(chan struct{})}
		for range 10 {
			for who, ctx := range map[string]context.Context{"a stranger": secret.ForStranger(t.Context(), ""), "ann": secret.ForKnown(t.Context(), "ann", "ann")} {
				_, cancel, err := g.Book(ctx)
				if err != nil {
					t.Fatalf("%s was refused after places that were cancelled: %v", who, err)
				}
				cancel()
			}
		}
		_, _, err := g.Book(secret.ForStranger(t.Context(), ""))
		if err != nil {
			t.Fatalf("the hash of the strangers' share was refused: %v", err)
		}
		if _, _, err = g.Book(secret.ForStranger(t.Context(), "")); !errors.Is(err, secret.ErrBusy) {
			t.Errorf("a hash beyond the strangers' share gave %v, want ErrBusy", err)
		}
	})
}
