package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrHalfFilled means that a restore or a copy into this database was interrupted.
var ErrHalfFilled = errors.New("the database has only a part of a backup or a copy, because 'latchkey restore' or 'latchkey copy' was interrupted: " +
	"run the same command again, it begins anew")

// ErrInUse means that another program is connected to the database.
var ErrInUse = errors.New("another program uses the database: stop the service, and every other program that has the database open")

// fillingLease is the name of the lease that marks a database that is being filled. Its owner is not
// empty from the beginning to the end of the filling, also if the program is killed meanwhile.
const fillingLease = "filling"

// BeginFilling marks the database as incomplete. Until [DB.EndFilling], [DB.Migrate] returns
// [ErrHalfFilled], so that no service starts on it.
func (d *DB) BeginFilling(ctx context.Context) error {
	words := d.Dialect.sql()
	for _, statement := range []struct {
		text string
		args []any
	}{
		{words.createLeases, nil},
		{words.insertLease, []any{fillingLease}},
		{"UPDATE leases SET owner = 'filling', until_at = " + words.now + " WHERE name = ?", []any{fillingLease}},
	} {
		if err := d.exec(ctx, statement.text, statement.args...); err != nil {
			return fmt.Errorf("mark the database as incomplete: %w", err)
		}
	}
	return nil
}

// EndFilling removes the mark of [DB.BeginFilling].
func (d *DB) EndFilling(ctx context.Context) error {
	if err := d.exec(ctx, "DELETE FROM leases WHERE name = ?", fillingLease); err != nil {
		return fmt.Errorf("mark the database as complete: %w", err)
	}
	return nil
}

// HalfFilled reports whether the database has the mark of [DB.BeginFilling]. The table of leases must
// exist.
func (d *DB) HalfFilled(ctx context.Context) (bool, error) {
	var owner string
	err := d.SQL.QueryRowContext(ctx, "SELECT owner FROM leases WHERE name = ?", fillingLease).Scan(&owner)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return owner != "", err
}

// endedTime is the time for which [Alone] waits for other programs to end: a server notices a
// connection that was just closed a moment later.
const endedTime = 3 * time.Second

// Alone returns [ErrInUse] if another program, or another pool of this program, has the database at
// address open, and nil if that is not so or cannot be found out. At a SQLite file it sees every
// program of this machine, and at a MySQL server every connection to the database that the user of the
// address may see; a node of a Galera cluster does not know the connections of the other nodes.
func Alone(ctx context.Context, address string) error {
	if Exists(address) != nil {
		return nil //nolint:nilerr // nobody has a file open that does not exist
	}
	begun := time.Now() //nolint:forbidigo // how long it takes, not what time it is
	for {
		used, err := inUse(ctx, address)
		if err != nil {
			return err
		}
		if !used {
			return nil
		}
		if time.Since(begun) > endedTime { //nolint:forbidigo // see above
			return ErrInUse
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// inUse looks once whether somebody else has the database open.
func inUse(ctx context.Context, address string) (used bool, err error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return fileInUse(ctx, path)
	}
	d, err := Open(address, 1)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	var others int64
	const count = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
	if err := d.SQL.QueryRowContext(ctx, count).Scan(&others); err != nil {
		return false, fmt.Errorf("ask who uses the database: %w", err)
	}
	return others > 0, nil
}

// fileInUse looks whether somebody else has a SQLite file open. SQLite leaves the journal mode WAL
// only on a connection that is alone; afterwards the file has no further files beside it.
func fileInUse(ctx context.Context, path string) (used bool, err error) {
	d, err := Open("sqlite:"+path, 1)
	if err != nil {
		if Retryable(err) {
			return true, nil
		}
		return false, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	var mode string
	err = d.SQL.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode)
	if err != nil && !Retryable(err) {
		return false, fmt.Errorf("ask who uses the database: %w", err)
	}
	return err != nil || mode != "delete", nil
}
