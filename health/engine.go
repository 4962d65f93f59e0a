package health

import (
	"strconv"
	"strings"
)

// Engine is what the database engine says about itself; see [Reasons] for the traps that are looked for.
type Engine struct {
	SQLite  bool
	Version string
	Global  map[string]string // variables and counters of a server
	Session map[string]string // of our connections: variables of a server, or pragmas of SQLite
	Pool    int               // the most connections that this program opens
}

func judgeEngine(e Engine) []Check {
	if e.SQLite {
		return []Check{found("database", "ok", map[string]any{"Version": "SQLite " + e.Version}), e.judgePragmas()}
	}
	checks := []Check{e.judgeVersion(), e.judgeSession()}
	checks = append(checks, orFine("database_write", e.writeTraps())...)
	checks = append(checks, orFine("database_limits", e.limitTraps())...)
	if e.Global["wsrep_on"] == "ON" {
		checks = append(checks, orFine("database_cluster", e.clusterTraps())...)
	}
	return checks
}

// orFine returns the findings, or one that is in order if there are none.
func orFine(name string, findings []Check) []Check {
	if len(findings) == 0 {
		return []Check{found(name, "ok", nil)}
	}
	return findings
}

func (e Engine) judgePragmas() Check {
	const full = 2 // synchronous is a number: 2 is FULL, 3 is EXTRA
	switch synchronous, _ := strconv.Atoi(e.Session["synchronous"]); {
	case e.Session["journal_mode"] != "wal":
		return found("database_write", "journal", map[string]any{"Value": e.Session["journal_mode"]})
	case synchronous < full:
		return found("database_write", "synchronous", map[string]any{"Value": e.Session["synchronous"]})
	default:
		return found("database_write", "ok", nil)
	}
}

// judgeVersion looks at the version. Older versions of MariaDB and MySQL get no corrections from their makers any longer, and
// TiDB is another engine, with which the service works only in part.
func (e Engine) judgeVersion() Check {
	params := map[string]any{"Version": e.Version}
	lower := strings.ToLower(e.Version)
	switch maria := strings.Contains(lower, "mariadb"); {
	case strings.Contains(lower, "tidb"):
		return found("database", "other", params)
	case maria && older(e.Version, "10.6"), !maria && older(e.Version, "8.0"):
		return found("database", "old", params)
	default:
		return found("database", "ok", params)
	}
}

// judgeSession looks whether our connections have the settings that the service gives them. A proxy between the service and
// the server can lose them.
func (e Engine) judgeSession() Check {
	isolation := e.Session["transaction_isolation"] + e.Session["tx_isolation"] // MariaDB 11.1 has both names, older ones the second
	switch {
	case !strings.Contains(e.Session["sql_mode"], "STRICT_TRANS_TABLES"):
		return found("database_session", "mode", map[string]any{"Value": e.Session["sql_mode"]})
	case !strings.HasPrefix(isolation, "REPEATABLE-READ"):
		return found("database_session", "isolation", map[string]any{"Value": isolation})
	case e.Session["character_set_connection"] != "utf8mb4":
		return found("database_session", "characters", map[string]any{"Value": e.Session["character_set_connection"]})
	default:
		return found("database_session", "ok", nil)
	}
}

// writeTraps returns the settings by which a server acknowledges what it can still lose.
func (e Engine) writeTraps() (list []Check) {
	trap := func(is bool, reason, name string) {
		if is {
			list = append(list, found("database_write", reason, map[string]any{"Value": e.Global[name]}))
		}
	}
	trap(e.Global["read_only"] == "ON", "read_only", "read_only")
	trap(e.differs("innodb_flush_log_at_trx_commit", "1"), "flush", "innodb_flush_log_at_trx_commit")
	trap(e.Global["log_bin"] == "ON" && e.differs("sync_binlog", "1"), "binlog", "sync_binlog")
	trap(e.Global["innodb_doublewrite"] == "OFF", "doublewrite", "innodb_doublewrite")
	return list
}

// differs reports whether the server has a variable with another value.
func (e Engine) differs(name, value string) bool {
	got, known := e.Global[name]
	return known && got != value
}

// The limits of a server below which the service is disturbed.
const (
	packetLeast = 4 << 20
	waitLeast   = 60 // seconds; the service keeps connections for half an hour and opens a new one for each that has ended
)

func (e Engine) limitTraps() (list []Check) {
	below := func(name, reason string, least int) {
		if value, err := strconv.Atoi(e.Global[name]); err == nil && value < least {
			list = append(list, found("database_limits", reason, map[string]any{"Value": value, "Least": least}))
		}
	}
	below("max_allowed_packet", "packet", packetLeast)
	below("wait_timeout", "wait", waitLeast)
	below("max_connections", "connections", 2*e.Pool+2)
	return list
}

// clusterTraps returns what is wrong with a node of a Galera cluster.
func (e Engine) clusterTraps() (list []Check) {
	trap := func(is bool, reason, value string) {
		if is {
			list = append(list, found("database_cluster", reason, map[string]any{"Value": value}))
		}
	}
	status, known := e.Global["wsrep_cluster_status"]
	trap(known && status != "Primary", "alone", status)
	trap(e.Global["wsrep_cluster_size"] == "2", "two", "2")
	trap(e.Session["wsrep_sync_wait"] != "7", "step", e.Session["wsrep_sync_wait"])
	trap(e.differs("binlog_format", "ROW"), "format", e.Global["binlog_format"])
	return list
}
