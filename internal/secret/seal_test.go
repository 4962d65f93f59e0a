package secret_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/latchkey-media/latchkey/internal/secret"
)

const oldKey, newKey = "an old secret key that only tests may use", "a new secret key that only tests may use"

func TestSeal(t *testing.T) {
	t.Parallel()
	old, both, fresh := keys(t, oldKey, ""), keys(t, newKey, oldKey), keys(t, newKey, "")
	const text = "92946949b56f4c5e831d072ba4929de0"
	sealed, err := old.Seal(rand.Reader, "access key", "1", text)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sealed, text) || len(sealed) > 255 {
		t.Errorf("got the sealed text %s, want the form KEYID.BASE64URL", sealed)
	}
	if again, err := old.Seal(rand.Reader, "access key", "1", text); err != nil || again == sealed {
		t.Errorf("a text sealed twice gives the same sealed text, want different ones; error %v", err)
	}
	moved, err := both.Seal(rand.Reader, "access key", "1", text)
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(sealed)
	flipped[len(flipped)-5] ^= 1
	id, body, _ := strings.Cut(sealed, ".")
	for name, c := range map[string]struct {
		keys                   secret.Keys
		purpose, place, sealed string
		ok                     bool
	}{
		"same":                   {old, "access key", "1", sealed, true},
		"previous key":           {both, "access key", "1", sealed, true},
		"sealed by the new one":  {fresh, "access key", "1", moved, true},
		"key forgotten":          {fresh, "access key", "1", sealed, false},
		"key not yet known":      {old, "access key", "1", moved, false},
		"other purpose":          {old, "other", "1", sealed, false},
		"other place":            {old, "access key", "2", sealed, false},
		"changed":                {old, "access key", "1", string(flipped), false},
		"cut":                    {old, "access key", "1", sealed[:len(sealed)-4], false},
		"no key's id":            {old, "access key", "1", "." + body, false},
		"no key's id at all":     {both, "access key", "1", body, false},
		"the other key's id":     {both, "access key", "1", both.ID() + "." + body, false},
		"nothing":                {old, "access key", "1", "", false},
		"id alone":               {old, "access key", "1", id + ".", false},
		"no base64":              {old, "access key", "1", id + ".%%%", false},
		"shorter than its nonce": {old, "access key", "1", id + ".AAAA", false},
	} {
		got, err := c.keys.Open(c.purpose, c.place, c.sealed)
		if c.ok && (err != nil || got != text) {
			t.Errorf("%s: got %q, error %v, want ErrSealed", name, got, err)
		}
		if !c.ok && (!errors.Is(err, secret.ErrSealed) || got != "") {
			t.Errorf("%s: got %q, %v, want ErrSealed", name, got, err)
		}
	}
	if _, err := old.Seal(iotest.ErrReader(errors.New("broken")), "p", "1", text); err == nil {
		t.Error("sealed without randomness, want an error")
	}
	if _, err := old.Seal(bytes.NewReader(nil), "p", "1", text); err == nil {
		t.Error("sealed without randomness, want an error")
	}
}

func FuzzOpen(f *testing.F) {
	k := keys(f, oldKey, newKey)
	f.Add(k.ID() + ".AAAA")
	f.Add(".")
	f.Fuzz(func(t *testing.T, sealed string) {
		if text, err := k.Open("access key", "1", sealed); err == nil {
			t.Errorf("%q opened as %q, want an error", sealed, text)
		}
	})
}

// A sealed text is opened for every server in every list. Before derived keys were kept, that took
// 33 allocations more.
func TestKeysAreDerivedOnce(t *testing.T) { //nolint:paralleltest // it counts the allocations of the whole process
	k := keys(t, newKey, oldKey)
	sealed, err := k.Seal(rand.Reader, "access key", "1", "a text")
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		most float64
		do   func()
	}{
		"open": {8, func() {
			if _, err := k.Open("access key", "1", sealed); err != nil {
				t.Error(err)
			}
		}},
		"MAC": {8, func() { k.MAC("user code", "1234") }},
	} {
		if got := testing.AllocsPerRun(100, row.do); got > row.most {
			t.Errorf("%s: got %.0f allocations, want at most %.0f", name, got, row.most)
		}
	}
	k.Derive("captcha")[0]++
	if again := keys(t, newKey, oldKey); !bytes.Equal(k.Derive("captcha"), again.Derive("captcha")) {
		t.Error("a caller that changes a derived key changes the next one, want a copy for each caller")
	}
}
