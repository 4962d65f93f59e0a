package models

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestPINRules(t *testing.T) {
	t.Parallel()
	const good = ""
	personal := personalWords("ada1815", "Ada Lovelace", "countess@example.org")
	for pin, want := range map[string]string{
		"8305": good, " 8305 ": good, "k7w2": good, "K7W2": good, "91x4b7": good, "3861947502": good, "q8w3n5t1z6r4": good,
		"": "pin_invalid", "830": "pin_invalid", "8305830583058": "pin_invalid", "83 5": "pin_invalid", "83-5": "pin_invalid",
		"８３０５": good, "٨٣٠٥": good, "८३०५": good, "Ｋ７ｗ２": good, "\u200e8305\u200b": good, "8\ufe0f\u20e3305": good, "１２３４": "pin_sequence",
		"8305" + strings.Repeat("\u200b", 50): "pin_invalid", "83é5": "pin_invalid", "8305\x00": "pin_invalid",
		"0000": "pin_repeats", "7777777": "pin_repeats", "1212": "pin_repeats", "121": "pin_invalid", "12121": "pin_repeats",
		"abcabc": "pin_repeats", "1122": "pin_repeats", "7887": "pin_repeats", "58858": "pin_repeats",
		"1234": "pin_sequence", "4321": "pin_sequence", "7890": "pin_sequence", "8901": "pin_sequence", "9012": "pin_sequence",
		"2109": "pin_sequence", "2468": "pin_sequence", "9753": "pin_sequence", "0369": "pin_sequence", "abcd": "pin_sequence",
		"FEDC": "pin_sequence", "qwer": "pin_sequence", "poiu": "pin_sequence", "asdfg": "pin_sequence", "2580": "pin_sequence",
		"0852": "pin_sequence", "1q2w3e": "pin_sequence", "123456789012": "pin_sequence",
		"1900": "pin_year", "1984": "pin_year", "1999": "pin_repeats", "2029": "pin_year", "2039": "pin_year",
		"3112": "pin_date", "1231": "pin_date", "2902": "pin_date", "0229": "pin_date", "251287": "pin_date", "122587": "pin_date",
		"871225": "pin_date", "25121987": "pin_date", "19871225": "pin_date", "12251987": "pin_date",
		"6969": "pin_repeats", "8675309": "pin_common", "314159": "pin_common", "letmein": "pin_common", "Passwort": "pin_common",
		"jellyfin": "pin_common", "7539": "pin_sequence", "1379": "pin_common",
		"1815": "pin_personal", "5181": "pin_personal", "love": "pin_common", "lace": "pin_personal", "ecal": "pin_personal",
		"countess": "pin_personal", "xcountessx": "pin_personal", "ada9": "pin_personal", "exam": "pin_personal",
	} {
		if got := checkPIN(pin, personal...); got != want {
			t.Errorf("%q: %q, want %q", pin, got, want)
		}
	}
}

// the most common PINs of known leaks are refused, and so is every year up to 2029.
func TestCommonPINs(t *testing.T) {
	t.Parallel()
	common := strings.Fields(`1234 1111 0000 1212 7777 1004 2000 4444 2222 6969 9999 3333 5555 6666 1122 1313 8888 4321 2001 1010
0909 2580 0007 1818 1230 1984 1986 0070 1985 0987 1000 1231 1987 1999 2468 2002 2323 2008 1123 1233 2003 2005 2004 1357 2010
123456 654321 111111 000000 123123 666666 121212 112233 789456 159753 123321 222222 777777 696969 131313 232323 888888`)
	for year := 1900; year < 2030; year++ {
		common = append(common, fmt.Sprint(year))
	}
	for _, pin := range common {
		if checkPIN(pin) == "" {
			t.Errorf("%s is accepted, want it refused as common", pin)
		}
	}
}

// People can choose 8,593 of the 10,000 PINs of four digits. A thief with ten tries a day finds a
// randomly chosen PIN with a probability of 0.12 % (R-45).
func TestNumberOfPossiblePINs(t *testing.T) {
	t.Parallel()
	left := 0
	for n := range 10000 {
		if checkPIN(fmt.Sprintf("%04d", n)) == "" {
			left++
		}
	}
	if want := 8593; left != want {
		t.Errorf("%d are left, want %d", left, want)
	}
}

// A longer PIN that was chosen at random is hardly ever refused.
func TestRandomPINsAreRarelyRefused(t *testing.T) {
	t.Parallel()
	const letters, tries = "0123456789abcdefghijklmnopqrstuvwxyz", 5000
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range tries {
		pin := make([]byte, 4+random.IntN(9))
		for i := range pin {
			pin[i] = letters[random.IntN(len(letters))]
		}
		if checkPIN(string(pin), personalWords("ada1815", "Ada Lovelace", "countess@example.org")...) != "" {
			refused++
		}
	}
	if refused > tries/100 {
		t.Errorf("%d of %d random PINs are refused, want at most 1 in 100", refused, tries)
	}
}

func FuzzPIN(f *testing.F) {
	for _, seed := range []string{"8305", " K7w2 ", "０１２３", "\x00\x00\x00\x00", "1q2w", "abcabcabc", "2902"} {
		f.Add(seed, "ada")
	}
	f.Fuzz(func(t *testing.T, pin, word string) {
		if checkPIN(pin, word) != "" {
			return
		}
		prepared := preparePIN(pin)
		if checkPIN(prepared, word) != "" || checkPIN(strings.ToUpper(prepared), word) != "" {
			t.Errorf("%q is accepted in one form only, want every form accepted", pin)
		}
		if len(prepared) < pinMin || len(prepared) > pinMax || strings.ToLower(onlyLettersAndDigits(prepared)) != prepared {
			t.Errorf("%q is accepted as %q, want only letters and digits in lower case, of the allowed length", pin, prepared)
		}
		if bare := strings.ToLower(onlyLettersAndDigits(word)); strings.Contains(bare, prepared) {
			t.Errorf("%q is accepted, want it refused because %q contains it", pin, word)
		}
	})
}
