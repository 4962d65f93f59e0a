package database

import (
	"context"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"
)

// txTries is how often a transaction is run at the most.
const txTries = 10

// Tx runs work in a transaction and, when the engine asks for it, runs the
// whole of it again after a short random wait, within the time of ctx. work
// must return every statement's error and have no effect outside tx. A
// connection that broke is retried only when nothing can have been committed;
// otherwise the outcome is unknown and the error says so to the caller.
func (d *DB) Tx(ctx context.Context, work func(tx *gorm.DB) error) error {
	for try := 1; ; try++ {
		err := d.alone(ctx, func() error { return d.Gorm.WithContext(ctx).Transaction(work) })
		if err == nil || try == txTries || !Retryable(err) {
			return err
		}
		longest := min(20*time.Millisecond<<try, 400*time.Millisecond)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(longest)): //nolint:gosec // jitter, not a secret
		}
	}
}

// Again runs one statement outside a transaction, again where the engine asks
// for it: alone on a row, a statement can still lose a deadlock. It is for
// statements that write, and never called inside a transaction.
func (d *DB) Again(ctx context.Context, statement func(db *gorm.DB) error) error {
	for try := 1; ; try++ {
		err := d.alone(ctx, func() error { return statement(d.Gorm.WithContext(ctx)) })
		if err == nil || try == txTries || !Retryable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(20 * time.Millisecond << try)): //nolint:gosec // jitter, not a secret
		}
	}
}

// alone lets one of this process write to SQLite at a time, as SQLite would. If
// they waited there, each would hold a connection, and the one that has the lock
// may need a statement that somebody prepares who waits for a connection: all of
// them would stand still until the first gives up.
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
