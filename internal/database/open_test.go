package database_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", " ", "sqlite", "sqlite:", "SQLITE:/tmp/x.db", "file:/tmp/x.db", "/tmp/x.db", "mysql:", "mysql://", "mysql:///name",
		"mysql://root:hunter2@127.0.0.1", "mysql://root:hunter2@127.0.0.1/", "mysql://root:hunter2@127.0.0.1:port/name",
		"mysql://root:hunter2%zz@127.0.0.1/name", "mysql://root:hunter2@[::1/name", "mysql://root:hunter2@12 7.0.0.1/name",
		"root:hunter2@tcp(127.0.0.1:3306)/name", "postgres://root:hunter2@127.0.0.1/name", "MYSQL//root:hunter2@127.0.0.1/name",
		"mysql://root:hunter2\x00@127.0.0.1/name", "mariadb://root:hunter2@127.0.0.1/name",
	} {
		db, err := database.Open(address, 1)
		if err == nil {
			_ = db.Close()
		}
		if !errors.Is(err, database.ErrAddress) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want ErrAddress without the password", address, err)
		}
	}
}

// TestWrongPassword opens a database with a wrong password. The error, which comes from
// the server, must not show the password.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	before, after, _ := strings.Cut(modelstest.MySQL(t), "@")
	db := open(t, before[:strings.LastIndexAny(before, "/:")+1]+"nobody:hunter2@"+after)
	err := db.Ping(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("with a wrong password: %v, want an error, without %q", err, "hunter2")
	}
}

// TestOpenAnyPath opens a file whose path has characters with a meaning in an address.
func TestOpenAnyPath(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain.db", "with space.db", "what?.db", "50%25.db", "a#b.db", "a&_pragma=query_only(1).db", "größe.db"} {
		path := filepath.Join(t.TempDir(), name)
		db := open(t, "sqlite:"+path)
		if _, err := db.SQL.ExecContext(t.Context(), "CREATE TABLE t (n INTEGER)"); err != nil {
			t.Errorf("%s: %v, want no error", name, err)
		}
		if found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.db")); err != nil || len(found) != 1 || found[0] != path {
			t.Errorf("%s: the file is %q, %v, want 1 found, found %v", name, found, err, path)
		}
	}
}

// TestPragmas reads the settings that every connection must have.
func TestPragmas(t *testing.T) {
	t.Parallel()
	db, err := database.OpenPages(modelstest.SQLite(t), 4, database.Pages{Cache: 5, Map: 7})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for range 4 { // each connection of the pool
		conn, err := db.SQL.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		for pragma, want := range map[string]string{"journal_mode": "wal", "foreign_keys": "1", "synchronous": "2", "busy_timeout": "5000", "cache_size": "-5120", "mmap_size": "7340032"} {
			var got string
			if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %q, %v; want %s", pragma, got, err, want)
			}
		}
	}
}

// TestMySQLIsStrictAndSpeaksUTC checks that MySQL refuses texts that it would otherwise cut, and that
// it speaks UTC.
func TestMySQLIsStrictAndSpeaksUTC(t *testing.T) {
	t.Parallel()
	db := open(t, modelstest.MySQL(t))
	if _, err := db.SQL.ExecContext(t.Context(), "CREATE TABLE t (email VARCHAR(10) NOT NULL, at DATETIME(3) NULL)"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SQL.ExecContext(t.Context(), "INSERT INTO t (email) VALUES (?)", "admin@x.com     evil"); err == nil {
		t.Error("a text that is too long was cut without an error, want an error")
	}
	at := time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.FixedZone("elsewhere", 5*3600))
	if _, err := db.SQL.ExecContext(t.Context(), "INSERT INTO t (email, at) VALUES ('a', ?)", at); err != nil {
		t.Fatal(err)
	}
	var text string
	var back time.Time
	err := db.SQL.QueryRowContext(t.Context(), "SELECT CAST(at AS CHAR), at FROM t").Scan(&text, &back)
	if err != nil || text != "2026-03-04 00:06:07.890" || !back.Equal(at) || back.Location() != time.UTC {
		t.Errorf("the time %v was stored as %q and read as %v, %v, want 2026-03-04 00:06:07.890, back %v, location %v", at, text, back, err, at, time.UTC)
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		db := open(t, address)
		if err := db.Ping(t.Context()); err != nil {
			t.Errorf("ping: %v, want no error", err)
		}
	})
}
