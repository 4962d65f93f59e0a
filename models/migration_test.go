package models_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/migrations"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// migrationFiles returns the names of an engine's migrations in their order; the
// number of a migration is its position, counted from 1.
func migrationFiles(t *testing.T, dialect database.Dialect) (files fs.FS, names []string) {
	t.Helper()
	files, err := migrations.For(string(dialect))
	if err != nil {
		t.Fatal(err)
	}
	names, err = fs.Glob(files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if !strings.HasPrefix(name, fmt.Sprintf("%05d_", i+1)) {
			t.Fatalf("migration %d is %s, want a name that begins with %05d_", i+1, name, i+1)
		}
	}
	return files, names
}

// stepsDown returns the statements that undo a migration, in their order.
func stepsDown(t *testing.T, dialect database.Dialect, number int) []string {
	t.Helper()
	files, names := migrationFiles(t, dialect)
	text, err := fs.ReadFile(files, names[number-1])
	if err != nil {
		t.Fatal(err)
	}
	_, down, found := strings.Cut(string(text), "-- +goose Down\n")
	if !found {
		t.Fatalf("migration %s has no way down, want one", names[number-1])
	}
	var steps []string
	for step := range strings.SplitSeq(down, ";") {
		if step = strings.TrimSpace(step); step != "" {
			steps = append(steps, step)
		}
	}
	return steps
}

// downTo undoes every migration above number, the newest first. A test that goes
// down by number does not change when a migration is added.
func (k *kit) downTo(number int) {
	k.t.Helper()
	dialect := models.DatabaseOf(k.Store).Dialect
	_, names := migrationFiles(k.t, dialect)
	for n := len(names); n > number; n-- {
		for _, step := range stepsDown(k.t, dialect, n) {
			k.exec(step)
		}
	}
}

// upFrom marks every migration above number as not done, and checks that a start of the
// service applies all of these.
func (k *kit) upFrom(number int, what string) {
	k.t.Helper()
	_, names := migrationFiles(k.t, models.DatabaseOf(k.Store).Dialect)
	k.exec("DELETE FROM goose_db_version WHERE version_id > ?", number)
	k.exec("UPDATE leases SET owner = '', until_at = '2000-01-01 00:00:00'") // the lease of the start before has ended
	if applied, err := k.Prepare(k.t.Context(), what); err != nil || applied != len(names)-number {
		k.t.Fatalf("%s: applied %d migrations with error %v, want %d without an error", what, applied, err, len(names)-number)
	}
}

// alterStep finds each step of an ALTER TABLE: its verb and the kind of thing that it changes.
var alterStep = regexp.MustCompile(`\b(ADD|DROP|MODIFY|CHANGE|RENAME)\s+(UNIQUE\s+)?(COLUMN|KEY|INDEX)\b`)

// TiDB adds no key on a column that the same statement adds, and does not drop and add the same
// key in one statement. So a statement of a migration that adds or drops a key must not do
// anything else.
func TestMigrationsChangeKeysAlone(t *testing.T) {
	t.Parallel()
	files, names := migrationFiles(t, database.MySQL)
	found := 0
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(string(text), "ALTER TABLE ") {
			statement, _, _ = strings.Cut(statement, "\n")
			steps := alterStep.FindAllString(statement, -1)
			keys := slices.ContainsFunc(steps, func(step string) bool { return !strings.HasSuffix(step, "COLUMN") })
			if keys {
				found++
			}
			if keys && len(steps) > 1 {
				t.Errorf("%s does several things in one statement, want each change of a key alone: ALTER TABLE %s", name, statement)
			}
		}
	}
	if found < 10 {
		t.Errorf("the test found %d changes of keys, want at least 10", found)
	}
}

