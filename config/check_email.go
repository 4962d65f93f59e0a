package config

import (
	"regexp"
	"strings"
)

// isBareEmail reports whether text is one address that every mail server reads in
// the same way: in ASCII, without quotes, comments or encoded words, and with a
// dot in its domain. The mailer refuses all others.
func isBareEmail(text string) bool {
	const longest, longestName, longestLabel = 254, 64, 63
	name, domain, _ := strings.Cut(text, "@")
	if len(text) > longest || len(name) > longestName || strings.Contains(name, "=?") || strings.Contains(name, "?=") {
		return false
	}
	atoms := regexp.MustCompile("^[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+(\\.[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+)*$")
	labels := regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?)+$`)
	if !atoms.MatchString(name) || !labels.MatchString(domain) {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if len(label) > longestLabel {
			return false
		}
	}
	return true
}
