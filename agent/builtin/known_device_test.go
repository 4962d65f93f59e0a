package builtin_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/builtin"
)

// signInOn signs alice in on a device and returns the status. An empty device sends no id.
func (k *kit) signInOn(device, password, from string) int {
	k.t.Helper()
	header := map[string]string{"Content-Type": jsonType}
	if device != "" {
		header["X-Emby-Device-Id"] = device
	}
	w := k.do(ask{method: "POST", path: "/Users/AuthenticateByName", from: from, header: header, body: members("Username", "alice", "Pw", password)})
	return w.Code
}

// guess guesses alice's password n times, each time on another device and from the address
// that the function from returns. It returns how many guesses were answered, instead of
// being told to wait.
func (k *kit) guess(n int, from func(i int) string) (answers int) {
	k.t.Helper()
	for i := range n {
		if k.signInOn(fmt.Sprint("stranger-", i), "wrong", from(i)) == http.StatusUnauthorized {
			answers++
		}
	}
	return answers
}

// TestManyAddressesDoNotGuessOn guesses a password from many addresses outside. The guesses
// count together for the name, so that everybody outside has to wait, but nobody at home.
func TestManyAddressesDoNotGuessOn(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	for what, from := range map[string]func(i int) string{
		"IPv4": func(i int) string { return fmt.Sprintf("203.0.113.%d:1", i) },
		"IPv6": func(i int) string { return fmt.Sprintf("[2001:db8:1:%x::1]:1", i) },
	} {
		k.restart() // it forgets the counts
		if answers := k.guess(40, from); answers != 11 {
			t.Errorf("%s: %d of 40 guesses were answered, want 11", what, answers)
		}
		if got := k.signInOn("new", "secret-1", from(41)); got != http.StatusTooManyRequests {
			t.Errorf("%s: the right password from outside: status %d, want 429", what, got)
		}
		if got := k.signInOn("at home", "secret-1", home); got != http.StatusOK {
			t.Errorf("%s: the right password at home: status %d, want 200", what, got)
		}
		k.pass(time.Second)
		if got := k.signInOn("new "+what, "secret-1", from(42)); got != http.StatusOK {
			t.Errorf("%s: after the wait: status %d, want 200", what, got)
		}
	}
}

// TestGuessesADay guesses for a whole day, each time from another address. Only a limited
// number of these guesses is answered.
func TestGuessesADay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tries := builtin.NewTries(func() time.Time { return now })
	answers := 0
	for end := now.Add(24 * time.Hour); now.Before(end) && answers < 1000; answers++ {
		source := netip.AddrFrom4([4]byte{203, 0, byte(answers / 256), byte(answers)})
		if wait := builtin.Wait(tries.Try(t.Context(), "alice", source, func() error { return builtin.ErrWrong })); wait > 0 {
			now = now.Add(wait)
			answers--
		}
	}
	if answers < 20 || answers > 100 {
		t.Errorf("%d guesses were answered in a day, want 20 to 100", answers)
	}
}

// TestGuessesDoNotStopKnownDevices guesses from the owner's own address and from many
// others. A device on which the owner has signed in before is not stopped, until the
// password is replaced.
func TestGuessesDoNotStopKnownDevices(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "secret-1", false)
	if got := k.signInOn("phone", "secret-1", away); got != http.StatusOK {
		t.Fatalf("sign-in: status %d, want 200", got)
	}
	token, err := k.Mint(t.Context(), user.ID, device("phone")) // the only token of the device
	if err == nil {
		err = k.Revoke(t.Context(), token.Value) // signed out
	}
	if err != nil {
		t.Fatal(err)
	}
	k.restart()
	own := func(int) string { return away }
	if answers := k.guess(40, own); answers != 4 {
		t.Errorf("%d of 40 guesses from the owner's address were answered, want 4", answers)
	}
	k.guess(40, func(i int) string { return fmt.Sprintf("198.51.100.%d:1", i) })
	if got := k.signInOn("phone", "secret-1", away); got != http.StatusOK {
		t.Errorf("the known device: status %d, want 200", got)
	}
	for _, device := range []string{"other", ""} {
		if got := k.signInOn(device, "secret-1", away); got != http.StatusTooManyRequests {
			t.Errorf("device %q: status %d, want 429", device, got)
		}
	}
	// Guesses on the known device itself count, too.
	got := []int{}
	for range 5 {
		got = append(got, k.signInOn("phone", "wrong", "198.51.100.200:1"))
	}
	if got[3] != http.StatusUnauthorized || got[4] != http.StatusTooManyRequests {
		t.Errorf("guesses on the known device: statuses %v, want 401 four times and then 429", got)
	}
	k.pass(time.Second)
	if err := k.SetPassword(t.Context(), user.ID, "secret-2"); err != nil {
		t.Fatal(err)
	}
	if got := k.signInOn("phone", "secret-2", away); got != http.StatusOK {
		t.Fatalf("after the wait: status %d, want 200", got)
	}
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM known_devices"); n != 1 || err != nil {
		t.Errorf("%d known devices, error %v; want 1: those from before the new password are forgotten", n, err)
	}
}

// TestDeviceWithoutIDIsNotKnown signs in on a device that sends no id. Another device of
// the same kind has the same derived id, so it must not be known.
func TestDeviceWithoutIDIsNotKnown(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	if got := k.signInOn("", "secret-1", away); got != http.StatusOK {
		t.Fatalf("sign-in: status %d, want 200", got)
	}
	k.guess(5, func(int) string { return away })
	if got := k.signInOn("", "secret-1", away); got != http.StatusTooManyRequests {
		t.Errorf("status %d, want 429", got)
	}
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM known_devices"); n != 0 || err != nil {
		t.Errorf("%d known devices, error %v; want none", n, err)
	}
}

// TestKnownDevicesAreLimited signs in on many devices. The oldest is forgotten.
func TestKnownDevicesAreLimited(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	for i := range 55 {
		k.pass(time.Second)
		if got := k.signInOn(fmt.Sprint("device ", i), "secret-1", home); got != http.StatusOK {
			t.Fatalf("device %d: status %d, want 200", i, got)
		}
	}
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM known_devices"); n != 50 || err != nil {
		t.Errorf("%d known devices, error %v; want 50", n, err)
	}
}
