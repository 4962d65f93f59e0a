package models

import (
	"net/mail"
	"strings"
	"testing"
	"unicode"
)

func TestEmailAddressIsFolded(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string][2]string{ // the address for mail, and its form for comparison
		"ada@example.org":                      {"ada@example.org", "ada@example.org"},
		" Ada.Lovelace+tv@EXAMPLE.org\n":       {"Ada.Lovelace+tv@example.org", "ada.lovelace+tv@example.org"},
		"o'neil@example.org":                   {"o'neil@example.org", "o'neil@example.org"},
		"a@bücher.example":                     {"a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		"a@BÜCHER.example":                     {"a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		"a@b\u0075\u0308cher.example":          {"a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		"a@xn--bcher-kva.example":              {"a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		"a@例え.テスト":                             {"a@xn--r8jz45g.xn--zckzah", "a@xn--r8jz45g.xn--zckzah"},
		"a@ｅxample.org":                        {"a@example.org", "a@example.org"},
		"a@example。org":                        {"a@example.org", "a@example.org"},
		strings.Repeat("a", 64) + "@b.example": {strings.Repeat("a", 64) + "@b.example", strings.Repeat("a", 64) + "@b.example"},
	} {
		sendTo, key, ok := parseEmail(typed)
		if sendTo != want[0] || key != want[1] || !ok {
			t.Errorf("%q: %q %q %t, want %q", typed, sendTo, key, ok, want)
		}
	}
}

// a text that is not exactly one plain address is refused.
func TestEmailAddressRefused(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("b", 63)
	for _, typed := range []string{
		"", " ", "@", "ada", "ada@", "@example.org", "ada@localhost", "ada@@example.org", "a@b@example.org",
		"Ada <ada@example.org>", "<ada@example.org>", "ada@example.org (home)", "(x)ada@example.org", `"ada"@example.org`,
		`"a> RCPT TO:<evil@example.org"@example.org`, `a\@b@example.org`, "ada@[192.0.2.1]", "ada@[IPv6:::1]", "ada@192.0.2.1",
		"a@example.org,b@example.org", "a@example.org;b@example.org", "a@example.org b@example.org", "a@example.org\r\nBcc: b@example.org",
		"a\x00@example.org", "a@exam\x00ple.org", "a b@example.org", ".a@example.org", "a.@example.org", "a..b@example.org",
		"=?utf-8?q?a?=@example.org", "a@-example.org", "a@example-.org", "a@example..org", "a@.example.org", "a@example.org.",
		"a@exa_mple.org", "a@example.o", "a@example.123", "jos\u00e9@example.org", "аda@example.org", "\u212aarl@example.org",
		strings.Repeat("a", 65) + "@example.org", "a@" + label + "b.org", "a@" + strings.Repeat(label+".", 4) + "org",
		"a@xn--.org", "a@xn--a.org", "a@exam\u200bple.org", "a@example.org\u202e", "mailto:a@example.org", "a@exam ple.org",
	} {
		if sendTo, key, ok := parseEmail(typed); ok || sendTo != "" || key != "" {
			t.Errorf("%q is accepted as %q with the key %q, want it refused", typed, sendTo, key)
		}
	}
}

func FuzzEmailAddress(f *testing.F) {
	for _, seed := range []string{
		"ada@example.org", "A@BÜCHER.example", `"a b"@example.org`, "a@[1.2.3.4]", "a@例え.テスト", "a@ß.example", "=?x?=@a.example",
		"0@\x85.0A", "a@\u200d.example", "a@xn--a.example", "a@b.example\u3002", "a@\u0130.example",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		sendTo, key, ok := parseEmail(typed)
		if !ok {
			return
		}
		// An accepted address needs no quoting: it reads back as itself, and adds nothing to the SMTP line.
		parsed, err := mail.ParseAddress(sendTo)
		if err != nil || parsed.Address != sendTo || parsed.String() != "<"+sendTo+">" {
			t.Errorf("%q: mail goes to %q, which net/mail reads as %v with error %v; want the same address", typed, sendTo, parsed, err)
		}
		if strings.ContainsFunc(sendTo, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII || strings.ContainsRune(`<>"(),:;[]\`, r) }) {
			t.Errorf("%q: mail goes to %q, want only ASCII characters that need no quoting", typed, sendTo)
		}
		sendTwice, keyTwice, ok := parseEmail(sendTo)
		if !ok || sendTwice != sendTo || keyTwice != key {
			t.Errorf("%q: first (%q, %q), read again (%q, %q, %t); want the same", typed, sendTo, key, sendTwice, keyTwice, ok)
		}
		if _, again, ok := parseEmail(key); !ok || again != key {
			t.Errorf("the key %q reads back as %q, %t; want itself", key, again, ok)
		}
		if len(sendTo) > emailMax || nameKey(typed) != key {
			t.Errorf("%q: stored as %q, looked up as %q; want the same, within the maximum length", typed, key, nameKey(typed))
		}
	})
}

func TestMailboxKey(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"Ada@Example.org": "ada@example.org", "ada+films@example.org": "ada@example.org", "ada+a+b@example.org": "ada@example.org",
		"+ada@example.org": "+ada@example.org", "a.da@example.org": "a.da@example.org", "ada@plus+example.org": "@",
	} {
		if got := mailboxKey(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func TestMaskEmail(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"ada@example.org": "a…@example.org", "a@example.org": "a…@example.org", "": "", "@example.org": "", "ada": "",
	} {
		if got := maskEmail(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
