package mailer

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const (
	submissionPort = 587 // STARTTLS
	tlsPort        = 465 // TLS from the first byte
	relayPort      = 25  // without TLS
)

// ParseTransport returns the transport for a mail URL: smtp://user:password@host:587 (STARTTLS is
// required), smtps://…:465, smtp+plain://localhost:25 (without TLS; with ?network=private also to a
// private network), or dir:PATH. hello is the name that we send to mail servers in EHLO: the host
// of the public URL. Errors never quote the URL, because it contains a password.
func ParseTransport(mailURL, hello string) (Transport, error) { //nolint:ireturn // the setting chooses which
	if path, ok := strings.CutPrefix(mailURL, "dir:"); ok {
		if path == "" {
			return nil, errors.New("dir: needs the path of a folder")
		}
		return Directory{Path: path}, nil
	}
	u, err := url.Parse(mailURL)
	if err != nil {
		return nil, errors.New("not a URL (in user and password, write characters like / : @ # as %2F %3A %40 %23)")
	}
	t := &SMTP{Host: u.Hostname(), Hello: hello, Username: u.User.Username()}
	if err := t.encryption(u); err != nil {
		return nil, err
	}
	if t.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("must look like smtp://user:password@host:587, with no path, query or fragment")
	}
	password, given := u.User.Password()
	if t.Password = password; given != (t.Username != "") {
		return nil, errors.New("must have both a user and a password, or neither")
	}
	if port := u.Port(); port != "" {
		if t.Port, err = strconv.Atoi(port); err != nil || t.Port < 1 || t.Port > 65535 {
			return nil, errors.New("the port is not valid: use a number from 1 to 65535")
		}
	}
	return t, nil
}

// encryption sets how mail is encrypted, and the usual port for that. It reads the query
// ?network=private of smtp+plain:// and removes it from u, so that the caller can refuse every
// other query. It returns an error for an unknown scheme, and for an address to which mail may not
// go without TLS.
func (t *SMTP) encryption(u *url.URL) error {
	switch {
	case u.Scheme == "smtp":
		t.Port = submissionPort
	case u.Scheme == "smtps":
		t.Port, t.ImplicitTLS = tlsPort, true
	case u.Scheme == "smtp+plain" && u.RawQuery == "network=private":
		t.Port, t.Plain, u.RawQuery = relayPort, PlainPrivate, ""
	case u.Scheme == "smtp+plain":
		t.Port, t.Plain = relayPort, PlainLoopback
	default:
		return errors.New("must start with smtp://, smtps://, smtp+plain:// or dir: and a path")
	}
	if address, err := netip.ParseAddr(t.Host); err == nil {
		return t.Plain.allows(address)
	}
	return nil
}
