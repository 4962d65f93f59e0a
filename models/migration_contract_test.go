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

// prepareAgain lets another start find a database whose migration 3 is not noted
// as done.
func (k *kit) prepareAgain(what string) {
	k.t.Helper()
	k.exec("DELETE FROM goose_db_version WHERE version_id = 3")
	k.exec("UPDATE leases SET owner = '', until_at = '2000-01-01 00:00:00'") // its heartbeat has stopped
	if applied, err := k.Prepare(k.t.Context(), what); err != nil || applied != 1 {
		k.t.Fatalf("%s: applied %d, %v", what, applied, err)
	}
}

// Migration 3 goes down to what was before and up again, on both engines, with
// the people of before.
func TestContractDownAndUp(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		k := &kit{modelstest.Open(t, address, modelstest.NewClock(), modelstest.Loose, looseContract), t, modelstest.NewClock()}
		models.Impatient(k.Store)
		owner, anna := k.account(), k.account()
		m := k.server(owner)
		k.link(m, anna)
		columns, indexes := k.columns(), k.indexes()
		for _, step := range stepsDown(t, models.DatabaseOf(k.Store).Dialect, "00003_contract.sql") {
			k.exec(step)
		}
		if slices.Contains(k.tables(), "invites") || slices.ContainsFunc(k.columns(), func(c column) bool { return c.Name == "ends_at" }) {
			t.Error("it did not go down")
		}
		k.prepareAgain("down and up")
		sorted := func(all []column) []string {
			var texts []string
			for _, c := range all {
				texts = append(texts, fmt.Sprint(c))
			}
			slices.Sort(texts)
			return texts
		}
		if diff := cmp.Diff(sorted(columns), sorted(k.columns())); diff != "" {
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
func TestContractHalfMade(t *testing.T) {
	t.Parallel()
	address := modelstest.MySQL(t)
	k := &kit{modelstest.Open(t, address, modelstest.NewClock()), t, modelstest.NewClock()}
	columns, indexes := k.columns(), k.indexes()
	steps := stepsDown(t, database.MySQL, "00003_contract.sql")
	if len(steps) < 10 {
		t.Fatalf("only %d steps", len(steps))
	}
	for done := range len(steps) + 1 { // the way down is the way up backwards: so many steps were not reached
		for _, step := range steps[:done] {
			k.exec(step)
		}
		k.prepareAgain(fmt.Sprintf("without the last %d steps", done))
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
