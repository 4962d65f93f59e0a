// Package printable makes text from strangers safe to show: on a page, in a mail, in a log or on a
// terminal.
package printable

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns text without characters that show nothing, such as control characters, and without
// characters that change the direction of writing. It drops bytes that are not UTF-8, too.
func Text(text string) string { return keep(text, isPrintable) }

// Lines does what [Text] does, but keeps the ends of lines ("\n").
func Lines(text string) string {
	return keep(text, func(r rune) bool { return r == '\n' || isPrintable(r) })
}

// ASCII returns only the visible ASCII characters of text, without blanks.
func ASCII(text string) string {
	return keep(text, func(r rune) bool { return r > ' ' && r <= '~' })
}

// Cut returns the beginning of text: most is the largest number of characters (not bytes).
func Cut(text string, most int) string {
	for i := range text {
		if most--; most < 0 {
			return text[:i]
		}
	}
	return text
}

// Word returns text as one word of a command that people copy into a shell: in quotes, unless no
// shell treats any of its characters specially.
func Word(text string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' || r == '_' || r == '@' || r == '+' || r == '-'
	}
	text = Text(text)
	if text != "" && text[0] != '-' && !strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func keep(text string, wanted func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if wanted(r) {
			return r
		}
		return -1
	}, text)
}

// isPrintable reports whether a character shows something. It returns false for
// utf8.RuneError, which stands for bytes that are not UTF-8.
func isPrintable(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }
