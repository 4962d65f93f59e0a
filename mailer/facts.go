package mailer

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The greatest lengths, in characters, of texts that people choose.
const (
	maxName   = 40
	maxDevice = 80
	maxEmail  = 254
	maxNote   = 500
	maxNames  = 500

	maxMessage = 1200
)

// greetName returns the name with which the recipient is greeted: the display name,
// or the username if the display name could be a message or a link, or "" if both
// could. A mail to a stranger must not contain words that another person chose.
func greetName(facts Facts) string {
	for _, name := range []string{facts.DisplayName, facts.Username} {
		if name = strings.TrimSpace(name); harmless(name, maxName) {
			return name
		}
	}
	return ""
}

// harmless reports whether s has no more characters than the number longest, consists only of
// characters that are visible and break no line, and has no part that a mail program would make a
// link.
func harmless(s string, longest int) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= longest &&
		!strings.ContainsFunc(s, hidden) && !linkable(s)
}

// hidden reports whether r is a character that shows nothing or changes how others are shown: a
// control character, a line end, a mark of writing direction, or a zero-width character.
func hidden(r rune) bool {
	return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}

// linkable reports whether mail programs would make a part of s a link: an address with a scheme, a
// mail address, or a word with a dot and letters after it. The dot may come from any script.
func linkable(s string) bool {
	runes := []rune(s)
	for i, r := range runes {
		if r == '@' || r == '＠' {
			return true
		}
		if i == 0 || i == len(runes)-1 {
			continue
		}
		before, after := runes[i-1], runes[i+1]
		if r == '/' && after == '/' || r == ':' && !unicode.IsSpace(before) && !unicode.IsSpace(after) {
			return true
		}
		if strings.ContainsRune(".。．｡․﹒", r) && !unicode.IsSpace(before) && unicode.IsLetter(after) {
			return true
		}
	}
	return false
}

// inert returns s without hidden characters, and cut if it has more characters than the number
// longest. The last character of a text that was cut is an ellipsis.
func inert(s string, longest int) string {
	s = strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest-1]) + "…"
	}
	return s
}

// detail is one line of the list of facts in a mail.
type detail struct{ Label, Value string }

// details returns the facts that a mail of the kind shows, in the order of the kind. A fact that is
// not known, or that must not be shown, is left out or called unknown.
func (v *voice) details() []detail {
	var shown []detail
	for _, fact := range v.kind.details {
		value := ""
		switch fact {
		case problems:
			shown = append(shown, v.problems()...)
		case username:
			value = v.username(v.letter.Facts.Username)
		case person, from:
			value = v.username(v.letter.Facts.Person)
		case server:
			value = v.serverName()
		case device:
			value = v.device()
		case address:
			if ip, err := netip.ParseAddr(v.letter.Facts.Address); err == nil {
				value = ip.Unmap().WithZone("").String()
			}
		case moment:
			value = v.moment(v.letter.Facts.At)
		case webhook:
			if name := strings.TrimSpace(v.letter.Facts.Webhook); harmless(name, maxDevice) {
				value = name
			}
		case ends:
			value = v.moment(v.letter.Facts.Ends)
		}
		if value != "" {
			shown = append(shown, detail{Label: v.phrase("mail.detail."+string(fact), nil), Value: value})
		}
	}
	return shown
}

// username returns the name of an account, or "" if the name does not have the form of a username.
// A mail that can reach a stranger shows no name that a mail program would make a link: anybody can
// make an account called win-a-prize.example.
func (v *voice) username(name string) string {
	if !only(name, letterDigits+"._-") || len(name) > maxName || v.letter.ToStrangers && linkable(name) {
		return ""
	}
	return name
}

// serverName returns the name of a media server, or the names of several. The owners of the servers
// chose these names.
func (v *voice) serverName() string {
	longest := maxName
	if v.kind.several {
		longest = maxNames
	}
	if name := strings.TrimSpace(v.letter.Facts.Server); harmless(name, longest) {
		return name
	}
	return v.phrase("mail.server.unknown", nil)
}

// note returns the lines of the text that the owner of a media server wrote to a person whom they
// invite. It returns nil for a text that contains something like a web address.
func (v *voice) note() []string {
	var lines []string
	for line := range strings.Lines(v.letter.Facts.Note) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	if !harmless(strings.Join(lines, " "), maxNote) {
		return nil
	}
	return lines
}

// message returns the title and the lines of a message of the operators. Addresses in it stay: operators may write what they
// like to everybody.
func (v *voice) message() (title string, lines []string) {
	for line := range strings.Lines(v.letter.Facts.Note) {
		if line = strings.Join(strings.Fields(line), " "); line != "" && utf8.ValidString(line) && !strings.ContainsFunc(line, hidden) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 || utf8.RuneCountInString(v.letter.Facts.Note) > maxMessage {
		return "", nil
	}
	return lines[0], lines[1:]
}

// device returns the name of the device that signed in. "Firefox on Windows" is
// translated into the reader's language.
func (v *voice) device() string {
	device := strings.TrimSpace(v.letter.Facts.Device)
	if !harmless(device, maxDevice) {
		return v.phrase("mail.device.unknown", nil)
	}
	if program, system, ok := strings.Cut(device, " on "); ok {
		return v.phrase("mail.device.on", map[string]any{"Program": program, "System": system})
	}
	return device
}

// email returns the old or new address in a mail about a change of the address, perhaps with a part
// of it hidden. A text that does not look like an address is called unknown instead.
func (v *voice) email() string {
	email := v.letter.Facts.Email
	if strings.Count(email, "@") == 1 && !strings.ContainsAny(email, " /:") && email == inert(email, maxEmail) {
		return email
	}
	return v.phrase("mail.email.unknown", nil)
}

// moment returns the day and time of a fact in the reader's language and time zone, or "" for
// the zero time. If the time zone is not known, it returns the time in UTC and says so.
func (v *voice) moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	zone, err := time.LoadLocation(v.letter.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	return v.catalogue.DateTimeIn(v.locale, at, zone)
}

// check returns a permanent error for a letter whose data do not fit the kind of mail.
func (k kind) check(l Letter) error {
	if l.Secret != "" && k.page == "" {
		return permanent("the letter has a secret, but mails of its kind have no link that could carry it")
	}
	if len(k.variants) > 0 && !slices.Contains(k.variants, l.Facts.What) {
		return permanent("the fact What is %q, want one of %q", l.Facts.What, k.variants)
	}
	return nil
}
