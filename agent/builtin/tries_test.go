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

func TestTriesWaits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tries := builtin.NewTries(func() time.Time { return now }, 100)
	source := netip.MustParseAddr("203.0.113.9")
	wrong := func() time.Duration {
		return builtin.Wait(tries.Try(t.Context(), "alice", source, func() error { return builtin.ErrWrong }))
	}
	for i, seconds := range []int{0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		if wait := time.Duration(seconds) * time.Second; wait > 0 {
			if got := wrong(); got != wait {
				t.Fatalf("before try %d: %v, want %v", i+1, got, wait)
			}
			now = now.Add(wait)
		}
		if got := wrong(); got != 0 {
			t.Fatalf("try %d waits %v", i+1, got)
		}
	}
	now = now.Add(25*time.Hour + 15*time.Minute)
	for i := range 4 {
		if got := wrong(); got != 0 {
			t.Fatalf("after a day, try %d waits %v", i+1, got)
		}
	}
	if got := wrong(); got != time.Second {
		t.Errorf("the fifth waits %v", got)
	}
	// Trouble is no wrong password.
	failed := errors.New("away")
	for range 10 {
		if err := tries.Try(t.Context(), "bob", source, func() error { return failed }); !errors.Is(err, failed) {
			t.Fatal(err)
		}
	}
}

func TestTriesSources(t *testing.T) {
	t.Parallel()
	tries := builtin.NewTries(time.Now, 100)
	shut := func(address string) bool {
		return builtin.Wait(tries.Try(t.Context(), "alice", netip.MustParseAddr(address), func() error { return nil })) > 0
	}
	for range 4 {
		_ = tries.Try(t.Context(), "alice", netip.MustParseAddr("2001:db8:1:2::1"), func() error { return builtin.ErrWrong })
		_ = tries.Try(t.Context(), "alice", netip.MustParseAddr("203.0.113.9"), func() error { return builtin.ErrWrong })
	}
	for address, want := range map[string]bool{
		"203.0.113.9": true, "::ffff:203.0.113.9": true, "203.0.113.10": false,
		"2001:db8:1:2::1": true, "2001:db8:1:2:ffff::1": true, "2001:db8:1:3::1": false,
	} {
		if got := shut(address); got != want {
			t.Errorf("%s is shut: %v", address, got)
		}
	}
}

// However many names are tried, memory is bounded; and a counter that shuts
// somebody out outlives those that count nothing.
func TestTriesAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	tries := builtin.NewTries(func() time.Time { return now }, 100)
	source := netip.MustParseAddr("203.0.113.9")
	for range 4 {
		_ = tries.Try(t.Context(), "alice", source, func() error { return builtin.ErrWrong })
	}
	for i := range 1000 {
		_ = tries.Try(t.Context(), strconv.Itoa(i), source, func() error { return nil })
	}
	if n := tries.Counters(); n > 100 {
		t.Errorf("%d counters", n)
	}
	if builtin.Wait(tries.Try(t.Context(), "alice", source, func() error { return nil })) == 0 {
		t.Error("others made room for who guesses")
	}
	for i := range 1000 {
		now = now.Add(time.Millisecond)
		_ = tries.Try(t.Context(), strconv.Itoa(i), source, func() error { return builtin.ErrWrong })
	}
	if n := tries.Counters(); n > 100 {
		t.Errorf("%d counters of wrong ones", n)
	}
}

// One source does not take all the room for hashes.
func TestTriesPerSource(t *testing.T) {
	t.Parallel()
	tries := builtin.NewTries(time.Now, 1000)
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
	if builtin.Wait(tries.Try(ctx, "one more", netip.MustParseAddr("203.0.113.9"), func() error { return nil })) == 0 {
		t.Error("the 33rd of one source runs")
	}
	if err := tries.Try(ctx, "alice", netip.MustParseAddr("203.0.113.10"), func() error { return nil }); err != nil {
		t.Errorf("another source: %v", err)
	}
	cancel()
	for range 32 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := tries.Try(t.Context(), "1", netip.MustParseAddr("203.0.113.9"), func() error { return nil }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
