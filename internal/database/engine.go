package database

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Engine has what an engine says about itself and its settings, for an operator who looks for traps.
type Engine struct {
	Dialect Dialect
	Version string
	// Global has the variables and counters of a MySQL server, by their names in lower case. A server leaves out
	// those that it does not know.
	Global map[string]string
	// Session has the variables of one of our connections: of MySQL, or the pragmas of SQLite.
	Session map[string]string
}

// engineTime is the longest time that [DB.Engine] takes.
const engineTime = 3 * time.Second

// The statements of [DB.Engine] for MySQL and its relatives.
const (
	engineGlobal = `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version_comment', 'max_allowed_packet', 'wait_timeout', 'max_connections', 'read_only',
'innodb_flush_log_at_trx_commit', 'sync_binlog', 'log_bin', 'wsrep_on', 'binlog_format', 'innodb_autoinc_lock_mode', 'tidb_version', 'innodb_doublewrite')`
	engineStatus  = `SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_size', 'wsrep_cluster_status', 'wsrep_ready')`
	engineSession = `SHOW SESSION VARIABLES WHERE Variable_name IN ('sql_mode', 'tx_isolation', 'transaction_isolation', 'character_set_connection',
'character_set_database', 'wsrep_sync_wait')`
)

// Engine asks the engine about itself.
func (d *DB) Engine(ctx context.Context) (Engine, error) {
	ctx, cancel := context.WithTimeout(ctx, engineTime)
	defer cancel()
	e := Engine{Dialect: d.Dialect, Global: map[string]string{}, Session: map[string]string{}}
	ask := d.askMySQL
	if d.Dialect == SQLite {
		ask = d.askSQLite
	}
	if err := ask(ctx, &e); err != nil {
		return Engine{}, fmt.Errorf("ask the database about itself: %w", err)
	}
	return e, nil
}

func (d *DB) askSQLite(ctx context.Context, e *Engine) error {
	if err := d.SQL.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&e.Version); err != nil {
		return err
	}
	for name, pragma := range map[string]string{"journal_mode": "PRAGMA journal_mode", "synchronous": "PRAGMA synchronous", "foreign_keys": "PRAGMA foreign_keys"} {
		var value string
		if err := d.SQL.QueryRowContext(ctx, pragma).Scan(&value); err != nil {
			return err
		}
		e.Session[name] = value
	}
	return nil
}

func (d *DB) askMySQL(ctx context.Context, e *Engine) error {
	if err := d.SQL.QueryRowContext(ctx, "SELECT VERSION()").Scan(&e.Version); err != nil {
		return err
	}
	for _, one := range []struct {
		statement string
		into      map[string]string
	}{{engineGlobal, e.Global}, {engineStatus, e.Global}, {engineSession, e.Session}} {
		if err := d.readVariables(ctx, one.statement, one.into); err != nil {
			return err
		}
	}
	return nil
}

// readVariables reads rows of a name and a value.
func (d *DB) readVariables(ctx context.Context, statement string, into map[string]string) (err error) {
	rows, err := d.SQL.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		into[name] = value
	}
	return rows.Err()
}
