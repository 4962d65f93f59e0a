package database

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// ErrAddress means that the database address cannot be understood. Its text never
// quotes the address, which may contain a password.
var ErrAddress = errors.New("the database address must be sqlite:PATH or mysql://user:password@host:port/name, " +
	"perhaps with ?tls=verify, ?tls-ca=PATH, ?tls=skip-verify or ?socket=PATH behind it")

// The values of the parameter tls.
const (
	tlsVerify     = "verify"      // the certificate must be valid and name the host
	tlsSkipVerify = "skip-verify" // any certificate is accepted, so that somebody between the two programs can read everything
)

// options are the parameters of a MySQL address.
type options struct {
	tls    string // "", tlsVerify or tlsSkipVerify
	ca     string // path of a file with the certificates of authorities; "" for the system's own
	socket string // path of a Unix socket, instead of host and port; "" for none
}

// readOptions reads the query of a MySQL address. It returns [ErrAddress] for a
// parameter or a value that does not exist, or that appears twice.
func readOptions(query string) (options, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return options{}, ErrAddress
	}
	var o options
	known := map[string]*string{"tls": &o.tls, "tls-ca": &o.ca, "socket": &o.socket}
	for name, all := range values {
		field := known[name]
		if field == nil || len(all) != 1 || all[0] == "" {
			return options{}, ErrAddress
		}
		*field = all[0]
	}
	switch {
	case o.tls != "" && o.tls != tlsVerify && o.tls != tlsSkipVerify,
		o.ca != "" && o.tls == tlsSkipVerify, // the file would have no effect
		o.socket != "" && (o.tls != "" || o.ca != ""):
		return options{}, ErrAddress
	}
	if o.ca != "" {
		o.tls = tlsVerify
	}
	return o, nil
}

// tlsConfig returns the settings of TLS for a host, or nil without TLS. It returns an
// error for a file of certificates that cannot be read.
func (o options) tlsConfig(host string) (*tls.Config, error) {
	switch o.tls {
	case "":
		return nil, nil //nolint:nilnil // no TLS is a setting, too
	case tlsSkipVerify:
		return &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}, nil //nolint:gosec // the operator asks for it by name
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if o.ca == "" {
		return config, nil
	}
	certificates, err := os.ReadFile(o.ca)
	if err != nil {
		return nil, fmt.Errorf("tls-ca of the database address: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(certificates) {
		return nil, fmt.Errorf("tls-ca of the database address: %s has no certificate; it must be a PEM file, with lines that begin with -----BEGIN CERTIFICATE-----", o.ca)
	}
	return config, nil
}

func mysqlConfig(address string) (*mysql.Config, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "mysql" || len(u.Path) < 2 || u.Fragment != "" {
		return nil, ErrAddress
	}
	o, err := readOptions(u.RawQuery)
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.DBName = strings.TrimPrefix(u.Path, "/")
	switch {
	case o.socket != "":
		config.Net, config.Addr = "unix", o.socket
	case u.Hostname() == "":
		return nil, ErrAddress
	case u.Port() == "":
		config.Net, config.Addr = "tcp", net.JoinHostPort(u.Hostname(), "3306")
	default:
		config.Net, config.Addr = "tcp", u.Host
	}
	if config.TLS, err = o.tlsConfig(u.Hostname()); err != nil {
		return nil, err
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.ParseTime, config.Loc = true, time.UTC
	config.ClientFoundRows = true // counts a row even if an update sets the value that it already has
	config.InterpolateParams = true
	config.RejectReadOnly = true // after a failover, drops connections to a node that only reads
	config.Timeout, config.ReadTimeout, config.WriteTimeout = connectTime, answerTime, answerTime
	config.Logger = &mysql.NopLogger{}
	return config, nil
}
