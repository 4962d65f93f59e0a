package database_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// openOne opens a database with one connection, so that settings of its session stay.
func openOne(t *testing.T, address string) *database.DB {
	t.Helper()
	db, err := database.Open(address, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, db *database.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if err := db.Gorm.Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
}

// lock takes the write lock of a SQLite database, as another program would.
func lock(t *testing.T, address string) (release func()) {
	t.Helper()
	other := openOne(t, address)
	tx := other.Gorm.Begin() // _txlock=immediate
	if tx.Error != nil {
		t.Fatalf("begin: got error %v, want none", tx.Error)
	}
	return func() { tx.Rollback() }
}

func count(t *testing.T, db *database.DB, query string) (n int) {
	t.Helper()
	if err := db.SQL.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTxDeadlock lets two transactions lock two rows in opposite order, each holding
// its first row before it asks for the second.
func TestTxDeadlock(t *testing.T) {
	t.Parallel()
	db := open(t, modelstest.MySQL(t))
	exec(t, db, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, n INT NOT NULL)", "INSERT INTO t VALUES (1, 0), (2, 0)")
	var runs atomic.Int64
	cross := func(first, second int, mine, others chan struct{}) error {
		try := 0
		return db.Tx(t.Context(), func(tx *gorm.DB) error {
			try++
			runs.Add(1)
			if err := tx.Exec("UPDATE t SET n = n + 1 WHERE id = ?", first).Error; err != nil {
				return err
			}
			if try == 1 {
				close(mine)
				<-others
			}
			return tx.Exec("UPDATE t SET n = n + 1 WHERE id = ?", second).Error
		})
	}
	one, other := make(chan struct{}), make(chan struct{})
	result := make(chan error)
	go func() { result <- cross(2, 1, other, one) }()
	if err := errors.Join(cross(1, 2, one, other), <-result); err != nil {
		t.Errorf("a deadlock was not tried again: %v, want no error", err)
	}
	if n := runs.Load(); n < 3 {
		t.Errorf("the transactions ran %d times, want more: there was no deadlock", n)
	}
	if n := count(t, db, "SELECT COUNT(*) FROM t WHERE n = 2"); n != 2 {
		t.Errorf("%d rows of 2 were raised twice, want 2", n)
	}
}

// TestTxBusy writes while another program has the lock, on a connection that does not wait for
// locks.
func TestTxBusy(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(db *database.DB, statement string) error{
		"transaction": func(db *database.DB, statement string) error {
			return db.Tx(t.Context(), func(tx *gorm.DB) error { return tx.Exec(statement).Error })
		},
		"statement": func(db *database.DB, statement string) error {
			return db.Again(t.Context(), func(tx *gorm.DB) error { return tx.Exec(statement).Error })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := modelstest.SQLite(t)
			db := openOne(t, address)
			exec(t, db, "CREATE TABLE t (n INTEGER NOT NULL)", "PRAGMA busy_timeout = 0")
			release := lock(t, address)
			pool := watch(db)
			if err := db.Gorm.Exec("INSERT INTO t VALUES (1)").Error; !database.Retryable(err) {
				t.Fatalf("got error %v, want a lock", err)
			}
			pool.fails(t)
			result := make(chan error)
			go func() { result <- run(db, "INSERT INTO t VALUES (1)") }()
			pool.fails(t)
			release()
			if err := <-result; err != nil {
				t.Errorf("a busy database was not tried again: %v, want no error", err)
			}
			if n := count(t, db, "SELECT COUNT(*) FROM t"); n != 1 {
				t.Errorf("%d rows, want 1", n)
			}
		})
	}
}

// watchedPool reports each statement, and each beginning of a transaction, that has
// failed.
type watchedPool struct {
	*sql.DB
	failed chan error
}

// watch puts a watchedPool between GORM and the pool of a database.
func watch(db *database.DB) *watchedPool {
	pool := &watchedPool{DB: db.SQL, failed: make(chan error, 100)}
	db.Gorm.ConnPool, db.Gorm.Statement.ConnPool = pool, pool
	return pool
}

// fails waits for the next failure.
func (p *watchedPool) fails(t *testing.T) {
	t.Helper()
	if err := waittest.Receive(t, p.failed, "a try that fails"); !database.Retryable(err) {
		t.Fatalf("a try failed with %v, want a lock", err)
	}
}

func (p *watchedPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	result, err := p.DB.ExecContext(ctx, query, args...)
	if err != nil {
		p.failed <- err
	}
	return result, err
}

func (p *watchedPool) BeginTx(ctx context.Context, options *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := p.DB.BeginTx(ctx, options)
	if err != nil {
		p.failed <- err
	}
	return tx, err
}

// TestTxRepeatsOnlyPassingErrors lets transactions fail with errors that Tx tries again, and with errors that
// it does not.
func TestTxRepeatsOnlyPassingErrors(t *testing.T) {
	t.Parallel()
	db := open(t, modelstest.MySQL(t))
	modelstest.SkipOnTiDB(t, db.SQL, "TiDB has no SIGNAL, by which this test makes errors")
	exec(t, db, "CREATE TABLE t (n INT NOT NULL PRIMARY KEY)")
	wrong := errors.New("wrong")
	deadlock := func(tx *gorm.DB) error { // a real error of the server, by its number
		return tx.Exec("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213").Error
	}
	for _, c := range []struct {
		name     string
		fails    int // how often the work fails, before it succeeds
		with     func(tx *gorm.DB) error
		wantRuns int
		wantRows int
	}{
		{"an error of ours", 1, func(*gorm.DB) error { return wrong }, 1, 0},
		{"a duplicate", 1, func(tx *gorm.DB) error { return tx.Exec("INSERT INTO t VALUES (7)").Error }, 1, 0},
		{"one deadlock", 1, deadlock, 2, 1},
		{"endless deadlocks", 100, deadlock, 12, 0}, // two free tries, and ten more while it has its turn
	} {
		runs := 0
		err := db.Tx(t.Context(), func(tx *gorm.DB) error {
			runs++
			if err := tx.Exec("INSERT INTO t VALUES (7)").Error; err != nil {
				return err
			}
			if runs <= c.fails {
				return c.with(tx)
			}
			return nil
		})
		if failed := err != nil; runs != c.wantRuns || failed != (c.wantRows == 0) {
			t.Errorf("%s: ran %d times, %v; want %d", c.name, runs, err, c.wantRuns)
		}
		if n := count(t, db, "SELECT COUNT(*) FROM t"); n != c.wantRows {
			t.Errorf("%s: %d rows, want %d", c.name, n, c.wantRows)
		}
		exec(t, db, "DELETE FROM t")
	}
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	err := db.Tx(ctx, func(tx *gorm.DB) error {
		runs++
		failed := deadlock(tx)
		cancel()
		return failed
	})
	if runs != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("after its context ended a transaction ran %d times, %v, want runs 1, the error %v", runs, err, context.Canceled)
	}
}

