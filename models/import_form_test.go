package models_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/wizarr"
	"github.com/latchkey-media/latchkey/internal/peoplelist"
	"github.com/latchkey-media/latchkey/models"
)

// formPeople is how many people the lists of these tests have.
const formPeople = 500

// formUserID returns the id of a local user of these tests, in the form of Jellyfin.
func formUserID(i int) string { return fmt.Sprintf("%032x", 0xabc000+i) }

// formLists returns the same people in each form that can be imported: each has an address and a local user of
// their own, and every third one has an end.
func formLists(t *testing.T) map[string]peoplelist.List {
	t.Helper()
	var csv strings.Builder
	csv.WriteString("\ufeffName;E-Mail;Local user;Last day\r\n")
	people, users, emails, ends := []map[string]any{}, []map[string]any{}, map[string]any{}, map[string]string{}
	statements := []string{"CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, token VARCHAR, username VARCHAR, email VARCHAR, code VARCHAR, expires DATETIME)"}
	for i := range formPeople {
		id, name, address := formUserID(i), fmt.Sprint("Person ", i), fmt.Sprintf("person%d@example.org", i)
		day, expiry, stamp, moment := "", 0, "NULL", "0001-01-01T00:00:00Z"
		if i%3 == 0 {
			day, expiry, stamp, moment = "2035-01-31", 2053810800, "'2035-01-30 23:00:00.000000'", "2035-01-31T00:00:00+01:00"
		}
		fmt.Fprintf(&csv, "%s;%s;%s;%s\r\n", name, address, id, day)
		people = append(people, map[string]any{"name": name, "email": address, "local_user": id, "ends_at": day})
		users = append(users, map[string]any{"id": id, "name": name, "email": address, "expiry": expiry, "admin": false, "label": ""})
		emails[id], ends[id] = map[string]any{"addr": address, "contact": true}, moment
		statements = append(statements, fmt.Sprintf("INSERT INTO users (token, username, email, code, expires) VALUES ('%s', '%s', '%s', 'c', %s)", id, name, address, stamp))
	}
	read := func(files ...any) peoplelist.List {
		t.Helper()
		var texts [][]byte
		for _, file := range files {
			text, ok := file.(string)
			if !ok {
				made, err := json.Marshal(file)
				if err != nil {
					t.Fatal(err)
				}
				text = string(made)
			}
			texts = append(texts, []byte(text))
		}
		list, err := peoplelist.Read(texts...)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	return map[string]peoplelist.List{
		"CSV": read(csv.String()), "JSON": read(map[string]any{"people": people}), "users of jfa-go": read(map[string]any{"users": users}),
		"files of jfa-go": read(emails, ends), "Wizarr": readWizarr(t, statements),
	}
}

func readWizarr(t *testing.T, statements []string) peoplelist.List {
	t.Helper()
	path := filepath.Join(t.TempDir(), "database.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(context.Background(), "BEGIN;"+strings.Join(statements, ";")+";COMMIT"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := wizarr.Read(t.Context(), path, "")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The same 500 people in each form: the dry run equals the run, nobody gets two mails, and after the first list no
// other one changes anything, whatever form it has.
func TestImportOfEachForm(t *testing.T) {
	lists := formLists(t)
	for form := range lists {
		t.Run(form, func(t *testing.T) {
			eachInvite(t, func(k *kit) {
				ctx, owner := k.t.Context(), k.account()
				m := k.agent(owner)
				in := report()
				for i := range formPeople {
					in.LocalUsers = append(in.LocalUsers, models.LocalUser{ExternalID: formUserID(i), Name: fmt.Sprint("user", i)})
				}
				k.report(m, in)
				newImport := func(list peoplelist.List) models.NewImport {
					one := models.NewImport{Source: list.Source}
					for _, line := range list.Lines {
						one.Lines = append(one.Lines, models.NewImportLine{Name: line.Name, To: line.To, LocalUser: line.LocalUser, Libraries: line.Libraries, EndsAt: line.EndsAt})
					}
					return one
				}
				draft, err := k.Imports.Draft(ctx, owner.ID, m.ID, newImport(lists[form]))
				k.must(err)
				run := k.runImport(owner, m, draft.ID)
				if diff := cmp.Diff(outcomes(draft), outcomes(run)); diff != "" || draft.Counts.Invite != formPeople || run.Counts.Made != formPeople || run.State != models.ImportDone {
					k.t.Errorf("the draft has %+v, the run is %s with %+v; outcomes (-draft +run):\n%s", draft.Counts, run.State, run.Counts, diff)
				}
				ends := 0
				for _, line := range run.Lines {
					if line.LocalUserID == 0 {
						k.t.Errorf("the line %d has no local user, want one", line.Position)
					}
					if !line.EndsAt.IsZero() {
						ends++
					}
				}
				if want := (formPeople + 2) / 3; ends != want {
					k.t.Errorf("%d people have an end, want %d", ends, want)
				}
				if n := k.counted("SELECT COUNT(*) FROM outbox WHERE kind = 'invite'"); n != formPeople {
					k.t.Errorf("%d mails wait, want one for each person", n)
				}
				for other, list := range lists {
					again, err := k.Imports.Draft(ctx, owner.ID, m.ID, newImport(list))
					k.must(err)
					again = k.runImport(owner, m, again.ID)
					if again.Counts.Same != formPeople || again.Counts.Invite != 0 || again.State != models.ImportDone {
						k.t.Errorf("%s after it: the state is %s, the counts are %+v; want that nothing changes", other, again.State, again.Counts)
					}
				}
				if n := k.counted("SELECT COUNT(*) FROM invites"); n != formPeople {
					k.t.Errorf("%d invites were made, want %d", n, formPeople)
				}
				if n := k.counted("SELECT COUNT(*) FROM outbox WHERE kind = 'invite'"); n != formPeople {
					k.t.Errorf("%d mails wait in the end, want one for each person", n)
				}
			})
		})
	}
}
