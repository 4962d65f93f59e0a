package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models/migrations"
)

// ErrNotEmpty means that a database has rows and would be overwritten.
var ErrNotEmpty = errors.New("the database already has data")

// loader fills a database with the rows of a backup. It brings the schema to the version of the backup
// first, so that an older backup is migrated like an older database.
type loader struct {
	db      *database.DB
	bulk    *database.Bulk
	owner   string                           // of the lease of migrations
	allowed func(head *BackupManifest) error // may be nil
	replace bool
	tell    BackupProgress
}

// load fills the database from r, and compares each table with the manifest. From its first change to
// [database.DB.EndFilling], which the caller must call, no service starts on the database.
func (l *loader) load(ctx context.Context, r io.Reader) (BackupManifest, error) {
	a := &archiveReader{step: BackupLoading, tell: l.tell, begin: l.begin, rows: l.rows}
	m, err := a.readArchive(ctx, r)
	if l.bulk != nil {
		err = errors.Join(err, l.bulk.Close())
	}
	if err != nil {
		return m, err
	}
	return m, l.compareTables(ctx, &m)
}

// begin prepares the database for a backup.
func (l *loader) begin(ctx context.Context, head *BackupManifest) error {
	if err := servable(head.Schema, l.db.Dialect); err != nil {
		return fmt.Errorf("%w: %w", ErrBackupNewer, err)
	}
	if l.allowed != nil {
		if err := l.allowed(head); err != nil {
			return err
		}
	}
	schema, err := schemaOf(ctx, l.db)
	if err != nil {
		return err
	}
	if !l.replace {
		if err := mustBeEmpty(ctx, l.db, schema); err != nil {
			return err
		}
	}
	if err := l.db.BeginFilling(ctx); err != nil {
		return err
	}
	if l.bulk, err = l.db.Bulk(); err != nil {
		return err
	}
	if err := l.dropTables(ctx, schema); err != nil {
		return err
	}
	steps, err := migrations.For(string(l.db.Dialect))
	if err != nil {
		return err
	}
	if err := l.db.MigrateTo(ctx, steps, l.owner, head.Schema); err != nil {
		return err
	}
	return l.emptyTables(ctx, head)
}

// schemaOf reads the schema of a database.
func schemaOf(ctx context.Context, db *database.DB) (schema *backupSchema, err error) {
	snapshot, err := db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	return readSchema(ctx, db.Dialect, snapshot)
}

// mustBeEmpty returns [ErrNotEmpty] if a table has rows that somebody would miss. A database that an
// interrupted restore or copy has left behind counts as empty.
func mustBeEmpty(ctx context.Context, db *database.DB, schema *backupSchema) error {
	if slices.Contains(schema.others, "leases") {
		if half, err := db.HalfFilled(ctx); half || err != nil {
			return err
		}
	}
	for _, table := range schema.names() {
		if slices.Contains(bookkeeping(), table) {
			continue
		}
		var rows int64
		if err := db.Gorm.WithContext(ctx).Raw("SELECT COUNT(*) FROM (SELECT 1 AS one FROM " + table + " LIMIT 1) AS some_rows").Scan(&rows).Error; err != nil {
			return fmt.Errorf("look whether the database is empty: %w", err)
		}
		if rows > 0 {
			return fmt.Errorf("%w (the table %s has rows)", ErrNotEmpty, table)
		}
	}
	return nil
}

// dropTables removes our tables, also those that only a newer schema has.
func (l *loader) dropTables(ctx context.Context, schema *backupSchema) error {
	tables := schema.names()
	for _, table := range []string{setupsTable, versionTable} { // the version first of all, because without it every table is made anew
		if slices.Contains(schema.others, table) {
			tables = append([]string{table}, tables...)
		}
	}
	return l.bulk.Tx(ctx, func(tx *sql.Tx) error {
		for _, table := range tables {
			if _, err := tx.ExecContext(ctx, "DROP TABLE IF EXISTS "+table); err != nil {
				return fmt.Errorf("remove the table %s: %w", table, err)
			}
		}
		return nil
	})
}

// emptyTables deletes the rows that migrations have made, and checks that each table has the columns
// that it has in the backup.
func (l *loader) emptyTables(ctx context.Context, head *BackupManifest) error {
	schema, err := schemaOf(ctx, l.db)
	if err != nil {
		return err
	}
	for _, table := range head.Tables {
		if !slices.Equal(schema.tables[table.Name], table.Columns) {
			return fmt.Errorf("%w (the columns of %s are not those of schema %d)", ErrBackupDamaged, table.Name, head.Schema)
		}
	}
	return l.bulk.Tx(ctx, func(tx *sql.Tx) error {
		for _, table := range schema.names() {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil { //nolint:gosec // a name of backupTables
				return fmt.Errorf("empty the table %s: %w", table, err)
			}
		}
		return nil
	})
}

// Sizes of the statements that insert rows.
const (
	insertValues = 10_000  // placeholders of one statement; SQLite takes 32,766
	insertSize   = 1 << 20 // bytes of the rows of one statement; a server takes 16 MB, in which bytes may have doubled
)

// rows inserts the rows of a part, in one transaction.
func (l *loader) rows(ctx context.Context, table *BackupTable, lines [][]byte) error {
	err := l.bulk.Tx(ctx, func(tx *sql.Tx) error {
		for rest := lines; len(rest) > 0; {
			size, count := 0, 0
			for _, line := range rest {
				size += len(line)
				if count > 0 && (size > insertSize || (count+1)*len(table.Columns) > insertValues) {
					break
				}
				count++
			}
			if err := insertRows(ctx, tx, table, rest[:count]); err != nil {
				return err
			}
			rest = rest[count:]
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load %s: %w", table.Name, err)
	}
	return nil
}

// insertRows inserts some rows by one statement.
func insertRows(ctx context.Context, tx *sql.Tx, table *BackupTable, lines [][]byte) error {
	args := make([]any, 0, len(lines)*len(table.Columns))
	for _, line := range lines {
		values, err := readRow(line, table.Columns)
		if err != nil {
			return err
		}
		args = append(args, values...)
	}
	row := "(?" + strings.Repeat(", ?", len(table.Columns)-1) + ")"
	//nolint:gosec // the names are those of the schema, values are parameters
	statement := "INSERT INTO " + table.Name + " (" + columnList(table.Columns) + ") VALUES " + row + strings.Repeat(", "+row, len(lines)-1)
	_, err := tx.ExecContext(ctx, statement, args...)
	return err
}

// compareTables reads each table of the filled database and compares its rows with the manifest.
func (l *loader) compareTables(ctx context.Context, m *BackupManifest) (err error) {
	snapshot, err := l.db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	done, all := int64(0), m.Rows()
	for _, table := range m.Tables {
		var digest rowsDigest
		err := readTable(ctx, snapshot, table.Name, table.Columns, func(line []byte) error {
			if digest.add(line); digest.rows%10_000 == 0 {
				l.tell.tell(BackupComparing, done+digest.rows, all)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("compare %s: %w", table.Name, err)
		}
		if digest.rows != table.Rows || digest.text() != table.Digest {
			return fmt.Errorf("the table %s has %d rows with digest %.12s, and the original %d with %.12s: the database did not take all values as they are",
				table.Name, digest.rows, digest.text(), table.Rows, table.Digest)
		}
		done += digest.rows
	}
	l.tell.tell(BackupComparing, done, all)
	return nil
}
