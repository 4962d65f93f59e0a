package builtin_test

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/builtin"
)

func TestWrongPasswordsWaitLonger(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tries := builtin.NewTries(func() time.Time { return now })
	source := netip.MustParseAddr("203.0.113.9")
	wrong := func() time.Duration {
		return builtin.Wait(tries.Try(t.Context(), "alice", source, func() error { return builtin.ErrWrong }))
	}
	for i, seconds := range []int{0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		if wait := time.Duration(seconds) * time.Second; wait > 0 {
			if got := wrong(); got != wait {
				t.Fatalf("before try %d: wait %v, want %v", i+1, got, wait)
			}
			now = now.Add(wait)
		}
		if got := wrong(); got != 0 {
			t.Fatalf("try %d: wait %v, want 0", i+1, got)
		}
	}
	// An error that says nothing about the password does not count.
	failed := errors.New("away")
	for i := range 10 {
		if err := tries.Try(t.Context(), "bob", source, func() error { return failed }); !errors.Is(err, failed) {
			t.Fatalf("try %d: error %v, want %v", i+1, err, failed)
		}
	}
}

func TestWrongPasswordsCountByNetwork(t *testing.T) {
	t.Parallel()
	tries := builtin.NewTries(time.Now)
	for range 4 {
		_ = tries.Try(t.Context(), "alice", netip.MustParseAddr("2001:db8:1:2::1"), func() error { return builtin.ErrWrong })
		_ = tries.Try(t.Context(), "alice", netip.MustParseAddr("203.0.113.9"), func() error { return builtin.ErrWrong })
	}
	for address, want := range map[string]bool{
		"203.0.113.9": true, "::ffff:203.0.113.9": true, "203.0.113.10": false,
		"2001:db8:1:2::1": true, "2001:db8:1:2:ffff::1": true, "2001:db8:1:2::1%eth0": true, "2001:db8:1:3::1": false,
	} {
		if got := builtin.Wait(tries.Try(t.Context(), "alice", netip.MustParseAddr(address), func() error { return nil })) > 0; got != want {
			t.Errorf("%s has to wait: %v, want %v", address, got, want)
		}
	}
}

// One network cannot take all places in the queue of the hasher.
func TestTriesAtOncePerNetwork(t *testing.T) {
	t.Parallel()
	tries := builtin.NewTries(time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	began, done := make(chan struct{}), make(chan error)
	for i := range 32 {
		go func() {
			done <- tries.Try(ctx, strconv.Itoa(i), netip.MustParseAddr("203.0.113.9"), func() error {
				began <- struct{}{}
				<-ctx.Done()
				return nil
			})
		}()
	}
	for range 32 {
		<-began
	}
	if got := builtin.Wait(tries.Try(ctx, "one more", netip.MustParseAddr("203.0.113.9"), func() error { return nil })); got == 0 {
		t.Error("try 33 of one network ran, want a wait")
	}
	if err := tries.Try(ctx, "alice", netip.MustParseAddr("203.0.113.10"), func() error { return nil }); err != nil {
		t.Errorf("another network: error %v, want none", err)
	}
	cancel()
	for range 32 {
		if err := <-done; err != nil {
			t.Errorf("a try of the 32: error %v, want none", err)
		}
	}
	if err := tries.Try(t.Context(), "1", netip.MustParseAddr("203.0.113.9"), func() error { return nil }); err != nil {
		t.Errorf("afterwards: error %v, want none", err)
	}
}
