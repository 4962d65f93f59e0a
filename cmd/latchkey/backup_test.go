package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/latchkey-media/latchkey/models/modelstest"
)

// keeperShell returns a shell for a database, with a data folder of its own.
func keeperShell(t *testing.T, address string) *shell {
	t.Helper()
	return newShell(t, "--dev", "--secret-key="+modelstest.Key, "--database="+address)
}

// other returns the address of an empty database of the other engine.
func other(t *testing.T, address string) string {
	t.Helper()
	if strings.HasPrefix(address, "sqlite:") {
		return modelstest.MySQL(t)
	}
	return modelstest.SQLite(t)
}

// The command restores a backup into a database of the same engine. If the database or the backup
// does not fit, it refuses, and says what to do.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		s, file := keeperShell(t, address), filepath.Join(t.TempDir(), "latchkey.tar")
		s.must(t, "account", "create", "anna", "anna@example.org")
		said := s.must(t, "backup", file)
		for _, part := range []string{"is whole: 1 accounts, 0 servers, ", "Not in a backup", "secret key", "agents"} {
			if !strings.Contains(said, part) {
				t.Errorf("backup said %q, want %q in it", said, part)
			}
		}
		s.refused(t, "add --replace", "backup", file)
		s.must(t, "account", "create", "bert", "bert@example.org")
		s.refused(t, "Nothing was changed. To lose that data", "restore", file)
		if got := s.must(t, "restore", "--check", file); !strings.Contains(got, "is whole: 1 accounts") {
			t.Errorf("restore --check said %q, want that the file is whole", got)
		}
		var result struct {
			Restored bool           `json:"restored"`
			Rows     map[string]int `json:"rows"`
		}
		if err := json.Unmarshal([]byte(s.must(t, "restore", file, "--replace", "--json")), &result); err != nil || !result.Restored || result.Rows["accounts"] != 1 {
			t.Errorf("restore --json: %+v, %v; want one account", result, err)
		}
		if got := s.must(t, "account", "list"); !strings.Contains(got, "anna") || strings.Contains(got, "bert") {
			t.Errorf("after the restore:\n%s\nwant anna alone", got)
		}
		wrong := keeperShell(t, address)
		wrong.flags = append(wrong.flags, "--secret-key="+strings.Repeat("another key ", 4))
		wrong.refused(t, "the secret key does not fit", "restore", file, "--replace")
		s.refused(t, "is not a backup", "restore", os.Args[0], "--replace")
	})
}

// An encrypted backup needs its identity; the settings may name the recipients.
func TestBackupEncrypted(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	keys, file := filepath.Join(folder, "keys"), filepath.Join(folder, "backup.tar.age")
	if err := os.WriteFile(keys, []byte(identity.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s := keeperShell(t, modelstest.SQLite(t))
	s.must(t, "account", "create", "anna", "anna@example.org")
	said, _, err := s.run(t, "backup", "-", "--backup-recipients="+identity.Recipient().String())
	if err != nil || !strings.HasPrefix(said, "age-encryption.org/") {
		t.Fatalf("got %.30q, %v; want an encrypted file on standard output", said, err)
	}
	if got := s.must(t, "backup", file, "--to="+identity.Recipient().String()); !strings.Contains(got, "encrypted") {
		t.Errorf("backup said %q, want that it is encrypted", got)
	}
	into := keeperShell(t, modelstest.SQLite(t))
	into.refused(t, "--identity", "restore", file)
	into.must(t, "restore", file, "--identity="+keys)
	if got := into.must(t, "account", "list"); !strings.Contains(got, "anna") {
		t.Errorf("after the restore:\n%s\nwant anna", got)
	}
	s.refused(t, "is not a public key", "backup", file, "--to=nobody")
	if got := s.must(t, "backup", "-", "--plain", "--backup-recipients="+identity.Recipient().String()); strings.HasPrefix(got, "age-") {
		t.Error("backup --plain is encrypted, want it readable")
	}
}

// The command copy moves a database to the other engine, where the service goes on with the same people.
func TestCopyCommand(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		s, to := keeperShell(t, address), other(t, address)
		s.must(t, "account", "create", "anna", "anna@example.org")
		named := filepath.Join(t.TempDir(), "database")
		if err := os.WriteFile(named, []byte(to+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := s.must(t, "copy", "--from="+address, "--to=@"+named); !strings.Contains(got, "The copy is whole: 1 accounts") || !strings.Contains(got, "Every row was compared") {
			t.Errorf("copy said %q, want that it is whole and compared", got)
		}
		if got := keeperShell(t, to).must(t, "account", "list"); !strings.Contains(got, "anna") {
			t.Errorf("the copy has:\n%s\nwant anna", got)
		}
		s.refused(t, "name an empty database", "copy", "--from="+address, "--to="+to)
		s.refused(t, "does not exist", "copy", "--from=sqlite:"+named+"-missing", "--to="+to)
	})
}

// While the service runs nothing is restored and nothing copied. A restore that is killed at any moment
// leaves the old state, or a database that no service starts on and that the next restore repairs.
func TestRestoreIsKilled(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		file := filepath.Join(t.TempDir(), "latchkey.tar")
		flags := []string{"--dev", "--secret-key=" + modelstest.Key, "--database=" + address, "--data-dir=" + t.TempDir()}
		s := &shell{flags: flags}
		s.must(t, "account", "create", "anna", "anna@example.org")
		p := serve(t, flags...)
		s.must(t, "backup", file)
		s.refused(t, "another program uses the database", "restore", file, "--replace")
		s.refused(t, "another program uses the database", "copy", "--from="+address, "--to=sqlite:"+filepath.Join(t.TempDir(), "copy.db"))
		p.stop()
		halves, reached := 0, restoreStages(t, address)
		for stage := range either(5, 30) {
			killed := launch(t, nil, append([]string{"restore", file, "--replace"}, flags...)...)
			within(t, patience, "the restore comes to its stage", func() bool { return !killed.running() || reached(stage) })
			killed.kill()
			out, _, err := s.run(t, "account", "list")
			switch {
			case err == nil && strings.Contains(out, "anna"):
			case err != nil && strings.Contains(err.Error(), "run the same command again"):
				halves++
			default:
				t.Errorf("after a killed restore: %v, want anna, or that nothing starts:\n%s", err, out)
			}
		}
		t.Logf("%d restores were killed in the middle", halves)
		s.must(t, "restore", file, "--replace")
		if got := s.must(t, "account", "list"); !strings.Contains(got, "anna") {
			t.Errorf("after the last restore:\n%s\nwant anna", got)
		}
	})
}

