package secret_test

import (
	"bytes"
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/secret"
)

func kinds() []secret.Kind {
	return []secret.Kind{secret.SessionToken, secret.MailToken, secret.PendingToken}
}

func TestNewToken(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		token, err := secret.NewToken(kind, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(token, string(kind)+"_") || len(token) != 53 {
			t.Errorf("kind %s: got the token %q, want its prefix and length", kind, token)
		}
		for _, as := range kinds() {
			if got := secret.WellFormed(as, token); got != (as == kind) {
				t.Errorf("a token of kind %s as one of kind %s: got well-formed %v, want the opposite", kind, as, got)
			}
		}
		again, err := secret.NewToken(kind, rand.Reader)
		if err != nil || again == token {
			t.Errorf("got the tokens %q and %q, error %v, want two different ones", token, again, err)
		}
	}
	if token, err := secret.NewToken(secret.MailToken, bytes.NewReader(make([]byte, 31))); err == nil {
		t.Errorf("a token of 31 random bytes: %q, want an error", token)
	}
}

// TestWellFormed changes a token in the ways in which a mail program, a keyboard or
// a stranger could.
func TestWellFormed(t *testing.T) {
	t.Parallel()
	token := secret.FormatToken(secret.MailToken, secret.Sum("a token"))
	if !secret.WellFormed(secret.MailToken, token) {
		t.Fatalf("%q is not well-formed, want it to be", token)
	}
	spoilt := []string{
		"", token + "=", token + "\n", " " + token, token + token, strings.ToUpper(token), strings.ToLower(token),
		token[4:], "lkm_", "lkm" + token[4:] + "a", secret.FormatToken(secret.SessionToken, secret.Sum("a token")),
		secret.FormatToken("LKM", secret.Sum("a token")), secret.FormatToken("lkmm", secret.Sum("a token"))[:53],
		// The check digits belong to another token, and to the same token with another
		// prefix.
		token[:47] + secret.FormatToken(secret.MailToken, secret.Sum("another"))[47:],
		token[:47] + secret.FormatToken(secret.SessionToken, secret.Sum("a token"))[47:],
		"lks" + token[3:],
	}
	for i := range token {
		spoilt = append(spoilt, token[:i], token[:i]+token[i+1:], token[:i]+"a"+token[i:])
		for _, b := range []byte("aZ0-_%\x00\xff") {
			if token[i] != b {
				spoilt = append(spoilt, token[:i]+string([]byte{b})+token[i+1:])
			}
		}
		if turned := []byte(token); turned[i] >= 'A' {
			turned[i] ^= 'a' - 'A'
			spoilt = append(spoilt, string(turned))
		}
		if i > 0 && token[i] != token[i-1] { // two letters changed places
			swapped := []byte(token)
			swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
			spoilt = append(spoilt, string(swapped))
		}
	}
	for _, text := range spoilt {
		if secret.WellFormed(secret.MailToken, text) {
			t.Errorf("%q passes for a token, want it refused", text)
		}
	}
}

func FuzzWellFormed(f *testing.F) {
	for _, kind := range kinds() {
		f.Add(secret.FormatToken(kind, secret.Hash{}))
		f.Add(secret.FormatToken(kind, secret.Sum("a token")))
		f.Add(string(kind) + "_")
	}
	f.Add("")
	f.Add(strings.Repeat("é", 26) + "a")
	f.Fuzz(func(t *testing.T, text string) {
		fits := slices.DeleteFunc(kinds(), func(k secret.Kind) bool { return !secret.WellFormed(k, text) })
		if len(fits) > 1 {
			t.Errorf("%q passes for the kinds %v, want at most one kind", text, fits)
		}
		if len(fits) == 0 {
			return
		}
		if len(text) != 53 || !strings.HasPrefix(text, string(fits[0])+"_") {
			t.Errorf("%q passes for a token, want it refused", text)
		}
		for i := range text { // one wrong letter is always noticed
			if wrong := text[:i] + string([]byte{text[i] ^ 1}) + text[i+1:]; secret.WellFormed(fits[0], wrong) {
				t.Errorf("%q passes like %q, want it refused", wrong, text)
			}
		}
	})
}
