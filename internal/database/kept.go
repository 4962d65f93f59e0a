package database

import (
	"context"
	"database/sql"
	"sync"

	"gorm.io/gorm"
)

// keptMost is the number of texts that a [keeper] remembers. The service has about 200 that
// it runs again and again; the others differ by the length of a list.
const keptMost = 256

// keeper is the pool on which GORM runs its statements with SQLite. It keeps statements
// prepared: a text that is run a second time is prepared once on each connection.
//
// GORM has such a pool itself, but that one prepares the statements of transactions anew in
// each transaction. A sign-in spent more time on that than on running them.
type keeper struct {
	*sql.DB

	mu     sync.Mutex
	kept   map[string]*kept
	turn   int64
	wanted []*kept // texts of transactions, which the next transaction prepares before it begins
}

// kept is a text that was run, with its statement. The keeper's lock guards all fields.
type kept struct {
	text  string
	stmt  *sql.Stmt // nil while the text has been run only once
	used  int64     // the turn of its last use
	users int       // callers that run it now, so that it must stay open
	wants bool      // whether it is in wanted
}

func newKeeper(pool *sql.DB) *keeper { return &keeper{DB: pool, kept: map[string]*kept{}} }

// GetDBConn returns the pool of connections. GORM looks for this method.
func (k *keeper) GetDBConn() (*sql.DB, error) { return k.DB, nil }

// ExecContext runs a statement outside a transaction.
func (k *keeper) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	one, stmt, err := k.prepared(ctx, text) //nolint:sqlclosecheck // it is kept
	defer k.leave(one)
	if stmt == nil || err != nil {
		return k.DB.ExecContext(ctx, text, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext runs a statement outside a transaction.
func (k *keeper) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	one, stmt, err := k.prepared(ctx, text) //nolint:sqlclosecheck // it is kept
	defer k.leave(one)
	if stmt == nil || err != nil {
		return k.DB.QueryContext(ctx, text, args...) //nolint:sqlclosecheck // the caller closes the rows
	}
	return stmt.QueryContext(ctx, args...) //nolint:sqlclosecheck // the same
}

// BeginTx begins a transaction, and prepares first what earlier ones have run. A transaction
// has a connection already, so it cannot prepare anything for the others: the pool may have no
// second one.
func (k *keeper) BeginTx(ctx context.Context, options *sql.TxOptions) (gorm.ConnPool, error) { //nolint:ireturn // GORM looks for this method
	for one := k.nextWanted(); one != nil; one = k.nextWanted() {
		_, err := k.prepare(ctx, one) //nolint:sqlclosecheck // it is kept
		k.leave(one)
		if err != nil {
			break // the transaction runs it without preparing it, and says what is wrong
		}
	}
	tx, err := k.DB.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	return &keeperTx{Tx: tx, keeper: k}, nil
}

// keeperTx is a transaction of a [keeper].
type keeperTx struct {
	*sql.Tx

	keeper *keeper
}

// ExecContext runs a statement in the transaction.
func (t *keeperTx) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	one, stmt, _ := t.keeper.enter(text, true)
	defer t.keeper.leave(one)
	if stmt == nil {
		return t.Tx.ExecContext(ctx, text, args...)
	}
	return t.StmtContext(ctx, stmt).ExecContext(ctx, args...) //nolint:sqlclosecheck // it ends with the transaction
}

// QueryContext runs a statement in the transaction.
func (t *keeperTx) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	one, stmt, _ := t.keeper.enter(text, true)
	defer t.keeper.leave(one)
	if stmt == nil {
		return t.Tx.QueryContext(ctx, text, args...) //nolint:sqlclosecheck // the caller closes the rows
	}
	return t.StmtContext(ctx, stmt).QueryContext(ctx, args...) //nolint:sqlclosecheck // it ends with the transaction
}

// prepared returns the statement of a text, which it prepares if the text is run again. It
// returns no statement for a text that is run for the first time. The caller must call leave
// for one.
func (k *keeper) prepared(ctx context.Context, text string) (one *kept, stmt *sql.Stmt, err error) {
	one, stmt, again := k.enter(text, false)
	if stmt == nil && again {
		stmt, err = k.prepare(ctx, one)
	}
	return one, stmt, err
}

// enter counts a use of text. It returns its entry, for which the caller must call leave, its
// statement, if it has one, and whether the text was run before. A text of a transaction that
// is run again is put on the list of those that are wanted.
func (k *keeper) enter(text string, inTx bool) (one *kept, stmt *sql.Stmt, again bool) {
	k.mu.Lock()
	one, again = k.kept[text]
	var dropped *sql.Stmt
	if !again {
		if len(k.kept) >= keptMost {
			dropped = k.drop()
		}
		one = &kept{text: text}
		k.kept[text] = one
	}
	k.turn++
	one.used = k.turn
	one.users++
	if stmt = one.stmt; stmt == nil && inTx && again && !one.wants {
		one.wants = true
		k.wanted = append(k.wanted, one)
	}
	k.mu.Unlock()
	if dropped != nil {
		_ = dropped.Close() // without the lock, because it may wait for a connection
	}
	return one, stmt, again
}

// leave notes that the caller has finished with the statement. Rows that are still open
// keep the statement themselves.
func (k *keeper) leave(one *kept) {
	k.mu.Lock()
	one.users--
	k.mu.Unlock()
}

// drop forgets the text that was not used for the longest time, and returns its statement.
func (k *keeper) drop() *sql.Stmt {
	var oldest *kept
	for _, one := range k.kept {
		if one.users == 0 && !one.wants && (oldest == nil || one.used < oldest.used) {
			oldest = one
		}
	}
	if oldest == nil {
		return nil
	}
	delete(k.kept, oldest.text)
	return oldest.stmt
}

// nextWanted takes a text from the list of those that are wanted. The caller must leave it.
func (k *keeper) nextWanted() *kept {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.wanted) == 0 {
		return nil
	}
	one := k.wanted[0]
	k.wanted = k.wanted[1:]
	one.wants = false
	one.users++
	return one
}

// prepare prepares a text, unless another caller was faster.
func (k *keeper) prepare(ctx context.Context, one *kept) (*sql.Stmt, error) {
	k.mu.Lock()
	stmt := one.stmt
	k.mu.Unlock()
	if stmt != nil {
		return stmt, nil
	}
	fresh, err := k.PrepareContext(ctx, one.text)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	if stmt = one.stmt; stmt == nil {
		one.stmt, stmt = fresh, fresh
		fresh = nil
	}
	k.mu.Unlock()
	if fresh != nil {
		_ = fresh.Close() // the other one is kept
	}
	return stmt, nil
}
