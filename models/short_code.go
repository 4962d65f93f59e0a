package models

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/typed"
)

// Short codes are read from one screen and typed on another: eight letters without vowels
// and look-alikes (RFC 8628 §6.1), 34.6 bits, shown as BCDF-GHJK. Only their keyed hashes
// are stored: nobody can read a code from a copy of the database.
const (
	codeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	codeLength  = 8
)

// newShortCode makes a code in the form that is stored, without the dash.
func newShortCode(random io.Reader) (string, error) {
	const fair = 256 / len(codeLetters) * len(codeLetters) // above it the first letters would come more often
	code := make([]byte, 0, codeLength)
	var one [1]byte
	for len(code) < codeLength {
		if _, err := io.ReadFull(random, one[:]); err != nil {
			return "", fmt.Errorf("no randomness: %w", err)
		}
		if int(one[0]) < fair {
			code = append(code, codeLetters[int(one[0])%len(codeLetters)])
		}
	}
	return string(code), nil
}

// unusedCode makes a code and calls store with it, and again with another code if the first
// code is in use.
func (c *core) unusedCode(store func(code string) error) (string, error) {
	const tries = 4
	for try := 1; ; try++ {
		code, err := newShortCode(c.opt.Random)
		if err != nil {
			return "", explained("make a code", err)
		}
		if err = store(code); !errors.Is(err, gorm.ErrDuplicatedKey) || try == tries {
			return code, err
		}
	}
}

// codeTypedMax is the number of bytes that a typed code may have, with all of its
// separators and invisible characters.
const codeTypedMax = 128

// parseShortCode reads a code as people type it: in any case, with any separators, on
// any keyboard (see [typed.Plain]). It reports false for a text that cannot be a code, so
// that the database need not be asked and no try is counted.
func parseShortCode(text string) (string, bool) {
	return parseLetters(text, codeLength)
}

// parseLetters does the work of parseShortCode for a code of another length.
func parseLetters(text string, length int) (string, bool) {
	if len(text) > codeTypedMax {
		return "", false
	}
	code := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) {
			return -1
		}
		return r
	}, strings.ToUpper(typed.Plain(text)))
	if len(code) != length || strings.Trim(code, codeLetters) != "" {
		return "", false
	}
	return code, true
}

// showShortCode returns a code as it is shown, with the dash.
func showShortCode(code string) string { return code[:codeLength/2] + "-" + code[codeLength/2:] }

// pastedSecret returns a secret of this service that a person has copied from a screen or a
// mail, without the spaces around it and the invisible characters in it.
func pastedSecret(text string) string {
	if len(text) > codeTypedMax {
		return text
	}
	return strings.TrimSpace(typed.Plain(text))
}
