package limit_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/internal/limit"
)

// clock is a time that a test moves.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time { return c.at }

func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

// allowed counts how many of n events are allowed.
func allowed(n int, allow func() bool) (count int) {
	for range n {
		if allow() {
			count++
		}
	}
	return count
}

func TestBucket(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := limit.NewBucket(c.now, 20, 10*time.Minute)
	for _, step := range []struct {
		pass time.Duration
		want int // of 50 events
	}{
		{0, 20},
		{0, 0},
		{30*time.Second - time.Millisecond, 0},
		{time.Millisecond, 1}, // the bucket earns one event every 30 seconds
		{5 * time.Minute, 10},
		{10 * time.Minute, 20},
		{48 * time.Hour, 20},
		{-time.Hour, 0}, // the clock was set back
		{30 * time.Second, 1},
	} {
		c.pass(step.pass)
		if got := b.Left(); got != step.want {
			t.Errorf("after %v: %d left, want %d", step.pass, got, step.want)
		}
		if got := allowed(50, b.Allow); got != step.want {
			t.Errorf("after %v: %d events allowed, want %d", step.pass, got, step.want)
		}
	}
}

// Whatever the numbers are, rounding errors must not add up to a wait that never ends, nor to an
// additional event.
func TestBucketRounding(t *testing.T) {
	t.Parallel()
	for most := 1; most < 200; most++ {
		c := newClock()
		b := limit.NewBucket(c.now, most, time.Hour)
		each := time.Hour / time.Duration(most)
		if got := allowed(most+1, b.Allow); got != most {
			t.Fatalf("%d an hour: %d at once, want %d", most, got, most)
		}
		for range 50 {
			c.pass(each)
			if b.Left() == 0 {
				t.Fatalf("%d an hour: the bucket is empty when one event was earned", most)
			}
			if got := allowed(2, b.Allow); got != 1 {
				t.Fatalf("%d an hour: %d events after %v, want 1", most, got, each)
			}
		}
	}
}

func TestLimiterCountsEachKey(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := limit.New[string](c.now, 3, 3*time.Second, 10)
	for _, key := range []string{"a", "b", ""} {
		if got := allowed(5, func() bool { return l.Allow(key) }); got != 3 {
			t.Errorf("key %q: %d events at once, want 3", key, got)
		}
	}
	c.pass(time.Second)
	if got := allowed(5, func() bool { return l.Allow("a") }); got != 1 {
		t.Errorf("after a second: %d events, want 1", got)
	}
}

// A flood of new keys does not take more memory, and does not give a key back the events that it
// has used up.
func TestLimiterFlood(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := limit.New[int](c.now, 10, time.Hour, 100)
	allowed(10, func() bool { return l.Allow(-1) })
	for i := range 20_000 {
		if !l.Allow(i) {
			t.Fatalf("new key %d is refused", i)
		}
		if i%1000 == 0 && l.Allow(-1) {
			t.Fatalf("the key that had used up everything got something back after %d new keys", i)
		}
	}
	if got := l.Len(); got > 100 {
		t.Errorf("%d keys are remembered, want at most 100", got)
	}
}

func TestLimiterAtOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := limit.New[string](c.now, 50, time.Hour, 10)
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		count int
	)
	for range 200 {
		all.Go(func() {
			if l.Allow("a") {
				mu.Lock()
				defer mu.Unlock()
				count++
			}
		})
	}
	all.Wait()
	if count != 50 {
		t.Errorf("%d events of 200 at once, want 50", count)
	}
}

// doubling returns no wait for up to three failures, and then a wait of a second that doubles up to
// 15 minutes.
func doubling(failures int) time.Duration {
	if failures <= 3 {
		return 0
	}
	return min(time.Second<<min(failures-4, 20), 15*time.Minute)
}

func newFailures(now func() time.Time) *limit.Failures[string] {
	return limit.NewFailures[string](limit.FailureOptions{Now: now, Wait: doubling, Forget: 24 * time.Hour, Queue: 16, Keys: 100})
}

func fails() (bool, error)    { return true, nil }
func succeeds() (bool, error) { return false, nil }

