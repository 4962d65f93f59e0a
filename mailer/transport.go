package mailer

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

const (
	submissionPort = 587 // STARTTLS
	tlsPort        = 465 // TLS from the first byte
)

// ParseTransport returns the transport for a mail URL: smtp://user:password@host:587
// (STARTTLS is required), smtps://…:465, or dir:PATH. hello is the name with which we
// greet mail servers: the host of the public URL. Errors never quote the URL, which
// contains a password.
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
	switch u.Scheme {
	case "smtp":
		t.Port = submissionPort
	case "smtps":
		t.Port, t.ImplicitTLS = tlsPort, true
	default:
		return nil, errors.New("must start with smtp://, smtps:// or dir: and a path")
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
