package secret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/secret"
)

func TestNewKeys(t *testing.T) {
	t.Parallel()
	short, enough := strings.Repeat("k", 31), strings.Repeat("k", 32)
	for _, c := range []struct {
		name, current, previous string
		want                    error
	}{
		{"none", "", "", secret.ErrKeyTooShort},
		{"31 characters", short, "", secret.ErrKeyTooShort},
		{"31 characters of more bytes", strings.Repeat("ß", 31), "", secret.ErrKeyTooShort},
		{"32 characters", enough, "", nil},
		{"a short one before", enough, short, secret.ErrKeyTooShort},
		{"only one before", "", enough, secret.ErrKeyTooShort},
		{"two", enough, enough + "k", nil},
	} {
		if _, err := secret.NewKeys(c.current, c.previous); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestKeyIDs(t *testing.T) {
	t.Parallel()
	both := keys(t, keyText, otherKeyText)
	if both.ID() != oneKey(t).ID() || both.PreviousID() != keys(t, otherKeyText, "").ID() {
		t.Error("a key has another id beside a second key, want the same id")
	}
	if both.ID() == both.PreviousID() || len(both.ID()) != 16 || strings.Contains(both.ID(), keyText[:4]) {
		t.Errorf("got ids %q and %q, want two different ids of 16 characters that show nothing of the key", both.ID(), both.PreviousID())
	}
	if id := oneKey(t).PreviousID(); id != "" {
		t.Errorf("without a key before its id is %q, want no id", id)
	}
	if id := keys(t, keyText, keyText).PreviousID(); id != "" {
		t.Errorf("the same key twice: the one before is %q, want none", id)
	}
}

// TestMAC checks that different keys, purposes and parts have different keyed hashes.
func TestMAC(t *testing.T) {
	t.Parallel()
	k := oneKey(t)
	seen := map[secret.Hash]string{}
	for name, mac := range map[string]secret.Hash{
		"ab, c":                         k.MAC("p", "ab", "c"),
		"a, bc":                         k.MAC("p", "a", "bc"),
		"abc":                           k.MAC("p", "abc"),
		"abc, nothing":                  k.MAC("p", "abc", ""),
		"nothing, abc":                  k.MAC("p", "", "abc"),
		"no part":                       k.MAC("p"),
		"one empty part":                k.MAC("p", ""),
		"two empty parts":               k.MAC("p", "", ""),
		"a length itself":               k.MAC("p", "\x00\x00\x00\x00\x00\x00\x00\x00"),
		"another purpose":               k.MAC("q", "ab", "c"),
		"no purpose":                    k.MAC("", "ab", "c"),
		"in the purpose":                k.MAC("pab", "c"),
		"another key":                   keys(t, otherKeyText, "").MAC("p", "ab", "c"),
		"a derived key":                 secret.Hash(k.Derive("p")),
		"another purpose's derived key": secret.Hash(k.Derive("q")),
		"another derived key":           secret.Hash(keys(t, otherKeyText, "").Derive("p")),
		"the key itself":                secret.Sum(keyText),
	} {
		if other, twice := seen[mac]; twice {
			t.Errorf("%q and %q have the same keyed hash, want different ones", name, other)
		}
		seen[mac] = name
	}
	if k.MAC("p", "ab", "c") != oneKey(t).MAC("p", "ab", "c") {
		t.Error("the same parts have two keyed hashes, want one")
	}
	if both := keys(t, keyText, otherKeyText); both.MAC("p", "a") != k.MAC("p", "a") || string(both.Derive("p")) != string(k.Derive("p")) {
		t.Error("the previous key changes the hashes of the current one, want the same hashes")
	}
}

// TestRotatedKeys checks keyed hashes that were made with the current key, the previous key and an
// unknown key.
func TestRotatedKeys(t *testing.T) {
	t.Parallel()
	before, both, after := oneKey(t), keys(t, otherKeyText, keyText), keys(t, otherKeyText, "")
	mac := before.MAC("p", "ab", "c")
	for _, c := range []struct {
		name    string
		with    secret.Keys
		mac     []byte
		purpose string
		parts   []string
		want    bool
	}{
		{"its own key", before, mac[:], "p", []string{"ab", "c"}, true},
		{"as the key before", both, mac[:], "p", []string{"ab", "c"}, true},
		{"after that", after, mac[:], "p", []string{"ab", "c"}, false},
		{"another purpose", both, mac[:], "q", []string{"ab", "c"}, false},
		{"other parts", both, mac[:], "p", []string{"a", "bc"}, false},
		{"cut", both, mac[:31], "p", []string{"ab", "c"}, false},
		{"lengthened", both, append(mac[:], 0), "p", []string{"ab", "c"}, false},
		{"none", both, nil, "p", []string{"ab", "c"}, false},
		{"none, and no key before", before, nil, "p", []string{"ab", "c"}, false},
	} {
		if got := c.with.Verifies(c.mac, c.purpose, c.parts...); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		name string
		with secret.Keys
		id   string
		want bool
	}{
		{"its own key", before, before.ID(), true},
		{"as the key before", both, before.ID(), true},
		{"after that", after, before.ID(), false},
		{"no id", before, "", false},
		{"no id, both keys", both, "", false},
	} {
		got, ok := c.with.MACWith(c.id, "p", "ab", "c")
		if ok != c.want || ok && got != mac || !ok && got != (secret.Hash{}) {
			t.Errorf("%s: found %v, want %v", c.name, ok, c.want)
		}
	}
}

func TestHashColumn(t *testing.T) {
	t.Parallel()
	want := secret.Sum("text")
	value, err := want.Value()
	if b, ok := value.([]byte); err != nil || !ok || len(b) != 32 {
		t.Fatalf("got the value %T, error %v, want 32 bytes", value, err)
	}
	var got secret.Hash
	if err := got.Scan(value); err != nil || got != want {
		t.Errorf("read as %x, %v; want %x", got, err, want)
	}
	for _, bad := range []any{nil, "text", make([]byte, 31), make([]byte, 33), []byte{}, int64(1)} {
		if err := new(secret.Hash).Scan(bad); err == nil {
			t.Errorf("%T of the wrong shape was taken for a hash, want an error", bad)
		}
	}
}
