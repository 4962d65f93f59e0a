package database_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// step returns one migration.
func step(up string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + up + "\n-- +goose Down\n")}
}

func open(t *testing.T, address string) *database.DB {
	t.Helper()
	db, err := database.Open(address, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// steps returns migrations that fail if they are applied twice.
func steps() fstest.MapFS {
	return fstest.MapFS{
		"00001_one.sql": step("CREATE TABLE one (n INTEGER NOT NULL);"),
		"00002_two.sql": step("INSERT INTO one (n) VALUES (1);"),
	}
}

// TestMigrateOnce lets many programs migrate an empty database at once: each step is
// applied by one of them, and all wait until the last step is done.
func TestMigrateOnce(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		var mu sync.Mutex
		var all sync.WaitGroup
		total := 0
		for range 8 {
			db := open(t, address)
			all.Go(func() {
				applied, err := db.Migrate(t.Context(), steps(), "the same name for all")
				rows := 0
				if err == nil {
					err = db.SQL.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM one").Scan(&rows)
				}
				mu.Lock()
				defer mu.Unlock()
				if total += applied; err != nil || rows != 1 {
					t.Errorf("migrated: %v; %d rows, want 1", err, rows)
				}
			})
		}
		all.Wait()
		if total != 2 {
			t.Errorf("%d migrations were applied by all together, want 2", total)
		}
	})
}

// TestMigrateRefusesNewer gives a program the database of a newer version.
func TestMigrateRefusesNewer(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		db := open(t, address)
		if _, err := db.Migrate(t.Context(), steps(), "new"); err != nil {
			t.Fatal(err)
		}
		older := steps()
		delete(older, "00002_two.sql")
		applied, err := db.Migrate(t.Context(), older, "old")
		if !errors.Is(err, database.ErrNewerSchema) || applied != 0 {
			t.Errorf("applied %d, %v; want ErrNewerSchema", applied, err)
		}
	})
}

// TestMigrateGoesOnAfterAFailedStep repairs the cause of a failed step and migrates again.
func TestMigrateGoesOnAfterAFailedStep(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		db := open(t, address)
		broken := steps()
		broken["00002_two.sql"] = step("INSERT INTO nowhere (n) VALUES (1);")
		if applied, err := db.Migrate(t.Context(), broken, "broken"); err == nil {
			t.Errorf("a broken step was applied: %d, want an error", applied)
		}
		if applied, err := db.Migrate(t.Context(), steps(), "mended"); err != nil || applied != 1 {
			t.Errorf("applied %d, %v; want the one that is left", applied, err)
		}
	})
}

// TestMigrateHasNoStatementLimit has a step that takes longer than the limit for a statement of a
// page, and wants it applied.
func TestMigrateHasNoStatementLimit(t *testing.T) {
	t.Parallel()
	db := open(t, modelstest.MySQL(t))
	slow := fstest.MapFS{"00001_slow.sql": step("DO SLEEP(5);")}
	if applied, err := db.Migrate(t.Context(), slow, "slow"); err != nil || applied != 1 {
		t.Errorf("applied %d, %v; want 1", applied, err)
	}
	if _, err := db.SQL.ExecContext(t.Context(), "DO SLEEP(5)"); !database.Unavailable(err) {
		t.Errorf("a statement of five seconds: %v, want one that counts as unavailable", err)
	}
}

// Who wants to know hears of each file of migrations, from none to all.
func TestMigratedIsTold(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "told.db"))
	var told []int64
	db.Migrated = func(done, all int64) { told = append(told, done, all) }
	files := fstest.MapFS{}
	for i := range 3 {
		files[fmt.Sprintf("0000%d_step.sql", i+1)] = step(fmt.Sprintf("CREATE TABLE told%d (id INTEGER PRIMARY KEY);", i))
	}
	applied, err := db.Migrate(t.Context(), files, "test")
	if want := []int64{0, 3, 1, 3, 2, 3, 3, 3}; err != nil || applied != 3 || !slices.Equal(told, want) {
		t.Errorf("applied %d, %v, and told %v; want 3 and %v", applied, err, told, want)
	}
}
