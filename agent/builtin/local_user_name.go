package builtin

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// nameMax is the longest name, in code points.
const nameMax = 64

// nameKey returns the form by which names are found and compared. It is the same for all
// letter cases and Unicode forms of a name.
func nameKey(name string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(name))))
}

// cleanName returns a name as it is stored. It returns [ErrNameInvalid].
func cleanName(name string) (string, error) {
	name = norm.NFC.String(strings.TrimSpace(name))
	if name == "" || utf8.RuneCountInString(name) > nameMax || strings.ContainsFunc(name, notInNames) {
		return "", ErrNameInvalid
	}
	return name, nil
}

func notInNames(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune(" .-_'@+", r)
}

// nameLike returns a valid name for a guest from the name of an account. It leaves out
// characters that are not allowed. If n is greater than 1, it returns the n-th choice, such
// as "Mira 2".
func nameLike(name string, n int) string {
	name = strings.Map(func(r rune) rune {
		if notInNames(r) {
			return -1
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(name, "")))
	name = strings.Join(strings.Fields(name), " ")
	if name == "" {
		name = "Guest"
	}
	tail := ""
	if n > 1 {
		tail = " " + strconv.Itoa(n)
	}
	if runes := []rune(name); len(runes)+len(tail) > nameMax {
		name = strings.TrimSpace(string(runes[:nameMax-len(tail)]))
	}
	return name + tail
}
