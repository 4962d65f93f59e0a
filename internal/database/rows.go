package database

import (
	"context"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// G begins a statement about rows of the type T, which is a struct that GORM knows how to read. It does what gorm.G
// does, by the same names, for the calls that this program makes. The compiler makes a copy of generic code for each
// type: a copy of all of gorm.G, with associations and joins, for each of our tables made the program a quarter
// larger, and took the compiler four times as long. Here only the few lines that need the type are copied.
func G[T any](db *gorm.DB, clauses ...clause.Expression) Rows[T] {
	q := query{db: db}
	if len(clauses) > 0 {
		q = q.with(func(db *gorm.DB) *gorm.DB { return db.Clauses(clauses...) })
	}
	return Rows[T]{q}
}

// Rows is a statement about rows that is being built. A method that adds to it returns new Rows, so that Rows may be used
// for several statements.
type Rows[T any] struct{ query query }

// query is the part of a [Rows] that is the same for all types.
type query struct {
	db    *gorm.DB
	steps []func(*gorm.DB) *gorm.DB
}

func (q query) with(step func(*gorm.DB) *gorm.DB) query {
	return query{q.db, append(slices.Clip(q.steps), step)}
}

// on returns the statement with all steps, for a context.
func (q query) on(ctx context.Context) *gorm.DB {
	db := q.db
	if !db.DryRun {
		db = db.Session(&gorm.Session{NewDB: true, Context: ctx})
	}
	for _, step := range q.steps {
		db = step(db)
	}
	return db
}

func (q query) where(condition any, args []any) query {
	return q.with(func(db *gorm.DB) *gorm.DB { return db.Where(condition, args...) })
}

func (q query) order(by any) query {
	return q.with(func(db *gorm.DB) *gorm.DB { return db.Order(by) })
}

func (q query) limit(most int) query {
	return q.with(func(db *gorm.DB) *gorm.DB { return db.Limit(most) })
}

func (q query) offset(skip int) query {
	return q.with(func(db *gorm.DB) *gorm.DB { return db.Offset(skip) })
}

func (q query) columns(columns string, args []any) query {
	return q.with(func(db *gorm.DB) *gorm.DB { return db.Select(columns, args...) })
}

func (q query) count(ctx context.Context, row any, column string) (number int64, err error) {
	err = q.on(ctx).Model(row).Select(column).Count(&number).Error
	return number, err
}

func (q query) remove(ctx context.Context, row any) (number int, err error) {
	done := q.on(ctx).Delete(row)
	return int(done.RowsAffected), done.Error
}

// Where adds a condition; all conditions must hold.
func (q Rows[T]) Where(condition any, args ...any) Rows[T] {
	return Rows[T]{q.query.where(condition, args)}
}

// Order adds a column by which rows are sorted.
func (q Rows[T]) Order(by any) Rows[T] { return Rows[T]{q.query.order(by)} }

// Limit sets how many rows are read at most.
func (q Rows[T]) Limit(most int) Rows[T] { return Rows[T]{q.query.limit(most)} }

// Offset sets how many rows are left out at the beginning.
func (q Rows[T]) Offset(skip int) Rows[T] { return Rows[T]{q.query.offset(skip)} }

// Select names the columns that are read.
func (q Rows[T]) Select(columns string, args ...any) Rows[T] {
	return Rows[T]{q.query.columns(columns, args)}
}

// Find returns all rows.
func (q Rows[T]) Find(ctx context.Context) (rows []T, err error) {
	err = q.query.on(ctx).Find(&rows).Error
	return rows, err
}

// Take returns one row, or gorm.ErrRecordNotFound.
func (q Rows[T]) Take(ctx context.Context) (row T, err error) { //nolint:ireturn // T is a struct
	err = q.query.on(ctx).Take(&row).Error
	return row, err
}

// Count returns the number of rows in which a column has a value; "*" counts all rows.
func (q Rows[T]) Count(ctx context.Context, column string) (number int64, err error) {
	var row T
	return q.query.count(ctx, row, column)
}

// Create inserts a row.
func (q Rows[T]) Create(ctx context.Context, row *T) error { return q.query.on(ctx).Create(row).Error }

// CreateInBatches inserts rows, as many with one statement as atOnce says.
func (q Rows[T]) CreateInBatches(ctx context.Context, rows *[]T, atOnce int) error {
	return q.query.on(ctx).CreateInBatches(rows, atOnce).Error
}

// Delete deletes the rows, and returns how many these were.
func (q Rows[T]) Delete(ctx context.Context) (number int, err error) {
	return q.query.remove(ctx, new(T))
}
