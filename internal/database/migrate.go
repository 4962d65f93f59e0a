package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// ErrNewerSchema means that a newer program has migrated the database. An older program refuses the
// database, because it would write rows that the newer program cannot read.
var ErrNewerSchema = errors.New("the database was migrated by a newer version of latchkey")

// leaseLife is the time after which the lease of a migration ends if nobody renews it.
const leaseLife = 30 * time.Second

// dialectSQL holds the statements about leases, which differ between the engines.
// Leases use the database's clock, because the clocks of the programs may differ.
type dialectSQL struct {
	goose         goose.Dialect
	createLeases  string
	insertLease   string
	now, lifeOver string
	createVersion string
}

func (d Dialect) sql() dialectSQL {
	if d == SQLite {
		return dialectSQL{
			goose:        goose.DialectSQLite3,
			createLeases: "CREATE TABLE IF NOT EXISTS leases (name TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, until_at TEXT NOT NULL)",
			insertLease:  "INSERT OR IGNORE INTO leases (name, owner, until_at) VALUES (?, '', '2000-01-01')",
			now:          "strftime('%Y-%m-%d %H:%M:%f','now')",
			lifeOver:     "strftime('%Y-%m-%d %H:%M:%f','now','+30 seconds')",
			createVersion: "CREATE TABLE IF NOT EXISTS goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, " +
				"version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))",
		}
	}
	return dialectSQL{
		goose: goose.DialectMySQL,
		createLeases: "CREATE TABLE IF NOT EXISTS leases (name VARBINARY(64) NOT NULL PRIMARY KEY, " +
			"owner VARBINARY(64) NOT NULL, until_at DATETIME(3) NOT NULL)",
		insertLease: "INSERT IGNORE INTO leases (name, owner, until_at) VALUES (?, '', '2000-01-01')",
		now:         "CURRENT_TIMESTAMP(3)",
		lifeOver:    "TIMESTAMPADD(SECOND, 30, CURRENT_TIMESTAMP(3))",
		createVersion: "CREATE TABLE IF NOT EXISTS goose_db_version (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, " +
			"version_id BIGINT NOT NULL, is_applied BOOLEAN NOT NULL, tstamp TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP)",
	}
}

// Migrate brings the schema up to the newest of the SQL files in migrations, and
// returns the number of files that it applied. Many programs may call it at once:
// one of them works, under a lease with a heartbeat, and the others wait until it is
// done or ctx ends. owner names this program in the lease. It returns
// [ErrNewerSchema] for a database with a newer schema, and [ErrHalfFilled] for one
// that an interrupted restore has left behind.
func (d *DB) Migrate(ctx context.Context, migrations fs.FS, owner string) (applied int, err error) {
	return d.migrate(ctx, migrations, owner, func(ctx context.Context, provider *goose.Provider) ([]*goose.MigrationResult, error) {
		half, err := d.HalfFilled(ctx)
		if err != nil {
			return nil, err
		}
		if half {
			return nil, ErrHalfFilled
		}
		return d.upByOne(ctx, provider)
	})
}

// upByOne applies all files of migrations that are left, and calls [DB.Migrated] between them.
func (d *DB) upByOne(ctx context.Context, provider *goose.Provider) ([]*goose.MigrationResult, error) {
	if d.Migrated == nil {
		return provider.Up(ctx)
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return nil, err
	}
	var results []*goose.MigrationResult
	for {
		d.Migrated(int64(len(results)), want-have) // the files are numbered without gaps
		one, err := provider.UpByOne(ctx)
		switch {
		case errors.Is(err, goose.ErrNoNextVersion):
			return results, nil
		case err != nil:
			return results, err
		}
		results = append(results, one)
	}
}

// MigrateTo brings the schema up to the file of migrations with the number version, also while the
// database is being filled. It does nothing if the schema is newer than version.
func (d *DB) MigrateTo(ctx context.Context, migrations fs.FS, owner string, version int64) error {
	_, err := d.migrate(ctx, migrations, owner, func(ctx context.Context, provider *goose.Provider) ([]*goose.MigrationResult, error) {
		return provider.UpTo(ctx, version)
	})
	return err
}

// migrate runs up under the lease of migrations and returns the number of files that it applied.
func (d *DB) migrate(
	ctx context.Context, migrations fs.FS, owner string, up func(context.Context, *goose.Provider) ([]*goose.MigrationResult, error),
) (applied int, err error) {
	pool, done, err := d.unhurried()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, done()) }()
	err = d.underLease(ctx, "migrate", owner, d.witness(pool), func(ctx context.Context) error {
		provider, err := d.provider(ctx, pool, migrations)
		if err != nil {
			return err
		}
		if err := newer(ctx, provider); err != nil {
			return err
		}
		results, err := up(ctx, provider)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		applied = len(results)
		return nil
	})
	return applied, err
}

func newer(ctx context.Context, provider *goose.Provider) error {
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if have > want {
		return fmt.Errorf("%w: it has schema %d, this program knows %d", ErrNewerSchema, have, want)
	}
	return nil
}

