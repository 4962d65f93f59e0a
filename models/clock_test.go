package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// wrongBy holds differences between the clock of one machine and the right time. Before the Store
// compared the clocks, each of these differences made it destroy something (F-14).
var wrongBy = []time.Duration{10 * time.Minute, 26 * time.Hour, 31 * 24 * time.Hour, -10 * time.Minute, -24 * time.Hour}

// besides runs f on each engine for each wrong clock. The clock of k is right. wrong is another
// instance on the same database, and the clock of its machine is ahead by the given time.
func besides(t *testing.T, f func(k, wrong *kit, machine *modelstest.Machine)) {
	t.Helper()
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		clock := modelstest.NewClock()
		k := &kit{modelstest.Open(t, database, clock, modelstest.Unlimited), t, clock}
		for _, ahead := range wrongBy {
			machine := modelstest.NewMachine(clock.Now, ahead)
			wrong := modelstest.Open(t, database, clock, modelstest.Unlimited, machine.Adjust)
			t.Run(ahead.String(), func(t *testing.T) { f(&kit{k.Store, t, clock}, &kit{wrong, t, clock}, machine) })
		}
	})
}

// An instance goes by the database's clock from its start, so every other instance knows the
// things that it makes, and a thing that has expired at one instance has expired at all of them.
func TestInstancesGoByTheDatabasesClock(t *testing.T) {
	besides(t, func(k, wrong *kit, _ *modelstest.Machine) {
		t, ctx := k.t, k.t.Context()
		a := k.account()
		for range 2 {
			if got, want := wrong.Now(), k.Now(); !got.Equal(want) {
				t.Fatalf("the time of the instance is %v, want %v", got, want)
			}
			k.clock.Advance(time.Hour)
		}
		here, there := k.signIn(a).Session, wrong.beginAPI(newName())
		if _, err := k.Devices.LookCode(ctx, here, there.UserCode, home); err != nil {
			t.Fatalf("a code of the other instance: %v, want it known", err)
		}
		k.clock.Advance(9 * time.Minute)
		k.must(k.Devices.Approve(ctx, here, there.UserCode, home))
		if _, err := wrong.Devices.Exchange(ctx, there.DeviceCode, home); err != nil {
			t.Errorf("the approved code at the other instance: %v, want a session", err)
		}
		late := wrong.beginAPI(newName())
		k.clock.Advance(10 * time.Minute)
		for _, instance := range []*kit{k, wrong} {
			_, err := instance.Devices.LookCode(ctx, here, late.UserCode, home)
			k.is(err, models.ErrCodeWrong)
		}
	})
}

// While its clock differs from the database's, an instance does nothing that could not be
// undone. It goes on when the clock is right again.
func TestAnInstanceWithAWrongClockDestroysNothing(t *testing.T) {
	besides(t, func(k, wrong *kit, machine *modelstest.Machine) {
		t, ctx := k.t, k.t.Context()
		m, person, session := k.quickHome()
		late := newName()
		k.beginAPI(late)
		k.clock.Advance(11 * time.Minute)
		code := k.beginAPI(newName())
		kept := func() int { return len(k.texts("SELECT id FROM device_codes WHERE device_id = ?", late)) }
		k.letters() // passes over the mails about the link
		k.must(k.Recovery.Request(ctx, person.Username, home, false))

		k.is(wrong.Sweep(ctx), models.ErrClocksDiffer)
		k.is(wrong.Ready(ctx), models.ErrClocksDiffer)
		k.is(wrong.ClocksAgree(), models.ErrClocksDiffer)
		if claimed, err := wrong.Mail.Claim(ctx, "wrong", 10); len(claimed) > 0 || kept() != 1 {
			t.Errorf("claimed %d mails, error %v, and %d expired codes; want no mail, and the sweep stopped", len(claimed), err, kept())
		}
		k.is(wrong.Devices.Approve(ctx, session, code.UserCode, home), models.ErrUnavailable)
		_, err := wrong.QuickConnects.Ask(ctx, session, m.ID, "123456", home)
		k.is(err, models.ErrUnavailable)
		owed, err := k.Mail.Claim(ctx, "right", 10)
		k.must(err)
		if len(owed) != 1 {
			t.Fatalf("%d mails are due, want the reset", len(owed))
		}
		_, _, err = wrong.Mail.Prepare(ctx, owed[0])
		k.is(err, models.ErrClocksDiffer)
		k.must(k.Mail.Release(ctx, "right"))

		machine.Set(0)
		if ahead, err := wrong.CompareClocks(ctx); err != nil || ahead != 0 {
			t.Fatalf("the clocks differ by %v, error %v; want no difference", ahead, err)
		}
		k.must(wrong.Ready(ctx))
		k.must(wrong.Sweep(ctx))
		if kept() != 0 {
			t.Error("the code that has expired is kept, want it swept")
		}
		k.must(wrong.Devices.Approve(ctx, session, code.UserCode, home))
		wrong.quick(session, m, "123456")
		wrong.letter(models.MailPasswordReset, addressOf(person.Username))
	})
}

