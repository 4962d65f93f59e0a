package models

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/typed"
)

const (
	pinMin = 4
	pinMax = 12
)

// preparePIN returns pin in the form that is hashed. Capital letters become small letters,
// because capitals are tedious to type on a TV, and digits of every script become 0 to 9
// (see [typed.Plain]).
func preparePIN(pin string) string {
	if len(pin) > codeTypedMax {
		return pin
	}
	return strings.ToLower(strings.TrimSpace(typed.Plain(pin)))
}

// isPIN reports whether prepared, the result of [preparePIN], has the form of a PIN.
func isPIN(prepared string) bool {
	return len(prepared) >= pinMin && len(prepared) <= pinMax && onlyLettersAndDigits(prepared) == prepared
}

// checkPIN returns the code of the mistake in a new PIN, "" for a valid one. It
// refuses the PINs that a thief would guess first, so that ten guesses a day are of little
// use. personal lists the words by which the owner is known.
func checkPIN(pin string, personal ...string) string {
	pin = preparePIN(pin)
	if !isPIN(pin) {
		return "pin_invalid"
	}
	rules := []struct {
		code  string
		holds func(string) bool
	}{
		{"pin_repeats", pinRepeats},
		{"pin_sequence", pinRuns},
		{"pin_year", pinYear},
		{"pin_date", pinDate},
		{"pin_common", func(p string) bool { return slices.Contains(commonPINs(), p) }},
		{"pin_personal", func(p string) bool { return pinPersonal(p, personal) }},
	}
	for _, rule := range rules {
		if rule.holds(pin) {
			return rule.code
		}
	}
	return ""
}

// pinRepeats reports whether pin is one short part repeated ("0000", "1212",
// "abcabc"), or consists of pairs of at most two different characters ("1122",
// "7788").
func pinRepeats(pin string) bool {
	for part := 1; part <= len(pin)/2; part++ {
		if strings.Repeat(pin[:part], len(pin)/part+1)[:len(pin)] == pin {
			return true
		}
	}
	distinct := map[rune]bool{}
	for _, r := range pin {
		distinct[r] = true
	}
	return len(distinct) <= 2
}

// pinRuns reports whether the characters of pin follow each other in one direction with
// steps of at most three ("1234", "9753", "abcd"), or is a row of a keyboard or a column of
// a number pad, also backwards.
func pinRuns(pin string) bool {
	for _, row := range []string{
		"12345678901234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm",
		"147", "258", "369", "2580", "0852", "1470", "3690", "1593", "1357924680", "2468013579",
		"147258369", "159357", "741852963", "1q2w3e4r5t6z", "1q2w3e4r5t6y", "1a2b3c4d5e6f", "a1b2c3d4e5f6",
	} {
		if strings.Contains(row, pin) || strings.Contains(reversed(row), pin) {
			return true
		}
	}
	step := int(pin[1]) - int(pin[0])
	if step < -3 || step > 3 {
		return false
	}
	for i := 2; i < len(pin); i++ {
		if int(pin[i])-int(pin[i-1]) != step {
			return false
		}
	}
	return true
}

// pinYear reports whether pin is a year in which a living person was born or their
// house was built.
func pinYear(pin string) bool {
	year, err := strconv.Atoi(pin)
	return err == nil && len(pin) == 4 && year >= 1900 && year <= 2039
}

// pinDate reports whether pin is a day in one of the usual forms, with or without a
// year.
func pinDate(pin string) bool {
	layouts := map[int][]string{
		4: {"0201", "0102"},
		6: {"020106", "010206", "060102", "200601", "012006"},
		8: {"02012006", "01022006", "20060102"},
	}
	for _, layout := range layouts[len(pin)] {
		date := pin
		if len(pin) == 4 { // a leap year, so that 29 February counts
			date, layout = pin+"2024", layout+"2006"
		}
		if t, err := time.Parse(layout, date); err == nil && t.Year() >= 1900 && t.Year() < 2070 {
			return true
		}
	}
	return false
}

// pinPersonal reports whether pin is a part of a name, or has a name as a part.
func pinPersonal(pin string, words []string) bool {
	for _, word := range words {
		word = onlyLettersAndDigits(strings.ToLower(word))
		if word == "" {
			continue
		}
		if strings.Contains(word, pin) || strings.Contains(reversed(word), pin) || len(word) >= usernameMin && strings.Contains(pin, word) {
			return true
		}
	}
	return false
}

// commonPINs returns the PINs that people choose most and that the other rules do not
// catch: patterns on a number pad, numbers with a meaning, words that are typed with the
// letters on a number pad, and short everyday words.
func commonPINs() []string {
	return strings.Fields(`
0007 1004 1010 1122 1221 1233 1313 1342 1379 1397 1470 1478 1590 1593 1598 1793 1984 1998 2112 2324 2468 2525 2580
2684 3141 3719 4200 4269 4321 4545 4711 5150 5201 5683 6969 7007 7410 7531 7777 7890 8008 8520 8675 8675309 9513
9630 9876 0101 0420 0690 0852 0911 1928 2365 1423 3579 2589 1236 1245 1256 3698 7412 7896 7539 1235 1324 1243
4563 7946 9999 2846 1739 9713 314159 112358 123321 159753 147852 147896 246810 101010 131313 142536 123654
321654 456123 456789 789456 987456 741852 852456 852963 963852 102030 010203 007007 520131 5201314
pass password passwort qwer qwert asdf hallo hello home haus love liebe mama papa test geheim secret abcd abc1 abc123
test123 hallo123 user1234 letmein admin1 king star maus hund katze dog1 cat1 baby sexy ninja dragon monkey sonne
schatz sommer winter summer fussball football 1a2b 1q2w a1b2 aaa111 abc1234 qwe123 123abc 123qwe pass123 pass1234
netflix plex emby jellyfin media latchkey tv123 film kino movie
`)
}
