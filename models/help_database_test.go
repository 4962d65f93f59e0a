package models_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
)

// column describes a column of the database.
type column struct{ Table, Name, Type string }

// tables returns the tables of a store in the order of their names.
func (k *kit) tables() []string {
	k.t.Helper()
	query := "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1"
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
	}
	var names []string
	for _, row := range k.query(query) {
		names = append(names, row.text(0))
	}
	return names
}

// columns returns all columns of a store.
func (k *kit) columns() []column {
	k.t.Helper()
	var all []column
	for _, table := range k.tables() {
		query := "SELECT column_name, column_type FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '" + table + "'"
		if models.DatabaseOf(k.Store).Dialect == database.SQLite {
			query = "SELECT name, type FROM pragma_table_info('" + table + "')"
		}
		for _, row := range k.query(query) {
			all = append(all, column{table, row.text(0), row.text(1)})
		}
	}
	return all
}

// record is a row with its values as the driver gives them.
type record []any

func (r record) text(i int) string {
	if b, ok := r[i].([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(r[i])
}

// query reads rows with any columns.
func (k *kit) query(query string, args ...any) []record {
	k.t.Helper()
	var all []record
	k.repeating(func() (err error) {
		all, err = k.tryQuery(query, args...)
		return err
	})
	return all
}

func (k *kit) tryQuery(query string, args ...any) (all []record, err error) {
	rows, err := models.DatabaseOf(k.Store).SQL.QueryContext(k.t.Context(), query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		r := make(record, len(names))
		into := make([]any, len(names))
		for i := range r {
			into[i] = &r[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// repeating runs a statement of a test until it does not lose against another one: the nodes of a cluster
// end any statement, even one that only reads, that is in the way of another node's change of a table.
func (k *kit) repeating(run func() error) {
	k.t.Helper()
	err := run()
	for try := 1; try < 20 && database.Retryable(err); try++ {
		err = run()
	}
	k.must(err)
}

// exec runs a statement directly, without the rules of the Store.
func (k *kit) exec(statement string, args ...any) {
	k.t.Helper()
	if writesLists(statement + " ") {
		k.distrust()
	}
	k.repeating(func() error {
		_, err := models.DatabaseOf(k.Store).SQL.ExecContext(k.t.Context(), statement, args...)
		return err
	})
}

// rowsOf returns by "table.column" how many rows refer to an account in that column. It
// leaves out columns in which no row refers to the account.
func (k *kit) rowsOf(accountID int64) map[string]string {
	k.t.Helper()
	found := map[string]string{}
	for _, c := range k.columns() {
		if c.Name != "account_id" && (c.Table != "accounts" || c.Name != "id" && c.Name != "guardian_id") {
			continue
		}
		count := k.query(fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE %s = %d", c.Table, c.Name, accountID))[0].text(0)
		if count != "0" {
			found[c.Table+"."+c.Name] = count
		}
	}
	return found
}

// ours keeps only the tables that the migrations of the service make.
func ours(tables []string) []string {
	return slices.DeleteFunc(slices.Clone(tables), func(name string) bool { return name == "leases" || strings.HasPrefix(name, "goose_") })
}

// texts reads rows as texts, with null as "<nil>".
func (k *kit) texts(query string, args ...any) [][]string {
	k.t.Helper()
	var all [][]string
	for _, r := range k.query(query, args...) {
		row := make([]string, len(r))
		for i := range r {
			row[i] = r.text(i)
		}
		all = append(all, row)
	}
	return all
}
