// Package database opens the service's database, brings its schema up to date and runs
// transactions, which it repeats if the engine asks for it. It works with SQLite, and with MySQL
// and its relatives; docs/adr/0023 says how far each of them is tested. The package knows no tables
// except those for its migrations.
package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/libtnb/sqlite"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Dialect is a family of engines that share their SQL.
type Dialect string

// The values of [Dialect].
const (
	SQLite Dialect = "sqlite"
	MySQL  Dialect = "mysql"
)

// DB is an open database.
type DB struct {
	Gorm    *gorm.DB
	SQL     *sql.DB
	Dialect Dialect
	// Waits is called when Migrate begins to wait for another program that migrates the
	// database. It may be nil.
	Waits func(ctx context.Context)
	// Migrated is called before the first file of migrations and after each of them, with how many are done and how many there
	// are to do. It may be nil.
	Migrated func(done, all int64)
	address  string
	writer   chan struct{} // SQLite: full while a transaction of this process writes
	turns    chan struct{} // full while a transaction that lost several tries has its turn

	connections int // the most that may be open at once
	prepared    []*Prepared
	heard       atomic.Pointer[func(text string, args []any)]

	writeFailed atomic.Bool // whether the last transaction failed because the database could not write
}

// sqlitePragmas are settings of SQLite. A transaction takes the write lock when it
// begins, so that reading and then writing never fails half-way. Every commit is on
// disk before it is acknowledged.
const sqlitePragmas = "_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)" +
	"&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)"

// Pages says how each connection to a SQLite file holds the pages that it reads. Both values
// are in MiB. It has no effect on other engines.
type Pages struct {
	Cache int // of the program's own memory, for copies of pages
	Map   int // of the file, from its beginning, that is mapped and read in place; SQLite maps no more than 2047
}

// UsualPages returns the pages with which [Open] opens a database.
func UsualPages() Pages { return Pages{Cache: 2, Map: 256} }

// pragmas returns the part of an address that sets the pages.
func (p Pages) pragmas() string {
	const mib = 1 << 20
	return fmt.Sprintf("&_pragma=mmap_size(%d)&_pragma=cache_size(-%d)", p.Map*mib, p.Cache*1024) // SQLite counts a negative cache in KiB
}

// UsualConnections returns the number of connections that suits the engine of address.
//
// For SQLite, two connections that read keep two cores busy, and one more writes. More connections
// would not make reads faster, but each has a map and a cache of its own. A MySQL server is in
// another process, often on another machine, so that more statements wait at the same time.
func UsualConnections(address string) int {
	if strings.HasPrefix(address, "sqlite:") {
		return 3
	}
	return 8
}

// Open returns the database at address (see [ErrAddress]), which uses at most the
// given number of connections. It does not connect yet: if the database cannot be
// reached the first statement fails, and statements succeed as soon as it is back.
func Open(address string, connections int) (*DB, error) {
	return OpenPages(address, connections, UsualPages())
}

// OpenPages does what [Open] does, and sets the pages of SQLite.
func OpenPages(address string, connections int, pages Pages) (*DB, error) {
	if err := keepPrivate(address); err != nil {
		return nil, err
	}
	dialector, dialect, err := dialectorFor(address, pages)
	if err != nil {
		return nil, err
	}
	db, err := openPatiently(dialector, &gorm.Config{
		TranslateError: true, Logger: logger.Discard, SkipDefaultTransaction: true,
		DisableAutomaticPing: true,
	})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	pool, err := db.DB()
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxLifetime(30 * time.Minute)
	if dialect == SQLite {
		keeper := newKeeper(pool)
		db.ConnPool, db.Statement.ConnPool = keeper, keeper
	}
	d := &DB{
		Gorm: db, SQL: pool, Dialect: dialect, address: address, writer: make(chan struct{}, 1), turns: make(chan struct{}, 1), connections: connections,
	}
	if err := db.Use(observer{d}); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return d, nil
}

// openPatiently opens a database, and tries again for some seconds while the database is locked.
// When two programs open a new SQLite file at once, both switch its journal, and SQLite refuses the
// second program at once instead of letting it wait.
func openPatiently(dialector gorm.Dialector, config *gorm.Config) (*gorm.DB, error) {
	const tries = 8
	for try := 1; ; try++ {
		db, err := gorm.Open(dialector, config)
		if err == nil || try == tries || !Retryable(err) {
			return db, err
		}
		time.Sleep(rand.N(20 * time.Millisecond << try)) //nolint:gosec // jitter, not a secret
	}
}

