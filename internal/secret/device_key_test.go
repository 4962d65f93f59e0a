package secret_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/secret"
)

func TestDeviceKey(t *testing.T) {
	t.Parallel()
	parent, other := secret.Sum("parent"), secret.Sum("another parent")
	const number = 0x0123456789abcdef
	m := hmac.New(sha256.New, parent[:])
	m.Write([]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef})
	want := "0123456789abcdef" + hex.EncodeToString(m.Sum(nil)[:8])
	got := secret.DeviceKey(parent, number)
	if got != want {
		t.Errorf("device key %s, want %s", got, want)
	}
	if n := secret.DeviceKeyNumber(got); n != number {
		t.Errorf("number %x, want %x", n, number)
	}
	seen := map[string]string{got[16:]: "the key"}
	for what, one := range map[string]string{
		"another parent": secret.DeviceKey(other, number), "the next number": secret.DeviceKey(parent, number+1), "a small number": secret.DeviceKey(parent, 1),
	} {
		if before := seen[one[16:]]; before != "" {
			t.Errorf("%s and %s have the MAC %s, want two", before, what, one[16:])
		}
		seen[one[16:]] = what
	}
}

func TestDeviceKeyNumber(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "0123456789abcdef", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32), strings.Repeat("A", 32),
		"0123456789ABCDEF0123456789abcdef", strings.Repeat("f", 32), fmt.Sprintf("%032d", 0),
	} {
		if n := secret.DeviceKeyNumber(text); n != 0 {
			t.Errorf("number of %q is %d, want 0", text, n)
		}
	}
}

func BenchmarkDeviceKey(b *testing.B) {
	parent := secret.Sum("parent")
	b.ReportAllocs()
	for i := range b.N {
		secret.DeviceKey(parent, int64(i))
	}
}
