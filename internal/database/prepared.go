package database

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"
	"gorm.io/gorm"
)

// Prepared is a statement that reads. Each connection prepares it once, at its first use
// there, so that the engine does not read and plan the same text for every request. It is
// for the few statements that nearly every request runs; GORM runs all the others. It may
// be used by many goroutines at once. Do not use it in a transaction.
type Prepared struct {
	db    *DB
	text  string
	aside bool // see Aside
	stmt  atomic.Pointer[sql.Stmt]
}

// Prepared returns a statement with placeholders "?". It does not connect: the first call
// that runs the statement prepares it. [DB.Close] closes it.
func (d *DB) Prepared(text string) *Prepared {
	p := &Prepared{db: d, text: text}
	d.prepared = append(d.prepared, p)
	return p
}

// Aside makes [Prepared.One] run on a goroutine of its own, and returns p. It is for callers that
// wait for long afterwards, such as agents. The engine needs a deep stack, and the caller's
// goroutine would keep that stack until the garbage collector halves it; the stack of a separate
// goroutine is freed at once. The separate goroutine costs some microseconds.
func (p *Prepared) Aside() *Prepared {
	p.aside = true
	return p
}

// Observe calls heard with the text and the values of every statement that GORM, [Prepared],
// [Query] or [Exec] runs. Tests count statements with it. It does not see the statements of the
// sweeps, which run directly on the pool. Call it before the first statement.
func (d *DB) Observe(heard func(text string, args []any)) error {
	d.heard.Store(&heard)
	note := func(db *gorm.DB) { heard(db.Statement.SQL.String(), db.Statement.Vars) }
	callbacks := d.Gorm.Callback()
	return errors.Join(
		callbacks.Query().After("gorm:query").Register("observe", note), callbacks.Row().After("gorm:row").Register("observe", note),
		callbacks.Raw().After("gorm:raw").Register("observe", note), callbacks.Update().After("gorm:update").Register("observe", note),
		callbacks.Delete().After("gorm:delete").Register("observe", note), callbacks.Create().After("gorm:create").Register("observe", note),
	)
}

// One runs the statement for at most one row, and copies its columns into the variables
// that into points to. It reports whether there was a row. If it returns an
// error, the variables may hold anything.
func (p *Prepared) One(ctx context.Context, args []any, into ...any) (found bool, err error) {
	if !p.aside {
		return p.one(ctx, args, into)
	}
	var thrown any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { thrown = recover() }()
		found, err = p.one(ctx, args, into)
	}()
	<-done
	if thrown != nil {
		panic(thrown) // where the caller can recover
	}
	return found, err
}

func (p *Prepared) one(ctx context.Context, args, into []any) (found bool, err error) {
	rows, err := p.Rows(ctx, args...)
	if err != nil {
		return false, err
	}
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	if !rows.Next() {
		return false, rows.Err()
	}
	return true, rows.Scan(into...)
}

// Rows runs the statement. The caller closes the rows. It returns the driver's error, and
// the error of ctx if ctx has ended. After a lost connection it tries again on a new one.
func (p *Prepared) Rows(ctx context.Context, args ...any) (*sql.Rows, error) {
	if heard := p.db.heard.Load(); heard != nil {
		(*heard)(p.text, args)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	stmt, err := p.ready(ctx) //nolint:sqlclosecheck // it stays open until the database is closed
	if err != nil {
		return p.plain(ctx, err, args)
	}
	rows, err := stmt.QueryContext(p.db.brief(ctx), args...)
	if err != nil {
		return p.plain(ctx, err, args)
	}
	return rows, nil
}

// ready returns the prepared statement. Several callers may prepare it at the same time: they do
// not wait for each other, because each has its own time limit. The statement that is ready first
// is kept.
func (p *Prepared) ready(ctx context.Context) (*sql.Stmt, error) {
	if stmt := p.stmt.Load(); stmt != nil {
		return stmt, nil
	}
	stmt, err := p.db.SQL.PrepareContext(ctx, p.text)
	if err != nil {
		return nil, err
	}
	if p.stmt.CompareAndSwap(nil, stmt) {
		return stmt, nil
	}
	defer func() { _ = stmt.Close() }() // another caller was faster
	return p.stmt.Load(), nil
}

// plain runs the statement without preparing it, if err says that the server cannot prepare it or
// keep it prepared. For any other error it returns err.
func (p *Prepared) plain(ctx context.Context, err error, args []any) (*sql.Rows, error) {
	refused, ok := errors.AsType[*mysql.MySQLError](err)
	// 1243: a proxy between the service and the server has forgotten the statement; 1295: the
	// server does not prepare such statements; 1461: it keeps no more prepared statements; 1615:
	// the tables changed again and again while the statement was prepared.
	if !ok || !slices.Contains([]uint16{1243, 1295, 1461, 1615}, refused.Number) {
		return nil, err
	}
	return p.db.SQL.QueryContext(ctx, p.text, args...)
}

// brief returns the context for a statement that takes microseconds on SQLite. A context that can
// end costs two goroutines for each statement, one of database/sql and one of the driver. They cost
// more than the whole statement, and are of use only while the statement waits for a connection. So
// brief returns ctx if all connections are in use, and otherwise a context that never ends. A
// reader of SQLite never waits for a writer. A statement of MySQL goes over a network, so it always
// gets ctx.
func (d *DB) brief(ctx context.Context) context.Context {
	if d.Dialect == SQLite && d.SQL.Stats().InUse < d.connections {
		return context.Background()
	}
	return ctx
}

// closePrepared closes the prepared statements.
func (d *DB) closePrepared() (err error) {
	for _, p := range d.prepared {
		if stmt := p.stmt.Load(); stmt != nil {
			err = errors.Join(err, stmt.Close()) //nolint:sqlclosecheck // there is nothing to defer
		}
	}
	return err
}