// A difference of less than a minute is corrected and stops nothing.
func TestSmallDifferencesOfClocksAreCorrected(t *testing.T) {
	t.Parallel()
	clock := modelstest.NewClock()
	machine := modelstest.NewMachine(clock.Now, time.Minute)
	store := modelstest.Open(t, modelstest.SQLite(t), clock, machine.Adjust)
	if err := store.Ready(t.Context()); err != nil || !store.Now().Equal(clock.Now()) {
		t.Errorf("a minute ahead: error %v and the time %v, want no error and %v", err, store.Now(), clock.Now())
	}
	machine.Set(time.Minute + time.Second)
	if err := store.Sweep(t.Context()); !errors.Is(err, models.ErrClocksDiffer) {
		t.Errorf("more than a minute ahead: error %v, want %v", err, models.ErrClocksDiffer)
	}
}

// Somebody who sets the clock of the machine does not change the time of the Store, and the
// Store notices it without asking the database.
func TestSettingTheClockOfTheMachine(t *testing.T) {
	t.Parallel()
	for _, ahead := range wrongBy {
		clock := modelstest.NewClock()
		machine := modelstest.NewMachine(clock.Now, 0)
		store, begun := modelstest.Open(t, modelstest.SQLite(t), clock, machine.Adjust), clock.Now()
		models.Steady(store, func() time.Duration { return clock.Now().Sub(begun) })
		clock.Advance(time.Hour)
		machine.Set(ahead)
		if got := store.Now(); !got.Equal(clock.Now()) {
			t.Errorf("%v ahead: the time is %v, want %v", ahead, got, clock.Now())
		}
		if err := store.ClocksAgree(); !errors.Is(err, models.ErrClocksDiffer) {
			t.Errorf("%v ahead: error %v, want %v", ahead, err, models.ErrClocksDiffer)
		}
		machine.Set(0)
		if err := store.ClocksAgree(); err != nil {
			t.Errorf("right again after %v: error %v, want no error", ahead, err)
		}
	}
}

// The time follows the database only as far as its answer is certain: a slow answer says little.
func TestSlowAnswersDoNotMoveTheTime(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t)
	for _, test := range []struct{ ahead, doubt, want time.Duration }{
		{3 * time.Second, 4 * time.Second, 0},
		{-3 * time.Second, 4 * time.Second, 0},
		{3 * time.Second, 2 * time.Second, 3 * time.Second},
		{-5 * time.Second, time.Millisecond, -2 * time.Second},
	} {
		models.Answer(store, test.ahead, test.doubt)
		_, err := store.CompareClocks(t.Context())
		if got := store.Now().Sub(clock.Now()); err != nil || got != test.want {
			t.Errorf("%v ± %v: moved by %v, error %v; want %v", test.ahead, test.doubt, got, err, test.want)
		}
	}
}

// If the database has a clock of its own, the Store asks it for the time. SQLite has the clock
// of the machine, so no difference can be seen.
func TestTheDatabasesOwnClock(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		machine := modelstest.NewMachine(time.Now, 26*time.Hour)
		store := modelstest.Open(t, database, modelstest.NewClock(), modelstest.RealTime, machine.Adjust)
		ahead, err := store.CompareClocks(t.Context())
		want, agree := 26*time.Hour, models.ErrClocksDiffer
		if models.DatabaseOf(store).Dialect == "sqlite" {
			want, agree = 0, nil
		}
		// The database is on this machine; the hour allows for an answer that comes late.
		if (ahead-want).Abs() > time.Hour || err != nil || !errors.Is(store.Ready(t.Context()), agree) {
			t.Errorf("the machine is ahead by %v, error %v, ready %v; want %v, no error and %v", ahead, err, store.Ready(t.Context()), want, agree)
		}
		if got := machine.Now().Sub(store.Now()); (got - want).Abs() > time.Hour {
			t.Errorf("the time of the Store is %v behind the machine, want %v", got, want)
		}
	})
}

// A row from the future shows that a clock was ahead, or is behind now.
func TestRowsFromTheFuture(t *testing.T) {
	each(t, func(k *kit) {
		in := func() time.Duration {
			future, err := k.Future(k.t.Context())
			k.must(err)
			return future
		}
		if got := in(); got != 0 {
			k.t.Errorf("the empty database is %v in the future, want 0", got)
		}
		k.clock.Advance(26 * time.Hour)
		k.account()
		if got := in(); got != 0 {
			k.t.Errorf("the new row is %v in the future, want 0", got)
		}
		k.clock.Advance(-26 * time.Hour)
		if got := in(); got < 25*time.Hour || got > 26*time.Hour {
			k.t.Errorf("the row of tomorrow is %v in the future, want 26 hours", got)
		}
	})
}
