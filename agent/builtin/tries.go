package builtin

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// tries counts wrong passwords in memory, by subject and source: who guesses makes
// only themselves wait, and nobody else. Tries of one subject and source take
// turns, so that many at once are not more than as many one by one, and devices
// that sign in together all get in.
type tries struct {
	now     func() time.Time
	free    int           // so many wrong ones cost nothing
	longest time.Duration // that one waits
	forget  time.Duration // a counter that rests for so long
	queue   int           // that wait for their turn; the rest is refused
	most    int           // counters

	mu      sync.Mutex
	counted map[string]*counter
	sources map[string]int // tries that are running or waiting
}

type counter struct {
	turn    chan struct{}
	users   int // that run or wait
	wrong   int
	opens   time.Time
	touched time.Time
}

// perSource is how many tries of one source may run or wait at once: half of what
// waits for hashes at most.
const perSource = 32

// passwordTries: three wrong ones are free, then waits double up to a quarter of an
// hour.
func passwordTries(now func() time.Time) *tries {
	return &tries{now: now, free: 3, longest: 15 * time.Minute, forget: 24 * time.Hour, queue: 16, most: 10_000, counted: map[string]*counter{}, sources: map[string]int{}}
}

// easyTries: an easy PIN may be four digits, so that five wrong ones shut it for a
// day.
func easyTries(now func() time.Time) *tries {
	return &tries{now: now, free: 4, longest: 24 * time.Hour, forget: 24 * time.Hour, queue: 16, most: 10_000, counted: map[string]*counter{}, sources: map[string]int{}}
}

// wait is how long the next try waits after so many wrong ones.
func (t *tries) wait(wrong int) time.Duration {
	switch {
	case wrong <= t.free:
		return 0
	case t.longest >= t.forget:
		return t.longest
	default:
		return min(time.Second<<min(wrong-t.free-1, 20), t.longest)
	}
}

// try runs work when its turn has come and returns its error; [errWrong] counts. It
// returns a [waitError] without running it when there were too many.
func (t *tries) try(ctx context.Context, subject string, address netip.Addr, work func() error) error {
	source := sourceOf(address)
	c, err := t.enter(subject+"\x00"+source, source)
	if err != nil {
		return err
	}
	defer t.leave(c, source)
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.turn }()
	if err := t.open(c); err != nil {
		return err
	}
	err = work()
	t.note(c, err)
	return err
}

func (t *tries) enter(key, source string) (*counter, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.counted[key]
	if !ok {
		t.makeRoom()
		c = &counter{turn: make(chan struct{}, 1)}
		t.counted[key] = c
	}
	if c.users > t.queue || source != "" && t.sources[source] >= perSource {
		return nil, &waitError{time.Second}
	}
	c.users++
	c.touched = t.now()
	t.sources[source]++
	return c, nil
}

func (t *tries) leave(c *counter, source string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.users--
	if t.sources[source]--; t.sources[source] == 0 {
		delete(t.sources, source)
	}
}

func (t *tries) open(c *counter) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if now.Before(c.opens) {
		return &waitError{c.opens.Sub(now)}
	}
	return nil
}

func (t *tries) note(c *counter, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil:
		c.wrong, c.opens = 0, time.Time{}
	case errors.Is(err, errWrong):
		if t.now().Sub(c.opens) > t.forget { // it rested
			c.wrong = 0
		}
		c.wrong++
		c.opens = t.now().Add(t.wait(c.wrong))
	}
}

// makeRoom forgets counters that count nothing any more and, where that is not
// enough, the one that has rested for longest.
func (t *tries) makeRoom() {
	if len(t.counted) < t.most {
		return
	}
	oldest := ""
	for key, c := range t.counted {
		switch {
		case c.users > 0:
		case c.wrong == 0 || t.now().Sub(c.touched) > t.forget:
			delete(t.counted, key)
		case oldest == "" || c.touched.Before(t.counted[oldest].touched):
			oldest = key
		}
	}
	if len(t.counted) >= t.most {
		delete(t.counted, oldest)
	}
}

// sourceOf is by what a caller is counted: an IPv4 address, or the /64 that is
// surely one household's.
func sourceOf(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	if !address.Is6() {
		return address.String()
	}
	network, err := address.Prefix(64)
	if err != nil {
		return ""
	}
	return network.String()
}
