package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/models"
)

// TestImportOfAList invites 500 people from a CSV file: the dry run says what the run does, and the same list again changes nothing,
// whatever form it has.
func TestImportOfAList(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.signUp("anna")
	h := buildHouse(owner, "Grandma")
	server, _ := owner.owns("Grandma")
	var csv, people strings.Builder
	csv.WriteString("\ufeffname;address;last day\r\n")
	people.WriteString("[")
	for i := range 500 {
		fmt.Fprintf(&csv, "Person %d;person%d@example.org;2035-01-31\r\n", i, i)
		fmt.Fprintf(&people, `{"name":"Person %d","email":"person%d@example.org"},`, i, i)
	}
	csv.WriteString("Twice;person7@example.org;\r\nWrong;not an address@;\r\n")
	people.WriteString(`{"email":"person7+tag@example.org"}]`)
	file, other := filepath.Join(t.TempDir(), "people.csv"), filepath.Join(t.TempDir(), "people.json")
	for name, text := range map[string]string{file: csv.String(), other: people.String()} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(arguments ...string) client.Import {
		t.Helper()
		p := launch(t, nil, append([]string{"agent", "import", "--data-dir=" + h.folder, "--json"}, arguments...)...)
		if err := p.wait(); err != nil {
			t.Fatalf("%v: %v, want no error\n%s", arguments, err, p.said)
		}
		var one client.Import
		if err := json.Unmarshal([]byte(p.said.String()), &one); err != nil {
			t.Fatalf("%v: %v, want JSON\n%s", arguments, err, p.said)
		}
		return one
	}
	outcomes := func(one client.Import) (list []string) {
		for _, line := range one.Lines {
			list = append(list, line.Outcome)
		}
		return list
	}
	dry, done := run(file, "--dry-run"), run(file)
	if diff := cmp.Diff(outcomes(dry), outcomes(done)); diff != "" || dry.Status != "draft" || done.Status != "done" || done.Counts.Made != 500 || done.Counts.Refused != 2 {
		t.Errorf("the dry run is %s, the run is %s with %+v; outcomes (-dry run +run):\n%s", dry.Status, done.Status, done.Counts, diff)
	}
	for _, name := range []string{file, other} {
		if again := run(name); again.Counts.Invite != 0 || again.Counts.Made != 0 || again.Counts.Same < 500 {
			t.Errorf("%s: the counts of a second run are %+v, want nobody invited", name, again.Counts)
		}
	}
	if got := run(wizarrDatabase(t), "--dry-run"); got.Source != "wizarr" || !slices.Equal(outcomes(got), []string{"invite", "local_user_unknown"}) {
		t.Errorf("Wizarr's database has the source %s and the outcomes %v, want Grandma invited, and Nobody unknown", got.Source, outcomes(got))
	}
	page, err := owner.Invites.ImportPage(t.Context(), server, client.PageAsk{})
	if err != nil || len(page.Items) != 5 {
		t.Errorf("the owner sees %d lists, error %v; want 5", len(page.Items), err)
	}
}

// wizarrDatabase makes a database of Wizarr with two users.
func wizarrDatabase(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "database.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range []string{
		"CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, token VARCHAR, username VARCHAR, email VARCHAR, code VARCHAR, expires DATETIME)",
		"INSERT INTO users VALUES (1, 'a', 'Grandma', 'grandma@example.org', 'c', NULL), (2, 'b', 'Nobody', 'nobody@example.org', 'c', NULL)",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// Each outcome has words.
func TestOutcomesHaveWords(t *testing.T) {
	t.Parallel()
	for _, outcome := range models.ImportOutcomes() {
		if text := outcomeText(client.ImportLine{Outcome: outcome}); text == outcome {
			t.Errorf("the outcome %s has no words", outcome)
		}
	}
}
