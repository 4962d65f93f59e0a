package models_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/migrations"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// steps are the statements of a migration that go down, in their order.
func stepsDown(t *testing.T, dialect database.Dialect, name string) []string {
	t.Helper()
	files, err := migrations.For(string(dialect))
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		t.Fatal(err)
	}
	_, down, found := strings.Cut(string(text), "-- +goose Down\n")
	if !found {
		t.Fatalf("%s has no way down", name)
	}
	var steps []string
	for step := range strings.SplitSeq(down, ";") {
		if step = strings.TrimSpace(step); step != "" {
			steps = append(steps, step)
		}
	}
	return steps
}

// lastMigration is the number of the newest one.
const lastMigration = 4

// prepareAgain lets another start find a database whose migrations from first on
// are not noted as done.
func (k *kit) prepareAgain(what string, first int) {
	k.t.Helper()
	k.exec("DELETE FROM goose_db_version WHERE version_id >= ?", first)
	k.exec("UPDATE leases SET owner = '', until_at = '2000-01-01 00:00:00'") // its heartbeat has stopped
	if applied, err := k.Prepare(k.t.Context(), what); err != nil || applied != lastMigration-first+1 {
		k.t.Fatalf("%s: applied %d, %v", what, applied, err)
	}
}

// down undoes the newest migration that is done.
func (k *kit) down(name string) {
	k.t.Helper()
	for _, step := range stepsDown(k.t, models.DatabaseOf(k.Store).Dialect, name) {
		k.exec(step)
	}
}

// Migration 3 goes down to what was before and up again, on both engines, with
// the people of before.
func TestMigration3DownAndUp(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		k := &kit{modelstest.Open(t, address, modelstest.NewClock(), modelstest.Loose, looseInvites), t, modelstest.NewClock()}
		models.Impatient(k.Store)
		owner, anna := k.account(), k.account()
		m := k.server(owner)
		k.link(m, anna)
		columns, indexes := k.columns(), k.indexes()
		k.down("00004_agent.sql")
		k.down("00003_contract.sql")
		if slices.Contains(k.tables(), "invites") || slices.ContainsFunc(k.columns(), func(c column) bool { return c.Name == "ends_at" }) {
			t.Error("it did not go down")
		}
		k.prepareAgain("down and up", 3)
		if diff := cmp.Diff(sortedColumns(columns), sortedColumns(k.columns())); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(indexes, k.indexes()); diff != "" {
			t.Error(diff)
		}
		if got := k.located(anna, models.LinkAccepted); len(got) != 1 || !got[0].EndsAt.IsZero() {
			t.Errorf("located %+v", got)
		}
		if k.get(anna).Operator {
			t.Error("everybody is an operator")
		}
	})
}

// A program killed at any step of migration 3 leaves what the next one completes:
// MySQL commits each step.
func TestMigration3HalfMade(t *testing.T) {
	t.Parallel()
	address := modelstest.MySQL(t)
	k := &kit{modelstest.Open(t, address, modelstest.NewClock()), t, modelstest.NewClock()}
	columns, indexes := k.columns(), k.indexes()
	steps := stepsDown(t, database.MySQL, "00003_contract.sql")
	if len(steps) < 10 {
		t.Fatalf("only %d steps", len(steps))
	}
	for done := range len(steps) + 1 { // the way down is the way up backwards: so many steps were not reached
		k.down("00004_agent.sql") // which comes later
		for _, step := range steps[:done] {
			k.exec(step)
		}
		k.prepareAgain(fmt.Sprintf("without the last %d steps", done), 3)
		if diff := cmp.Diff(columns, k.columns(), cmp.AllowUnexported(column{})); done == 0 && diff != "" {
			t.Error(diff)
		}
		if len(columns) != len(k.columns()) {
			t.Errorf("without %d steps: %d columns, want %d", done, len(k.columns()), len(columns))
		}
		if diff := cmp.Diff(indexes, k.indexes()); diff != "" {
			t.Errorf("without %d steps: %s", done, diff)
		}
	}
}

// Migration 4 goes down and up again on both engines, with what there was before,
// and what a killed program left half-way is completed.
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
		steps := stepsDown(t, dialect, "00004_agent.sql")
		if len(steps) != 2 {
			t.Fatalf("%d steps", len(steps))
		}
		k.down("00004_agent.sql")
		if slices.Contains(k.tables(), "quick_connects") || slices.ContainsFunc(k.columns(), func(c column) bool { return c.Name == "quick_connect" }) {
			t.Error("it did not go down")
		}
		k.prepareAgain("down and up", 4)
		if dialect == database.MySQL { // SQLite does all or nothing
			k.exec(steps[0])
			k.prepareAgain("without the last step", 4)
		}
		if diff := cmp.Diff(sortedColumns(columns), sortedColumns(k.columns())); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(indexes, k.indexes()); diff != "" {
			t.Error(diff)
		}
		if servers, err := k.QuickConnects.Servers(t.Context(), person.ID); err != nil || len(servers) != 0 {
			t.Errorf("servers of before: %+v, %v", servers, err)
		}
		if got := k.located(person, models.LinkAccepted); len(got) != 1 {
			t.Errorf("located %+v", got)
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
