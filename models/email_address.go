package models

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Lengths of email addresses, in bytes (RFC 5321 §4.5.3.1).
const (
	emailMax     = 254
	emailNameMax = 64
	labelMax     = 63
)

// parseEmail reads one bare email address. sendTo is the address for mail: the name before
// the @ as typed, the domain as lower-case ASCII. key is the address for comparisons: it
// also ignores the case of the name, which is our stated policy. It reports false for
// everything except the plain form name@domain: for display names, comments, quoted names,
// address literals and domains without a dot.
func parseEmail(typed string) (sendTo, key string, ok bool) {
	typed = strings.TrimSpace(typed)
	if len(typed) > emailMax {
		return "", "", false
	}
	name, domain, found := strings.Cut(typed, "@")
	if !found || !plainEmailName(name) {
		return "", "", false
	}
	domain, ok = plainDomain(domain)
	if !ok || len(name)+1+len(domain) > emailMax {
		return "", "", false
	}
	return name + "@" + domain, strings.ToLower(name) + "@" + domain, true
}

// mailboxKey returns the text that stands for a mailbox where mails are counted: the
// address as it is compared, without a tag after a plus. At nearly every provider,
// ann+1@example.org and ann+2@example.org belong to one person. At any other provider the
// two people share one limit, so a few mails more are not sent. Dots stay, because most
// providers treat addresses with different dots as different mailboxes.
func mailboxKey(address string) string {
	_, key, _ := parseEmail(address)
	name, domain, _ := strings.Cut(key, "@")
	if untagged, _, found := strings.Cut(name, "+"); found && untagged != "" {
		name = untagged
	}
	return name + "@" + domain
}

// plainEmailName reports whether name is a dot-atom (RFC 5322 §3.2.3) of ASCII.
func plainEmailName(name string) bool {
	if name == "" || len(name) > emailNameMax || strings.HasPrefix(name, "=?") {
		return false
	}
	for atom := range strings.SplitSeq(name, ".") {
		if atom == "" {
			return false
		}
		for _, r := range atom {
			if !isLetterOrDigit(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) {
				return false
			}
		}
	}
	return true
}

// plainDomain returns domain in lower-case ASCII (RFC 5891 A-labels). It reports false
// unless the domain has at least two labels and the last label is not a number.
func plainDomain(domain string) (string, bool) {
	if domain == "" || len(domain) > emailMax || !utf8.ValidString(domain) || strings.ContainsFunc(domain, hidden) {
		return "", false
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return "", false
	}
	// The result must be valid input again, or the address would change each time that it is read.
	if again, err := idna.Lookup.ToASCII(ascii); err != nil || again != ascii {
		return "", false
	}
	labels := strings.Split(strings.ToLower(ascii), ".")
	if len(labels) < 2 {
		return "", false
	}
	for _, label := range labels {
		if !plainLabel(label) {
			return "", false
		}
	}
	last := labels[len(labels)-1]
	if len(last) < 2 || strings.Trim(last, "0123456789") == "" {
		return "", false
	}
	return strings.Join(labels, "."), true
}

func plainLabel(label string) bool {
	if label == "" || len(label) > labelMax || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, r := range label {
		if !isLetterOrDigit(r) && r != '-' {
			return false
		}
	}
	return true
}

// maskEmail hides most of an address, for mails that name the address of one mailbox
// in another: "n…@example.org".
func maskEmail(address string) string {
	name, domain, found := strings.Cut(address, "@")
	if !found || name == "" {
		return ""
	}
	return name[:1] + "…@" + domain
}