// Migration 3 goes down and up again on both engines, and the accounts and links that
// existed before are kept.
func TestMigration3DownAndUp(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		k := &kit{modelstest.Open(t, address, modelstest.NewClock(), modelstest.Loose, looseInvites), t, modelstest.NewClock()}
		models.Impatient(k.Store)
		owner, anna := k.account(), k.account()
		m := k.server(owner)
		k.link(m, anna)
		columns, indexes := k.columns(), k.indexes()
		k.downTo(2)
		if slices.Contains(k.tables(), "invites") || slices.ContainsFunc(k.columns(), func(c column) bool { return c.Name == "ends_at" }) {
			t.Error("invites or links.ends_at exists after the way down, want neither")
		}
		k.upFrom(2, "down and up")
		if diff := cmp.Diff(sortedColumns(columns), sortedColumns(k.columns())); diff != "" {
			t.Errorf("columns or indexes differ (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(indexes, k.indexes()); diff != "" {
			t.Errorf("columns or indexes differ (-before +after):\n%s", diff)
		}
		if got := k.located(anna, models.LinkAccepted); len(got) != 1 || !got[0].EndsAt.IsZero() {
			t.Errorf("located %+v, want one link without an end", got)
		}
		if k.get(anna).Operator {
			t.Error("the account is an operator, want an ordinary account")
		}
	})
}

// MySQL commits each step of a migration. When the program is killed after any step
// of migration 3, the next start completes it.
func TestMigration3HalfMade(t *testing.T) {
	t.Parallel()
	address := modelstest.MySQL(t)
	k := &kit{modelstest.Open(t, address, modelstest.NewClock()), t, modelstest.NewClock()}
	columns, indexes := k.columns(), k.indexes()
	steps := stepsDown(t, database.MySQL, 3)
	if len(steps) < 10 {
		t.Fatalf("migration 3 has %d steps down, want at least 10", len(steps))
	}
	// The program that was killed had not made the last steps of the migration; done is the number of
	// these steps. So the test makes the whole migration and undoes this number of steps, the last step first.
	for done := range len(steps) + 1 {
		k.downTo(3)
		for _, step := range steps[:done] {
			k.exec(step)
		}
		k.upFrom(2, fmt.Sprintf("without the last %d steps", done))
		// MySQL keeps room in each row for columns that were dropped, until the table is written again.
		for _, table := range []string{"accounts", "servers", "links", "local_users", "invites"} {
			k.exec("ALTER TABLE " + table + " FORCE")
		}
		if diff := cmp.Diff(columns, k.columns(), cmp.AllowUnexported(column{})); done == 0 && diff != "" {
			t.Errorf("columns or indexes differ (-before +after):\n%s", diff)
		}
		if len(columns) != len(k.columns()) {
			t.Errorf("without %d steps: %d columns, want %d", done, len(k.columns()), len(columns))
		}
		if diff := cmp.Diff(indexes, k.indexes()); diff != "" {
			t.Errorf("without %d steps: indexes (-want +got): %s", done, diff)
		}
	}
}

// Migration 4 goes down and up again on both engines, and the links that existed before are
// kept. When the program is killed between its steps, the next start completes it.
func TestMigration4DownAndUp(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		k := &kit{modelstest.Open(t, address, modelstest.NewClock(), modelstest.Loose, looseServers, looseInvites), t, modelstest.NewClock()}
		models.Impatient(k.Store)
		owner := k.account()
		m := k.agent(owner)
		person := k.member(owner, m)
		columns, indexes := k.columns(), k.indexes()
		dialect := models.DatabaseOf(k.Store).Dialect
		steps := stepsDown(t, dialect, 4)
		if len(steps) != 2 {
			t.Fatalf("migration 4 has %d steps down, want 2", len(steps))
		}
		k.downTo(3)
		if slices.Contains(k.tables(), "quick_connects") || slices.ContainsFunc(k.columns(), func(c column) bool { return c.Name == "quick_connect" }) {
			t.Error("quick_connects or servers.quick_connect exists after the way down, want neither")
		}
		k.upFrom(3, "down and up")
		if dialect == database.MySQL { // SQLite does all or nothing
			k.downTo(4)
			k.exec(steps[0])
			k.upFrom(3, "without the last step")
		}
		if diff := cmp.Diff(sortedColumns(columns), sortedColumns(k.columns())); diff != "" {
			t.Errorf("columns or indexes differ (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(indexes, k.indexes()); diff != "" {
			t.Errorf("columns or indexes differ (-before +after):\n%s", diff)
		}
		if servers, err := k.QuickConnects.Servers(t.Context(), person.ID); err != nil || len(servers) != 0 {
			t.Errorf("servers that take codes %+v with error %v, want none", servers, err)
		}
		if got := k.located(person, models.LinkAccepted); len(got) != 1 {
			t.Errorf("located %+v, want one link", got)
		}
	})
}

