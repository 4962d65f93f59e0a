package typed_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/latchkey-media/latchkey/internal/typed"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "BCDF-GHJK": "BCDF-GHJK", " 12 34 ": " 12 34 ",
		"١٢٣٤٥٦": "123456", "۱۲۳۴۵۶": "123456", "१२३४५६": "123456", "๑๒๓๔๕๖": "123456", "１２３４５６": "123456",
		"𝟏𝟐𝟑𝟘𝟙𝟡": "123019", "1\ufe0f\u20e32\ufe0f\u20e33\u20e3": "123",
		"ＢＣＤＦ－ＧＨＪＫ": "BCDF-GHJK", "ｂｃｄｆ": "bcdf",
		"\u200eBCDF\u200b-GH\u00adJK\ufeff\u2060": "BCDF-GHJK",
		"\u202a123\u202c 456\u2069":               "123 456",
		"12\u00a034\u300056\u202f78":              "12 34 56 78", "\t1\n": " 1 ",
		"é": "é", "e\u0301": "é", "ſ": "ſ", "½": "½", "①": "①", "Б": "Б",
		"a\x00b": "a\x00b", "a\xffb": "a\ufffdb",
	} {
		if got := typed.Plain(text); got != want {
			t.Errorf("%+q becomes %+q, want %+q", text, got, want)
		}
	}
}

// Every decimal digit of Unicode is read as the digit that it shows.
func TestDigitsOfEveryScript(t *testing.T) {
	t.Parallel()
	scripts := 0
	zeros := func(lo, hi rune) {
		if (hi-lo+1)%10 != 0 {
			t.Errorf("the digits from %U to %U are not whole tens, want whole tens", lo, hi)
		}
		for zero := lo; zero <= hi; zero += 10 {
			scripts++
			var all strings.Builder
			for i := range rune(10) {
				all.WriteRune(zero + i)
			}
			if got := typed.Plain(all.String()); got != "0123456789" {
				t.Errorf("the digits from %U are read as %q, want 0123456789", zero, got)
			}
		}
	}
	for _, set := range unicode.Nd.R16 {
		zeros(rune(set.Lo), rune(set.Hi))
	}
	for _, set := range unicode.Nd.R32 {
		zeros(rune(set.Lo), rune(set.Hi))
	}
	if scripts < 60 {
		t.Errorf("%d sets of digits were tried, want at least 60", scripts)
	}
}

func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"", "BCDF-GHJK", "１２３", "\u200e1\u20e3", "\xff", "e\u0301", "\uff9e", "ｶﾞ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plain := typed.Plain(text)
		if strings.ContainsFunc(plain, typed.IsUnseen) {
			t.Errorf("%+q becomes %+q, want no unseen character in it", text, plain)
		}
		if again := typed.Plain(plain); typed.Plain(again) != again {
			t.Errorf("%+q becomes %+q and then %+q, want an end", text, plain, again)
		}
	})
}
