package database_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"runtime"
	"testing"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// numbers makes a table with the numbers 1 and 2, and returns the statement that finds one.
func numbers(t *testing.T, db *database.DB) *database.Prepared {
	t.Helper()
	exec(t, db, "CREATE TABLE t (n INT NOT NULL)", "INSERT INTO t VALUES (1), (2)")
	return db.Prepared("SELECT n, n * 10 FROM t WHERE n = ?")
}

// finds checks that a statement of numbers finds a number.
func finds(t *testing.T, p *database.Prepared, number int) {
	t.Helper()
	var n, tens int
	if found, err := p.One(t.Context(), []any{number}, &n, &tens); err != nil || !found || n != number || tens != 10*number {
		t.Errorf("got found %t, the numbers %d and %d, error %v; want %d and %d", found, n, tens, err, number, 10*number)
	}
}

// refuses checks that a statement of numbers does not find a missing number, and that it
// returns its errors.
func refuses(t *testing.T, p *database.Prepared) {
	t.Helper()
	var n int
	if found, err := p.One(t.Context(), []any{3}, &n, &n); found || err != nil {
		t.Errorf("a number that is not there: got found %t, error %v; want neither", found, err)
	}
	if _, err := p.One(t.Context(), []any{1}, &n); err == nil {
		t.Error("one variable for two columns: got no error, want one")
	}
}

func TestPrepared(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		db := open(t, address)
		p := numbers(t, db)
		finds(t, p, 1)
		finds(t, p, 2)
		var n int
		refuses(t, p)
		if _, err := db.Prepared("SELECT nothing FROM t").One(t.Context(), nil, &n); err == nil {
			t.Error("a column that is not there: got no error, want one")
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.One(ended, []any{1}, &n, &n); !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that has ended: got error %v, want %v", err, context.Canceled)
		}
		finds(t, p, 1)
		if err := db.Close(); err != nil {
			t.Errorf("close: got error %v, want none", err)
		}
		if found, err := p.One(t.Context(), []any{1}, &n, &n); found || err == nil {
			t.Errorf("after the database was closed: got found %t, error %v; want an error", found, err)
		}
	})
}

// thrower is a value that panics when a statement asks for it.
type thrower struct{}

func (thrower) Value() (driver.Value, error) { panic("thrown") }

// A statement that runs on a goroutine of its own gives the same answers. A panic on that goroutine
// comes to the goroutine of the caller, because only there can the caller recover from it.
func TestPreparedAside(t *testing.T) {
	t.Parallel()
	db := open(t, modelstest.SQLite(t))
	p := numbers(t, db).Aside()
	finds(t, p, 1)
	refuses(t, p)
	var n int
	thrown := func() (thrown any) {
		defer func() { thrown = recover() }()
		_, _ = p.One(t.Context(), []any{thrower{}}, &n, &n)
		return nil
	}()
	if thrown != "thrown" {
		t.Errorf("a value that panics: recovered %v, want its panic", thrown)
	}
	finds(t, p, 2)
}

// While every connection is in use, a caller waits no longer than until its context ends.
func TestPreparedWaitsNoLongerThanItsTime(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		db := openOne(t, address)
		p := numbers(t, db)
		finds(t, p, 1)
		taken, err := db.SQL.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error)
		go func() {
			var n int
			_, err := p.One(ctx, []any{1}, &n, &n)
			result <- err
		}()
		for db.SQL.Stats().WaitCount == 0 { // until the caller waits for a connection
			runtime.Gosched()
		}
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("without a connection: got error %v, want %v", err, context.Canceled)
		}
		if err := taken.Close(); err != nil {
			t.Fatal(err)
		}
		finds(t, p, 2)
	})
}

// Callers must not notice that connections were closed, nor that the server restarted.
func TestPreparedSurvivesItsConnections(t *testing.T) {
	t.Parallel()
	p, address := newProxy(t)
	db := open(t, address)
	statement := numbers(t, db)
	finds(t, statement, 1)
	p.stop()
	p.restart()
	finds(t, statement, 1)
}

// A statement still runs when the server prepares no more statements, and it is prepared when the
// server has room again. The proxy sends the server's refusal, because a real limit of the server
// would also hold for the tests of other packages.
func TestPreparedWithoutRoom(t *testing.T) {
	t.Parallel()
	between, address := newProxy(t)
	statement := numbers(t, open(t, address))
	between.set(func(p *proxy) { p.full = true })
	finds(t, statement, 1)
	between.set(func(p *proxy) { p.full = false })
	finds(t, statement, 2)
}
