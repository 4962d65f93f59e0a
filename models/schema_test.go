package models_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm/schema"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// indexes returns all indexes of a store as "table: name (columns) unique".
func (k *kit) indexes() []string {
	k.t.Helper()
	byName := map[string][]string{}
	unique := map[string]bool{}
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		for _, table := range ours(k.tables()) {
			for _, index := range k.query("SELECT name, \"unique\" FROM pragma_index_list('" + table + "') WHERE origin = 'c'") {
				key := table + ": " + index.text(0)
				unique[key] = index.text(1) == "1"
				for _, c := range k.query("SELECT name FROM pragma_index_info('" + index.text(0) + "') ORDER BY seqno") {
					byName[key] = append(byName[key], c.text(0))
				}
			}
		}
	} else {
		for _, row := range k.query(`SELECT table_name, index_name, column_name, non_unique FROM information_schema.statistics
WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY' ORDER BY table_name, index_name, seq_in_index`) {
			key := row.text(0) + ": " + row.text(1)
			byName[key] = append(byName[key], row.text(2))
			unique[key] = row.text(3) == "0"
		}
	}
	var all []string
	for key, columns := range byName {
		all = append(all, fmt.Sprintf("%s (%s) unique=%t", key, strings.Join(columns, ", "), unique[key]))
	}
	slices.Sort(all)
	return all
}

// Both engines have the same tables, columns and indexes, and the structs have
// every column.
func TestSchemaIsTheSameOnBothEngines(t *testing.T) {
	t.Parallel()
	engines := map[string]*kit{}
	for engine, address := range map[string]string{"sqlite": modelstest.SQLite(t), "mysql": modelstest.MySQL(t)} {
		engines[engine] = &kit{modelstest.Open(t, address, modelstest.NewClock()), t, nil}
	}
	columnsOf := func(k *kit) map[string][]string {
		all := map[string][]string{}
		for _, table := range ours(k.tables()) {
			all[table] = k.columnsOf(table)
			slices.Sort(all[table])
		}
		return all
	}
	sqlite, mysql := columnsOf(engines["sqlite"]), columnsOf(engines["mysql"])
	if diff := cmp.Diff(sqlite, mysql); diff != "" {
		t.Errorf("columns (-SQLite +MySQL):\n%s", diff)
	}
	if diff := cmp.Diff(engines["sqlite"].indexes(), engines["mysql"].indexes()); diff != "" {
		t.Errorf("indexes (-SQLite +MySQL):\n%s", diff)
	}
	structs := map[string][]string{
		"throttle": {"hits", "open_at", "throttle_key", "window_ends"}, "spent_marks": {"expires_at", "mark"}, // only statements written by hand use these tables
	}
	for _, row := range models.RowTypes() {
		parsed, err := schema.Parse(row, &sync.Map{}, schema.NamingStrategy{})
		if err != nil {
			t.Fatal(err)
		}
		names := slices.Clone(parsed.DBNames)
		slices.Sort(names)
		structs[parsed.Table] = names
	}
	if diff := cmp.Diff(structs, mysql); diff != "" {
		t.Errorf("structs and schema differ (-structs +schema); add a column to the struct of its table in models/:\n%s", diff)
	}
	// Keys that decide identity have no collation. Every other text column on MySQL has
	// a collation by which the names of two people are never equal.
	for _, c := range engines["mysql"].columns() {
		decides := strings.HasSuffix(c.Name, "_key") || strings.HasSuffix(c.Name, "hash") || c.Name == "mark" || c.Name == "key_id" ||
			c.Name == "purpose" || c.Name == "state"
		if decides && !strings.Contains(c.Type, "binary") {
			t.Errorf("column %s.%s is %s, want binary because it decides identity", c.Table, c.Name, c.Type)
		}
		if strings.HasSuffix(c.Name, "_at") && c.Table != "throttle" && c.Table != "leases" && c.Type != "datetime(3)" {
			t.Errorf("column %s.%s is %s, want datetime(3)", c.Table, c.Name, c.Type)
		}
	}
}
