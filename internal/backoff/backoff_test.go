package backoff_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"testing/iotest"
	"time"

	"github.com/latchkey-media/latchkey/internal/backoff"
)

func TestWait(t *testing.T) {
	t.Parallel()
	for failures, whole := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 5: 16 * time.Second, 6: 30 * time.Second, 1_000_000: 30 * time.Second,
	} {
		wait := func(chance []byte) time.Duration {
			return backoff.Wait(bytes.NewReader(chance), time.Second, 30*time.Second, failures)
		}
		if got := wait(make([]byte, 8)); got != whole/2 {
			t.Errorf("after %d failures: shortest wait %v, want %v", failures, got, whole/2)
		}
		if got := wait(nil); got != whole {
			t.Errorf("after %d failures, no randomness: %v, want %v", failures, got, whole)
		}
		for range 100 {
			got := backoff.Wait(rand.Reader, time.Second, 30*time.Second, failures)
			if got < whole/2 || got > whole {
				t.Errorf("after %d failures: %v, want %v to %v", failures, got, whole/2, whole)
			}
		}
	}
}

func TestWaitDiffers(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 20 {
		seen[backoff.Wait(rand.Reader, time.Hour, time.Hour, 1)] = true
	}
	if len(seen) < 19 {
		t.Errorf("20 programs wait for %d different times, want at least 19", len(seen))
	}
}

// If first and longest are 0, there is no wait. A source of random numbers that fails does not
// shorten the wait.
func TestWaitExtremes(t *testing.T) {
	t.Parallel()
	if got := backoff.Wait(rand.Reader, 0, 0, 3); got != 0 {
		t.Errorf("no wait became %v", got)
	}
	if got := backoff.Wait(iotest.ErrReader(errors.New("no randomness")), time.Minute, time.Hour, 2); got != 2*time.Minute {
		t.Errorf("without randomness: %v, want 2m", got)
	}
}
