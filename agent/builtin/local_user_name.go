package builtin

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// nameMax is how long a name is at most, in code points.
const nameMax = 64

// nameKey is by what a name is found and compared: without case, and however its
// letters are written.
func nameKey(name string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(name))))
}

// cleanName is a name as it is kept. It returns [ErrNameInvalid].
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

// nameLike is the name for a guest who is called so elsewhere: what cannot be in a
// name is left out. With n above 1 it is the n-th choice.
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
