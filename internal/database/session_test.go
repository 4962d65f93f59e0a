package database_test

import (
	"fmt"
	"net/url"
	"os"
	osexec "os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// guest is an account of the test's MySQL server that is not an administrator.
type guest struct {
	t     *testing.T
	admin *database.DB
	url   url.URL
}

// newGuest makes an account with all rights in a new database. The parameter how is the end of the
// statement CREATE USER, after the password: "REQUIRE SSL", or "".
func newGuest(t *testing.T, how string) guest {
	t.Helper()
	address, err := url.Parse(modelstest.AtNode(t, modelstest.MySQL(t), 0)) // another node knows a new account only some time later
	if err != nil {
		t.Fatal(err)
	}
	g := guest{t: t, admin: open(t, address.String()), url: *address}
	name := "guest" + address.Path[strings.LastIndexByte(address.Path, '_'):] + "_" + address.Path[len(address.Path)-3:]
	for _, host := range []string{"'%'", "localhost"} {
		g.run("CREATE USER " + name + "@" + host + " IDENTIFIED BY 'a guest' " + how)
		g.run("GRANT ALL ON " + address.Path[1:] + ".* TO " + name + "@" + host)
		t.Cleanup(func() { g.run("DROP USER " + name + "@" + host) })
	}
	g.url.User = url.UserPassword(name, "a guest")
	return g
}

// run runs a statement as the administrator, also after the test has ended.
func (g guest) run(statement string) {
	g.t.Helper()
	if _, err := g.admin.SQL.Exec(statement); err != nil {
		g.t.Errorf("%.20s…: got error %v, want none", statement, err)
	}
}

// at returns the address of the guest with other parameters.
func (g guest) at(query string) string {
	address := g.url
	address.RawQuery = query
	return address.String()
}

// A server can have defaults with which our statements do not work: it does not keep a
// sign-up, it cuts a text, or its transactions can only read. So each connection sets
// what it needs. The test is not parallel, because it changes the defaults of the whole
// server, which hold for everybody except administrators.
func TestSessionsSetWhatTheyRelyOn(t *testing.T) { //nolint:paralleltest // see above
	g := newGuest(t, "")
	modelstest.SkipOnTiDB(t, g.admin.SQL, "TiDB refuses some of these defaults, so that nobody can have them")
	t.Cleanup(func() { g.run("SET GLOBAL init_connect = ''") })
	g.run(`SET GLOBAL init_connect = "SET NAMES latin1, autocommit = 0, completion_type = 1, time_zone = '+05:00', sql_mode = 'ANSI_QUOTES', ` +
		`innodb_lock_wait_timeout = 50, sql_auto_is_null = 1, sql_safe_updates = 1, sql_select_limit = 1, sql_big_selects = 0, ` +
		`lc_messages = 'de_DE', foreign_key_checks = 0, unique_checks = 0, default_storage_engine = 'MyISAM', tx_isolation = 'READ-UNCOMMITTED', tx_read_only = 1"`)
	db := open(t, g.at(""))
	for name, want := range map[string]string{
		"character_set_client": "utf8mb4", "character_set_results": "utf8mb4", "collation_connection": "utf8mb4_general_ci",
		"autocommit": "1", "completion_type": "NO_CHAIN", "time_zone": "+00:00", "innodb_lock_wait_timeout": "2", "sql_auto_is_null": "0",
		"sql_safe_updates": "0", "sql_select_limit": "18446744073709551615", "sql_big_selects": "1", "foreign_key_checks": "1",
		"unique_checks": "1", "lc_messages": "en_US", "default_storage_engine": "InnoDB", "tx_isolation": "REPEATABLE-READ", "tx_read_only": "0",
	} {
		var got string
		if err := db.SQL.QueryRowContext(t.Context(), "SELECT @@"+name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, error %v; want %q", name, got, err, want)
		}
	}
	wait := "0" // a single server has no other nodes
	if os.Getenv("LATCHKEY_TEST_GALERA") != "" {
		wait = "7"
	}
	var got string
	if err := db.SQL.QueryRowContext(t.Context(), "SELECT @@wsrep_sync_wait").Scan(&got); err != nil || got != wait {
		t.Errorf("wsrep_sync_wait is %q, error %v; want %q", got, err, wait)
	}
	var mode string
	if err := db.SQL.QueryRowContext(t.Context(), "SELECT @@sql_mode").Scan(&mode); err != nil ||
		!strings.Contains(mode, "STRICT_ALL_TABLES") || strings.Contains(mode, "ANSI_QUOTES") {
		t.Errorf("sql_mode is %q, error %v; want a strict one without ANSI_QUOTES", mode, err)
	}
	for _, statement := range []string{"CREATE TABLE kept (n INT)", "INSERT INTO kept VALUES (1)", "UPDATE kept SET n = 2"} {
		if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: got error %v, want none", statement, err)
		}
	}
	// The name of an index is read from the text of the error, which must be in English.
	err := db.Gorm.Exec("CREATE TABLE taken (name INT, UNIQUE KEY taken_name (name))").Error
	for range 2 {
		if err == nil {
			err = db.Gorm.Exec("INSERT INTO taken VALUES (1)").Error
		}
	}
	if !database.IsDuplicate(err, "taken", "name") {
		t.Errorf("a name that is taken: got error %v, want a duplicate of taken_name", err)
	}
	var n int
	if err := open(t, g.at("")).SQL.QueryRowContext(t.Context(), "SELECT n FROM kept").Scan(&n); err != nil || n != 2 {
		t.Errorf("another connection reads %d, error %v; want 2", n, err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	ca := os.Getenv("LATCHKEY_TEST_MYSQL_CA")
	g := newGuest(t, "REQUIRE SSL")
	if ca == "" {
		t.Skip("LATCHKEY_TEST_MYSQL_CA names no certificate of an authority: scripts/with-mariadb starts a server with TLS")
	}
	for _, tt := range []struct{ name, query, advice string }{
		{"without TLS", "", "?tls=verify"},
		{"certificate of an authority that is not known", "tls=verify", "tls-ca=PATH"},
		{"certificate of the authority", "tls=verify&tls-ca=" + ca, ""},
		{"the authority alone asks for TLS", "tls-ca=" + ca, ""},
		{"any certificate", "tls=skip-verify", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, g.at(tt.query))
			err := db.Ping(t.Context())
			if advice := database.Advice(err); (err == nil) != (tt.advice == "") || !strings.Contains(advice, tt.advice) {
				t.Fatalf("got error %v with the advice %q, want advice with %q", err, advice, tt.advice)
			}
			if err != nil {
				return
			}
			var name, cipher string
			if err := db.SQL.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher); err != nil || cipher == "" {
				t.Errorf("got the cipher %q, error %v; want one", cipher, err)
			}
		})
	}
	t.Run("the name of another host", func(t *testing.T) {
		t.Parallel()
		other := g.url
		other.Host = "[::ffff:127.0.0.1]:" + other.Port()
		other.RawQuery = "tls-ca=" + ca
		err := open(t, other.String()).Ping(t.Context())
		if err == nil {
			t.Skip("this machine writes the address as the certificate does")
		}
		if !strings.Contains(database.Advice(err), "host name") {
			t.Errorf("got error %v with the advice %q, want advice about the host name", err, database.Advice(err))
		}
	})
	for name, file := range map[string]string{"no file": ca + ".missing", "no certificate": "session_test.go"} {
		if _, err := database.Open(g.at("tls-ca="+file), 1); err == nil || strings.Contains(err.Error(), "a guest") {
			t.Errorf("%s: got %v, want an error without the password", name, err)
		}
	}
}