// unhurried returns a pool without time limits for statements that may take long,
// such as migrations, and a function that closes it.
func (d *DB) unhurried() (pool *sql.DB, done func() error, err error) {
	if d.Dialect == SQLite {
		return d.SQL, func() error { return nil }, nil // the pool of SQLite has no time limits
	}
	config, err := mysqlConfig(d.address)
	if err != nil {
		return nil, nil, err
	}
	config.ReadTimeout, config.WriteTimeout = 0, 0
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, nil, ErrAddress
	}
	pool = sql.OpenDB(promptConnector{connector})
	return pool, pool.Close, nil
}

// keepPrivate creates the SQLite file before SQLite does, so that no other user of
// the machine can read it. SQLite gives the files beside it the same mode.
func keepPrivate(address string) error {
	path, ok := strings.CutPrefix(address, "sqlite:")
	if !ok || path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the file
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return file.Close()
}

// Close closes all prepared statements and connections.
func (d *DB) Close() error { return errors.Join(d.closePrepared(), d.SQL.Close()) }

func dialectorFor(address string, pages Pages) (gorm.Dialector, Dialect, error) { //nolint:ireturn // gorm.Open takes this interface
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok && path != "" {
		escaped := (&url.URL{Path: path}).EscapedPath()
		dialector, ok := sqlite.Open("file:" + escaped + "?" + sqlitePragmas + pages.pragmas()).(*sqlite.Dialector)
		if !ok {
			return nil, "", errors.New("the SQLite driver has changed its type")
		}
		return sqliteDialector{dialector}, SQLite, nil
	}
	config, err := mysqlConfig(address)
	if err != nil {
		return nil, "", err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, "", ErrAddress
	}
	// GORM does not ask for the version of the server, because that would need the
	// database at the start. Without a version it never uses RETURNING, which TiDB lacks.
	dialector, ok := gormmysql.New(gormmysql.Config{
		Conn: sql.OpenDB(promptConnector{connector}), DSNConfig: config, SkipInitializeWithVersion: true,
	}).(*gormmysql.Dialector)
	if !ok {
		return nil, "", errors.New("the MySQL driver has changed its type")
	}
	return mysqlDialector{dialector}, MySQL, nil
}

// The times that a MySQL server may take. A network that loses all packets must not delay a page
// for longer than a person waits.
const (
	connectTime = 2 * time.Second         // to accept the connection and sign us in
	answerTime  = 2800 * time.Millisecond // for one statement: with a server that hangs, the first request is answered within 3 s
)

// promptConnector opens connections and prepares their sessions, and limits the time for both. The
// driver's own timeout ends as soon as the port accepts the connection, and database/sql would try
// again if the server sends nothing after that.
type promptConnector struct{ driver.Connector }

// Connect connects within [connectTime].
func (c promptConnector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	connection, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := setSession(ctx, connection); err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	return connection, nil
}

// Ping reports whether the database answers within a second. [DB.Ready] says whether it
// can be used.
func (d *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var one int
	if err := d.SQL.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	return nil
}

// HasClock reports whether the database has a clock of its own. SQLite is part of this
// program and has the clock of the machine.
func (d *DB) HasClock() bool { return d.Dialect != SQLite }

// driftTime is the longest time that [DB.Drift] takes.
const driftTime = 2 * time.Second

// Drift returns how far the clock of the database is ahead of the clock now, and how far this
// result may be wrong: the database reads its clock at an unknown moment between the question and
// the answer. Drift must not be called for a database without a clock.
func (d *DB) Drift(ctx context.Context, now func() time.Time) (ahead, doubt time.Duration, err error) {
	const resolution = time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, driftTime)
	defer cancel()
	connection, err := d.SQL.Conn(ctx) // before the time is read, because the pool may let it wait
	if err != nil {
		return 0, 0, fmt.Errorf("ask the database for the time: %w", err)
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	var theirs time.Time
	asked := now()
	if err := connection.QueryRowContext(ctx, "SELECT CURRENT_TIMESTAMP(3)").Scan(&theirs); err != nil {
		return 0, 0, fmt.Errorf("ask the database for the time: %w", err)
	}
	half := now().Sub(asked) / 2
	return theirs.Sub(asked.Add(half)), half + resolution, nil
}
