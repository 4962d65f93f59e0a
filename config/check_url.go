package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The errors of this file do not quote the value, because it contains a password.

// checkDatabase checks sqlite:PATH and mysql://user:password@host:port/name.
func checkDatabase(text string) error {
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok {
		switch {
		case path == "":
			return errors.New("does not name a file; write sqlite:PATH, such as sqlite:/var/lib/latchkey/latchkey.db")
		case strings.HasPrefix(path, ":memory:"):
			return errors.New("must be a file; a database in memory is lost when the service stops")
		}
		return nil
	}
	if !strings.HasPrefix(text, "mysql://") {
		return errors.New("must be sqlite:PATH or mysql://user:password@host:port/name")
	}
	text, query, parameters := strings.Cut(text, "?")
	socket := false
	if parameters {
		var err error
		if socket, err = checkDatabaseQuery(query); err != nil {
			return err
		}
	}
	if socket { // then the host has no meaning and may be left out
		text = regexp.MustCompile(`^(mysql://[^/]*@)/`).ReplaceAllString(text, "${1}localhost/")
	}
	u, err := parseServer(text)
	if err != nil {
		return err
	}
	switch {
	case u.User.Username() == "":
		return errors.New("does not name a user; write mysql://user:password@host:port/name")
	case !regexp.MustCompile(`^/[0-9A-Za-z_$-]{1,64}$`).MatchString(u.Path):
		return errors.New("does not name a database that can be used; write mysql://user:password@host:port/name, where the name has only letters, digits, _, $ and -")
	}
	return nil
}

// checkDatabaseQuery checks the parameters of a MySQL address, and reports whether one of them
// names a socket.
func checkDatabaseQuery(query string) (socket bool, err error) {
	const all = "the parameters are tls=verify, tls=skip-verify, tls-ca=PATH and socket=PATH; in a password write ? as %3F"
	values, err := url.ParseQuery(query)
	if err != nil {
		return false, fmt.Errorf("has parameters that cannot be read; %s", all)
	}
	for name, given := range values {
		switch {
		case !slices.Contains([]string{"tls", "tls-ca", "socket"}, name):
			return false, fmt.Errorf("has a parameter that does not exist; %s", all)
		case len(given) != 1 || given[0] == "":
			return false, fmt.Errorf("has the parameter %s without a value or twice; %s", name, all)
		}
	}
	mode, ca, path := values.Get("tls"), values.Get("tls-ca"), values.Get("socket")
	switch {
	case mode != "" && mode != "verify" && mode != "skip-verify":
		return false, errors.New("has a value of tls that does not exist; write tls=verify, or tls=skip-verify to take any certificate")
	case ca != "" && mode == "skip-verify":
		return false, errors.New("has both tls-ca and tls=skip-verify, which takes any certificate; leave one of them out")
	case path != "" && (mode != "" || ca != ""):
		return false, errors.New("has both a socket and tls; a socket never leaves this machine, so leave tls out")
	case path != "" && !filepath.IsAbs(path), ca != "" && !filepath.IsAbs(ca):
		return false, errors.New("names a socket or a file whose path does not begin with /")
	}
	return path != "", nil
}

// checkMailURL checks smtp://…, smtps://…, smtp+plain://… and dir:PATH.
func checkMailURL(text string) error {
	if path, ok := strings.CutPrefix(text, "dir:"); ok {
		if path == "" {
			return errors.New("does not name a folder; write dir:PATH")
		}
		return nil
	}
	if text == "" {
		return nil // the setting is missing; another check reports that
	}
	plain := strings.HasPrefix(text, "smtp+plain://")
	if !plain && !strings.HasPrefix(text, "smtp://") && !strings.HasPrefix(text, "smtps://") {
		return errors.New("must be smtp://user:password@host:587, smtps://user:password@host:465, smtp+plain://localhost:25 or dir:PATH")
	}
	private := false
	if plain {
		text, private = strings.CutSuffix(text, "?network=private")
	}
	u, err := parseServer(text)
	if err != nil {
		return err
	}
	if plain {
		if err := checkPlain(u.Hostname(), private); err != nil {
			return err
		}
	}
	_, hasPassword := u.User.Password()
	switch {
	case strings.Trim(u.Path, "/") != "":
		return errors.New("must end after the port, such as smtp://user:password@host:587")
	case u.User != nil && (!hasPassword || u.User.Username() == ""):
		return errors.New("must have both a user and a password, or neither, such as smtp://user:password@host:587")
	}
	return nil
}

// checkPlain returns an error if mail must not go to host without TLS. If private is true, hosts in
// private networks are allowed, too. checkPlain accepts every host name, because the IP address of
// a name is known only when a mail is sent; the mailer checks it then.
func checkPlain(host string, private bool) error {
	address, err := netip.ParseAddr(host)
	if err != nil { // a name
		return nil //nolint:nilerr // see above
	}
	address = address.Unmap()
	overlay := netip.MustParsePrefix("100.64.0.0/10")
	switch {
	case address.IsLoopback():
		return nil
	case !private:
		return errors.New("sends without TLS, so it must name this machine (smtp+plain://localhost:25); for a relay in your private network add ?network=private, and for any other write smtp:// or smtps://")
	case !address.IsPrivate() && !address.IsLinkLocalUnicast() && !overlay.Contains(address):
		return errors.New("sends without TLS, and its address is in no private network; write smtp:// or smtps://")
	}
	return nil
}

// parseServer reads scheme://user:password@host:port/path.
func parseServer(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.User == nil && strings.Contains(text, "@"):
		return nil, errors.New("cannot be read; in the user and the password, write special characters with percent signs: %2F for /, %23 for #, %3F for ?, %40 for @ and %25 for %")
	case !isHost(u.Hostname()):
		return nil, errors.New("does not name a host; write scheme://user:password@host:port")
	case strings.HasSuffix(u.Host, ":"), u.Port() != "" && (!isPort(u.Port()) || u.Port() == "0"):
		return nil, errors.New("has a port that is not valid; use a number from 1 to 65535")
	case u.RawQuery != "", u.ForceQuery, strings.Contains(text, "#"):
		return nil, errors.New("must not contain ? or #; in a password, write them as %3F and %23")
	}
	return u, nil
}
