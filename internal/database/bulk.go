package database

import (
	"context"
	"database/sql"
	"errors"
)

// Bulk writes much at once: it is a pool without a time limit for a statement.
type Bulk struct {
	db    *DB
	pool  *sql.DB
	close func() error
}

// Bulk returns a pool that writes much at once. The caller must close it.
func (d *DB) Bulk() (*Bulk, error) {
	pool, done, err := d.unhurried()
	if err != nil {
		return nil, err
	}
	return &Bulk{d, pool, done}, nil
}

// Tx runs work in a transaction, and again if the engine asks for that; see [DB.Tx].
func (b *Bulk) Tx(ctx context.Context, work func(tx *sql.Tx) error) error {
	return b.db.repeat(ctx, func() error {
		tx, err := b.pool.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := work(tx); err != nil {
			_ = tx.Rollback() // the first error says more
			return err
		}
		return tx.Commit()
	})
}

// Close closes the pool.
func (b *Bulk) Close() error { return b.close() }

// Swap replaces the SQLite database at the path to by the one at the path from, in one step: after a
// crash there is either the old database or the new one, whole. Neither may be open in this program. It
// returns [ErrInUse] if another program has the old one open.
func Swap(ctx context.Context, from, to string) error {
	for _, path := range []string{from, to} {
		if err := Alone(ctx, "sqlite:"+path); err != nil { // then its journal is in the file itself
			return err
		}
	}
	return errors.Join(replaceFile(from, to), Discard(from))
}
