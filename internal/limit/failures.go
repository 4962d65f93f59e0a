package limit

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Failures makes a key wait after tries of this key have failed. Other keys do not wait. Tries of
// one key take turns, so that many tries at once learn no more than the same number one after the
// other. Tries that succeed do not delay each other. Several goroutines may use a Failures at the
// same time.
type Failures[K comparable] struct {
	now    func() time.Time
	wait   func(failures int) time.Duration
	forget time.Duration
	queue  int

	mu      sync.Mutex
	records *table[K, record]
}

// record counts the failures of one key.
type record struct {
	turn     chan struct{} // holds one element while a try runs
	users    int           // tries that run or wait for their turn
	failures int
	opens    time.Time // the end of the wait
}

// FailureOptions say how [Failures] counts. All fields are needed.
type FailureOptions struct {
	Now func() time.Time
	// Wait returns how long a key has to wait after a number of failures in a row (1 or more).
	Wait func(failures int) time.Duration
	// Forget is the time, counted from the end of the wait, after which all failures of a key are
	// forgotten.
	Forget time.Duration
	// Queue is the number of tries of one key that may wait for their turn.
	Queue int
	// Keys is the number of keys that are remembered. There may be more while tries of more keys run.
	Keys int
}

// NewFailures returns a counter without failures.
func NewFailures[K comparable](o FailureOptions) *Failures[K] {
	f := &Failures[K]{now: o.Now, wait: o.Wait, forget: o.Forget, queue: o.Queue}
	f.records = newTable[K](o.Keys, f.used)
	return f
}

// WaitError says that a try has to wait.
type WaitError struct {
	After time.Duration // more than 0
}

func (e *WaitError) Error() string { return fmt.Sprintf("too many tries: wait for %s", e.After) }

// Try runs work when earlier tries of the key have ended, and returns the error of work. If work
// returns failed, the try counts as a failure. If it returns neither failed nor an error, the
// failures of the key are cleared. If it returns only an error, they stay as they are.
//
// Try returns a [*WaitError] without running work while the key has to wait, or when too many tries
// wait in the queue. It returns the error of ctx if ctx ends first.
func (f *Failures[K]) Try(ctx context.Context, key K, work func() (failed bool, err error)) error {
	one, err := f.enter(key)
	if err != nil {
		return err
	}
	defer f.leave(one)
	select {
	case one.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-one.turn }()
	if wait := f.left(one); wait > 0 {
		return &WaitError{wait}
	}
	failed, err := work()
	f.count(one, failed, err)
	return err
}

// Len returns how many keys are remembered.
func (f *Failures[K]) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.records.entries)
}

func (f *Failures[K]) enter(key K) (*record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.records.get(key, func() *record { return &record{turn: make(chan struct{}, 1)} })
	if one.users > f.queue { // one of the users runs, the others are in the queue
		return nil, &WaitError{time.Second}
	}
	one.users++
	return one, nil
}

func (f *Failures[K]) leave(one *record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one.users--
}

// left returns how long the key still has to wait.
func (f *Failures[K]) left(one *record) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return one.opens.Sub(f.now())
}

func (f *Failures[K]) count(one *record, failed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	switch {
	case failed:
		if f.rested(one, now) {
			one.failures = 0
		}
		one.failures++
		one.opens = now.Add(f.wait(one.failures))
	case err == nil:
		one.failures, one.opens = 0, time.Time{}
	}
}

func (f *Failures[K]) rested(one *record, now time.Time) bool { return now.Sub(one.opens) > f.forget }

// used returns how many failures would be forgotten if the record were forgotten.
func (f *Failures[K]) used(one *record) float64 {
	switch {
	case one.users > 0:
		return inUse
	case f.rested(one, f.now()):
		return 0
	default:
		return float64(one.failures)
	}
}
