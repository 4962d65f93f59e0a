package database

import (
	"database/sql"

	"gorm.io/gorm"
)

// observer is a GORM plugin that holds a DB, because GORM passes plugins on to each transaction. So a
// transaction can report statements that run without GORM's builder to the function of [DB.Observe].
type observer struct{ db *DB }

const observerName = "latchkey:observer"

// Name implements [gorm.Plugin].
func (observer) Name() string { return observerName }

// Initialize implements [gorm.Plugin].
func (observer) Initialize(*gorm.DB) error { return nil }

// Query runs a statement that returns rows on the connection of tx. It does so without GORM's
// builder, which takes longer than SQLite takes for the statement. The caller closes the rows.
// Query returns the driver's error.
func Query(tx *gorm.DB, statement string, args ...any) (*sql.Rows, error) {
	observed(tx, statement, args)
	return tx.Statement.ConnPool.QueryContext(tx.Statement.Context, statement, args...)
}

// Exec does what [Query] does, for a statement that returns no rows.
func Exec(tx *gorm.DB, statement string, args ...any) (sql.Result, error) {
	observed(tx, statement, args)
	return tx.Statement.ConnPool.ExecContext(tx.Statement.Context, statement, args...)
}

func observed(tx *gorm.DB, statement string, args []any) {
	o, ok := tx.Plugins[observerName].(observer)
	if !ok {
		return
	}
	if heard := o.db.heard.Load(); heard != nil {
		(*heard)(statement, args)
	}
}
