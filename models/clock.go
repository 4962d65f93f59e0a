package models

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
)

// MaxDrift is the difference between the clock of this machine and the database's clock
// above which one of them is surely wrong.
const MaxDrift = time.Minute

// ErrClocksDiffer means that the clock of this machine and the database's clock differ by more
// than [MaxDrift]. Either of them may be wrong, so the Store does nothing that nobody could
// undo: it does not sweep, takes no mails, and approves no codes.
var ErrClocksDiffer = errors.New("the clock of this machine and the database's clock differ by more than a minute: set both from the same time server")

// clock is the time of a Store. All instances on one database must agree about what has
// expired, so this is the time of the database's clock. The Store asks the database for its
// time once in a while and counts on from the answer, so that no operation has to ask. If
// somebody sets the clock of this machine, the time of the Store stays as it is. A database
// without a clock of its own (SQLite) has the clock of this machine.
type clock struct {
	machine func() time.Time     // the clock of this machine, which somebody may set
	steady  func() time.Duration // how long the Store has existed, by a clock that nobody can set
	begun   time.Time            // when the Store was made, by the clock of the machine
	ask     func(ctx context.Context, now func() time.Time) (ahead, doubt time.Duration, err error)

	comparing sync.Mutex
	ahead     atomic.Pointer[time.Duration] // by how much the database's clock is ahead of begun plus steady; nil until the database was asked
}

func newClock(db *database.DB, o Options) *clock {
	first := o.Now() // has a reading of the monotonic clock
	k := &clock{machine: o.Now, begun: first.Round(0), steady: func() time.Duration { return o.Now().Sub(first) }}
	switch {
	case o.DatabaseNow != nil:
		k.ask = func(_ context.Context, now func() time.Time) (ahead, doubt time.Duration, err error) {
			return o.DatabaseNow().Sub(now()), 0, nil
		}
	case db.HasClock():
		k.ask = db.Drift
	}
	return k
}

// now returns the time of the Store.
func (k *clock) now() time.Time {
	ahead := k.ahead.Load()
	if ahead == nil {
		return k.machine()
	}
	return k.begun.Add(k.steady() + *ahead)
}

// compare asks the database for its time. The slower the answer, the less exact it is. So
// the time of the Store is corrected only if it differs by more than the answer may be
// wrong; otherwise slow answers would move it to and fro.
func (k *clock) compare(ctx context.Context) error {
	if k.ask == nil {
		return nil
	}
	k.comparing.Lock()
	defer k.comparing.Unlock()
	ahead, doubt, err := k.ask(ctx, func() time.Time { return k.begun.Add(k.steady()) })
	if err != nil {
		return err
	}
	if known := k.ahead.Load(); known == nil || (ahead-*known).Abs() > doubt {
		k.ahead.Store(&ahead)
	}
	return nil
}

// drift returns how far the clock of this machine is ahead of the time of the Store, which is
// the time of the database. It does not ask the database.
func (k *clock) drift() time.Duration {
	if k.ahead.Load() == nil {
		return 0
	}
	return k.machine().Round(0).Sub(k.now())
}

// agrees returns [ErrClocksDiffer] if the two clocks differ too much.
func (k *clock) agrees() error {
	if drift := k.drift(); drift.Abs() > MaxDrift {
		return fmt.Errorf("%w (this machine is ahead by %v)", ErrClocksDiffer, drift.Round(time.Second))
	}
	return nil
}

// approving calls approve, or returns [ErrUnavailable] if the two clocks differ too much.
func (k *clock) approving(approve func() error) error {
	if err := k.agrees(); err != nil {
		return ErrUnavailable.because(err)
	}
	return approve()
}

// Now returns the current time as the database keeps it: UTC, in whole milliseconds, by the
// database's clock as far as it is known. The clock of this machine may be wrong.
func (c *core) Now() time.Time { return c.clock.now().UTC().Truncate(time.Millisecond) }

// CompareClocks asks the database for its time, and sets the time of the Store by it. It
// returns how far the clock of this machine is ahead of the database's clock. For SQLite,
// which has no clock of its own, this is always zero.
func (s *Store) CompareClocks(ctx context.Context) (ahead time.Duration, err error) {
	err = s.clock.compare(ctx)
	return s.clock.drift(), explained("compare the clocks", err)
}

// ClocksAgree returns [ErrClocksDiffer] if the clock of this machine and the database's
// clock differ too much. It does not ask the database.
func (s *Store) ClocksAgree() error { return s.clock.agrees() }

// Future returns how far the newest row of the database lies in the future. It is zero
// unless a clock was ahead when the row was written, or is behind now.
func (s *Store) Future(ctx context.Context) (time.Duration, error) {
	var newest int64
	err := s.read(ctx).Raw("SELECT COALESCE(MAX(id), 0) FROM history").Scan(&newest).Error
	if err != nil {
		return 0, explained("look for rows from the future", err)
	}
	return max(0, timeOfID(newest).Sub(s.Now())), nil
}
