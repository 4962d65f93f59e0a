package database_test

import (
	"path/filepath"
	"testing"

	"github.com/latchkey-media/latchkey/internal/database"
)

// A SQLite database tells its version and that it writes as this program wants it.
func TestEngineOfSQLite(t *testing.T) {
	t.Parallel()
	db, err := database.Open("sqlite:"+filepath.Join(t.TempDir(), "a.db"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	e, err := db.Engine(t.Context())
	if err != nil || e.Dialect != database.SQLite || e.Version < "3.4" || e.Session["journal_mode"] != "wal" || e.Session["synchronous"] != "2" || e.Session["foreign_keys"] != "1" {
		t.Errorf("got %+v, %v; want a version of SQLite, a WAL and full synchronisation", e, err)
	}
}
