// Package mediaurl reads the addresses at which people and programs reach a media server. The
// service stores these addresses, and the settings of the agent contain them. Both use the rules of
// this package, so that the service never refuses an address that the agent reports.
package mediaurl

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The errors of [Parse].
var (
	ErrAddress = errors.New("this is not the http or https address of a server")
	ErrPath    = errors.New("the path of the address cannot be kept")
)

// PathMax is how long a path may be in its escaped form, in bytes.
const PathMax = 200

// URL is an address in the one form in which addresses are stored and compared.
type URL struct {
	Scheme string // http or https
	Host   string // a name in lower case, or an IP address without brackets
	Port   int    // also if it is the usual one
	Path   string // "", or an escaped path such as "/jellyfin", without a slash at its end
}

// String returns the address as a client opens it, always with the port, and never with a
// slash at its end.
func (u URL) String() string {
	const plenty = 128 // most addresses are shorter, so the text is the only thing that is allocated
	text := strconv.AppendInt(append(u.appendHost(make([]byte, 0, plenty)), ':'), int64(u.Port), 10)
	return string(append(text, u.Path...))
}

// Short returns the address as people write it: the port is left out if it is the usual one
// of the scheme.
func (u URL) Short() string {
	if u.Port != usualPort(u.Scheme) {
		return u.String()
	}
	return string(append(u.appendHost(nil), u.Path...))
}

// appendHost appends the scheme and the host to text.
func (u URL) appendHost(text []byte) []byte {
	text = append(append(text, u.Scheme...), "://"...)
	if strings.Contains(u.Host, ":") {
		return append(append(append(text, '['), u.Host...), ']')
	}
	return append(text, u.Host...)
}

// usualPort returns the port of a scheme in lower case, or 0.
func usualPort(scheme string) int { return map[string]int{"http": 80, "https": 443}[scheme] }

// Parse reads an http or https address without a user, query or fragment. A path is kept, because
// many media servers are below one. Blanks around the address, slashes at its end, a dot after the
// host and the zone of an IPv6 address change nothing and are left out.
//
// For any other text Parse returns [ErrAddress], or [ErrPath] if the path, a query or a fragment is
// wrong. It does not just drop the wrong part, because addresses become links on pages and in
// programs: without that part the link would lead to another place.
func Parse(text string) (URL, error) {
	const longest = 600
	text = strings.TrimSpace(text)
	if text == "" || len(text) > longest {
		return URL{}, ErrAddress
	}
	parsed, err := url.Parse(withoutZone(text))
	if err != nil || parsed.User != nil || parsed.Opaque != "" {
		return URL{}, ErrAddress
	}
	place, ok := parsePlace(parsed)
	if !ok {
		return URL{}, ErrAddress
	}
	if place.Path, err = ParsePath(parsed.EscapedPath()); err != nil || strings.ContainsAny(text, "?#") {
		return URL{}, ErrPath
	}
	return place, nil
}

// withoutZone removes the zone of an IPv6 address, such as "%eth0", which has a meaning on one
// machine only.
func withoutZone(text string) string {
	before, zone, found := strings.Cut(text, "%")
	if !found || !strings.Contains(before, "://[") || strings.Contains(before, "]") {
		return text
	}
	if _, after, closed := strings.Cut(zone, "]"); closed {
		return before + "]" + after
	}
	return text
}

// parsePlace reads the scheme, host and port of an address. It reports false if one of
// them cannot be used.
func parsePlace(u *url.URL) (URL, bool) {
	port := usualPort(u.Scheme)
	if port == 0 {
		return URL{}, false
	}
	if u.Port() != "" {
		var err error
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return URL{}, false
		}
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.WithZone("").Unmap().String()
	} else if !plainHost(host) {
		return URL{}, false
	}
	return URL{Scheme: u.Scheme, Host: host, Port: port}, true
}

// ParsePath reads the escaped path of an address and returns it in one form: with one slash before
// each part, none at the end, and escapes only where they are needed. It returns [ErrPath] for a
// path that is too long, or with a part that a program could read as another place: "..", a control
// character, or a slash within a part. It also returns ErrPath for a path that ends with /web or
// with a page below /web: a browser shows the media server there, and apps find nothing below it.
func ParsePath(escaped string) (string, error) {
	var path []byte
	var last string
	for part := range strings.SplitSeq(escaped, "/") {
		if part == "" {
			continue
		}
		plain, err := url.PathUnescape(part)
		if err != nil || plain == "." || plain == ".." || !utf8.ValidString(plain) || strings.ContainsFunc(plain, notInPath) {
			return "", ErrPath
		}
		path = append(append(path, '/'), url.PathEscape(plain)...)
		last = strings.ToLower(plain)
	}
	if len(path) > PathMax || last == "web" || last == "index.html" {
		return "", ErrPath
	}
	return string(path), nil
}

// notInPath reports whether r is a character that no part of a path can have.
func notInPath(r rune) bool { return r == '/' || r == '\\' || !unicode.IsPrint(r) }

// plainHost reports whether host consists of letters, digits, dots, dashes and
// underscores, as names in home networks do.
func plainHost(host string) bool {
	const hostMax, labelMax = 253, 63
	if host == "" || len(host) > hostMax {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > labelMax || strings.ContainsFunc(label, notInHost) {
			return false
		}
	}
	return true
}

// notInHost reports whether r is a character that no part of a host name can have.
func notInHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}
