// Package modelstest gives tests a Store on a fresh database of each engine.
package modelstest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models"
)

// Clock is a clock that a test can move.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands still on a day in 2026.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

// Now returns the time of the clock.
func (c *Clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

// Advance moves the clock on by d.
func (c *Clock) Advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// Zone moves the clock to another time zone, at the same instant.
func (c *Clock) Zone(l *time.Location) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.In(l) }

// Machine is the clock of a machine that may be wrong: it is ahead of another clock, which is
// right.
type Machine struct {
	right func() time.Time
	ahead atomic.Int64 // time.Duration
}

// NewMachine returns a clock that is ahead of right, or behind it if ahead is negative.
func NewMachine(right func() time.Time, ahead time.Duration) *Machine {
	m := &Machine{right: right}
	m.Set(ahead)
	return m
}

// Now returns the time of the machine.
func (m *Machine) Now() time.Time { return m.right().Add(time.Duration(m.ahead.Load())) }

// Set sets by how much the clock is ahead.
func (m *Machine) Set(ahead time.Duration) { m.ahead.Store(int64(ahead)) }

// Adjust gives a store the clock of the machine. The database keeps its own clock.
func (m *Machine) Adjust(o *models.Options) { o.Now = m.Now }

// RealTime gives a store the clocks of production: the clock of this machine, and the clock
// of its database.
func RealTime(o *models.Options) { o.Now, o.DatabaseNow = time.Now, nil }

// Key is the secret key of test stores.
const Key = "a secret key that only tests may use"

// Adjust changes the options of a store before it opens.
type Adjust func(*models.Options)

// Loose lifts the limits that many accounts at one network address would reach. It keeps
// the limits of a single account.
func Loose(o *models.Options) {
	plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
	for _, limit := range []*models.Limit{
		&o.Limits.SignInSource, &o.Limits.SignInNetwork, &o.Limits.SignUpSource, &o.Limits.SignUpNetwork,
		&o.Limits.SignUpService, &o.Limits.RecoverSource, &o.Limits.RecoverNetwork, &o.Limits.RecoverService,
		&o.Limits.InviteLinkSource, &o.Limits.InviteLinkNetwork, &o.Limits.InviteLinkService,
	} {
		*limit = plenty
	}
}

// Unlimited lifts every limit, for tests of other things.
func Unlimited(o *models.Options) {
	for _, limit := range reflect.ValueOf(&o.Limits).Elem().Fields() {
		limit.Set(reflect.ValueOf(models.Limit{Hits: 1 << 30, Window: time.Hour}))
	}
}

// Options returns the settings of a test store. The machine and the database have the same
// clock.
func Options(database string, clock *Clock) (models.Options, error) {
	keys, err := secret.NewKeys(Key, "")
	return models.Options{
		Database: database, Connections: 8, Keys: keys,
		Hashing: secret.HasherOptions{Memory: 64, Iterations: 1, Parallel: 4, Queue: 1000, Wait: waittest.Patience},
		Limits:  models.ProductionLimits(), Lives: models.DefaultLives(), SignUp: models.SignUpOpen,
		ServiceName: "Latchkey", PasswordMinLength: 10, Languages: []string{"en", "de", "es", "fr", "he", "it", "nl", "pl", "pt"},
		Now: clock.Now, DatabaseNow: clock.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	}, err
}

// Open opens a Store on database and brings its schema up to date.
func Open(t testing.TB, database string, clock *Clock, adjust ...Adjust) *models.Store {
	t.Helper()
	options, err := Options(database, clock)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range adjust {
		a(&options)
	}
	store, err := models.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, err := store.Prepare(context.Background(), t.Name()); err != nil {
		t.Fatal(err)
	}
	return store
}

// New returns an empty Store on SQLite, for tests of other packages.
func New(t testing.TB, adjust ...Adjust) (*models.Store, *Clock) {
	t.Helper()
	clock := NewClock()
	return Open(t, SQLite(t), clock, adjust...), clock
}

// Each runs f against an empty Store on SQLite and on MySQL. Without a MySQL
// server the test fails: see [MySQL]. A test that changes the schema needs [EachDatabase].
func Each(t *testing.T, f func(t *testing.T, store *models.Store, clock *Clock), adjust ...Adjust) {
	t.Helper()
	on := func(database func(testing.TB) string) func(*testing.T) {
		return func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			f(t, Open(t, database(t), clock, adjust...), clock)
		}
	}
	t.Run("sqlite", on(SQLite))
	t.Run("mysql", on(reused))
}

// EachDatabase runs f with the address of an empty database of each engine.
func EachDatabase(t *testing.T, f func(t *testing.T, database string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, SQLite(t))
	})
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		f(t, MySQL(t))
	})
}

// memory is a folder that Linux keeps in memory.
const memory = "/dev/shm"

// sqliteVariable is the environment variable that is "none" if the tests leave SQLite out,
// because another run tests it.
const sqliteVariable = "LATCHKEY_TEST_SQLITE"

