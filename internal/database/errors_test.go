package database_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/go-sql-driver/mysql"
	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestDuplicate breaks each of a table's unique keys, on both engines.
func TestDuplicate(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		db := open(t, address)
		for _, statement := range []string{
			"CREATE TABLE people (id BIGINT NOT NULL PRIMARY KEY, email VARCHAR(100) NOT NULL, name VARCHAR(100) NOT NULL)",
			"CREATE UNIQUE INDEX people_email ON people (email)",
			"CREATE UNIQUE INDEX people_name ON people (name)",
			"INSERT INTO people VALUES (1, 'ada', 'Ada'), (2, 'x'' for key ''people_name', 'X')",
		} {
			if err := db.Gorm.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			statement string
			email     bool
			name      bool
		}{
			{"INSERT INTO people VALUES (3, 'ada', 'Bob')", true, false},
			{"INSERT INTO people VALUES (3, 'bob', 'Ada')", false, true},
			{"UPDATE people SET email = 'ada' WHERE id = 2", true, false},
			// The name of the key is read correctly even if a value contains the words of the
			// server's message.
			{"INSERT INTO people VALUES (3, 'x'' for key ''people_name', 'Bob')", true, false},
			{"INSERT INTO people VALUES (1, 'bob', 'Bob')", false, false},
		} {
			err := db.Gorm.Exec(c.statement).Error
			if !errors.Is(err, gorm.ErrDuplicatedKey) {
				t.Errorf("%s: %v, want a duplicate", c.statement, err)
			}
			if got := database.IsDuplicate(err, "people", "email"); got != c.email {
				t.Errorf("%s: %v is a duplicate of email: %v, want %v", c.statement, err, got, c.email)
			}
			if got := database.IsDuplicate(fmt.Errorf("wrapped: %w", err), "people", "name"); got != c.name {
				t.Errorf("%s: %v is a duplicate of name: %v, want %v", c.statement, err, got, c.name)
			}
			if database.IsDuplicate(err, "others", "email") || database.Retryable(err) || database.Unavailable(err) {
				t.Errorf("%s: %v counts as retryable or unavailable, want neither", c.statement, err)
			}
		}
		for _, statement := range []string{"INSERT INTO people VALUES (3, NULL, 'Bob')", "INSERT INTO nowhere VALUES (1)"} {
			err := db.Gorm.Exec(statement).Error
			if err == nil || errors.Is(err, gorm.ErrDuplicatedKey) || database.Unavailable(err) || database.Retryable(err) {
				t.Errorf("%s: %v counts as retryable or unavailable, want neither", statement, err)
			}
		}
	})
	if database.IsDuplicate(nil, "people", "email") || database.IsDuplicate(gorm.ErrDuplicatedKey, "people", "email") {
		t.Error("an error without a key counts as a duplicate of a column, want not")
	}
}

// TestErrorsOfMySQL checks error numbers that no test can make a server send.
func TestErrorsOfMySQL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number      uint16
		retryable   bool
		unavailable bool
	}{
		{1213, true, true},   // deadlock
		{1205, true, true},   // lock wait
		{1020, true, true},   // the snapshot has changed
		{1047, true, true},   // a node of a cluster is not ready
		{8002, true, true},   // TiDB
		{9007, true, true},   // TiDB
		{1021, false, true},  // disk full
		{1114, false, true},  // table full
		{1040, false, true},  // too many connections
		{1203, false, true},  // too many connections of this user
		{1053, false, true},  // shutting down
		{1290, false, true},  // read-only
		{1792, false, true},  // read-only transaction
		{1836, false, true},  // read-only
		{1317, false, true},  // killed
		{1062, false, false}, // duplicate
		{1064, false, false}, // syntax
		{1146, false, false}, // no such table
		{1054, false, false}, // no such column
		{1406, false, false}, // too long
		{1048, false, false}, // null
		{1045, false, false}, // wrong password
	} {
		err := fmt.Errorf("wrapped: %w", &mysql.MySQLError{Number: c.number})
		if got := database.Retryable(err); got != c.retryable {
			t.Errorf("%d retryable: %v, want %v", c.number, got, c.retryable)
		}
		if got := database.Unavailable(err); got != c.unavailable {
			t.Errorf("%d unavailable: %v, want %v", c.number, got, c.unavailable)
		}
	}
	conflict := &mysql.MySQLError{Number: 1105, SQLState: [5]byte{'4', '0', '0', '0', '1'}}
	if !database.Retryable(conflict) || !database.Unavailable(conflict) {
		t.Error("a conflict that only its SQL state shows is not retryable, want retryable")
	}
}

