package database_test

import (
	"context"
	"io/fs"
	"os"
	"sync/atomic"
	"testing"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// held is a folder of migrations that can be read only after the test has allowed it.
type held struct {
	fs.FS
	reached, goOn chan struct{}
}

func (h held) Open(name string) (fs.File, error) {
	select {
	case h.reached <- struct{}{}:
	default:
	}
	<-h.goOn
	return h.FS.Open(name)
}

// A program that was killed while it migrated keeps nobody waiting, although its lease is still
// valid. Others wait for a program that is alive.
func TestMigrateKnowsTheDead(t *testing.T) {
	t.Parallel()
	if os.Getenv("LATCHKEY_TEST_GALERA") != "" {
		t.Skip("the nodes of a cluster do not know the locks of each other, so there the lease alone decides")
	}
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		migrate := func(files fs.FS, waits *atomic.Int64) <-chan error {
			db, done := open(t, address), make(chan error, 1)
			db.Waits = func(context.Context) { waits.Add(1) }
			go func() { _, err := db.Migrate(t.Context(), files, "the same name for all"); done <- err }()
			return done
		}
		var never, once atomic.Int64
		h := held{steps(), make(chan struct{}, 1), make(chan struct{})}
		first := migrate(h, &never)
		waittest.Receive(t, h.reached, "the first program migrates")
		second := migrate(steps(), &once)
		waittest.Eventually(t, "the second program waits", func() bool { return once.Load() == 1 })
		db, owner := open(t, address), ""
		if err := db.SQL.QueryRowContext(t.Context(), "SELECT owner FROM leases WHERE name = 'migrate'").Scan(&owner); err != nil || owner == "" {
			t.Fatalf("the lease has the owner %q, error %v; want the first program", owner, err)
		}
		if len(second) > 0 {
			t.Error("the second program did not wait for the first one, want it to wait")
		}
		close(h.goOn)
		for _, done := range []<-chan error{first, second} {
			if err := waittest.Receive(t, done, "the end of a migration"); err != nil {
				t.Error(err)
			}
		}

		// A program that is killed leaves its lease behind, but no witness.
		exec(t, db, "UPDATE leases SET owner = '"+owner+"', until_at = '2999-01-01 00:00:00'")
		if err := waittest.Receive(t, migrate(steps(), &never), "the end of a migration"); err != nil || never.Load() > 0 {
			t.Errorf("a program waited %d times for one that is dead, error %v; want neither", never.Load(), err)
		}
	})
}
