package models

// What follows lends parts of the inside of servers, links and devices to the
// tests; see bridge_test.go.

// The hot statements.
const (
	LookServer     = lookServer
	Locate         = locate
	Authorizations = authorizations
	CountWaiting   = countWaiting
	ListLinks      = listLinks
)

// FilteredMD5 and PlainMD5 are the two forms that old clients send.
func FilteredMD5(password string) string { return md5Hex(filtered(password)) }

// PlainMD5 is the other form.
func PlainMD5(password string) string { return md5Hex(password) }

// ParseShortCode reads a code as people type it.
func ParseShortCode(typed string) (string, bool) { return parseShortCode(typed) }

// ParseAddress reads an address as servers report it and returns it as clients
// open it.
func ParseAddress(text string) (string, bool) {
	a, ok := parseAddress(AddressWAN, text)
	if !ok {
		return "", false
	}
	return a.URL(), true
}
