package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// ErrNoDatabase means that the file of a SQLite database does not exist.
var ErrNoDatabase = errors.New("the file of the database does not exist")

// Snapshot is a database as it was at one moment, whatever other programs write meanwhile. It has
// its own connection, which does not belong to the pool, because a reader may use it for a long
// time. Its statements have no time limit.
type Snapshot struct {
	connection *sql.Conn
	pool       *sql.DB
}

// Exists returns [ErrNoDatabase] if address names a SQLite file that does not exist, which the first
// statement would make. It asks no server.
func Exists(address string) error {
	path, ok := strings.CutPrefix(address, "sqlite:")
	if !ok {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNoDatabase, path)
	}
	return nil
}

// Snapshot begins to read the database as it is now. The caller must close the snapshot.
func (d *DB) Snapshot(ctx context.Context) (*Snapshot, error) {
	pool, err := d.alonePool()
	if err != nil {
		return nil, err
	}
	connection, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the database: %w", err), pool.Close())
	}
	s := &Snapshot{connection: connection, pool: pool}
	for _, statement := range d.Dialect.snapshot() {
		if _, err := connection.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(fmt.Errorf("begin a snapshot: %w", err), s.Close())
		}
	}
	return s, nil
}

// alonePool returns a pool of one connection, without time limits.
func (d *DB) alonePool() (*sql.DB, error) {
	if d.Dialect == SQLite {
		if err := Exists(d.address); err != nil {
			return nil, err
		}
		own, err := OpenPages(d.address, 1, UsualPages())
		if err != nil {
			return nil, err
		}
		return own.SQL, nil
	}
	pool, _, err := d.unhurried()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	return pool, nil
}

// snapshot returns the statements that begin a snapshot. SQLite fixes the moment at the first
// statement that reads; the plain BEGIN takes no lock, so that others can write. A MySQL server ends
// a connection whose reader is slow; it must wait for slow disks and networks here.
func (d Dialect) snapshot() []string {
	if d == SQLite {
		return []string{"BEGIN", "SELECT COUNT(*) FROM sqlite_master"}
	}
	return []string{"SET SESSION net_write_timeout = 3600", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"}
}

// Query runs a statement that reads. The caller must close the rows before the next statement.
func (s *Snapshot) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return s.connection.QueryContext(ctx, text, args...)
}

// Close ends the snapshot.
func (s *Snapshot) Close() error {
	_, err := s.connection.ExecContext(context.Background(), "ROLLBACK")
	if errors.Is(err, sql.ErrConnDone) || err != nil && strings.Contains(err.Error(), "no transaction is active") {
		err = nil
	}
	return errors.Join(err, s.connection.Close(), s.pool.Close())
}