func sortedColumns(all []column) []string {
	var texts []string
	for _, c := range all {
		texts = append(texts, fmt.Sprint(c))
	}
	slices.Sort(texts)
	return texts
}

// Migration 8 goes down and up again on both engines. Addresses are kept, also addresses
// that differ only in their path after the migration. When the program is killed between
// its steps, the next start completes it.
func TestMigration8DownAndUp(t *testing.T) {
	t.Parallel()
	const number, path = 8, "https://media.example.test/jellyfin"
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		k := &kit{modelstest.Open(t, address, modelstest.NewClock(), modelstest.Loose, looseServers, looseInvites), t, modelstest.NewClock()}
		models.Impatient(k.Store)
		owner := k.account()
		m := k.agent(owner)
		k.must(k.addAddress(owner, m, path))
		columns, indexes := k.columns(), k.indexes()
		dialect := models.DatabaseOf(k.Store).Dialect
		steps := stepsDown(t, dialect, number)
		k.downTo(number - 1)
		before := k.texts("SELECT host FROM server_addresses ORDER BY host")
		k.upFrom(number-1, "down and up")
		if got := k.texts("SELECT host FROM server_addresses WHERE path = '' ORDER BY host"); len(got) != 2 || !cmp.Equal(got, before) {
			t.Errorf("hosts %v, want the two without a path, %v", got, before)
		}
		for done := 1; dialect == database.MySQL && done < len(steps); done++ { // SQLite does all or nothing
			k.downTo(number)
			for _, step := range steps[:done] {
				k.exec(step)
			}
			k.upFrom(number-1, fmt.Sprintf("without the last %d steps", done))
		}
		if diff := cmp.Diff(sortedColumns(columns), sortedColumns(k.columns())); diff != "" {
			t.Errorf("columns differ (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(indexes, k.indexes()); diff != "" {
			t.Errorf("indexes differ (-before +after):\n%s", diff)
		}
		k.must(k.addAddress(owner, m, path))
		k.isKind(k.addAddress(owner, m, path+"/"), models.KindConflict)
	})
}

// These migrations go down and up again on both engines, and the index that each of them makes
// exists afterwards. When the program is killed between any two steps, the next start
// completes it.
func TestMigrationsOfIndexesDownAndUp(t *testing.T) {
	t.Parallel()
	for name, index := range map[string]string{"_list_indexes.sql": "links_list", "_gone_libraries.sql": "libraries_gone_at"} {
		t.Run(index, func(t *testing.T) {
			t.Parallel()
			modelstest.EachDatabase(t, func(t *testing.T, address string) {
				k := &kit{modelstest.Open(t, address, modelstest.NewClock()), t, modelstest.NewClock()}
				models.Impatient(k.Store)
				columns, indexes, dialect := sortedColumns(k.columns()), k.indexes(), models.DatabaseOf(k.Store).Dialect
				_, names := migrationFiles(t, dialect)
				number := 1 + slices.IndexFunc(names, func(file string) bool { return strings.HasSuffix(file, name) })
				k.downTo(number - 1)
				k.upFrom(number-1, "down and up")
				steps := stepsDown(t, dialect, number)
				for done := 1; dialect == database.MySQL && done < len(steps); done++ { // SQLite does all or nothing
					k.downTo(number)
					for _, step := range steps[:done] {
						k.exec(step)
					}
					k.upFrom(number-1, fmt.Sprintf("without the last %d steps", done))
				}
				if diff := cmp.Diff(columns, sortedColumns(k.columns())); diff != "" {
					t.Errorf("columns differ (-before +after):\n%s", diff)
				}
				if diff := cmp.Diff(indexes, k.indexes()); diff != "" || !strings.Contains(fmt.Sprint(indexes), index) {
					t.Errorf("indexes differ, or none is %s (-before +after):\n%s", index, diff)
				}
			})
		})
	}
}