// waits tries once and returns how long the key has to wait; 0 if the try ran.
func waits(t *testing.T, f *limit.Failures[string], key string, work func() (bool, error)) time.Duration {
	t.Helper()
	err := f.Try(t.Context(), key, work)
	if wait, ok := errors.AsType[*limit.WaitError](err); ok {
		return wait.After
	}
	if err != nil {
		t.Errorf("try of %q: %v, want no error", key, err)
	}
	return 0
}

func TestFailuresWaitLonger(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := newFailures(c.now)
	for i, seconds := range []int{0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		want := time.Duration(seconds) * time.Second
		if want > 0 {
			if got := waits(t, f, "a", fails); got != want {
				t.Fatalf("try %d waits for %v, want %v", i+1, got, want)
			}
			c.pass(want)
		}
		if got := waits(t, f, "a", fails); got != 0 {
			t.Fatalf("try %d after its wait: waits for %v, want 0", i+1, got)
		}
	}
	if got := waits(t, f, "b", fails); got != 0 {
		t.Errorf("another key waits for %v, want 0", got)
	}
}

func TestFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := newFailures(c.now)
	shut := func(name string) {
		for range 4 {
			if got := waits(t, f, "a", fails); got != 0 {
				t.Errorf("%s: a try waits for %v, want 0", name, got)
			}
		}
		if got := waits(t, f, "a", fails); got != time.Second {
			t.Errorf("%s: the fifth try waits for %v, want 1s", name, got)
		}
	}
	shut("at first")
	c.pass(time.Second)
	if got := waits(t, f, "a", succeeds); got != 0 {
		t.Errorf("after the wait: waits for %v, want 0", got)
	}
	shut("after a success")
	c.pass(24*time.Hour + 2*time.Second)
	shut("after a day")
}

// A try that could not be judged neither counts as a failure nor clears the failures.
func TestFailuresNotJudged(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := newFailures(c.now)
	away := errors.New("away")
	for range 3 {
		waits(t, f, "a", fails)
	}
	for range 10 {
		if err := f.Try(t.Context(), "a", func() (bool, error) { return false, away }); !errors.Is(err, away) {
			t.Errorf("error %v, want %v", err, away)
		}
	}
	waits(t, f, "a", fails)
	if got := waits(t, f, "a", fails); got != time.Second {
		t.Errorf("after four failures: waits for %v, want 1s", got)
	}
}

// However many tries come at the same time, only as many run as if they came one after the other.
// If all of them succeed, all of them run.
func TestFailuresTakeTurns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		work func() (bool, error)
		n    int
		want int
	}{
		"wrong ones":              {fails, 17, 4},
		"right ones":              {succeeds, 17, 17},
		"more than the queue has": {succeeds, 64, 17},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFailures(time.Now)
				var (
					all sync.WaitGroup
					mu  sync.Mutex
					ran int
				)
				for range test.n {
					all.Go(func() {
						_ = f.Try(t.Context(), "a", func() (bool, error) {
							time.Sleep(time.Millisecond)
							mu.Lock()
							defer mu.Unlock()
							ran++
							return test.work()
						})
					})
				}
				all.Wait()
				if ran != test.want {
					t.Errorf("%d of %d tries ran, want %d", ran, test.n, test.want)
				}
			})
		})
	}
}

func TestFailuresLeaveTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFailures(time.Now)
		end := make(chan struct{})
		go func() { _ = f.Try(t.Context(), "a", func() (bool, error) { <-end; return false, nil }) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error)
		go func() { left <- f.Try(ctx, "a", succeeds) }()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
		close(end)
	})
}

// However many keys fail, memory is bounded. A key that has to wait is not forgotten to make room
// for keys that failed less often.
func TestFailuresFlood(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := newFailures(c.now)
	for range 4 {
		waits(t, f, "a", fails)
	}
	for _, work := range []func() (bool, error){succeeds, fails} {
		for i := range 1000 {
			waits(t, f, strconv.Itoa(i), work)
		}
		if got := waits(t, f, "a", succeeds); got == 0 {
			t.Error("the key that has to wait was forgotten")
		}
		if got := f.Len(); got > 100 {
			t.Errorf("%d keys are remembered, want at most 100", got)
		}
	}
}
