package models_test

import (
	"reflect"
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

// nullsAndKeys returns the columns of a store that may be null, and the primary key
// of each table.
func (k *kit) nullsAndKeys() (nulls []string, primary map[string][]string) {
	k.t.Helper()
	primary = map[string][]string{}
	for _, table := range ours(k.tables()) {
		query := `SELECT c.column_name, c.is_nullable = 'YES', u.column_name IS NOT NULL FROM information_schema.columns c
LEFT JOIN information_schema.key_column_usage u ON u.table_schema = c.table_schema AND u.table_name = c.table_name
 AND u.column_name = c.column_name AND u.constraint_name = 'PRIMARY'
WHERE c.table_schema = DATABASE() AND c.table_name = ?`
		if models.DatabaseOf(k.Store).Dialect == database.SQLite {
			query = `SELECT name, "notnull" = 0, pk > 0 FROM pragma_table_info(?)`
		}
		for _, row := range k.query(query, table) {
			if row.text(1) == "1" {
				nulls = append(nulls, table+"."+row.text(0))
			}
			if row.text(2) == "1" {
				primary[table] = append(primary[table], row.text(0))
			}
		}
	}
	slices.Sort(nulls)
	return nulls, primary
}

// A column that may be null is a pointer in Go. Such columns and the primary keys are the
// same on both engines.
func TestNullsAndKeysMatchTheStructs(t *testing.T) {
	t.Parallel()
	clock := modelstest.NewClock()
	sqlite := &kit{modelstest.Open(t, modelstest.SQLite(t), clock), t, clock}
	mysql := &kit{modelstest.Open(t, modelstest.MySQL(t), clock), t, clock}
	var pointers []string
	for _, row := range models.RowTypes() {
		parsed, err := schema.Parse(row, &sync.Map{}, schema.NamingStrategy{})
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range parsed.Fields {
			if field.FieldType.Kind() == reflect.Pointer {
				pointers = append(pointers, parsed.Table+"."+field.DBName)
			}
		}
	}
	slices.Sort(pointers)
	primary := map[string][]string{ // TestSchemaIsTheSameOnBothEngines checks the other unique indexes
		"secret_keys": {"key_id"}, "mail_stops": {"address_mac"}, "accounts": {"id"}, "email_changes": {"id"}, "former_stays": {"link_id"}, "sessions": {"id"}, "tokens": {"hash"},
		"outbox": {"id"}, "throttle": {"throttle_key"}, "webhooks": {"id"}, "webhook_events": {"id"}, "webhook_deliveries": {"id"}, "server_absences": {"server_id"}, "history": {"id"},
		"servers": {"id"}, "server_keys": {"hash"}, "server_addresses": {"id"}, "local_users": {"id"}, "links": {"id"},
		"claim_codes": {"code_mac"}, "device_codes": {"id"}, "libraries": {"id"}, "invites": {"id"},
		"invite_servers": {"invite_id", "server_id"}, "link_changes": {"server_id", "seq"}, "proofs": {"id"}, "idempotency": {"mac"},
		"quick_connects": {"id"}, "restores": {"id"}, "server_lists": {"account_id"}, "invite_profiles": {"id"}, "local_passwords": {"id"},
		"server_checks": {"server_id", "name", "subject"}, "server_checkups": {"server_id"}, "server_tries": {"server_id", "address"}, "server_answers": {"server_id", "place"},
		"server_opens": {"session_id", "server_id"}, "invite_uses": {"invite_id", "server_id", "account_id"}, "quick_devices": {"id"}, "pictures": {"token"}, "family_people": {"family_id", "account_id"}, "circles": {"id"}, "circle_servers": {"circle_id", "server_id"}, "circle_people": {"circle_id", "account_id"}, "circle_asks": {"circle_id", "account_id"}, "circle_answers": {"circle_id", "server_id", "account_id"}, "protections": {"server_id"}, "link_levels": {"link_id"},
		"backups": {"id"}, "operator_acts": {"id"}, "operator_settings": {"name"}, "setups": {"id"}, "service_messages": {"id"}, "mail_days": {"day"}, "imports": {"id"}, "import_rows": {"import_id", "position"},
	}
	for engine, k := range map[string]*kit{"SQLite": sqlite, "MySQL": mysql} {
		nulls, keys := k.nullsAndKeys()
		if diff := cmp.Diff(pointers, nulls); diff != "" {
			t.Errorf("%s: columns that may be null (-pointers +schema):\n%s", engine, diff)
		}
		if diff := cmp.Diff(primary, keys); diff != "" {
			t.Errorf("%s: primary keys (-want +got):\n%s", engine, diff)
		}
	}
	// The statement that raises a counter must find only the row with its key, but "ON
	// DUPLICATE KEY" finds rows by every unique key of a table.
	for _, index := range mysql.indexes() {
		if strings.HasPrefix(index, "throttle:") && strings.HasSuffix(index, "unique=true") {
			t.Errorf("the table of counters has a second unique key %s, want only the primary key", index)
		}
	}
}

// Indexed columns on MySQL have no collation: it could treat different values as the same.
func TestIndexesCompareBytes(t *testing.T) {
	t.Parallel()
	clock := modelstest.NewClock()
	k := &kit{modelstest.Open(t, modelstest.MySQL(t), clock), t, clock}
	rows := k.query(`SELECT s.table_name, s.index_name, s.column_name, c.collation_name FROM information_schema.statistics s
JOIN information_schema.columns c ON c.table_schema = s.table_schema AND c.table_name = s.table_name AND c.column_name = s.column_name
WHERE s.table_schema = DATABASE()`)
	if len(rows) < 20 {
		t.Errorf("found %d indexed columns, want at least 20", len(rows))
	}
	for _, row := range rows {
		if row[3] != nil && slices.Contains(ours([]string{row.text(0)}), row.text(0)) {
			t.Errorf("index %s of %s compares %s by %s, want no collation", row.text(1), row.text(0), row.text(2), row.text(3))
		}
	}
}
