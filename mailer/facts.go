package mailer

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Lengths, in characters, of what other people may have chosen.
const (
	maxName   = 40
	maxDevice = 80
	maxEmail  = 254
	maxNote   = 500
	maxNames  = 500
)

// greetName is how the recipient is greeted: by the display name, or by the
// username if that name could pass for a message or a link, or by none. A mail
// that reaches a stranger must carry no words of somebody else's choice.
func greetName(facts Facts) string {
	for _, name := range []string{facts.DisplayName, facts.Username} {
		if name = strings.TrimSpace(name); harmless(name, maxName) {
			return name
		}
	}
	return ""
}

// harmless reports whether s is short, has only characters that can be seen
// and stay in their line, and nothing that a mail program makes a link of.
func harmless(s string, longest int) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= longest &&
		!strings.ContainsFunc(s, hidden) && !linkable(s)
}

// hidden are characters that show nothing or change how others are shown:
// controls, line ends, the marks of writing direction, zero-width ones.
func hidden(r rune) bool {
	return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}

// linkable reports whether mail programs would make a link of a part of s: an
// address with a scheme, a mail address, or a word with a dot and letters
// behind it, in any script's dots.
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

// inert is s without hidden characters and no longer than the given number of
// characters, the last being an ellipsis if some were cut.
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

// detail is one line of the list of facts that a mail shows.
type detail struct{ Label, Value string }

// details are the facts that a mail of the kind shows, in the kind's order.
// Facts that are not known, or not fit to be shown, are left out or called
// unknown.
func (v *voice) details() []detail {
	var shown []detail
	for _, fact := range v.kind.details {
		value := ""
		switch fact {
		case username:
			value = v.username(v.letter.Facts.Username)
		case person, from:
			value = v.username(v.letter.Facts.Person)
		case server:
			value = v.server()
		case note:
			value = v.note()
		case device:
			value = v.device()
		case address:
			if ip, err := netip.ParseAddr(v.letter.Facts.Address); err == nil {
				value = ip.Unmap().WithZone("").String()
			}
		case moment:
			value = v.moment(v.letter.Facts.At)
		}
		if value != "" {
			shown = append(shown, detail{Label: v.phrase("mail.detail."+string(fact), nil), Value: value})
		}
	}
	return shown
}

// username returns the name of an account, or "" if it does not have the form of
// one. A mail to strangers does not show a name of which mail programs make a
// link: anybody can make an account called win-a-prize.example.
func (v *voice) username(name string) string {
	if !only(name, letterDigits+"._-") || len(name) > maxName || v.letter.ToStrangers && linkable(name) {
		return ""
	}
	return name
}

// server is the name of a media server, or of several, which their owner chose.
func (v *voice) server() string {
	longest := maxName
	if v.kind.several {
		longest = maxNames
	}
	if name := strings.TrimSpace(v.letter.Facts.Server); harmless(name, longest) {
		return name
	}
	return v.phrase("mail.server.unknown", nil)
}

// note is what the owner of a media server wrote to somebody they invite, on one
// line: not at all when it holds anything like an address of the web.
func (v *voice) note() string {
	note := strings.Join(strings.Fields(v.letter.Facts.Note), " ")
	if !harmless(note, maxNote) {
		return ""
	}
	return note
}

// device is what signed in; "Firefox on Windows" is put into the reader's words.
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

// email is the address that a change is about, perhaps with a part of it
// hidden; one that does not look like an address is not shown.
func (v *voice) email() string {
	email := v.letter.Facts.Email
	if strings.Count(email, "@") == 1 && !strings.ContainsAny(email, " /:") && email == inert(email, maxEmail) {
		return email
	}
	return v.phrase("mail.email.unknown", nil)
}

// moment returns the day and time of a fact in the reader's language, or "" for
// the zero time.
func (v *voice) moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return v.catalogue.DateTime(v.locale, at)
}

// check refuses a letter that the kind cannot put into words.
func (k kind) check(l Letter) error {
	if l.Secret != "" && k.page == "" {
		return permanent("the letter has a secret, but mails of its kind have no link that could carry it")
	}
	if len(k.variants) > 0 && !slices.Contains(k.variants, l.Facts.What) {
		return permanent("the fact What is %q, want one of %q", l.Facts.What, k.variants)
	}
	return nil
}
