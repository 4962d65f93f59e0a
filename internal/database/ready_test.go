package database_test

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// writes carries out a statement that writes.
func writes(tx *gorm.DB) error { return tx.Exec("INSERT INTO one (n) VALUES (7)").Error }

// prepared returns a database with tables.
func prepared(t *testing.T, address string) *database.DB {
	t.Helper()
	db := openOne(t, address)
	if _, err := db.Migrate(t.Context(), steps(), "test"); err != nil {
		t.Fatal(err)
	}
	return db
}

// A database without its tables is not ready, although it answers.
func TestReadyReadsATable(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		db := openOne(t, address)
		if err := db.Ping(t.Context()); err != nil {
			t.Errorf("an empty database gave error %v, want none", err)
		}
		if err := db.Ready(t.Context()); err == nil {
			t.Error("a database without tables is ready, want an error")
		}
		if err := prepared(t, address).Ready(t.Context()); err != nil {
			t.Errorf("a database with its tables gave error %v, want none", err)
		}
	})
}

// A file that can be read but not written, as on a full disk, is not ready after the first write
// that failed. It is ready again as soon as a write succeeds.
func TestReadyTriesToWrite(t *testing.T) {
	t.Parallel()
	db := prepared(t, modelstest.SQLite(t))
	exec(t, db, "PRAGMA query_only = 1")
	if err := db.Ready(t.Context()); err != nil {
		t.Errorf("before any write Ready gave error %v, want none", err)
	}
	if err := db.Tx(t.Context(), writes); !database.Unavailable(err) {
		t.Errorf("a write gave error %v, want one that counts as unavailable", err)
	}
	if err := db.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "does not write") {
		t.Errorf("after a write that failed Ready gave error %v, want one that says that the database does not write", err)
	}
	exec(t, db, "PRAGMA query_only = 0")
	for range 2 { // the second one need not write
		if err := db.Ready(t.Context()); err != nil {
			t.Errorf("when it can be written again Ready gave error %v, want none", err)
		}
	}
	if n := count(t, db, "SELECT COUNT(*) FROM leases WHERE name = 'write'"); n != 1 {
		t.Errorf("%d rows were written to see whether it works, want 1", n)
	}
}

// A server that is read-only is not ready, even before a write has failed. The test is not
// parallel, because the setting holds for the whole server and everybody except administrators.
func TestReadyNoticesReadOnlyServers(t *testing.T) { //nolint:paralleltest // see above
	g := newGuest(t, "")
	db := prepared(t, g.at(""))
	modelstest.SkipOnTiDB(t, db.SQL, "read_only does nothing on TiDB")
	release := modelstest.OnlyUser(t, g.url.String(), "read_only")
	defer release()
	defer g.run("SET GLOBAL read_only = 0")
	g.run("SET GLOBAL read_only = 1")
	if err := db.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "does not write") {
		t.Errorf("a server that only reads gave error %v, want one that says that the database does not write", err)
	}
	if err := db.Tx(t.Context(), writes); !database.Unavailable(err) {
		t.Errorf("a write gave error %v, want one that counts as unavailable", err)
	}
	if err := prepared(t, modelstest.MySQL(t)).Ready(t.Context()); err != nil {
		t.Errorf("an administrator, who may write all the same, got error %v, want none", err)
	}
	g.run("SET GLOBAL read_only = 0")
	if err := db.Ready(t.Context()); err != nil {
		t.Errorf("when it writes again Ready gave error %v, want none", err)
	}
}

// A node that has lost its cluster is not ready, although it answers. The test is not parallel,
// because it stops the other nodes.
func TestReadyNoticesACutOffNode(t *testing.T) { //nolint:paralleltest // see above
	processes := strings.Fields(os.Getenv("LATCHKEY_TEST_GALERA_PROCESSES"))
	if len(processes) == 0 {
		t.Skip("this needs a cluster: make test-galera")
	}
	db := prepared(t, modelstest.AtNode(t, modelstest.MySQL(t), 2))
	signal := func(what syscall.Signal) {
		for _, process := range processes[:2] {
			number, err := strconv.Atoi(process)
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(number, what); err != nil {
				t.Fatal(err)
			}
		}
	}
	waittest.Eventually(t, "the node has its cluster", func() bool { return db.Ready(t.Context()) == nil })
	defer signal(syscall.SIGCONT)
	signal(syscall.SIGSTOP)
	waittest.Eventually(t, "the node says that it has no cluster", func() bool {
		err := db.Ready(t.Context())
		return err != nil && strings.Contains(err.Error(), "Error 1047")
	})
	signal(syscall.SIGCONT)
	waittest.Eventually(t, "the node is ready again", func() bool { return db.Ready(t.Context()) == nil })
}
