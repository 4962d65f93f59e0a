package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"gorm.io/gorm"
)

// counting is a driver that does nothing and counts the statements that it prepares.
type counting struct{ prepared, open atomic.Int64 }

func (c *counting) Connect(context.Context) (driver.Conn, error) { return &countingConn{c}, nil }

func (c *counting) Driver() driver.Driver { return nil }

type countingConn struct{ *counting }

func (c *countingConn) Prepare(text string) (driver.Stmt, error) {
	if text == "wrong" {
		return nil, errors.New("no such statement")
	}
	c.prepared.Add(1)
	c.open.Add(1)
	return &countingStmt{c.counting}, nil
}

func (c *countingConn) Close() error { return nil }

func (c *countingConn) Begin() (driver.Tx, error) { return c, nil }

func (c *countingConn) Commit() error { return nil }

func (c *countingConn) Rollback() error { return nil }

type countingStmt struct{ *counting }

func (s *countingStmt) Close() error {
	s.open.Add(-1)
	return nil
}

func (s *countingStmt) NumInput() int { return 0 }

func (s *countingStmt) Exec([]driver.Value) (driver.Result, error) { return driver.ResultNoRows, nil }

func (s *countingStmt) Query([]driver.Value) (driver.Rows, error) { return nil, errors.New("no rows") }

// counted returns a keeper over a [counting] driver with the given number of connections.
func counted(t *testing.T, connections int) (*keeper, *counting) {
	t.Helper()
	c := &counting{}
	pool := sql.OpenDB(c)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	t.Cleanup(func() { _ = pool.Close() })
	return newKeeper(pool), c
}

// inTx runs texts in a transaction.
func inTx(t *testing.T, k *keeper, texts ...string) {
	t.Helper()
	begun, err := k.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if _, err := begun.ExecContext(t.Context(), text); err != nil {
			t.Errorf("%s: got error %v, want none", text, err)
		}
	}
	if err := begun.(gorm.TxCommitter).Commit(); err != nil {
		t.Fatal(err)
	}
}

// The first two runs of a text do not keep its statement: each time the driver prepares it for that
// run alone. After that it is prepared once for each connection, and stays prepared.
func TestTransactionsKeepTheirStatements(t *testing.T) {
	t.Parallel()
	k, c := counted(t, 1)
	for range 10 {
		inTx(t, k, "one", "two")
	}
	if prepared, open := c.prepared.Load(), c.open.Load(); prepared != 6 || open != 2 {
		t.Errorf("10 transactions of two texts: prepared %d times, %d are open; want 6 and 2", prepared, open)
	}
}

func TestStatementsOutsideTransactionsAreKept(t *testing.T) {
	t.Parallel()
	k, c := counted(t, 1)
	for range 10 {
		if _, err := k.ExecContext(t.Context(), "one"); err != nil {
			t.Fatal(err)
		}
	}
	inTx(t, k, "one")
	if prepared, open := c.prepared.Load(), c.open.Load(); prepared != 2 || open != 1 {
		t.Errorf("11 runs of a text: prepared %d times, %d are open; want 2 and 1", prepared, open)
	}
}

// Texts with lists of every length must not fill the memory. Meanwhile, a text that is used all the
// time must stay prepared.
func TestFewStatementsAreKept(t *testing.T) {
	t.Parallel()
	k, c := counted(t, 1)
	inTx(t, k, "hot")
	inTx(t, k, "hot")
	for i := range 3 * keptMost {
		text := fmt.Sprint("text ", i)
		inTx(t, k, text, "hot")
		inTx(t, k, text, "hot")
	}
	inTx(t, k)
	if open := c.open.Load(); open > keptMost || open < keptMost/2 {
		t.Errorf("%d statements are open, want no more than %d, and most of these", open, keptMost)
	}
	before := c.prepared.Load()
	inTx(t, k, "hot")
	if again := c.prepared.Load() - before; again != 0 {
		t.Errorf("the text that was always used was prepared %d times more, want 0", again)
	}
}

// A text that is wrong fails in the transaction that runs it, and not in the next transaction.
func TestAWrongStatementFailsWhereItRuns(t *testing.T) {
	t.Parallel()
	k, _ := counted(t, 1)
	for range 3 {
		begun, err := k.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := begun.ExecContext(t.Context(), "wrong"); err == nil {
			t.Error("a text that cannot be prepared: got no error, want one")
		}
		if err := begun.(gorm.TxCommitter).Commit(); err != nil {
			t.Fatal(err)
		}
		if _, err := k.ExecContext(t.Context(), "wrong"); err == nil {
			t.Error("outside a transaction: got no error, want one")
		}
	}
	inTx(t, k, "right")
}

// Many goroutines run more texts than the keeper remembers, so that it drops statements while
// others are running them.
func TestStatementsAreDroppedWhileOthersRunThem(t *testing.T) {
	t.Parallel()
	k, _ := counted(t, 4)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 2000 {
				text := fmt.Sprint("text ", (i*7+worker)%(keptMost+keptMost/4))
				if _, err := k.ExecContext(t.Context(), text); err != nil {
					t.Errorf("%s: got error %v, want none", text, err)
				}
			}
		})
	}
	all.Wait()
}