func TestErrorsOfConnections(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err         error
		retryable   bool
		unavailable bool
	}{
		{driver.ErrBadConn, true, true},
		{mysql.ErrInvalidConn, false, true}, // the commit may have happened
		{io.ErrUnexpectedEOF, false, true},
		{io.EOF, false, true},
		{context.DeadlineExceeded, false, true},
		{context.Canceled, false, true},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, false, true},
		{errors.New("anything else"), false, false},
		{sql.ErrNoRows, false, false},
		{sql.ErrTxDone, false, false},
		{nil, false, false},
	} {
		err := c.err
		if err != nil {
			err = fmt.Errorf("wrapped: %w", err)
		}
		if database.Retryable(err) != c.retryable || database.Unavailable(err) != c.unavailable {
			t.Errorf("%v: got retryable %v, unavailable %v, want the values of the table", c.err, database.Retryable(err), database.Unavailable(err))
		}
	}
}

// TestSQLiteUnavailable fills a disk, makes a file read-only and removes its folder.
func TestSQLiteUnavailable(t *testing.T) {
	t.Parallel()
	write := func(db *database.DB) error {
		return db.Gorm.WithContext(t.Context()).Exec("INSERT INTO t (text) VALUES (?)", string(make([]byte, 1<<16))).Error
	}
	const enough = "PRAGMA max_page_count = 1000"
	for name, c := range map[string]struct {
		spoil, mend string
		lock        bool
	}{
		"a full disk":          {spoil: "PRAGMA max_page_count = 3", mend: enough},
		"a read-only database": {spoil: "PRAGMA query_only = 1", mend: "PRAGMA query_only = 0"},
		"a lock":               {spoil: "PRAGMA busy_timeout = 1", mend: enough, lock: true},
	} {
		address := modelstest.SQLite(t)
		db := openOne(t, address)
		exec(t, db, "CREATE TABLE t (text TEXT NOT NULL)")
		release := func() {}
		if c.lock {
			release = lock(t, address)
		}
		exec(t, db, c.spoil)
		if err := write(db); !database.Unavailable(err) {
			t.Errorf("%s: %v, want one that counts as unavailable", name, err)
		}
		release()
		exec(t, db, c.mend)
		if err := write(db); err != nil { // on the same connection
			t.Errorf("after %s: got error %v, want none", name, err)
		}
	}
	_, err := database.Open("sqlite:"+filepath.Join(t.TempDir(), "no such folder", "latchkey.db"), 1)
	if !database.Unavailable(err) {
		t.Errorf("without its folder: %v, want one that counts as unavailable", err)
	}
}

// TestMySQLUnavailable stops the server and starts it again.
func TestMySQLUnavailable(t *testing.T) {
	t.Parallel()
	p, address := newProxy(t)
	db := open(t, address)
	work := func(tx *gorm.DB) error { return tx.Exec("SELECT 1").Error }
	both := func(when string, fails bool) {
		t.Helper()
		for name, err := range map[string]error{"ping": db.Ping(t.Context()), "transaction": db.Tx(t.Context(), work)} {
			if fails != database.Unavailable(err) || !fails && err != nil {
				t.Errorf("%s: %s: got error %v, want an unavailable error if it should fail, otherwise none", when, name, err)
			}
		}
	}
	both("at first", false)
	p.stop()
	both("while the port is closed", true)
	p.restart()
	both("when it is back", false)

	p.set(func(p *proxy) { p.deaf = true })
	if err := db.Ping(t.Context()); !database.Unavailable(err) { // the server answers nothing, so Ping itself has given up
		t.Errorf("while the server is silent: got error %v, want an unavailable error", err)
	}
	p.set(func(p *proxy) { p.deaf = false })
	both("when it speaks again", false)
}
