package models

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"github.com/trustelem/zxcvbn/match"

	"github.com/latchkey-media/latchkey/internal/typed"
	"github.com/latchkey-media/latchkey/internal/wordlists"
)

const (
	passwordMax   = 256              // code points; longer ones are refused before any hashing
	passwordBytes = 16 * passwordMax // more than 256 code points can take in any form of writing them
	strengthMin   = 2                // of zxcvbn's 0 to 4: more than a million guesses
	strengthSeen  = 100              // zxcvbn slows down on longer texts and gains nothing
)

// preparePassword returns password in the form that is hashed. It is the form of OpaqueString in
// RFC 8265, so a composed and a decomposed "é" are the same. In addition, invisible characters
// are dropped, because some keyboards add them to an emoji and others do not. Each text that
// OpaqueString allows keeps its form, so older hashes stay valid. Emoji are allowed too, even
// those that are newer than this program. preparePassword reports false for control characters,
// ends of lines, invalid UTF-8, empty text and more than 256 code points.
func preparePassword(password string) (string, bool) {
	if len(password) > passwordBytes || !utf8.ValidString(password) {
		return "", false
	}
	prepared := typed.Password(password)
	if prepared == "" || utf8.RuneCountInString(prepared) > passwordMax || strings.ContainsFunc(prepared, notInPassword) {
		return "", false
	}
	return prepared, true
}

func notInPassword(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Co, unicode.Noncharacter_Code_Point)
}

// checkPassword returns the mistake in a new password, nil for a valid one. personal
// lists the words by which its owner is known.
func (c *core) checkPassword(field, password string, personal ...string) *FieldError {
	wrong := func(code string, params ...string) *FieldError {
		e := &FieldError{Field: field, Code: code}
		if len(params) == 2 {
			e.Params = map[string]string{params[0]: params[1]}
		}
		return e
	}
	// The password is counted in the form that is hashed, in which a decomposed "é" is one
	// character, too.
	length := utf8.RuneCountInString(typed.Password(password[:min(len(password), passwordBytes)]))
	if length < c.opt.PasswordMinLength {
		return wrong("password_too_short", "MinLength", strconv.Itoa(c.opt.PasswordMinLength))
	}
	if length > passwordMax || len(password) > passwordBytes {
		return wrong("password_too_long")
	}
	prepared, ok := preparePassword(password)
	if !ok {
		return wrong("password_invalid")
	}
	personal = append(personal, c.opt.ServiceName)
	if isPersonal(prepared, personal) {
		return wrong("password_personal")
	}
	defer wordlists.Hold()()
	if e := weakness(prepared, personal, wrong); e != nil {
		return e
	}
	if reason := foreignWeakness(judged(prepared)); reason != "" {
		return wrong("password_weak", "Reason", reason)
	}
	if isWordWithNumber(judged(prepared)) {
		return wrong("password_weak", "Reason", "dictionary")
	}
	return nil
}

// isPersonal reports whether password is little more than one of the words: the word
// itself, the word repeated, the word backwards, or the word with a few characters around
// it.
func isPersonal(password string, words []string) bool {
	const few = 4
	folded := strings.ToLower(judged(password))
	bare := lettersAndDigits(folded)
	for _, word := range words {
		word = strings.ToLower(strings.TrimSpace(judged(word)))
		for _, form := range []string{word, lettersAndDigits(word), reversed(word)} {
			if utf8.RuneCountInString(form) < usernameMin {
				continue
			}
			for _, text := range []string{folded, bare} {
				rest := strings.ReplaceAll(text, form, "")
				if rest != text && utf8.RuneCountInString(rest) <= few {
					return true
				}
			}
		}
	}
	return false
}

func reversed(text string) string {
	runes := []rune(text)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

// weakness asks zxcvbn how many guesses password withstands and, if too few,
// says why. The caller holds the lists of words.
func weakness(password string, personal []string, wrong func(string, ...string) *FieldError) *FieldError {
	seen := []rune(judged(password))
	if len(seen) > strengthSeen {
		seen = seen[:strengthSeen]
	}
	text := string(seen)
	var words []string
	for _, p := range personal {
		words = append(words, strings.FieldsFunc(strings.ToLower(p), func(r rune) bool { return strings.ContainsRune("@. _-", r) })...)
	}
	result := zxcvbn.PasswordStrength(text, words)
	if result.Score >= strengthMin {
		return nil
	}
	var longest *match.Match
	for _, m := range result.Sequence {
		if longest == nil || len(m.Token) > len(longest.Token) {
			longest = m
		}
	}
	if longest == nil {
		return wrong("password_weak", "Reason", "short")
	}
	if longest.Pattern == "dictionary" && longest.DictionaryName == "user_inputs" {
		return wrong("password_personal")
	}
	if longest.Pattern == "dictionary" && longest.DictionaryName == "passwords" && len(longest.Token)+2 >= len(text) {
		return wrong("password_common")
	}
	return wrong("password_weak", "Reason", weaknessReason(longest))
}

// weaknessReason returns the name of a pattern, as the texts in the locales use it.
func weaknessReason(m *match.Match) string {
	switch m.Pattern {
	case "repeat":
		return "repeats"
	case "sequence":
		return "sequence"
	case "spatial":
		return "keyboard"
	case "date", "regex":
		return "dates"
	case "dictionary":
		if strings.Contains(m.DictionaryName, "names") {
			return "names"
		}
		return "dictionary"
	default:
		return "short"
	}
}