// serverOverTLSOnly starts a MariaDB that accepts connections over TCP only with TLS. It returns
// the address of the server, and the path of the certificate of the authority that signed for it.
func serverOverTLSOnly(t *testing.T) (address, ca string) {
	t.Helper()
	if os.Getenv("LATCHKEY_TEST_MYSQL_CA") == "" {
		t.Skip("LATCHKEY_TEST_MYSQL_CA names no certificate of an authority: scripts/with-mariadb starts a server with TLS")
	}
	command := osexec.CommandContext(t.Context(), "../../scripts/with-mariadb", "bash", "-c",
		`echo "$LATCHKEY_TEST_MYSQL $LATCHKEY_TEST_MYSQL_CA"; exec sleep infinity`)
	command.Env = append(os.Environ(), "WITH_MARIADB_OPTIONS=--require-secure-transport=ON", "TMPDIR="+os.TempDir())
	command.Stderr = os.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) } // it removes the server then
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Wait() }) // the context of the test has ended then
	if _, err := fmt.Fscan(out, &address, &ca); err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	return address, ca
}

// The whole server accepts connections only over TLS. Without TLS, the error tells the operator to
// add it; with TLS, the service sets up its database.
func TestServerOverTLSOnly(t *testing.T) {
	t.Parallel()
	address, ca := serverOverTLSOnly(t)
	for query, want := range map[string]string{"": "require_secure_transport", "?tls=verify": "tls-ca=PATH", "?tls-ca=" + ca: "", "?tls=skip-verify": ""} {
		err := open(t, address+"/mysql"+query).Ping(t.Context())
		if advice := database.Advice(err); (err == nil) != (want == "") || !strings.Contains(advice, want) {
			t.Errorf("%q: got error %v with the advice %q, want advice with %q", query, err, advice, want)
		}
	}
	if _, err := open(t, address+"/mysql?tls-ca="+ca).SQL.ExecContext(t.Context(), "CREATE DATABASE latchkey CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	store := modelstest.Open(t, address+"/latchkey?tls-ca="+ca, modelstest.NewClock())
	if err := store.Ready(t.Context()); err != nil {
		t.Errorf("the database over TLS: got error %v, want none", err)
	}
}

func TestSocket(t *testing.T) {
	t.Parallel()
	socket := os.Getenv("LATCHKEY_TEST_MYSQL_SOCKET")
	g := newGuest(t, "")
	if socket == "" {
		t.Skip("LATCHKEY_TEST_MYSQL_SOCKET names no socket: scripts/with-mariadb starts a server with one")
	}
	g.url.Host = ""
	if err := open(t, g.at("socket="+socket)).Ping(t.Context()); err != nil {
		t.Errorf("by socket: got error %v, want none", err)
	}
	err := open(t, g.at("socket="+socket+".missing")).Ping(t.Context())
	if !database.Unavailable(err) || !strings.Contains(database.Advice(err), "SELECT @@socket") {
		t.Errorf("got error %v with the advice %q, want to wait, and advice about the socket", err, database.Advice(err))
	}
}
