package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models/migrations"
)

// backupTables returns the tables that a backup holds. A database may have tables of other programs
// beside ours, so backups, restores and copies touch only the tables of this list. TestBackupTables
// compares it with the schema.
func backupTables() []string {
	return []string{
		"accounts", "backups", "circle_answers", "circle_asks", "circle_people", "circle_servers", "circles", "claim_codes", "device_codes",
		"email_changes", "emails", "family_people", "former_stays", "history", "idempotency", "import_rows", "imports", "invite_profiles",
		"invite_servers", "invite_uses", "invites", "libraries", "link_changes", "link_levels", "links", "local_passwords", "local_users",
		"mail_days", "mail_stops", "operator_acts", "operator_settings", "outbox", "pictures", "proofs", "protections", "quick_connects", "quick_devices", "restores", "secret_keys", "server_absences",
		"server_addresses", "server_answers", "server_checks", "server_checkups", "server_keys", "server_lists", "server_opens",
		"server_tries", "servers", "service_messages", "sessions", "spent_marks", "throttle", "tokens", "webhook_deliveries",
		"webhook_events", "webhooks",
	}
}

// backupLeftOut returns the tables of the schema that a backup does not hold, each with the reason.
func backupLeftOut() map[string]string {
	return map[string]string{
		"leases":          "says what running programs do",
		setupsTable:       "says how far the first run of the service is; who starts the restored database begins it anew if it needs one",
		versionTable:      "is made anew by the migrations of the restored database; the number in it is in the manifest",
		"sqlite_sequence": "counts for " + versionTable + "; all other numbers are made by the service",
	}
}

// versionTable is the table in which the migrations note what they have done.
const versionTable = "goose_db_version"

// setupsTable is the table of the first run.
const setupsTable = "setups"

// bookkeeping returns the tables in which a service that nobody has used yet has rows. They do not
// count when a database must be empty.
func bookkeeping() []string {
	return []string{"backups", "restores", "secret_keys", "spent_marks", "throttle"}
}

// The kinds of columns. A value of each kind is the same on every engine.
const (
	columnInteger = "integer"
	columnBoolean = "boolean"
	columnTime    = "time" // UTC
	columnText    = "text"
	columnBytes   = "bytes"
)

// backupColumn is a column of a table.
type backupColumn struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// backupReader reads a database at one moment. A [database.Snapshot] is one.
type backupReader interface {
	Query(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// backupSchema is the part of a schema that backups need.
type backupSchema struct {
	version int64
	tables  map[string][]backupColumn // by name, those of [backupTables] that exist; their columns in the order of their names
	others  []string                  // further tables
}

// readSchema reads the schema of a database. It returns an error for a column whose type no kind fits.
func readSchema(ctx context.Context, dialect database.Dialect, reader backupReader) (*backupSchema, error) {
	query := `SELECT t.name, c.name, c.type FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'`
	if dialect != database.SQLite {
		query = `SELECT table_name, column_name, column_type FROM information_schema.columns WHERE table_schema = DATABASE()`
	}
	schema, known := &backupSchema{tables: map[string][]backupColumn{}}, backupTables()
	others := map[string]bool{}
	err := eachRow(ctx, reader, func(scan func(...any) error) error {
		var table, name, columnType string
		if err := scan(&table, &name, &columnType); err != nil {
			return err
		}
		if !slices.Contains(known, table) {
			others[table] = true
			return nil
		}
		kind := kindOfColumn(strings.ToLower(columnType))
		if table == "invites" && name == "link_hash" { // VARBINARY on MySQL, where the other hashes are BINARY
			kind = columnBytes
		}
		if kind == "" {
			return fmt.Errorf("the column %s.%s has the type %s, which a backup does not know", table, name, columnType)
		}
		schema.tables[table] = append(schema.tables[table], backupColumn{name, kind})
		return nil
	}, query)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	for _, columns := range schema.tables {
		slices.SortFunc(columns, func(a, b backupColumn) int { return strings.Compare(a.Name, b.Name) })
	}
	schema.others = slices.Sorted(maps.Keys(others))
	if !others[versionTable] {
		return schema, nil
	}
	err = eachRow(ctx, reader, func(scan func(...any) error) error { return scan(&schema.version) },
		"SELECT COALESCE(MAX(version_id), 0) FROM "+versionTable)
	if err != nil {
		return nil, fmt.Errorf("read the version of the schema: %w", err)
	}
	return schema, nil
}

// kindOfColumn returns the kind of a column by its type in lower case, or "" for a type that no
// migration uses.
func kindOfColumn(columnType string) string {
	name, size, _ := strings.Cut(columnType, "(")
	switch name {
	case "tinyint", "boolean":
		if size == "" || strings.HasPrefix(size, "1)") {
			return columnBoolean
		}
		return columnInteger
	case "integer", "int", "bigint", "smallint":
		return columnInteger
	case "datetime":
		return columnTime
	case "blob", "binary", "mediumblob", "longblob":
		return columnBytes
	case "text", "varchar", "varbinary", "mediumtext", "longtext", "char":
		return columnText
	}
	name, _, _ = strings.Cut(name, " ") // bigint unsigned
	if name != "" && name != columnType {
		return kindOfColumn(name)
	}
	return ""
}

// errNoTables means that a database has no tables of the service.
var errNoTables = errors.New("the database is empty: no service has used it yet")

// servable returns an error if a database or a backup whose schema has the number version cannot be used by
// this program.
func servable(version int64, dialect database.Dialect) error {
	newest, err := migrations.Newest(string(dialect))
	switch {
	case err != nil:
		return err
	case version <= 0:
		return errNoTables
	case version > newest:
		return fmt.Errorf("%w: it has schema %d, this program knows %d; use the newer version of latchkey", database.ErrNewerSchema, version, newest)
	}
	return nil
}

// names returns the tables that exist, sorted.
func (s *backupSchema) names() []string { return slices.Sorted(maps.Keys(s.tables)) }

// columnList returns the names of the columns for a statement.
func columnList(columns []backupColumn) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// eachRow runs a query and calls read for each of its rows.
func eachRow(ctx context.Context, reader backupReader, read func(scan func(...any) error) error, query string) (err error) {
	rows, err := reader.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := read(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
