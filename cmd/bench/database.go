package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/latchkey-media/latchkey/internal/database"
)

// keptPath returns the path at which the seeded SQLite file with a schema is kept between runs.
func (t *town) keptPath(cache, schema string) string {
	return filepath.Join(cache, fmt.Sprintf("town-%d-%x.db", t.accounts, digest(seedVersion + schema)[:8]))
}

// file makes a seeded SQLite file in folder for a build of the program, with the schema of that
// build. It copies the kept file if there is one, and otherwise makes a new file.
func (t *town) file(ctx context.Context, r *run, program, folder string) (address string, err error) {
	path := filepath.Join(folder, "latchkey.db")
	address = "sqlite:" + path
	if err := r.migrate(ctx, program, address, folder); err != nil {
		return "", err
	}
	schema, err := schemaOf(ctx, address)
	if err != nil {
		return "", err
	}
	kept := t.keptPath(r.cache, schema)
	if found, err := os.Stat(kept); err == nil && time.Since(found.ModTime()) < staysGoodFor() {
		return address, copyFile(kept, path)
	}
	if !t.fromOlder(ctx, r, program, folder, schema) {
		r.say("making %s accounts in %s", strconv.Itoa(t.accounts), kept)
		if err := r.migrate(ctx, program, address, folder); err != nil {
			return "", err
		}
		if err := t.seedAddress(ctx, address); err != nil {
			return "", err
		}
	}
	if err := copyFile(path, kept+".new"); err != nil {
		return "", err
	}
	return address, os.Rename(kept+".new", kept)
}

// fromOlder makes the file in folder from a kept file with an older schema. It reports whether the
// program could bring that file up to date to the wanted schema. This is much quicker than a new
// seed.
func (t *town) fromOlder(ctx context.Context, r *run, program, folder, schema string) bool {
	path := filepath.Join(folder, "latchkey.db")
	older, err := filepath.Glob(filepath.Join(r.cache, fmt.Sprintf("town-%d-*.db", t.accounts)))
	if err != nil {
		return false
	}
	for _, one := range older {
		found, err := os.Stat(one)
		if err != nil || time.Since(found.ModTime()) > staysGoodFor() || copyFile(one, path) != nil {
			continue
		}
		if r.migrate(ctx, program, "sqlite:"+path, folder) != nil {
			continue // the schema of the file is newer than the program
		}
		if got, err := schemaOf(ctx, "sqlite:"+path); err == nil && got == schema {
			return true
		}
	}
	for _, beside := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(path + beside)
	}
	return false
}

// seedAddress fills the database at address, which has no data yet.
func (t *town) seedAddress(ctx context.Context, address string) error {
	db, err := database.Open(address, 1)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := t.seed(ctx, db, time.Now()); err != nil {
		return err
	}
	if db.Dialect == database.SQLite { // so that all data are in this one file
		_, err = db.SQL.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return err
}

// schemaOf returns the statements by which the tables and indexes of a SQLite file were made.
func schemaOf(ctx context.Context, address string) (string, error) {
	db, err := database.Open(address, 1)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.SQL.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return "", err
	}
	rows, err := db.SQL.QueryContext(ctx, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	var all strings.Builder
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return "", err
		}
		all.WriteString(one + "\n")
	}
	return all.String(), rows.Err()
}

// copyFile copies a file, and removes the files of SQLite beside the old copy.
func copyFile(from, to string) error {
	for _, beside := range []string{"-wal", "-shm"} {
		if err := os.RemoveAll(to + beside); err != nil {
			return err
		}
	}
	source, err := os.Open(from) //nolint:gosec // a file of the bench
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // a file of the bench
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		return err
	}
	return target.Close()
}

// onServer makes a seeded database with a name of its own on the MySQL server of the run.
func (t *town) onServer(ctx context.Context, r *run, program, name, folder string) (address string, err error) {
	server, err := r.serverPool(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = server.Close() }()
	for _, statement := range []string{
		"SET GLOBAL innodb_buffer_pool_size = 1073741824", // what a machine for 100,000 accounts would give it
		"DROP DATABASE IF EXISTS " + name,
		"CREATE DATABASE " + name + " CHARACTER SET utf8mb4",
	} {
		if _, err := server.ExecContext(ctx, statement); err != nil {
			return "", fmt.Errorf("%s: %w", statement, err)
		}
	}
	address = strings.TrimSuffix(r.mysql, "/") + "/" + name
	if err := r.migrate(ctx, program, address, folder); err != nil {
		return "", err
	}
	r.say("making %s accounts on the MySQL server", strconv.Itoa(t.accounts))
	return address, t.seedAddress(ctx, address)
}

// serverPool opens the MySQL server of the run without a database. scripts/with-mariadb names
// the server as mysql://root@HOST:PORT.
func (r *run) serverPool(context.Context) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = "root", "tcp", strings.TrimPrefix(r.mysql, "mysql://root@")
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// serverProcess returns the id of the process of the MySQL server, and 0 if it is on another
// machine.
func (r *run) serverProcess(ctx context.Context) int {
	pool, err := r.serverPool(ctx)
	if err != nil {
		return 0
	}
	defer func() { _ = pool.Close() }()
	var path string
	if err := pool.QueryRowContext(ctx, "SELECT @@pid_file").Scan(&path); err != nil {
		return 0
	}
	content, err := os.ReadFile(path) //nolint:gosec // as the server says
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0
	}
	return pid
}
