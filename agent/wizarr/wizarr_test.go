package wizarr_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/wizarr"
	"github.com/latchkey-media/latchkey/internal/peoplelist"
)

// The tables as Wizarr makes them now, and as it made them before it knew several media servers, without the columns that nobody reads.
const (
	newTables = `CREATE TABLE media_server (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR NOT NULL, server_type VARCHAR NOT NULL, url VARCHAR NOT NULL, api_key VARCHAR);
CREATE TABLE user (id INTEGER NOT NULL PRIMARY KEY, token VARCHAR NOT NULL, username VARCHAR NOT NULL, email VARCHAR, code VARCHAR NOT NULL, photo VARCHAR,
 expires DATETIME, server_id INTEGER, identity_id INTEGER, notes TEXT, is_disabled BOOLEAN NOT NULL DEFAULT 0)`
	oldTables = `CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, token VARCHAR(255) NOT NULL, username VARCHAR(255) NOT NULL, email VARCHAR(255), code VARCHAR(255) NOT NULL, expires DATETIME)`
)

// database makes an SQLite file with statements.
func database(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data base.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "BEGIN;"+strings.Join(statements, ";")+";COMMIT"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// 500 people are read from the database, which stays as it is.
func TestManyPeople(t *testing.T) {
	t.Parallel()
	statements := []string{newTables, "INSERT INTO media_server VALUES (1, 'Attic', 'jellyfin', 'http://127.0.0.1:8096', 'key'), (2, 'Cellar', 'emby', '', '')"}
	var want []peoplelist.Line
	for i := range 500 {
		id, expires, line := fmt.Sprintf("%032x", i), "NULL", peoplelist.Line{Name: fmt.Sprint("person", i), To: fmt.Sprintf("person%d@example.org", i)}
		line.LocalUser = id
		if i%3 == 0 {
			expires, line.EndsAt = "'2027-01-31 18:00:00.000000'", "2027-01-31T18:00:00Z"
		}
		want = append(want, line)
		statements = append(statements, fmt.Sprintf("INSERT INTO user (token, username, email, code, expires, server_id) VALUES ('%s', '%s', ' %s', 'c', %s, 1)", id, line.Name, line.To, expires))
	}
	statements = append(statements, "INSERT INTO user (token, username, email, code, server_id) VALUES ('short', 'other', NULL, 'c', 2)")
	path := database(t, statements...)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wizarr.Read(t.Context(), path, "attic")
	if err != nil || got.Source != "wizarr" {
		t.Fatalf("got the source %q, error %v; want wizarr", got.Source, err)
	}
	if diff := cmp.Diff(want, got.Lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if after, err := os.ReadFile(path); err != nil || string(before) != string(after) {
		t.Errorf("the file has changed, error %v", err)
	}
	if left, err := filepath.Glob(path + "-*"); err != nil || len(left) > 0 {
		t.Errorf("the files %v were left beside it, error %v", left, err)
	}
	other, err := wizarr.Read(t.Context(), path, "Cellar")
	if diff := cmp.Diff([]peoplelist.Line{{Name: "other", LocalUser: "other"}}, other.Lines); err != nil || diff != "" {
		t.Errorf("error %v, lines of the other server (-want +got):\n%s", err, diff)
	}
	if _, err := wizarr.Read(t.Context(), path, ""); !errors.Is(err, wizarr.ErrWhichServer) || !strings.Contains(err.Error(), "Attic, Cellar") {
		t.Errorf("without the name of a server: got error %v, want one that names both", err)
	}
}

// While Wizarr runs, its latest changes are in a file beside its database. The import reads them, too.
func TestRunningWizarr(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "wizarr.db")
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(wal)&_pragma=wal_autocheckpoint(0)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range []string{oldTables, "INSERT INTO users VALUES (1, 'aa', 'nina', 'nina@example.org', 'c', '2027-01-31 18:00')"} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	got, err := wizarr.Read(t.Context(), path, "")
	want := []peoplelist.Line{{Name: "nina", To: "nina@example.org", LocalUser: "nina", EndsAt: "2027-01-31T18:00:00Z"}}
	if diff := cmp.Diff(want, got.Lines); err != nil || diff != "" {
		t.Errorf("error %v, lines (-want +got):\n%s", err, diff)
	}
}

// Other files are refused with the reason.
func TestRefusals(t *testing.T) {
	t.Parallel()
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	if err := os.WriteFile(garbage, []byte("SQLite format 3\x00"+strings.Repeat("x", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		garbage: wizarr.ErrOther,
		database(t, "CREATE TABLE other (id INTEGER)"):               wizarr.ErrOther,
		database(t, "CREATE TABLE user (id INTEGER, token INTEGER)"): wizarr.ErrOther,
		database(t, oldTables):                                       peoplelist.ErrEmpty,
		database(t, "CREATE VIEW users AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id, 'a' AS token, 'b' AS username, 'c' AS email, '' AS expires FROM n ORDER BY id DESC"): wizarr.ErrOther,
		database(t, oldTables, "INSERT INTO users VALUES (1, 'a', CAST(zeroblob(2000000) AS TEXT), 'c', 'd', NULL)"):                                                                                        wizarr.ErrOther,
		database(t, "CREATE VIRTUAL TABLE users USING fts5(id, token, username, email, expires)"):                                                                                                           wizarr.ErrOther,
		filepath.Join(t.TempDir(), "missing.db"): os.ErrNotExist,
	} {
		if _, err := wizarr.Read(t.Context(), path, ""); !errors.Is(err, want) {
			t.Errorf("%s: got error %v, want %v", path, err, want)
		}
	}
}
