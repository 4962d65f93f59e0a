package database

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net"

	"github.com/go-sql-driver/mysql"
)

// Advice returns a sentence that tells an operator what to do about an error of the
// database: why it refused a connection or a statement. It returns "" if the error
// says enough by itself.
func Advice(err error) string {
	if refused, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return adviceAbout(refused.Number)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "The server's certificate is not one that this machine trusts for this host name: name the host as in the certificate, " +
			"and if your own authority signed it, add ?tls-ca=PATH with the authority's certificate to the database address."
	}
	switch {
	case errors.Is(err, mysql.ErrNoTLS):
		return "The server has no TLS: set it up there (ssl_cert and ssl_key of MariaDB and MySQL), " +
			"or take tls out of the database address if the whole path to the server is your own network."
	case errors.Is(err, mysql.ErrUnknownPlugin), errors.Is(err, mysql.ErrNativePassword), errors.Is(err, mysql.ErrOldPassword),
		errors.Is(err, mysql.ErrCleartextPassword):
		return "The server wants to check the password in a way that is not supported: " +
			"give the user a usual password with ALTER USER … IDENTIFIED BY '…'."
	}
	if away, ok := errors.AsType[*net.OpError](err); ok {
		return adviceAboutNetwork(away)
	}
	return ""
}

// adviceAbout returns the advice about an error number of MySQL and MariaDB.
func adviceAbout(number uint16) string {
	switch number {
	case 1045, 1698, 4151: // access denied; MariaDB sends this also when it wants TLS
		return "Compare user and password of the database address with the server (special characters are written with percent signs). " +
			"If they are right, the user may come from another host only (CREATE USER name@'this host'), " +
			"or the server takes the user, or everybody (require_secure_transport), over TLS only: then add ?tls=verify to the address, " +
			"and &tls-ca=PATH if your own authority signed its certificate."
	case 3159: // MySQL wants TLS from everybody; MariaDB 10.11 sends 1045 in that case, too
		return "The server takes connections over TLS only: add ?tls=verify to the database address, " +
			"and &tls-ca=PATH if your own authority signed its certificate."
	case 1044, 1142, 1143, 1227, 1370:
		return "The user has too few rights in the database: GRANT ALL ON name.* TO user, as docs/operations.md shows."
	case 1049:
		return "The database does not exist: CREATE DATABASE name CHARACTER SET utf8mb4, as docs/operations.md shows."
	case 1040, 1203, 1226:
		return "The server has no connection left: raise its max_connections or the user's limit, or lower database-connections of each instance."
	case 1129:
		return "The server has shut this host out after many broken connections: run FLUSH HOSTS (or mariadb-admin flush-hosts) there."
	case 1130:
		return "The server takes no connections from this host: CREATE USER name@'this host', and GRANT ALL ON name.* to that user."
	case 1290, 1792, 1836:
		return "The server only reads: name the one that also writes, or end its read_only."
	case 1021, 1114:
		return "The server's disk is full: make room there."
	case 1115, 1193, 1273:
		return "The server does not know something that the service needs: it may be too old, or of another kind than MariaDB and MySQL."
	case 3750:
		return "MySQL refuses tables without a primary key, and two tables of the service have a unique key instead: " +
			"set sql_require_primary_key = OFF there, as docs/operations.md says."
	default:
		return ""
	}
}

// adviceAboutNetwork returns the advice about the error of a connection that could not be opened.
func adviceAboutNetwork(away *net.OpError) string {
	if away.Net != "unix" {
		return "Look whether the database runs, listens at this address and port (bind-address, skip-networking), and whether a firewall is between."
	}
	if errors.Is(away, fs.ErrPermission) {
		return "The service may not open the database's socket: let its user into the folder, or use host and port."
	}
	return "There is no database at this socket: look whether it runs, and at its setting socket " +
		"(mariadb: SELECT @@socket); in a container or a unit the path may need to be let in."
}
