package models_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// unprepared returns a store on an empty database.
func unprepared(t *testing.T, address string, adjust ...modelstest.Adjust) *kit {
	t.Helper()
	clock := modelstest.NewClock()
	options, err := modelstest.Options(address, clock)
	if err != nil {
		t.Fatal(err)
	}
	modelstest.Loose(&options)
	for _, change := range adjust {
		change(&options)
	}
	store, err := models.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &kit{store, t, clock}
}

// F-12: instances that start together on an empty database all start, and each can be used at
// once. On a Galera cluster the balancer hands their connections to different nodes. Before the
// nodes waited for each other, 28 of 191 such starts did not find what they had just written.
func TestStartsTogetherOnAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	rounds := 1
	if os.Getenv("LATCHKEY_TEST_GALERA") != "" {
		rounds = 5
	}
	for range rounds {
		modelstest.EachDatabase(t, func(t *testing.T, address string) {
			stores := []*kit{unprepared(t, address), unprepared(t, address), unprepared(t, address)}
			applied := make([]int, len(stores))
			for i, err := range parallel(len(stores), func(i int) (err error) {
				applied[i], err = stores[i].Prepare(t.Context(), "first start")
				return err
			}) {
				if err != nil {
					t.Fatalf("start %d: got error %v, want none", i, err)
				}
				stores[i].account()
			}
			_, names := migrationFiles(t, models.DatabaseOf(stores[0].Store).Dialect)
			if sum := applied[0] + applied[1] + applied[2]; sum != len(names) {
				t.Errorf("the starts applied %v migrations, want %d in all", applied, len(names))
			}
		})
	}
}

// F-12: if a program is stopped in the middle of its migrations, the next program that
// starts completes them.
func TestPrepareInterrupted(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		k := unprepared(t, address)
		interrupted, half := 0, 0
		for after := 2 * time.Millisecond; ; after += after / 3 {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			_, err := k.Prepare(ctx, "interrupted")
			cancel()
			if err == nil {
				break
			}
			interrupted++
			if n := len(ours(k.tables())); n > 0 && n < 10 {
				half++
			}
			if after > time.Minute {
				t.Fatalf("the store is not ready after a minute of stops, last error %v; want it ready", err)
			}
		}
		t.Logf("%d starts were interrupted, %d left a half-made schema", interrupted, half)
		k.account()
		if applied, err := unprepared(t, address).Prepare(t.Context(), "next"); err != nil || applied != 0 {
			t.Errorf("applied %d migrations again with error %v, want 0", applied, err)
		}
	})
}

// MySQL commits each table by itself, so a killed program can leave any number of tables.
// The next program that starts makes the rest.
func TestPrepareCompletesAHalfMadeTable(t *testing.T) {
	t.Parallel()
	address := modelstest.MySQL(t)
	k := unprepared(t, address)
	if _, err := k.Prepare(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	whole := k.columns()
	for _, table := range ours(k.tables())[5:] {
		k.exec("DROP TABLE " + table)
	}
	k.exec("DELETE FROM goose_db_version WHERE version_id > 0")
	k.exec("UPDATE leases SET owner = 'killed', until_at = TIMESTAMPADD(SECOND, -1, CURRENT_TIMESTAMP(3))") // the holder no longer renews its lease
	if applied, err := k.Prepare(t.Context(), "second"); err != nil || applied == 0 {
		t.Fatalf("applied %d migrations with error %v, want at least 1", applied, err)
	}
	if !slices.Equal(whole, k.columns()) {
		t.Errorf("got the columns %v, want those from before", k.columns())
	}
}

// A program waits while another one holds the lease, and says so once. If nobody holds the
// lease, it says nothing.
func TestPrepareWaitsForALease(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		log := &servicetest.Log{}
		k := unprepared(t, address, func(o *models.Options) { o.Log = log.Logger() })
		if _, err := k.Prepare(t.Context(), "first"); err != nil {
			t.Fatal(err)
		}
		const says = "another instance brings the database up to date; the service waits for it"
		if got := log.Count(says); got != 0 {
			t.Errorf("the program says %d times that it waits for another one, want not a word: nobody held the lease", got)
		}
		k.exec("UPDATE leases SET owner = 'alive', until_at = '2999-01-01 00:00:00'")
		prepared := make(chan error, 1)
		go func() { _, err := k.Prepare(t.Context(), "alive"); prepared <- err }() // another program may have the same name
		waittest.Eventually(t, "the program says that it waits", func() bool { return log.Count(says) > 0 })
		select {
		case err := <-prepared:
			t.Fatalf("the program migrated beside another one with error %v, want it to wait", err)
		default:
		}
		k.exec("UPDATE leases SET owner = ''")
		if err := waittest.Receive(t, prepared, "the end of the wait"); err != nil {
			t.Error(err)
		}
		if got := log.Count(says); got != 1 {
			t.Errorf("the program says %d times that it waits, want once", got)
		}
	})
}

// Ids rise even if the clock goes back or many are made at once.
func TestIDsRise(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t)
	last := int64(0)
	for n := range 5000 {
		switch n % 500 {
		case 100:
			clock.Advance(time.Millisecond)
		case 200:
			clock.Advance(-time.Hour)
		}
		id, err := models.NewID(store)
		if err != nil || id <= last {
			t.Fatalf("got the id %d after %d with error %v, want a higher one", id, last, err)
		}
		last = id
	}
	ids := make([]int64, 64)
	for _, err := range parallel(len(ids), func(i int) (err error) { ids[i], err = models.NewID(store); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 64 {
		t.Error("two of 64 parallel ids are the same, want 64 different ones")
	}
}

// A start reads no table of people and servers from one end to the other: such a start would
// take longer with each account, and on SQLite nothing could be written meanwhile.
func TestAStartReadsNoTableWhole(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.crowd(2500)
		said := k.listen()
		if applied, err := k.Prepare(ctx, "another start"); err != nil || applied != 0 {
			k.t.Fatalf("applied %d migrations with error %v, want 0", applied, err)
		}
		mark, _, err := k.Restores.Raise(ctx, models.DatabaseMark{})
		k.must(err)
		_, _, err = k.Restores.Raise(ctx, mark)
		k.must(err)
		_, err = k.Restores.Finish(ctx)
		k.must(err)
		statements := said.take()
		if len(statements) < 5 {
			k.t.Errorf("recorded %d statements, want at least 5", len(statements))
		}
		md5 := false
		for _, s := range statements {
			md5 = md5 || strings.Contains(s.text, "legacy_md5")
			if strings.Contains(s.text, "secret_keys") {
				continue // a row for each secret key
			}
			if lines, scans := k.plan(s); scans {
				k.t.Errorf("a start reads a whole table:\n\t%s\n\t\t%s", s.text, strings.Join(lines, "\n\t\t"))
			}
		}
		if !md5 {
			k.t.Error("no statement asks for MD5 verifiers, want the one that once read all accounts")
		}
	})
}

// A store whose options do not give the number of connections takes the number that
// suits its engine.
func TestConnectionsSuitTheEngine(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		for set, want := range map[int]map[database.Dialect]int{
			0: {database.SQLite: 3, database.MySQL: 8},
			5: {database.SQLite: 5, database.MySQL: 5},
		} {
			store := modelstest.Open(t, address, modelstest.NewClock(), func(o *models.Options) { o.Connections = set })
			db := models.DatabaseOf(store)
			if got := db.SQL.Stats().MaxOpenConnections; got != want[db.Dialect] {
				t.Errorf("with the setting %d: got %d connections, want %d", set, got, want[db.Dialect])
			}
		}
	})
}
