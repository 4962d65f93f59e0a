package models

import "strings"

// nameKey is by what an account is looked up and counted when somebody types a
// username or an address. Only ASCII loses its case, as in usernames: no other
// letter becomes one of theirs.
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

// personalWords are what a person is known by: names, and the parts of an
// address.
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
