package jobs_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// TestHousekeeping checks that the job sweeps when it starts and then regularly, and that it writes
// the last uses when it stops.
func TestHousekeeping(t *testing.T) {
	t.Parallel()
	clock, address := modelstest.NewClock(), modelstest.SQLite(t)
	store := modelstest.Open(t, address, clock, modelstest.Unlimited)
	member(t, store, "anna")
	in, err := store.Sessions.SignIn(t.Context(), models.SignIn{NameOrEmail: "anna", Password: password}, models.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	signUp(t, store, "stale-1")
	clock.Advance(6 * 24 * time.Hour)
	signUp(t, store, "stale-2")
	used := clock.Now()
	if _, err := store.Sessions.Look(t.Context(), in.Token); err != nil {
		t.Fatal(err)
	}
	clock.Advance(2 * 24 * time.Hour) // the first session has ended

	keeping := &jobs.Housekeeping{Store: store, Log: slog.New(slog.DiscardHandler), Sweep: 5 * time.Millisecond, Flush: time.Hour}
	stop := running(t, keeping.Run)
	waiting := func() int {
		accounts, err := store.Operators.List(t.Context(), "stale", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(accounts)
	}
	servicetest.Eventually(t, "the first is swept", func() bool { return waiting() == 1 })
	clock.Advance(6 * 24 * time.Hour)
	servicetest.Eventually(t, "the second is swept", func() bool { return waiting() == 0 })

	other := modelstest.Open(t, address, clock, modelstest.Unlimited) // a separate Store, which sees only what is in the database
	lastSeen := func() time.Time {
		page, err := other.Sessions.Page(t.Context(), in.Session.AccountID, models.SessionPlace{}, 10)
		sessions := page.Sessions
		if err != nil || len(sessions) > 1 {
			t.Fatalf("got the sessions %+v, error %v; want at most one", sessions, err)
		}
		if len(sessions) == 0 {
			return time.Time{}
		}
		return sessions[0].LastSeenAt
	}
	clock.Advance(-6 * 24 * time.Hour)
	if got := lastSeen(); got.Equal(used) {
		t.Fatal("the last use was written too early, want it only after the flush: this test shows nothing")
	}
	stop()
	if got := lastSeen(); !got.Equal(used) {
		t.Errorf("last seen %v, want %v", got, used)
	}
}

// TestHousekeepingFlushes checks that the job writes the last uses regularly.
func TestHousekeepingFlushes(t *testing.T) {
	t.Parallel()
	clock, address := modelstest.NewClock(), modelstest.SQLite(t)
	store := modelstest.Open(t, address, clock, modelstest.Unlimited)
	member(t, store, "anna")
	in, err := store.Sessions.SignIn(t.Context(), models.SignIn{NameOrEmail: "anna", Password: password}, models.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	if _, err := store.Sessions.Look(t.Context(), in.Token); err != nil {
		t.Fatal(err)
	}
	keeping := &jobs.Housekeeping{Store: store, Log: slog.New(slog.DiscardHandler), Sweep: time.Hour, Flush: 5 * time.Millisecond}
	running(t, keeping.Run)
	other := modelstest.Open(t, address, clock, modelstest.Unlimited)
	servicetest.Eventually(t, "the use is written", func() bool {
		page, err := other.Sessions.Page(t.Context(), in.Session.AccountID, models.SessionPlace{}, 10)
		return err == nil && len(page.Sessions) == 1 && page.Sessions[0].LastSeenAt.Equal(clock.Now())
	})
}
