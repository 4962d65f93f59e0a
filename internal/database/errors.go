package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/libtnb/sqlite"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"
	sqlite3 "modernc.org/sqlite"
)

// DuplicateError means that a unique index refused a row. It unwraps to
// [gorm.ErrDuplicatedKey] and to the driver's error.
type DuplicateError struct {
	Key string // the index's name on MySQL, "table.column" on SQLite
	Err error
}

// Error names the key and the driver's error.
func (d *DuplicateError) Error() string { return "duplicate " + d.Key + ": " + d.Err.Error() }

// Unwrap returns [gorm.ErrDuplicatedKey] and the driver's error.
func (d *DuplicateError) Unwrap() []error { return []error{gorm.ErrDuplicatedKey, d.Err} }

// IsDuplicate reports whether err means that a unique index refused a row because
// of column. Indexes are named TABLE_COLUMN, so that the messages of both engines
// can be compared with it.
func IsDuplicate(err error, table, column string) bool {
	d, ok := errors.AsType[*DuplicateError](err)
	return ok && (d.Key == table+"."+column || d.Key == table+"_"+column || (d.Key == "PRIMARY" && column == "primary"))
}

type mysqlDialector struct{ *gormmysql.Dialector }

// Translate returns a DuplicateError with the name of the key; GORM's own
// translation loses the name.
func (d mysqlDialector) Translate(err error) error {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok && e.Number == 1062 {
		key := ""
		if i := strings.LastIndex(e.Message, "for key '"); i >= 0 { // the last one, because the value before it may contain these words
			key = strings.TrimSuffix(e.Message[i+len("for key '"):], "'")
		}
		return &DuplicateError{Key: key[strings.LastIndexByte(key, '.')+1:], Err: err}
	}
	return d.Dialector.Translate(err)
}

type sqliteDialector struct{ *sqlite.Dialector }

// Translate returns a DuplicateError with the name of the key.
func (d sqliteDialector) Translate(err error) error {
	translated := d.Dialector.Translate(err)
	if !errors.Is(translated, gorm.ErrDuplicatedKey) {
		return translated
	}
	_, key, _ := strings.Cut(err.Error(), "UNIQUE constraint failed: ")
	key, _, _ = strings.Cut(key, " (")
	key, _, _ = strings.Cut(key, ",") // an index of several columns is named by its first
	return &DuplicateError{Key: key, Err: err}
}

// retryNumbers returns the errors of MySQL that mean "run the whole transaction
// again": deadlock, lock wait, snapshot changed, a cluster node that is not ready,
// and TiDB's conflicts.
func retryNumbers() []uint16 {
	return []uint16{1213, 1205, 1020, clusterNotReady, 8002, 8022, 8028, 9007}
}

// clusterNotReady is the error of a node of a Galera cluster that has lost the other nodes.
const clusterNotReady = 1047

const (
	sqliteBusy   = 5
	sqliteLocked = 6
)

// Retryable reports whether err means that the whole transaction may be run again.
func Retryable(err error) bool {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return slices.Contains(retryNumbers(), e.Number) || string(e.SQLState[:]) == "40001"
	}
	if e, ok := errors.AsType[*sqlite3.Error](err); ok {
		return e.Code()&0xff == sqliteBusy || e.Code()&0xff == sqliteLocked
	}
	return errors.Is(err, driver.ErrBadConn)
}

// away reports whether err means that the database or this node of it cannot be used. It returns
// false if another transaction was in the way. The caller must know already that a transaction may
// run again after err.
func away(err error) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return (ok && e.Number == clusterNotReady) || errors.Is(err, driver.ErrBadConn)
}

// met reports whether err means that another transaction was first. It returns false if another
// transaction holds its locks for long, or if the database is away. The caller must know already
// that a transaction may run again after err.
func met(err error) bool {
	const lockWait = 1205
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && e.Number != lockWait && !away(err)
}

// Unavailable reports whether err means that the database cannot be reached, is full or is
// overloaded: the same request may succeed later. It returns false if the statement itself was
// wrong.
func Unavailable(err error) bool {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		// The numbers mean: too many connections, shutting down, access to a schema
		// that is being restored, disk full, read-only, table full, query killed.
		away := []uint16{1021, 1030, 1037, 1040, 1041, 1053, 1114, 1129, 1135, 1203, 1226, 1290, 1317, 1792, 1836, 1927, 3024}
		return slices.Contains(away, e.Number) || Retryable(err)
	}
	if e, ok := errors.AsType[*sqlite3.Error](err); ok {
		// The codes mean: busy, locked, out of memory, read-only, interrupted, I/O error,
		// full, cannot open.
		return slices.Contains([]int{5, 6, 7, 8, 9, 10, 13, 14}, e.Code()&0xff)
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, away := range []error{
		driver.ErrBadConn, mysql.ErrInvalidConn, io.EOF, io.ErrUnexpectedEOF,
		context.DeadlineExceeded, context.Canceled,
	} {
		if errors.Is(err, away) {
			return true
		}
	}
	return false
}