// TestTxCommitLost loses the server's answer to a COMMIT: the outcome is unknown, so
// the work must not be done again.
func TestTxCommitLost(t *testing.T) {
	t.Parallel()
	p, address := newProxy(t)
	db := open(t, address)
	exec(t, db, "CREATE TABLE t (n INT NOT NULL)")
	p.set(func(p *proxy) { p.cutAt = []byte("COMMIT") })
	runs := 0
	err := db.Tx(t.Context(), func(tx *gorm.DB) error {
		runs++
		return tx.Exec("INSERT INTO t VALUES (1)").Error
	})
	if runs != 1 || !database.Unavailable(err) || database.Retryable(err) {
		t.Errorf("ran %d times, %v; want one that counts as unavailable", runs, err)
	}
	// The server has got the commit and carries it out, although its answer was lost.
	waittest.Eventually(t, "the row of the commit whose answer was lost", func() bool { return count(t, db, "SELECT COUNT(*) FROM t") == 1 })
}

// TestTxConnectionGone runs a transaction after the connections of the pool were closed, as they
// may be after a night. Callers must not notice.
func TestTxConnectionGone(t *testing.T) {
	t.Parallel()
	p, address := newProxy(t)
	db := open(t, address)
	exec(t, db, "CREATE TABLE t (n INT NOT NULL)")
	p.stop()
	p.restart()
	err := db.Tx(t.Context(), func(tx *gorm.DB) error { return tx.Exec("INSERT INTO t VALUES (1)").Error })
	if err != nil {
		t.Errorf("on a dead connection: %v, want no error", err)
	}
}

