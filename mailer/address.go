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

// errAddress says nothing of the address: what is wrong with it may be hostile.
var errAddress = errors.New("not one bare email address in ASCII with a domain")

// CheckAddress refuses everything that is not one bare address which every mail
// server takes the same way: ASCII, no quotes, no comments, no address
// literals, no encoded words, a domain with a dot. It guards the way to the mail
// server, whoever has checked the address before.
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