// provider returns goose's provider. It creates goose's table itself: when goose does that on a
// Galera cluster, it can lose a deadlock half-way and never recover.
func (d *DB) provider(ctx context.Context, pool *sql.DB, migrations fs.FS) (*goose.Provider, error) {
	words := d.Dialect.sql()
	if err := d.exec(ctx, words.createVersion); err != nil {
		return nil, fmt.Errorf("prepare the schema's version: %w", err)
	}
	const zero = "INSERT INTO goose_db_version (version_id, is_applied) SELECT 0, 1 WHERE NOT EXISTS (SELECT 1 FROM goose_db_version)"
	if err := d.exec(ctx, zero); err != nil {
		return nil, fmt.Errorf("prepare the schema's version: %w", err)
	}
	provider, err := goose.NewProvider(words.goose, pool, migrations, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, nil
}

// underLease runs work while this program holds the lease called name, and the witness, which
// shows that the program is alive. If the former owner of the lease had the same witness and no
// longer has it, the lease is taken at once. Any other lease is taken when its owner no longer
// renews it.
func (d *DB) underLease(ctx context.Context, name, owner string, w *witness, work func(context.Context) error) (err error) {
	words := d.Dialect.sql()
	// Programs in containers can have the same host name and process number, so a
	// random number tells the holders of the lease apart.
	owner = fmt.Sprintf("%s/%08x", owner[:min(len(owner), 40)], rand.Uint32()) //nolint:gosec // a name, not a secret
	defer func() { err = errors.Join(err, w.leave()) }()
	if err := d.exec(ctx, words.createLeases); err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	if err := d.exec(ctx, words.insertLease, name); err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	if owner, err = d.awaitLease(ctx, name, owner, w); err != nil {
		return err
	}
	held, lost := context.WithCancelCause(ctx)
	beaten := make(chan struct{})
	go func() {
		defer close(beaten)
		d.heartbeat(held, lost, "UPDATE leases SET until_at = "+words.lifeOver+" WHERE name = ? AND owner = ?", name, owner)
	}()
	defer func() {
		lost(nil)
		<-beaten
		_, released := d.affected(context.WithoutCancel(ctx), "UPDATE leases SET owner = '' WHERE name = ? AND owner = ?", name, owner)
		err = errors.Join(err, released)
	}()
	return work(held)
}

// awaitLease takes a lease as soon as it is free, and returns the name of the owner that it wrote
// into the lease. A program without the witness takes only a lease that its owner no longer renews,
// because a free lease belongs to the program that has the witness.
func (d *DB) awaitLease(ctx context.Context, name, owner string, w *witness) (as string, err error) {
	for alive, waits, dead := false, false, ""; ; waits = true {
		if !alive {
			place := ""
			if alive, place, err = w.take(ctx); err != nil {
				return "", fmt.Errorf("lease: %w", err)
			}
			owner, dead = marked(owner, place), ofPlace(place)
		}
		taken, err := d.takeLease(ctx, name, owner, alive, dead)
		if err != nil {
			return "", fmt.Errorf("lease: %w", err)
		}
		if taken {
			return owner, nil
		}
		if !waits && d.Waits != nil {
			d.Waits(ctx)
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("another program is migrating the database: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// takeLease takes a lease that its owner no longer renews. If witness is true, it also takes a
// lease that is free, or whose owner matches the pattern dead.
func (d *DB) takeLease(ctx context.Context, name, owner string, witness bool, dead string) (taken bool, err error) {
	over := "until_at < " + d.Dialect.sql().now
	take := "UPDATE leases SET owner = ?, until_at = " + d.Dialect.sql().lifeOver + " WHERE name = ? AND "
	if witness {
		return d.affected(ctx, take+"("+over+" OR owner = '' OR owner LIKE ?)", owner, name, dead)
	}
	return d.affected(ctx, take+over+" AND owner <> ''", owner, name)
}

// heartbeat renews a lease with the statement renew until ctx ends. If another program has taken
// the lease, it calls lost.
func (d *DB) heartbeat(ctx context.Context, lost context.CancelCauseFunc, renew, name, owner string) {
	ticker := time.NewTicker(leaseLife / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if held, err := d.affected(ctx, renew, name, owner); err == nil && !held {
				lost(errors.New("the migration's lease was lost"))
				return
			}
		}
	}
}

// exec runs a statement, and runs it again if the engine asks for that.
func (d *DB) exec(ctx context.Context, statement string, args ...any) error {
	_, err := d.affected(ctx, statement, args...)
	return err
}

// affected runs a statement and reports whether it changed a row.
func (d *DB) affected(ctx context.Context, statement string, args ...any) (bool, error) {
	var result sql.Result
	for try := 1; ; try++ {
		var err error
		result, err = d.SQL.ExecContext(ctx, statement, args...)
		if err == nil {
			break
		}
		if try == txTries || !Retryable(err) && !alreadyThere(err) {
			return false, fmt.Errorf("%s: %w", firstWords(statement), err)
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("rows affected: %w", err)
	}
	return n > 0, nil
}

// alreadyThere reports whether err means that the table exists. A cluster says so when two nodes
// create the same table at once.
func alreadyThere(err error) bool { return strings.Contains(err.Error(), "Error 1050") }

func firstWords(statement string) string {
	words := strings.Fields(statement)
	return strings.Join(words[:min(3, len(words))], " ")
}
