package mailer

import "testing"

// A name that could be read as a message, a link or the service itself is not shown in the places
// where readers look for the writer of a mail.
func TestNamesThatMayBeShown(t *testing.T) {
	t.Parallel()
	m := &Mailer{From: "The House <accounts@example.org>", ServiceName: "Latchkey", OperatorName: "Anna & Tom"}
	for name, want := range map[string]bool{
		"Ann Müller": true, "小林": true, "Müller-Lüdenscheidt": true, "O'Neil": true, "Ann ❤": true, "J. R. R.": true, "Анна": true,
		"Maus 2026": true, "bert": true, "José": true, "Dieter (Onkel)": true, "Lachlan Key": true, "Housemann": true, "Tomas": true,

		"": false, "  ": false, "...": false, "2026": false,
		"evil.com": false, "see evil.com now": false, "пример.рф": false, "https://evil": false, "eve@example": false, "@eve": false,
		"Ann\nBcc: eve": false, "\u202ennA": false, "A\u200bnn": false, "\xffAnn": false, "Ann\u00a0M": false, "Ann\tM": false,
		"call 0900 123456": false, "=?utf-8?b?QW5u?=": false, "<b>Ann</b>": false, "{{.Link}}": false, "Ann \"x\"": false, "50 % off": false,
		"This name is far too long to be a name, is it not": false,

		"Latchkey": false, "LATCHKEY": false, "Latch Key": false, "L a t c h k e y": false, "Lаtchkey": false, "Latchkеу": false, "1atchkey": false,
		"Iatchkey": false, "Látchkéy": false, "Latchkey Team": false, "The Latchkeys": false, "Latchkcy": false, "Lachkey": false, "Latcchkey": false,
		"ᏞatchKey": false, "Ｌａｔｃｈｋｅｙ": false, "MyLatchkeyHome": false, "The House": false, "Thе House": false, "Anna & Tom": false, "Anna Tom": false,
		"Support": false, "Anna Support": false, "Sесurity": false, "5ecurity": false, "Kundendienst": false, "No-Reply": true, "NoReply": false, "Admin": false,
		"АННАx": false, // Cyrillic and Latin in one word
	} {
		if got := m.presentable(name, maxName); got != want {
			t.Errorf("%q may be shown: %t, want %t; it looks like %q", name, got, want, skeleton(name))
		}
	}
}

// A short name of the service is refused as a whole word, and not as a part of other names.
func TestShortNamesOfTheService(t *testing.T) {
	t.Parallel()
	m := &Mailer{From: "a@example.org", ServiceName: "Home"}
	for name, want := range map[string]bool{"Homer": true, "Rome": true, "Home": false, "H0me": false, "Our Home": false} {
		if got := m.presentable(name, maxName); got != want {
			t.Errorf("%q may be shown beside the service Home: %t, want %t", name, got, want)
		}
	}
}

func TestPersonIsTheFirstNameThatMayBeShown(t *testing.T) {
	t.Parallel()
	m := &Mailer{From: "a@example.org", ServiceName: "Latchkey"}
	for _, tt := range []struct{ display, username, want string }{
		{" Ann Müller ", "annm", "Ann Müller"},
		{"Latchkey", "annm", "annm"},
		{"", "annm", "annm"},
		{"evil.com", "evil.com", ""},
		{"Support", "latch.key", ""},
	} {
		if got := m.person(Facts{PersonName: tt.display, Person: tt.username}); got != tt.want {
			t.Errorf("%q, %q: got %q, want %q", tt.display, tt.username, got, tt.want)
		}
	}
}
