package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// errLocked means that another program has the lock.
var errLocked = errors.New("another program has the lock")

// witness shows whether the program that holds a lease is alive. It is a lock that nobody has to
// renew and that ends with the program: with SQLite the lock of a file beside the database, and
// with MySQL a lock of the server, which belongs to the only connection that migrates. A program
// that is killed in the middle of a migration therefore keeps nobody waiting for the end of its
// lease.
//
// A Galera cluster does not have such a lock, because its nodes do not know the locks of each
// other. There the lease alone decides.
type witness struct {
	// take reports whether this program may go on: it has the lock now, or the database has no such
	// lock. place names the lock that the program has; it is "" without one.
	take  func(ctx context.Context) (taken bool, place string, err error)
	leave func() error
}

// marked returns the owner of a lease, together with the place where the owner has the witness.
// Another program that gets the witness at the same place then knows that this owner has ended.
func marked(owner, place string) string {
	if place == "" {
		return owner
	}
	return owner + "+" + place
}

// witness returns the witness of this database. pool is the pool by which the migrations run.
func (d *DB) witness(pool *sql.DB) *witness {
	if d.Dialect == SQLite {
		return fileWitness(strings.TrimPrefix(d.address, "sqlite:"))
	}
	return serverWitness(pool)
}

// fileWitness returns the witness of a SQLite database.
func fileWitness(path string) *witness {
	w := &witness{leave: func() error { return nil }}
	w.take = func(context.Context) (bool, string, error) {
		release, err := lockFile(path + "-migrating")
		switch {
		case errors.Is(err, errLocked):
			return false, "", nil
		case err != nil:
			return true, "", nil //nolint:nilerr // a folder without such locks: the lease alone decides
		}
		w.leave = release
		return true, "file", nil
	}
	return w
}

// serverWitness returns the witness of the server that pool reaches. The lock belongs to the only
// connection of pool, so that it lasts as long as a statement of that connection.
func serverWitness(pool *sql.DB) *witness {
	pool.SetMaxOpenConns(1)
	pool.SetMaxIdleConns(1)
	return &witness{
		take: func(ctx context.Context) (bool, string, error) {
			var name, on string
			err := pool.QueryRowContext(ctx, "SHOW VARIABLES LIKE 'wsrep_on'").Scan(&name, &on)
			if err == nil && on == "ON" {
				return true, "", nil
			}
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return false, "", fmt.Errorf("ask whether the database is a cluster: %w", err)
			}
			const lock = "SELECT GET_LOCK(CONCAT('latchkey migrate ', SHA1(DATABASE())), 0), " +
				"LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@server_id)), 8)"
			var taken sql.NullInt64
			var place string
			if err := pool.QueryRowContext(ctx, lock).Scan(&taken, &place); err != nil || !taken.Valid {
				return true, "", nil //nolint:nilerr // a server without such locks: the lease alone decides
			}
			if taken.Int64 == 0 {
				return false, "", nil
			}
			return true, place, nil
		},
		leave: func() error { return nil }, // the lock ends with the pool
	}
}

// ofPlace returns a pattern, for LIKE, that matches the owners who had the witness at a place. For
// the place "" it matches no owner.
func ofPlace(place string) string {
	if place == "" {
		return ""
	}
	return "%+" + place
}