// TestReadOnlyNodeIsLeft simulates a failover: the connection goes to a node that only
// reads, and the driver drops it.
func TestReadOnlyNodeIsLeft(t *testing.T) {
	t.Parallel()
	db := openOne(t, modelstest.MySQL(t))
	modelstest.SkipOnTiDB(t, db.SQL, "TiDB has no transactions that only read")
	exec(t, db, "CREATE TABLE t (n INT NOT NULL)", "SET SESSION TRANSACTION READ ONLY")
	err := db.Tx(t.Context(), func(tx *gorm.DB) error { return tx.Exec("INSERT INTO t VALUES (1)").Error })
	if err != nil || count(t, db, "SELECT COUNT(*) FROM t") != 1 {
		t.Errorf("after a connection to a read-only node: got error %v, want none and one row", err)
	}
}

// TestTxWithFewConnections lets many callers write at once, each with statements that have not been
// prepared yet, while other callers read. No caller may delay the caller that has the lock.
func TestTxWithFewConnections(t *testing.T) {
	t.Parallel()
	db, err := database.Open("sqlite:"+filepath.Join(t.TempDir(), "few.db"), 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	exec(t, db, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, n INT NOT NULL)", "INSERT INTO t VALUES (1, 0)")
	lastingLocks(t, db, 4)
	var working sync.WaitGroup
	var fresh atomic.Int64 // makes each statement different, so that it is not yet prepared
	read := func(tx *gorm.DB) error {
		var n int
		return tx.Raw(fmt.Sprintf("SELECT n + %d FROM t WHERE id = 1", fresh.Load())).Scan(&n).Error
	}
	const writers, rounds = 16, 20
	for range writers {
		working.Go(func() {
			for range rounds {
				if err := read(db.Gorm.WithContext(t.Context())); err != nil {
					t.Error(err)
				}
				err := db.Tx(t.Context(), func(tx *gorm.DB) error {
					fresh.Add(1)
					for range 50 { // so that other callers ask for the lock first
						runtime.Gosched()
					}
					if err := read(tx); err != nil {
						return err
					}
					return tx.Exec("UPDATE t SET n = n + 1 WHERE id = 1").Error
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { working.Wait(); close(done) }()
	if !waittest.Done(done) {
		t.Fatal("the calls stand still, want none of them to delay the one that has the lock")
	}
	if n := count(t, db, "SELECT n FROM t"); n != writers*rounds {
		t.Errorf("%d were written, want %d", n, writers*rounds)
	}
}

// lastingLocks makes all connections of a pool wait for a lock without limit, so that callers that
// block each other wait for ever.
func lastingLocks(t *testing.T, db *database.DB, connections int) {
	t.Helper()
	for range connections {
		c, err := db.SQL.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }() // after the others have been opened
		if _, err := c.ExecContext(t.Context(), "PRAGMA busy_timeout = 2000000000"); err != nil {
			t.Fatal(err)
		}
	}
}

// A writer that has to wait stops waiting when its context ends.
func TestTxWaitsNoLongerThanItsTime(t *testing.T) {
	t.Parallel()
	db := openOne(t, "sqlite:"+filepath.Join(t.TempDir(), "wait.db"))
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Tx(t.Context(), func(*gorm.DB) error {
		cancel()
		if err := db.Tx(ctx, func(*gorm.DB) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("a writer whose time is over got %v, want the error %v", err, context.Canceled)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