// restoreStages returns a function that reports whether the restore of a database that is running has come
// to a stage. Stage 0 is its beginning, and later stages have higher numbers. It looks from outside,
// because a restore refuses a database that somebody else has open.
func restoreStages(t *testing.T, address string) (reached func(stage int) bool) {
	t.Helper()
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return func(stage int) bool {
			size := int64(0)
			for _, suffix := range []string{"-restoring", "-restoring-wal"} {
				if info, err := os.Stat(path + suffix); err == nil {
					size += info.Size() + 1
				}
			}
			return size > int64(stage)*100_000
		}
	}
	at := mustParse(t, address)
	name := strings.TrimPrefix(at.Path, "/")
	at.Path = "/information_schema"
	server := look(t, at.String())
	number := func(query string) (n int) {
		_ = server.SQL.QueryRowContext(t.Context(), query).Scan(&n) // a table may be missing now
		return n
	}
	begun := false
	return func(stage int) bool {
		if number("SELECT COUNT(*) FROM "+name+".leases WHERE name = 'filling'") == 0 {
			return false
		}
		migrations := number("SELECT COUNT(*) FROM " + name + ".goose_db_version")
		begun = begun || stage == 0 || migrations < 30 // before, the tables are the old ones
		return begun && migrations >= 2*stage
	}
}

// The service makes the scheduled backup by itself when it starts, and the next operator can restore it.
func TestScheduledBackup(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		folder := filepath.Join(t.TempDir(), "backups")
		s := keeperShell(t, address)
		s.must(t, "account", "create", "anna", "anna@example.org")
		first := serve(t, "--database="+address, "--backup-folder="+folder)
		second := serve(t, "--database="+address, "--backup-folder="+folder)
		var file string
		within(t, patience, "one of them logs the backup", func() bool {
			for _, p := range []*process{first, second} {
				for _, entry := range p.log() {
					if entry["msg"] == "a backup was made" {
						file, _ = entry["file"].(string)
					}
				}
			}
			return file != ""
		})
		first.stop()
		second.stop()
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
			t.Errorf("the folder has %v, %v; want one backup", entries, err)
		}
		into := keeperShell(t, other(t, address))
		into.must(t, "restore", file)
		if got := into.must(t, "account", "list"); !strings.Contains(got, "anna") {
			t.Errorf("after the restore:\n%s\nwant anna", got)
		}
		broken := serve(t, "--database="+fresh(t, address), "--backup-folder=/proc/none")
		if entry := broken.waitLog("the scheduled backup failed; it is tried again in fifteen minutes"); !strings.Contains(entry["err"].(string), "backup-folder must be below") {
			t.Errorf("the log says %v, want advice", entry["err"])
		}
	})
}

// fresh returns the address of an empty database of the same engine.
func fresh(t *testing.T, address string) string {
	t.Helper()
	return other(t, map[bool]string{true: "mysql:", false: "sqlite:"}[strings.HasPrefix(address, "sqlite:")])
}
