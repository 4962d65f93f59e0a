package captcha

import (
	"sync"
	"time"
)

const (
	// breakAfter is the number of failures in a row after which the circuit opens.
	breakAfter = 5
	// breakFor is the time for which the circuit stays open before it lets one call probe the service. A probe that
	// began just before the service recovered hangs for the deadline of 5 s, so the circuit closes within 15 s of the
	// recovery.
	breakFor = 10 * time.Second
)

// outcome is the result of one call: whether the service works.
type outcome int

const (
	worked   outcome = iota // the service answered, with a yes or a no
	failed                  // it did not answer, or its answer could not be read
	unproven                // the caller left before the service could answer, so the call shows nothing
)

// breaker is a circuit breaker: while a service is down, its callers do not wait for it. Its zero value is closed, so
// that calls pass.
type breaker struct {
	mu       sync.Mutex
	failures int // in a row
	until    time.Time
	probing  bool
}

// enter reports whether a call may begin at the time now. If so, the caller must report its outcome exactly once.
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
		// Calls that began earlier and fail later do not make the pause longer.
		if probe || b.failures == breakAfter {
			b.until = at.Add(breakFor)
		}
	case unproven: // after an unproven probe the next caller probes
	}
}
