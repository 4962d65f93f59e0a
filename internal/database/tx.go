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
		err := d.Gorm.WithContext(ctx).Transaction(work)
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
// for it: alone on a row, a statement can still lose a deadlock.
func (d *DB) Again(ctx context.Context, statement func(db *gorm.DB) error) error {
	for try := 1; ; try++ {
		err := statement(d.Gorm.WithContext(ctx))
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
