package models

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNameKey(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"Ada": "ada", " ADA\t": "ada", "Ada@Example.ORG": "ada@example.org", "a@BÜCHER.example": "a@xn--bcher-kva.example",
		"": "", "   ": "",
		// No other letter becomes an ASCII letter, so a look-alike name finds no account.
		"\u212aarl": "\u212aarl", "\u212aarl@example.org": "\u212aarl@example.org", "ADMİN": "admİn",
		"a\xffda": "ada", "\xff": "", "Not An@Address": "not an@address",
		strings.Repeat("x", 300): strings.Repeat("x", 254), strings.Repeat("é", 200): strings.Repeat("é", 127),
	} {
		if got := nameKey(typed); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

func FuzzNameKey(f *testing.F) {
	for _, seed := range []string{"Ada", "Ada@Example.org", "a\xff@example.org", "\u212a@BÜCHER.example", "\u00a0x\u00a0", "İ", strings.Repeat("é", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		key := nameKey(typed)
		if !utf8.ValidString(key) || len(key) > emailMax || strings.TrimSpace(key) != key {
			t.Errorf("%+q has the key %+q, want valid UTF-8 of limited length without space at the ends", typed, key)
		}
		if again := nameKey(key); len(typed) <= emailMax && again != key {
			t.Errorf("%+q has the key %+q, whose key is %+q; want the same", typed, key, again)
		}
	})
}

func TestNetworkOfAnAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]string{
		"192.0.2.1": {"192.0.2.1/32", "192.0.2.0/24"}, "::ffff:192.0.2.1": {"192.0.2.1/32", "192.0.2.0/24"},
		"2001:db8:1:2:3:4:5:6": {"2001:db8:1:2::/64", "2001:db8:1::/48"}, "fe80::1%eth0": {"fe80::/64", "fe80::/48"},
		"": {"", ""}, "nonsense": {"", ""}, "192.0.2.1:80": {"", ""}, "127.0.0.1": {"127.0.0.1/32", "127.0.0.0/24"},
	} {
		if near, far := networksOf(address); near != want[0] || far != want[1] {
			t.Errorf("%q: %q %q, want %q", address, near, far, want)
		}
	}
}
