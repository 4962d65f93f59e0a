package secret_test

import (
	"context"
	"encoding/base64"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/latchkey-media/latchkey/internal/secret"
)

const (
	keyText      = "the first secret key of the tests"
	otherKeyText = "the other secret key of the tests"
)

func keys(t testing.TB, current, previous string) secret.Keys {
	t.Helper()
	k, err := secret.NewKeys(current, previous)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func oneKey(t testing.TB) secret.Keys {
	t.Helper()
	return keys(t, keyText, "")
}

// hasher returns a hasher that uses very little memory and time.
func hasher(t testing.TB, k secret.Keys, adjust ...func(*secret.HasherOptions)) *secret.Hasher {
	t.Helper()
	o := secret.ProductionHashing(4)
	o.Memory, o.Iterations, o.Now = 64, 1, time.Now
	for _, a := range adjust {
		a(&o)
	}
	h, err := secret.NewHasher(k, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func hashed(t testing.TB, h *secret.Hasher, text string) string {
	t.Helper()
	stored, err := h.Hash(context.Background(), "password", "7", text)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestVerify(t *testing.T) {
	t.Parallel()
	h := hasher(t, oneKey(t))
	stored := hashed(t, h, "right")
	for _, c := range []struct {
		name, stored, purpose, owner, text string
		want                               bool
	}{
		{"right", stored, "password", "7", "right", true},
		{"wrong", stored, "password", "7", "wrong", false},
		{"empty", stored, "password", "7", "", false},
		{"another purpose", stored, "pin", "7", "right", false},
		{"another account", stored, "password", "8", "right", false},
		{"text and owner shifted", stored, "password", "", "right7", false},
		{"nothing stored", "", "password", "7", "right", false},
		{"nothing stored, the text of the pretended one", "", "dummy", "", "nobody's", false},
	} {
		match, outdated, err := h.Verify(t.Context(), c.stored, c.purpose, c.owner, c.text)
		if match != c.want || outdated || err != nil {
			t.Errorf("%s: match %v, outdated %v, %v; want match %v", c.name, match, outdated, err, c.want)
		}
	}
	if again := hashed(t, h, "right"); again == stored {
		t.Error("two hashes of one text are equal: the salt is missing")
	}
	id, phc, _ := strings.Cut(stored, "$")
	if id != oneKey(t).ID() || !strings.HasPrefix(phc, "argon2id$v=19$m=64,t=1,p=1$") || len(stored) > 255 {
		t.Errorf("got the hash %q, want the form KEYID$argon2id$…", stored)
	}
}

// TestChangedKeyOrCostIsOutdated changes the key and the cost of hashes.
func TestChangedKeyOrCostIsOutdated(t *testing.T) {
	t.Parallel()
	stored := hashed(t, hasher(t, oneKey(t)), "right")
	now := keys(t, otherKeyText, keyText)
	for _, c := range []struct {
		name string
		with *secret.Hasher
		want bool
	}{
		{"nothing has changed", hasher(t, oneKey(t)), false},
		{"more memory", hasher(t, oneKey(t), func(o *secret.HasherOptions) { o.Memory = 128 }), true},
		{"less memory", hasher(t, oneKey(t), func(o *secret.HasherOptions) { o.Memory = 32 }), true},
		{"more iterations", hasher(t, oneKey(t), func(o *secret.HasherOptions) { o.Iterations = 2 }), true},
		{"another key", hasher(t, now), true},
		{"back at the key", hasher(t, keys(t, keyText, otherKeyText)), false},
	} {
		match, outdated, err := c.with.Verify(t.Context(), stored, "password", "7", "right")
		if !match || outdated != c.want || err != nil {
			t.Errorf("%s: match %v, outdated %v, %v; want outdated %v", c.name, match, outdated, err, c.want)
		}
		match, _, err = c.with.Verify(t.Context(), stored, "password", "7", "wrong")
		if match || err != nil {
			t.Errorf("%s: a wrong text: got match %v, error %v, want no match and no error", c.name, match, err)
		}
		fresh := hashed(t, c.with, "right")
		if match, outdated, err := c.with.Verify(t.Context(), fresh, "password", "7", "right"); !match || outdated || err != nil {
			t.Errorf("%s: hashed again: got match %v, outdated %v, error %v, want a match that is not outdated", c.name, match, outdated, err)
		}
	}
	_, _, err := hasher(t, keys(t, otherKeyText, "")).Verify(t.Context(), stored, "password", "7", "right")
	if !errors.Is(err, secret.ErrUnknownKey) {
		t.Errorf("without the key it was made with: %v, want ErrUnknownKey", err)
	}
}

// hostile returns stored texts that would cost much, or that are not hashes.
func hostile() map[string]string {
	salt := strings.Repeat("A", 22)
	key := strings.Repeat("A", 43)
	tail := "$" + salt + "$" + key
	return map[string]string{
		"8 GiB":              "$argon2id$v=19$m=8388608,t=1,p=1" + tail,
		"4 TiB":              "$argon2id$v=19$m=4294967295,t=1,p=1" + tail,
		"a little too much":  "$argon2id$v=19$m=131073,t=1,p=1" + tail,
		"no memory":          "$argon2id$v=19$m=0,t=1,p=1" + tail,
		"negative memory":    "$argon2id$v=19$m=-1,t=1,p=1" + tail,
		"endless":            "$argon2id$v=19$m=64,t=4294967295,p=1" + tail,
		"1000 iterations":    "$argon2id$v=19$m=64,t=1000,p=1" + tail,
		"no iterations":      "$argon2id$v=19$m=64,t=0,p=1" + tail,
		"255 threads":        "$argon2id$v=19$m=64,t=1,p=255" + tail,
		"256 threads":        "$argon2id$v=19$m=64,t=1,p=256" + tail,
		"no threads":         "$argon2id$v=19$m=64,t=1,p=0" + tail,
		"an empty key":       "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"a long key":         "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Repeat("A", 1<<16),
		"an older version":   "$argon2id$v=16$m=64,t=1,p=1" + tail,
		"no version":         "$argon2id$m=64,t=1,p=1" + tail,
		"argon2i":            "$argon2i$v=19$m=64,t=1,p=1" + tail,
		"bcrypt of cost 20":  "$2a$20$" + strings.Repeat("A", 53),
		"scrypt":             "$s2$16384$8$1$" + salt + "$" + key,
		"no base64":          "$argon2id$v=19$m=64,t=1,p=1$!$!",
		"cut":                "$argon2id$v=19$m=64,t=1,p=1$" + salt,
		"nothing but dollar": "$",
		"many dollars":       strings.Repeat("$", 100),
	}
}

func TestMalformedHashesAreRefusedCheaply(t *testing.T) { // not parallel, because it measures allocated memory
	h := hasher(t, oneKey(t))
	for name, phc := range hostile() {
		var match bool
		var err error
		bytes := allocated(func() {
			match, _, err = h.Verify(context.Background(), oneKey(t).ID()+phc, "password", "7", "right")
		})
		if match || !errors.Is(err, secret.ErrBadHash) || bytes > 1<<20 {
			t.Errorf("%s: match %v, %v, %d bytes allocated; want ErrBadHash and next to nothing", name, match, err, bytes)
		}
		for _, id := range []string{"", "0123456789abcdef", strings.ToUpper(oneKey(t).ID())} {
			if match, _, err := h.Verify(context.Background(), id+phc, "password", "7", "right"); match || !errors.Is(err, secret.ErrUnknownKey) {
				t.Errorf("%s with the key %q: match %v, %v; want ErrUnknownKey", name, id, match, err)
			}
		}
	}
	if _, _, err := h.Verify(context.Background(), oneKey(t).ID(), "password", "7", "right"); !errors.Is(err, secret.ErrBadHash) {
		t.Errorf("a key's id alone: %v, want ErrBadHash", err)
	}
}

// TestUnknownNameCostsOneHash checks that an unknown name costs one hash. It measures
// the memory.
func TestUnknownNameCostsOneHash(t *testing.T) { // not parallel, because it measures allocated memory
	const memory = 8 << 20
	h := hasher(t, oneKey(t), func(o *secret.HasherOptions) { o.Memory = memory >> 10 })
	for name, stored := range map[string]string{"a hash": hashed(t, h, "right"), "nothing": ""} {
		bytes := allocated(func() { _, _, _ = h.Verify(context.Background(), stored, "password", "7", "wrong") })
		if bytes < memory || bytes >= 2*memory {
			t.Errorf("%s stored: %d bytes were allocated, want those of one hash, %d", name, bytes, memory)
		}
	}
}

func allocated(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestStoredHashNeedsTheKey tries to make a stored hash from everything except the key.
// Argon2id over the text alone gives another hash, so the text cannot be guessed without the key.
func TestStoredHashNeedsTheKey(t *testing.T) {
	t.Parallel()
	k := oneKey(t)
	_, phc, _ := strings.Cut(hashed(t, hasher(t, k), "8305"), "$")
	compare := func(text string) bool {
		same, err := argon2id.ComparePasswordAndHash(text, "$"+phc)
		if err != nil {
			t.Fatal(err)
		}
		return same
	}
	mac := k.MAC("password", "8305", "7")
	if !compare(base64.RawStdEncoding.EncodeToString(mac[:])) {
		t.Error("the hash is not made from the keyed hash, want that: this test shows nothing")
	}
	for _, guess := range []string{"8305", "83057", "password83057", k.ID() + "8305", base64.RawStdEncoding.EncodeToString([]byte("8305"))} {
		if compare(guess) {
			t.Errorf("the hash is made from %q, want it made from the keyed hash", guess)
		}
	}
}

func FuzzVerify(f *testing.F) {
	k := oneKey(f)
	h := hasher(f, k)
	for _, phc := range hostile() {
		f.Add(k.ID() + phc)
	}
	f.Add("")
	f.Add(k.ID())
	f.Add(hashed(f, h, "right"))
	f.Fuzz(func(t *testing.T, stored string) {
		match, _, err := h.Verify(t.Context(), stored, "password", "7", "wrong")
		if match || err != nil && !errors.Is(err, secret.ErrBadHash) && !errors.Is(err, secret.ErrUnknownKey) {
			t.Errorf("got match %v, error %v, want no match, and no error but ErrBadHash or ErrUnknownKey", match, err)
		}
	})
}
