package database

import (
	"context"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"
)

// txTries is the largest number of times that a transaction is tried. A transaction that gets its
// turn may be tried as many times more.
const txTries = 10

// freeTries is the number of tries that a transaction makes at the same time as other transactions
// of this process. If it lost all of them to others, it takes its turn, see [DB.takeTurn].
const freeTries = 2

const (
	shortPause   = 40 * time.Millisecond  // between two tries of a transaction that has its turn
	politeTime   = time.Second            // the longest time that a new transaction waits for one that has its turn
	longestPause = 400 * time.Millisecond // between two tries
	awayTime     = 2 * time.Second        // from the first try on; a database that is still away then is not tried again
)

// Tx runs work in a transaction. If the engine asks for it, Tx runs the whole
// transaction again after a short random wait, until ctx ends. work must return the
// error of every statement, and must have no effect outside tx. After a broken
// connection Tx tries again only if nothing can have been committed; otherwise it
// returns the error, and the outcome is unknown.
func (d *DB) Tx(ctx context.Context, work func(tx *gorm.DB) error) error {
	return d.repeat(ctx, func() error { return d.Gorm.WithContext(ctx).Transaction(work) })
}

// Again runs one statement outside a transaction, and repeats it if the engine asks
// for that: even a single statement can lose a deadlock. It is for statements that
// write; never call it inside a transaction.
func (d *DB) Again(ctx context.Context, statement func(db *gorm.DB) error) error {
	return d.repeat(ctx, func() error { return statement(d.Gorm.WithContext(ctx)) })
}

// repeat calls write, and calls it again while the engine asks for that. When the database refuses
// the connection or is read-only, repeat gives up after [awayTime].
func (d *DB) repeat(ctx context.Context, write func() error) (err error) {
	defer func() { d.writeFailed.Store(err != nil && Unavailable(err)) }()
	begun := time.Now() //nolint:forbidigo // how long it takes, not what time it is
	leave := func() {}  // ends the turn
	defer func() { leave() }()
	d.letOthers(ctx)
	for try, last, most := 1, txTries, longestPause; ; try++ {
		err = d.alone(ctx, write)
		if err == nil || try == last || !Retryable(err) || (away(err) && time.Since(begun) > awayTime) { //nolint:forbidigo // see above
			return err
		}
		if try == freeTries && met(err) {
			if leave, err = d.takeTurn(ctx); err != nil {
				return err
			}
			last, most = try+txTries, shortPause
		}
		longest := min(20*time.Millisecond<<try, most)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(longest)): //nolint:gosec // jitter, not a secret
		}
	}
}

// takeTurn waits until no other transaction of this process has its turn, and begins a turn. The
// caller ends the turn by calling leave.
//
// A Galera cluster decides at the commit which transaction was first, and all others do their work
// again. When many transactions change one account, a transaction could lose ten times in a row: 64
// codes of Quick Connect at once, on three nodes of a busy machine, gave such errors. With turns,
// only one transaction of each instance tries at a time, and new transactions wait a moment for it.
func (d *DB) takeTurn(ctx context.Context) (leave func(), err error) {
	select {
	case d.turns <- struct{}{}:
		return func() { <-d.turns }, nil
	case <-ctx.Done():
		return func() {}, ctx.Err()
	}
}

// letOthers waits until no transaction has its turn, but at most for [politeTime]. Without this
// wait, a transaction that has its turn could lose to a new transaction at each try.
func (d *DB) letOthers(ctx context.Context) {
	if len(d.turns) == 0 {
		return
	}
	enough := time.NewTimer(politeTime)
	defer enough.Stop()
	select {
	case d.turns <- struct{}{}:
		<-d.turns
	case <-enough.C:
	case <-ctx.Done():
	}
}

// alone lets only one caller of this process write to SQLite at a time. SQLite would do the same,
// but then each waiting caller would hold a connection. The caller with the lock may need a
// statement that another caller is preparing, while that other caller waits for a connection: then
// all would stand still until the first of them gives up.
func (d *DB) alone(ctx context.Context, write func() error) error {
	if d.Dialect != SQLite {
		return write()
	}
	select {
	case d.writer <- struct{}{}:
		defer func() { <-d.writer }()
		return write()
	case <-ctx.Done():
		return ctx.Err()
	}
}
