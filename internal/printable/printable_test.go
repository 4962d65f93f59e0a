package printable_test

import (
	"testing"
	"unicode/utf8"

	"github.com/latchkey-media/latchkey/internal/printable"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct{ text, lines, ascii string }{
		"":                         {"", "", ""},
		"Den TV":                   {"Den TV", "Den TV", "DenTV"},
		"Müller, 日本 🎬":             {"Müller, 日本 🎬", "Müller, 日本 🎬", "Mller,"},
		"a\x1b]0;b\x07\r\nc":       {"a]0;bc", "a]0;b\nc", "a]0;bc"},
		"a\x00b\tc\x7fd":           {"abcd", "abcd", "abcd"},
		"gnp\u202e.exe":            {"gnp.exe", "gnp.exe", "gnp.exe"},
		"a\u2066b\u200bc\ufeffd":   {"abcd", "abcd", "abcd"},
		"a\xffb\xc3":               {"ab", "ab", "ab"},
		"a\ufffdb":                 {"ab", "ab", "ab"},
		"a\u00a0b\u2003c\u2028d":   {"abcd", "abcd", "abcd"}, // blanks of other kinds
		`"quoted" \ and, with = ~`: {`"quoted" \ and, with = ~`, `"quoted" \ and, with = ~`, `"quoted"\and,with=~`},
	} {
		if got := printable.Text(in); got != want.text {
			t.Errorf("Text(%q) = %q, want %q", in, got, want.text)
		}
		if got := printable.Lines(in); got != want.lines {
			t.Errorf("Lines(%q) = %q, want %q", in, got, want.lines)
		}
		if got := printable.ASCII(in); got != want.ascii {
			t.Errorf("ASCII(%q) = %q, want %q", in, got, want.ascii)
		}
	}
}

func TestWord(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Grandma": "Grandma", "Großmutter": "Großmutter", "a.b_c-d@e+1": "a.b_c-d@e+1", "": "''", "-rf": "'-rf'", "Living room": "'Living room'",
		"Milo's": `'Milo'\''s'`, "$(reboot)": "'$(reboot)'", "a;b": "'a;b'", "a\nb": "ab", "~": "'~'", "\x1b[31m": "'[31m'", `a\`: `'a\'`,
	} {
		if got := printable.Word(in); got != want {
			t.Errorf("Word(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in   string
		most int
		want string
	}{
		{"", 0, ""},
		{"", 3, ""},
		{"abc", 0, ""},
		{"abc", 2, "ab"},
		{"abc", 3, "abc"},
		{"abc", 4, "abc"},
		{"äöü", 2, "äö"},
		{"日本語", 3, "日本語"},
		{"a🎬b", 2, "a🎬"},
	} {
		if got := printable.Cut(test.in, test.most); got != test.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", test.in, test.most, got, test.want)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "a\x00b", "\u202e\xff", "日本"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := printable.Cut(printable.Text(in), 5)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 5 || printable.Text(got) != got {
			t.Errorf("%q became %q, want at most 5 printable characters", in, got)
		}
	})
}
