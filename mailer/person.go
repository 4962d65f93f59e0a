package mailer

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// This file decides which names of people and servers may stand in the sender, the subject and
// the first sentence of a mail. Strangers chose these names, and readers trust these places
// most: docs/adr/0030 lists the refused names and the reasons.

const (
	maxServers = 60 // characters of the names of the servers in a subject
	maxDigits  = 4  // the most digits in a name; more digits could be a telephone number
	longName   = 6  // if a name of the service has this many letters or more, every name that contains it is refused
)

// person returns the name under which a mail shows the person in whose name it is written: the
// display name, or the username, or "" if neither may be shown.
func (m *Mailer) person(facts Facts) string {
	for _, name := range []string{facts.PersonName, facts.Person} {
		if name = strings.TrimSpace(name); m.presentable(name, maxName) {
			return name
		}
	}
	return ""
}

// presentable reports whether a name may stand in the places where readers look for the writer of a
// mail.
func (m *Mailer) presentable(name string, longest int) bool {
	return harmless(name, longest) && plainName(name) && !mixesScripts(name) && !soundsOfficial(name) && !m.looksLikeUs(name)
}

// plainName reports whether s consists of letters, a few digits, spaces, pictures and the marks
// that names have. Encoded words of mail headers (RFC 2047) have other marks.
func plainName(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.In(r, unicode.L, unicode.M, unicode.So), strings.ContainsRune(" .,'’&!()-–·+_", r):
		default:
			return false
		}
	}
	return digits <= maxDigits && strings.ContainsFunc(s, unicode.IsLetter)
}

// wordsOf returns the words of a name. Every character that is not a letter, a digit or an accent
// separates two words.
func wordsOf(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) })
}

// mixesScripts reports whether a word has letters of more than one of the scripts whose letters
// look alike.
func mixesScripts(name string) bool {
	alike := []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee}
	return slices.ContainsFunc(wordsOf(name), func(word string) bool {
		scripts := 0
		for _, script := range alike {
			if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(script, r) }) {
				scripts++
			}
		}
		return scripts > 1
	})
}

// soundsOfficial reports whether a name contains a word for the people who run a service.
func soundsOfficial(name string) bool {
	words := strings.Fields(`account accounts admin administrator administration bank billing helpdesk konto kundendienst kundenservice
moderator noreply official offiziell operator postmaster security service sicherheit staff support system verwaltung webmaster`)
	return slices.ContainsFunc(wordsOf(name), func(word string) bool {
		seen := skeleton(word)
		return slices.ContainsFunc(words, func(official string) bool { return seen == skeleton(official) })
	})
}

// looksLikeUs reports whether a name can be read as the name of the service, of its operator, or of
// the sender of its mails.
func (m *Mailer) looksLikeUs(name string) bool {
	own := []string{m.ServiceName, m.OperatorName}
	if from, err := m.sender(); err == nil {
		own = append(own, from.Name)
	}
	seen := []string{skeleton(name)}
	for _, word := range wordsOf(name) {
		seen = append(seen, skeleton(word))
	}
	return slices.ContainsFunc(own, func(ours string) bool {
		ours = skeleton(ours)
		return ours != "" && (slices.ContainsFunc(seen, func(s string) bool { return alike(s, ours) }) ||
			len([]rune(ours)) >= longName && strings.Contains(seen[0], ours))
	})
}

// alike reports whether two skeletons are the same, or, if they are long, differ by one letter that
// is missing, added or changed.
func alike(a, b string) bool {
	one, other := []rune(a), []rune(b)
	if len(one) > len(other) {
		one, other = other, one
	}
	if slices.Equal(one, other) {
		return true
	}
	if len(one) < longName || len(other)-len(one) > 1 {
		return false
	}
	same := 0
	for same < len(one) && one[same] == other[same] {
		same++
	}
	rest := other[min(same+1, len(other)):]
	return slices.Equal(one[same:], rest) || same < len(one) && slices.Equal(one[same+1:], rest)
}

// skeleton returns what a reader sees of a name at a glance: its letters without accents, case and
// spaces, and in Latin where another script or a digit has a letter of the same shape. Names that
// look alike have the same skeleton.
func skeleton(name string) string {
	shapes := strings.NewReplacer(strings.Fields(`а a в b г r ԁ d е e є e з e ѕ s і i ї i ј j к k м m н h о o п n р p с c т t у y ѵ v ԝ w х x һ h ԛ q
α a β b γ y ε e η n ι i κ k μ u ν v ο o ρ p τ t υ u χ x ω w ı i ł i ø o đ d ħ h ŧ t
0 o 1 i 3 e 4 a 5 s 7 t 8 b | i ! i $ s l i`)...) // l, I and 1 are one shape in many fonts
	seen := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.N) {
			return r
		}
		return -1
	}, shapes.Replace(strings.ToLower(norm.NFKD.String(name))))
	return strings.NewReplacer("rn", "m", "vv", "w").Replace(seen)
}
