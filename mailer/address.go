package mailer

import (
	"errors"
	"strings"
)

const (
	maxLocalPart = 64
	maxLabel     = 63
	letterDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// errAddress does not quote the address, because it may contain hostile text.
var errAddress = errors.New("not one bare email address in ASCII with a domain")

// CheckAddress returns an error unless address is one bare address that every mail server reads in
// the same way: in ASCII, without quotes, comments, address literals and encoded words, and with a
// dot in its domain. This check is the last one before the mail server, and does not rely on
// earlier checks.
func CheckAddress(address string) error {
	local, domain, found := strings.Cut(address, "@")
	if !found || len(address) > maxEmail || !goodLocalPart(local) || !goodDomain(domain) {
		return errAddress
	}
	return nil
}

func goodLocalPart(local string) bool {
	if len(local) > maxLocalPart || strings.Contains(local, "=?") || strings.Contains(local, "?=") {
		return false
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || !only(atom, letterDigits+"!#$%&'*+-/=?^_`{|}~") {
			return false
		}
	}
	return true
}

func goodDomain(domain string) bool {
	if !strings.Contains(domain, ".") {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
			!only(label, letterDigits+"-") {
			return false
		}
	}
	return true
}

func only(s, allowed string) bool {
	for i := range len(s) {
		if strings.IndexByte(allowed, s[i]) < 0 {
			return false
		}
	}
	return true
}
