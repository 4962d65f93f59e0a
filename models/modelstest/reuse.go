package modelstest

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// reuseVariable is "1" if tests may get databases of earlier tests.
const reuseVariable = "LATCHKEY_TEST_REUSE"

// reuse holds databases without rows, which earlier tests no longer use.
var reuse struct {
	sync.Mutex

	free []string
}

// reused returns the address of a database for [Open], which has no rows but may have its tables
// already, so that Open has nothing to migrate.
//
// A database needs a hundred steps that make or change tables. Each of them stops a whole Galera
// cluster for a moment, and TiDB does them slowly and one after the other. With a new database for
// each test, four tests at a time hindered each other: on a busy machine, statements of other
// tests took longer than the four seconds that they may take. So on a cluster and on TiDB, and
// only there, a test gets the database of an earlier test. The databases are removed together with
// the server.
func reused(t testing.TB) string {
	t.Helper()
	if os.Getenv(reuseVariable) != "1" {
		return MySQL(t)
	}
	reuse.Lock()
	defer reuse.Unlock()
	var address string
	if last := len(reuse.free) - 1; last >= 0 {
		address, reuse.free = reuse.free[last], reuse.free[:last]
	} else {
		address, _ = create(t)
	}
	t.Cleanup(func() { // when the test has closed its stores
		if err := empty(address); err != nil {
			t.Logf("the database is not used again: %v", err)
			return
		}
		reuse.Lock()
		defer reuse.Unlock()
		reuse.free = append(reuse.free, address)
	})
	return address
}

// empty deletes all rows, except those that say which migrations are done.
func empty(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	config := mysqlOf(u)
	config.DBName = u.Path[1:]
	if os.Getenv(nodesVariable) != "" {
		config.Params = map[string]string{"wsrep_sync_wait": "7"} // this node may not have all that the others wrote
	}
	db, err := sql.Open("mysql", config.FormatDSN())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	tables, err := tablesOf(db)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if table == "goose_db_version" {
			continue
		}
		if _, err := db.ExecContext(context.Background(), "DELETE FROM "+table); err != nil {
			return err
		}
	}
	return nil
}

func tablesOf(db *sql.DB) (tables []string, err error) {
	rows, err := db.QueryContext(context.Background(), "SHOW TABLES")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return nil, err
		}
		tables = append(tables, table)
	}
	return tables, rows.Err()
}

// mysqlOf returns the driver's settings for a server.
func mysqlOf(server *url.URL) *mysql.Config {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User = "tcp", server.Host, server.User.Username()
	config.Passwd, _ = server.User.Password()
	return config
}
