// Package typed reads codes, PINs and passwords as people type and paste them: with the digits of their own script, with the
// full-width characters of an East Asian keyboard, and with invisible characters.
package typed

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Plain returns text as an English keyboard would have written it, as far as an English keyboard
// can: digits of every script become 0 to 9, full-width characters become the usual ones, every
// blank becomes a space, and invisible characters are dropped. It does not change case, punctuation
// or other letters. It does not shorten text, so callers refuse a text that is far too long before
// they call Plain.
func Plain(text string) string {
	if isPlain(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case IsUnseen(r), r == enclosingKeycap:
			return -1
		case unicode.IsSpace(r), r == brailleBlank:
			return ' '
		default:
			return digit(r)
		}
	}, width.Fold.String(norm.NFC.String(strings.ToValidUTF8(text, "\ufffd"))))
}

const (
	enclosingKeycap = '\u20e3' // the emoji of a digit consists of the digit, U+FE0F and this character
	brailleBlank    = '\u2800'
)

// isPlain reports whether text has only visible ASCII characters and spaces, as nearly every text has.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// Password returns password in the form that is hashed, whether or not it is allowed. A composed and a
// decomposed "é" become the same, every blank becomes a space, and invisible characters are dropped. Everything
// else stays.
func Password(password string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d' // some scripts need them to tell words apart
		switch {
		case r == zeroWidthNonJoiner || r == zeroWidthJoiner:
			return r
		case IsUnseen(r):
			return -1
		case unicode.Is(unicode.Zs, r):
			return ' '
		default:
			return r
		}
	}, password))
}

// IsUnseen reports whether r is invisible and takes no room: a zero-width character, a mark of direction, a
// variation selector, a tag. It returns false for control characters, because a keyboard never adds one.
func IsUnseen(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// digit returns the ASCII digit with the value of r, or r itself if r is not a decimal digit. Unicode keeps
// the ten digits of a script together and in order, so a range of digits is a multiple of ten long.
func digit(r rune) rune {
	for _, set := range unicode.Nd.R16 {
		if lo := rune(set.Lo); lo <= r && r <= rune(set.Hi) {
			return '0' + (r-lo)%10
		}
	}
	for _, set := range unicode.Nd.R32 {
		if code := uint32(max(r, 0)); set.Lo <= code && code <= set.Hi {
			return '0' + rune((code-set.Lo)%10)
		}
	}
	return r
}