// SQLite returns the address of an empty SQLite database. The database is in memory if the
// system has a folder for that, because the data of tests need not survive a power cut. If
// LATCHKEY_TEST_SQLITE is "none", it skips the test.
func SQLite(t testing.TB) string {
	t.Helper()
	if os.Getenv(sqliteVariable) == "none" {
		t.Skip(sqliteVariable + " is none: this engine is left out")
	}
	folder, err := os.MkdirTemp(memory, "latchkey-test-") //nolint:usetesting // t.TempDir is on a disk
	if err != nil {
		folder = t.TempDir()
	} else {
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
	}
	return "sqlite:" + filepath.Join(folder, "latchkey.db")
}

// serverVariable is the environment variable that names the MySQL or MariaDB server of the
// tests.
const serverVariable = "LATCHKEY_TEST_MYSQL"

// nodesVariable is the environment variable that names the nodes of the Galera cluster
// behind the server, separated by blanks. It is empty for other servers.
const nodesVariable = "LATCHKEY_TEST_GALERA"

// MySQL returns the address of an empty database on the server that
// LATCHKEY_TEST_MYSQL names (mysql://user:password@host:port), and drops it after
// the test. "make test" starts such a server. If the variable is empty, the first
// test of a package that needs a server fails and the others are skipped; if it is
// "none", all of them are skipped.
func MySQL(t testing.TB) string {
	t.Helper()
	address, drop := create(t)
	t.Cleanup(drop)
	return address
}

// create does the same as [MySQL], but leaves it to the caller to drop the database.
func create(t testing.TB) (address string, drop func()) {
	t.Helper()
	server := os.Getenv(serverVariable)
	switch server {
	case "none":
		t.Skip(serverVariable + " is none: this engine is left out")
	case "":
		if missing.Swap(true) {
			t.Skip("no MySQL server, as an earlier test of this package said")
		}
		t.Fatal("no MySQL server: run make test, or set " + serverVariable + " to mysql://user:password@host:port, or to none to leave this engine out. " +
			"The other tests of this package that need one are skipped.")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("latchkey_test_%d_%d", os.Getpid(), next())
	exec(t, u, "CREATE DATABASE "+name)
	for node := range strings.FieldsSeq(os.Getenv(nodesVariable)) {
		awaitDatabase(t, node, name)
	}
	at := *u
	at.Path = "/" + name
	return at.String(), func() { exec(t, u, "DROP DATABASE "+name) }
}

// SkipOnTiDB skips a test that cannot run on TiDB, if the server is TiDB. The parameter why is
// the reason, which is logged.
func SkipOnTiDB(t testing.TB, db *sql.DB, why string) {
	t.Helper()
	var version string
	if err := db.QueryRowContext(context.Background(), "SELECT VERSION()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(version, "TiDB") {
		t.Skip(why)
	}
}

// SkipOnCluster skips a test that makes no sense on a Galera cluster of several nodes. The parameter
// why is the reason, which is logged.
func SkipOnCluster(t testing.TB, db *sql.DB, why string) {
	t.Helper()
	var name, nodes string
	err := db.QueryRowContext(context.Background(), "SHOW STATUS LIKE 'wsrep_cluster_size'").Scan(&name, &nodes)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	if nodes != "" && nodes != "0" && nodes != "1" {
		t.Skip(why)
	}
}

// OnlyUser waits until no other test of any package uses the thing called name on the server of
// address, and returns the function that lets the next test use it. A Galera cluster has no such
// locks between its nodes, so there the caller must make sure in another way that only one test
// uses the thing.
func OnlyUser(t testing.TB, address, name string) (release func()) {
	t.Helper()
	if os.Getenv(nodesVariable) != "" {
		return func() {}
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	db := connect(t, u)
	db.SetMaxOpenConns(1) // the lock belongs to the connection
	db.SetConnMaxIdleTime(0)
	got := 0
	if err := db.QueryRowContext(context.Background(), "SELECT GET_LOCK(?, ?)", "latchkey test "+name, waittest.Patience.Seconds()).Scan(&got); err != nil || got != 1 {
		t.Fatalf("the lock of %s gave %d and error %v, want 1", name, got, err)
	}
	return func() { _ = db.Close() }
}

// missing is true once a test has failed because no server is named. One such
// failure in each package is enough: sixty would hide the other failures.
var missing atomic.Bool

var serial atomic.Int64

func next() int64 { return serial.Add(1) }

// AtNode returns the address of a database at one node of its cluster; nodes are counted
// from 0. Without a cluster it returns the same address.
func AtNode(t testing.TB, address string, node int) string {
	t.Helper()
	nodes := strings.Fields(os.Getenv(nodesVariable))
	if len(nodes) == 0 || strings.HasPrefix(address, "sqlite:") {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(nodes[node])
	if err != nil {
		t.Fatal(err)
	}
	u.Host = at.Host
	return u.String()
}

// awaitDatabase waits until a node of a cluster has a new database.
func awaitDatabase(t testing.TB, node, name string) {
	t.Helper()
	u, err := url.Parse(node)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, u, "SET STATEMENT wsrep_sync_wait = 1 FOR SELECT 1 FROM information_schema.schemata WHERE schema_name = '"+name+"'")
}

func exec(t testing.TB, server *url.URL, statement string) {
	t.Helper()
	db := connect(t, server)
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Errorf("the statement %s gave error %v, want none", strings.Fields(statement)[0], err)
	}
}

// connect returns a pool of connections to a server, as the user of its address.
func connect(t testing.TB, server *url.URL) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", mysqlOf(server).FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	return db
}
