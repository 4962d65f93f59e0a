package models_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// strangers fill the queue of hashes with names that have no account. A browser
// that signed in before can still sign in, and so does a person who has a session; only a
// new browser is asked to come back later.
func TestKnownPeopleAreServedInAFlood(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		const queue = 3
		var held, begun atomic.Bool
		open := make(chan struct{})
		store := modelstest.Open(t, address, modelstest.NewClock(), modelstest.Loose, func(o *models.Options) {
			o.Hashing.Parallel, o.Hashing.Queue, o.Hashing.Wait = 1, queue, time.Hour
			o.Hashing.Began = func(uint32, uint32) {
				if held.Load() {
					begun.Store(true)
					<-open
				}
			}
		})
		models.Impatient(store)
		k := &kit{Store: store, t: t}
		a := k.account()
		in := k.signIn(a)

		held.Store(true)
		strangers := make(chan error, 1+queue+1)
		for range cap(strangers) {
			go func() {
				_, err := k.trySignIn(newName(), otherPassword)
				strangers <- err
			}()
		}
		k.is(<-strangers, models.ErrBusy) // now the others hold every place
		// Until a hash of the strangers has the only permit, the hash of a known person would get the
		// permit, and would keep it even if the person gave up.
		waittest.Eventually(t, "the hash of a stranger runs", begun.Load)
		_, err := k.trySignIn(a.Username, goodPassword)
		k.is(err, models.ErrBusy)
		said := k.listen()
		var later []func(context.Context) error
		for who, ask := range map[string]func(context.Context) error{
			"a known browser": func(ctx context.Context) error {
				_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: a.Username, Password: goodPassword, DeviceMarks: []string{in.DeviceMark}}, home)
				return err
			},
			"a session": func(ctx context.Context) error {
				_, err := k.Sessions.ConfirmPassword(ctx, in.Session, goodPassword, home)
				return err
			},
		} {
			// A request without a place in the queue would be refused at once; this request has a
			// place and waits.
			said.takeAll()
			waiting, giveUp := context.WithCancel(t.Context())
			asked := make(chan error, 1)
			go func() { asked <- ask(waiting) }()
			waittest.Eventually(t, who+" is counted or refused", func() bool {
				return len(asked) > 0 || slices.ContainsFunc(said.keep(), func(s statement) bool { return strings.HasPrefix(s.text, "INSERT INTO throttle") })
			})
			for range 3 { // strangers who come later are refused meanwhile
				_, err := k.trySignIn(newName(), otherPassword)
				k.is(err, models.ErrBusy)
			}
			for range 20 { // meanwhile a hash without a place is refused
				_, err := k.Sessions.Look(t.Context(), in.Token)
				k.must(err)
			}
			giveUp()
			if err := waittest.Receive(t, asked, who+" gives up"); err == nil || errors.Is(err, models.ErrBusy) {
				t.Errorf("%s: error %v while the queue is full, want it to wait", who, err)
			}
			later = append(later, ask)
		}
		close(open)
		for _, ask := range later {
			k.must(ask(t.Context()))
		}
		for range 1 + queue {
			k.is(<-strangers, models.ErrSignInWrong)
		}
	})
}

// A sign-in that is refused because too many hashes wait runs no statement. So a storm of
// sign-ins costs the database nothing.
func TestAStormIsShedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		var held atomic.Bool
		running, open := make(chan struct{}, 1), make(chan struct{})
		store := modelstest.Open(t, address, modelstest.NewClock(), modelstest.Loose, func(o *models.Options) {
			o.Hashing.Parallel, o.Hashing.Queue, o.Hashing.Wait = 1, 0, time.Hour
			o.Hashing.Began = func(uint32, uint32) {
				if held.Load() {
					running <- struct{}{}
					<-open
				}
			}
		})
		k := &kit{Store: store, t: t}
		a := k.account()
		held.Store(true)
		first := make(chan error, 1)
		go func() {
			_, err := k.trySignIn(newName(), otherPassword)
			first <- err
		}()
		<-running // its tries are counted, and its hash holds the only place
		said := k.listen()
		_, err := k.trySignIn(a.Username, goodPassword)
		k.is(err, models.ErrBusy)
		if got := said.takeAll(); len(got) > 0 {
			t.Errorf("a sign-in that is refused for load ran %v, want no statement", got)
		}
		held.Store(false)
		close(open)
		k.is(<-first, models.ErrSignInWrong)
		if _, err := k.trySignIn(a.Username, goodPassword); err != nil {
			t.Errorf("after the storm a sign-in gave %v, want success", err)
		}
	})
}

// A try that waits for the counter of its account holds no place in the queue of hashes, so
// that tries at one account whose counter is full do not keep other people out.
func TestTriesThatWaitHoldNoPlace(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		store := modelstest.Open(t, address, modelstest.NewClock(), modelstest.Loose, func(o *models.Options) {
			o.Hashing.Parallel, o.Hashing.Queue = 1, 0
			o.Limits.SignIn = models.Limit{Hits: 1, Window: time.Hour}
		})
		models.PauseTries(store, 100*time.Hour)
		k := &kit{Store: store, t: t}
		shut, open := k.account(), k.account()
		_, err := k.trySignIn(shut.Username, otherPassword)
		k.is(err, models.ErrSignInWrong)

		said := k.listen()
		ctx, giveUp := context.WithCancel(t.Context())
		waits := make(chan error, 1)
		go func() {
			_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: shut.Username, Password: goodPassword}, home)
			waits <- err
		}()
		waittest.Eventually(t, "the try is refused", func() bool {
			return slices.ContainsFunc(said.takeAll(), func(s statement) bool { return strings.HasPrefix(s.text, "SELECT open_at") })
		})
		waittest.Eventually(t, "another account signs in", func() bool {
			_, err := k.trySignIn(open.Username, goodPassword)
			return err == nil
		})
		giveUp()
		if err := <-waits; err == nil {
			t.Error("a try at an account that is shut succeeded, want an error")
		}
	})
}
