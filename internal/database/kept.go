package database

import (
	"context"
	"database/sql"
	"sync"

	"gorm.io/gorm"
)

// keptMost is the number of texts of statements that a [keeper] remembers. The service runs about
// 200 texts again and again. Others differ only by the length of a list, and there may be any
// number of them.
const keptMost = 256

// keeper is the pool on which GORM runs its statements with SQLite. It keeps statements prepared: a
// text that is run a second time is prepared once on each connection.
//
// GORM has such a pool itself, but that pool prepares the statements of a transaction again in each
// transaction. A sign-in spent more time on preparing its statements than on running them.
type keeper struct {
	*sql.DB

	mu     sync.Mutex
	kept   map[string]*kept
	turn   int64
	wanted []*kept // texts of transactions, which the next transaction prepares before it begins
}

// kept is the text of a statement that was run, with the prepared statement. The keeper's lock
// guards all fields.
type kept struct {
	text  string
	stmt  *sql.Stmt // nil while the text has been run only once
	used  int64     // the turn of its last use
	users int       // callers that are running it, so that it must stay open
	wants bool      // whether it is in the keeper's list wanted
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
	return stmt.QueryContext(ctx, args...) //nolint:sqlclosecheck // the caller closes the rows
}

// BeginTx begins a transaction. Before that, it prepares the statements that earlier transactions
// wanted. It cannot do so later: a transaction has a connection already, and the pool may have no
// second one for preparing a statement.
func (k *keeper) BeginTx(ctx context.Context, options *sql.TxOptions) (gorm.ConnPool, error) { //nolint:ireturn // GORM looks for this method
	for one := k.nextWanted(); one != nil; one = k.nextWanted() {
		_, err := k.prepare(ctx, one) //nolint:sqlclosecheck // it is kept
		k.leave(one)
		if err != nil {
			break // the transaction runs the text without preparing it, and returns the error
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

// prepared counts a use of a text and returns its entry, for which the caller must call leave. It
// also returns the prepared statement, unless the text is run for the first time.
func (k *keeper) prepared(ctx context.Context, text string) (one *kept, stmt *sql.Stmt, err error) {
	one, stmt, again := k.enter(text, false)
	if stmt == nil && again {
		stmt, err = k.prepare(ctx, one)
	}
	return one, stmt, err
}

// enter counts a use of text and returns its entry, for which the caller must call leave. It also
// returns the prepared statement, if there is one, and whether the text was run before. If a
// transaction runs a text again that has no prepared statement, enter puts the text on the list
// wanted.
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

// leave notes that the caller has finished with the statement. Rows that are still open keep the
// statement open themselves.
func (k *keeper) leave(one *kept) {
	k.mu.Lock()
	one.users--
	k.mu.Unlock()
}

// drop forgets the text that has not been used for the longest time, and returns its statement. It
// returns nil if every text is in use.
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

// nextWanted takes an entry from the list wanted, or returns nil. The caller must call leave for
// the entry.
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

// prepare prepares a text, unless another caller has done so already.
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
