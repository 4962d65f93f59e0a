package captcha

import (
	"sync"
	"time"
)

const (
	// breakAfter is how many failures in a row open the circuit.
	breakAfter = 5
	// breakFor is how long it stays open before one caller probes. A probe that began just before the service recovered
	// hangs for the deadline of 5 s, so the circuit closes within 15 s of the recovery.
	breakFor = 10 * time.Second
)

// outcome is what one call says about the service.
type outcome int

const (
	worked   outcome = iota // it answered, whatever it said
	failed                  // it did not, or not in its language
	unproven                // the caller left before it could
)

// breaker spares callers the wait for a service that is down. Its zero value is closed.
type breaker struct {
	mu       sync.Mutex
	failures int // in a row
	until    time.Time
	probing  bool
}

// enter says whether a call may be made at now. The caller then reports its outcome exactly once.
func (b *breaker) enter(now time.Time) (report func(outcome, time.Time), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	probe := false
	if b.failures >= breakAfter {
		if b.probing || now.Before(b.until) {
			return nil, false
		}
		b.probing, probe = true, true
	}
	return func(o outcome, at time.Time) { b.leave(o, at, probe) }, true
}

func (b *breaker) leave(o outcome, at time.Time, probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe {
		b.probing = false
	}
	switch o {
	case worked:
		b.failures = 0
	case failed:
		b.failures++
		// Later failures of calls that began before do not push the end away.
		if probe || b.failures == breakAfter {
			b.until = at.Add(breakFor)
		}
	case unproven: // an unproven probe leaves the next caller to probe
	}
}
