package models

import "strings"

// nameKey returns the key by which the account of a typed username or address is looked up
// and counted. Only ASCII letters become small letters, as in usernames, so that no other
// letter turns into an ASCII letter.
func nameKey(name string) string {
	name = strings.TrimSpace(strings.ToValidUTF8(name, ""))
	if _, key, ok := parseEmail(name); ok {
		return key
	}
	const longest = emailMax
	if len(name) > longest {
		name = strings.TrimSpace(strings.ToValidUTF8(name[:longest], ""))
	}
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

func isEmail(name string) bool { return strings.Contains(name, "@") }

// personalWords returns the words by which a person is known: the names, and the parts
// of the address.
func personalWords(username, displayName, email string) []string {
	words := []string{username}
	words = append(words, strings.Fields(displayName)...)
	if displayName != "" {
		words = append(words, displayName)
	}
	if name, domain, found := strings.Cut(email, "@"); found {
		site, _, _ := strings.Cut(domain, ".")
		words = append(words, email, name, domain, site)
	}
	return words
}
