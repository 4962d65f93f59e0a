package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// sessionStatements set every variable of a MySQL session on which our statements and
// transactions rely, because a server can have other defaults. Variables that an
// administrator sets to protect the server, such as the longest time of a statement,
// stay as they are.
func sessionStatements() []string {
	return []string{
		// autocommit: a statement outside of a transaction is kept.
		// completion_type: a commit ends the transaction and begins no other.
		// sql_mode: a text that is too long is refused and not cut; double quotes and || have their usual meaning.
		// innodb_lock_wait_timeout: less than answerTime.
		// sql_auto_is_null: "IS NULL" does not find the row that was inserted last.
		// sql_safe_updates, sql_select_limit, sql_big_selects: a statement without a key or a limit does all of its work.
		// lc_messages: an error names its index in English, as errors.go reads it.
		// foreign_key_checks, unique_checks, default_storage_engine: what the migrations declare is kept.
		"SET NAMES utf8mb4 COLLATE utf8mb4_general_ci, autocommit = 1, completion_type = 0, time_zone = '+00:00', sql_mode = 'TRADITIONAL', " +
			"innodb_lock_wait_timeout = 2, sql_auto_is_null = 0, sql_safe_updates = 0, sql_select_limit = 18446744073709551615, " +
			"sql_big_selects = 1, lc_messages = 'en_US', foreign_key_checks = 1, unique_checks = 1, default_storage_engine = 'InnoDB'",
		"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE",
	}
}

// inStep makes a node of a Galera cluster wait before each statement until the node has done
// everything that the cluster had acknowledged by then: reads and BEGIN (1), UPDATE and DELETE (2),
// INSERT (4). Without it, another node may tell a device that its new session has ended (29 of 120
// tries on 28 November 2026), or may let in a device whose session has ended (20 of 120 tries). It
// costs less than a millisecond for each transaction, and for each statement outside a transaction.
const inStep = "SET SESSION wsrep_sync_wait = 7"

// setSession runs the [sessionStatements] on a new connection, and [inStep] if the server
// is a node of a cluster.
func setSession(ctx context.Context, connection driver.Conn) error {
	session, ok := connection.(interface {
		driver.ExecerContext
		driver.QueryerContext
	})
	if !ok {
		return errors.New("the MySQL driver has changed its type")
	}
	statements := sessionStatements()
	cluster, err := inCluster(ctx, session)
	if err != nil {
		return fmt.Errorf("ask whether the database is a cluster: %w", err)
	}
	if cluster {
		statements = append(statements, inStep)
	}
	for _, statement := range statements {
		if _, err := session.ExecContext(ctx, statement, nil); err != nil {
			return fmt.Errorf("prepare a session of the database: %w", err)
		}
	}
	return nil
}

// inCluster reports whether the server is a node of a Galera cluster. Servers of other kinds
// do not know the variable, and return no row.
func inCluster(ctx context.Context, session driver.QueryerContext) (cluster bool, err error) {
	rows, err := session.QueryContext(ctx, "SHOW VARIABLES LIKE 'wsrep_on'", nil)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, 2)
	switch err := rows.Next(row); {
	case errors.Is(err, io.EOF):
		return false, nil
	case err != nil:
		return false, err
	}
	value, _ := row[1].([]byte)
	return string(value) == "ON", nil
}
