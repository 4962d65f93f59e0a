package models

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestUsernameRules(t *testing.T) {
	t.Parallel()
	const good, invalid, reserved = "", "username_invalid", "username_reserved"
	for name, want := range map[string]string{
		"ada": good, "Ada_Lovelace-2.b": good, "1ab": good, "12345": good, strings.Repeat("a", 32): good, "administer": good,
		"": invalid, "ab": invalid, strings.Repeat("a", 33): invalid, "_ada": invalid, "ada.": invalid, "-a-": invalid,
		"ada lovelace": invalid, " ada": invalid, "ada@x": invalid, "../x": invalid, "a\x00b": invalid, "a\nb": invalid,
		// characters that only look like ASCII (Cyrillic, full width, dotless, zero width, long s, Kelvin, accents).
		"аdmin": invalid, "ａdmin": invalid, "admın": invalid, "ad\u200bmin": invalid, "uſer": invalid, "\u212aarl": invalid, "josé": invalid,
		"straße": invalid, "\xffab": invalid,
		// names that look like the service or its operators, in capital or small letters and
		// with separators.
		"admin": reserved, "ADMIN": reserved, "ad.min": reserved, "a-d-m-i-n": reserved, "Root": reserved, "support": reserved,
		"postmaster": reserved, "hostmaster": reserved, "abuse": reserved, "webmaster": reserved, "security": reserved, "noc": reserved,
		"null": reserved, "undefined": reserved, "nil": reserved, "nan": reserved, "none": reserved, "ourservice": reserved,
		"our.Service": reserved, "list-request": reserved, "mailer-daemon": reserved,
	} {
		if got := checkUsername(name, "Our Service"); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := checkUsername("abc", ""); got != "" {
		t.Errorf("a service without a name refuses abc with %q, want it accepted", got)
	}
}

func TestDisplayNameRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		ok         bool
	}{
		{"", "", true},
		{"   ", "", true},
		{"Ada", "Ada", true},
		{" Ada \t  Lovelace\n", "Ada Lovelace", true},
		{"Zoe\u0308", "Zoë", true},
		{"李小龍", "李小龍", true},
		{"علی\u200cرضا", "علی\u200cرضا", true}, // with the joiner that Persian needs
		{"👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧", true},
		{"O'Neil <b>", "O'Neil <b>", true},
		{strings.Repeat("é", 64), strings.Repeat("é", 64), true},
		{strings.Repeat("a", 65), "", false},
		{strings.Repeat("e\u0301", 64), strings.Repeat("é", 64), true},
		{"a\u202eb", "", false},
		{"a\u200bb", "", false},
		{"a\ufeffb", "", false},
		{"a\x00b", "", false},
		{"a\x1b[31mb", "", false},
		{"\ue000", "", false},
		{"a\xffb", "", false},
		{"\U000e0041", "", false},
		{"\ufffd", "", false},
		// A name must not be invisible.
		{"\u200d", "", false},
		{"\u200c\u200d", "", false},
		{"\u3164", "", false},
		{"\uffa0", "", false},
		{"\u2800", "", false},
		{"a\u034fb", "", false},
		{"\u0301", "", false},
		{"\u115f\u1160", "", false},
	} {
		if got, ok := cleanDisplayName(c.name); got != c.want || ok != c.ok {
			t.Errorf("%+q: %+q %t, want %+q %t", c.name, got, ok, c.want, c.ok)
		}
	}
}

func FuzzUsername(f *testing.F) {
	for _, seed := range []string{"ada", "Ad.Min", "аdmin", "\u212aarl", "a\u200bb", "", "..", "a--b", "\xff\xfe\xfd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if checkUsername(name, "Latchkey") != "" {
			return
		}
		key := usernameKey(name)
		if len(key) != len(name) || usernameKey(key) != key || !strings.EqualFold(key, name) {
			t.Errorf("%q has the key %q, want only its case folded", name, key)
		}
		if nameKey(name) != key {
			t.Errorf("%q signs in by %q and is stored as %q, want the same", name, nameKey(name), key)
		}
		for _, r := range name {
			if r > unicode.MaxASCII || unicode.IsSpace(r) || r == '@' || r == '/' {
				t.Errorf("%q contains %q, want only characters of usernames", name, r)
			}
		}
	})
}

func FuzzDisplayName(f *testing.F) {
	for _, seed := range []string{"Ada", " a  b ", "e\u0301", "\u202e", "👩‍👩‍👧", "\u3164", "\u0344\u0344\u0344", "a\u2028b", "\u200d\u200d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean, ok := cleanDisplayName(name)
		if !ok {
			if clean != "" {
				t.Errorf("%+q is refused but cleaned to %+q, want nothing", name, clean)
			}
			return
		}
		if again, ok := cleanDisplayName(clean); !ok || again != clean {
			t.Errorf("%+q becomes %+q, which becomes %+q, %t; want no further change", name, clean, again, ok)
		}
		if utf8.RuneCountInString(clean) > displayNameMax || !utf8.ValidString(clean) || !norm.NFC.IsNormalString(clean) {
			t.Errorf("%+q becomes %+q, want valid NFC text of limited length", name, clean)
		}
		if strings.TrimSpace(clean) != clean || strings.ContainsAny(clean, "\r\n\x00\u2028\u202e") {
			t.Errorf("%+q becomes %+q, want no space at the ends and no control characters", name, clean)
		}
	})
}
