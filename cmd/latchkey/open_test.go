package main

import (
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestWrongKeyIsRefused opens a database with another secret key: no command works. If the old key
// is given as the previous one, the new key works, and after that the new key works alone.
func TestWrongKeyIsRefused(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		const other = "another secret key, as long as it must be"
		first := newShell(t, "--dev", "--listen=127.0.0.1:0", "--database="+address, "--secret-key="+modelstest.Key)
		first.must(t, "migrate")
		wrong := newShell(t, "--dev", "--listen=127.0.0.1:0", "--database="+address, "--secret-key="+other)
		for _, command := range [][]string{{"migrate"}, {"account", "list"}, {"mail", "list"}, {"serve"}} {
			wrong.refused(t, "the secret key does not fit this database", command...)
		}
		if _, problems, err := wrong.run(t, "serve"); strings.Contains(problems+err.Error(), other) {
			t.Errorf("the key is shown: %s %v, want it without %q", problems, err, other)
		}
		rotated := newShell(t, "--dev", "--database="+address, "--secret-key="+other, "--secret-key-previous="+modelstest.Key)
		rotated.must(t, "migrate")
		rotated.must(t, "account", "list")
		newShell(t, "--dev", "--database="+address, "--secret-key="+modelstest.Key).refused(t, "does not fit", "migrate")
	})
}

// TestNewerSchemaIsRefused opens the database of a newer program.
func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		s := newShell(t, "--dev", "--listen=127.0.0.1:0", "--database="+address)
		s.must(t, "migrate")
		if _, err := look(t, address).SQL.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)"); err != nil {
			t.Fatal(err)
		}
		for _, command := range [][]string{{"migrate"}, {"account", "list"}, {"serve"}} {
			s.refused(t, "the database was migrated by a newer version of latchkey: it has schema 99999", command...)
		}
	})
}

// TestDatabaseThatCannotBe checks that an address that can never work is an error at once, and that
// the program does not wait for the database.
func TestDatabaseThatCannotBe(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev", "--listen=127.0.0.1:0", "--database=sqlite:"+t.TempDir()+"/no/such/folder/latchkey.db")
	s.refused(t, "no such file or directory", "migrate")
}

// When the database refuses the program, the operator reads what to do about that.
func TestRefusedDatabaseSaysWhatToDo(t *testing.T) {
	t.Parallel()
	address := modelstest.MySQL(t)
	before, after, _ := strings.Cut(address, "@")
	wrong := before[:strings.LastIndexAny(before, "/:")+1] + "nobody:hunter2@" + after
	s := newShell(t, "--dev", "--listen=127.0.0.1:0", "--database="+wrong)
	for _, command := range [][]string{{"serve"}, {"account", "list"}} {
		s.refused(t, "Compare user and password", command...)
		if _, problems, err := s.run(t, command...); strings.Contains(problems+err.Error(), "hunter2") {
			t.Errorf("%v: the password is shown: %s %v, want it left out", command, problems, err)
		}
	}
}
