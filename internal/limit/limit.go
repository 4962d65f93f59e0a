// Package limit bounds, in the memory of one process, how often something may happen.
//
// A [Bucket] bounds one thing, a [Limiter] the same thing for each of many keys, such as the
// networks of callers. [Failures] makes a key wait after tries that failed. Limits that several
// processes must share belong in a database.
//
// The memory for keys is bounded too. When it is full, the key that has used up least is
// forgotten, so that nobody gains anything from filling it: every key that pushes another one
// out has itself been charged at least as much as the forgotten key gets back.
package limit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Bucket lets events happen up to a number at once, and then as they are earned again. It is
// safe for several goroutines.
type Bucket struct {
	now  func() time.Time
	most int

	mu   sync.Mutex
	rate *rate.Limiter
	last time.Time // when it was used before
}

// NewBucket returns a full bucket. It allows most events at once; after that it earns most more
// events in each span, evenly spread. If the clock is set back, it goes on earning from the new
// time.
func NewBucket(now func() time.Time, most int, span time.Duration) *Bucket {
	return &Bucket{now: now, most: most, rate: rate.NewLimiter(rate.Every(span/time.Duration(most)), most)}
}

// Allow counts one event and reports whether it may happen. An event that may not happen costs
// nothing.
func (b *Bucket) Allow() bool {
	now := b.hold()
	defer b.mu.Unlock()
	return b.rate.AllowN(now, 1)
}

// Left returns how many events [Bucket.Allow] would allow now. It counts nothing.
func (b *Bucket) Left() int {
	now := b.hold()
	defer b.mu.Unlock()
	const rounding = 1e-9 // of what times lose when they become fractions of an event
	return max(0, int(b.rate.TokensAt(now)+rounding))
}

// used returns how many events the bucket has to earn until it is full again.
func (b *Bucket) used() float64 {
	now := b.hold()
	defer b.mu.Unlock()
	return float64(b.most) - b.rate.TokensAt(now)
}

// hold locks the bucket and returns the time. If the clock was set back, it tells the rate limiter,
// which would otherwise refuse events until the clock is again where it was.
func (b *Bucket) hold() time.Time {
	b.mu.Lock()
	now := b.now()
	if now.Before(b.last) {
		b.rate.SetLimitAt(now, b.rate.Limit())
	}
	b.last = now
	return now
}

// Limiter has one [Bucket] for each key. It is safe for several goroutines.
type Limiter[K comparable] struct {
	now  func() time.Time
	most int
	span time.Duration

	mu      sync.Mutex
	buckets *table[K, Bucket]
}

// New returns a limiter that allows each key most events at once and most more within each span,
// as [NewBucket] does. It remembers up to keys of them.
func New[K comparable](now func() time.Time, most int, span time.Duration, keys int) *Limiter[K] {
	return &Limiter[K]{now: now, most: most, span: span, buckets: newTable[K](keys, (*Bucket).used)}
}

// Allow counts one event of the key and reports whether it may happen. An event that may not
// happen costs nothing.
func (l *Limiter[K]) Allow(key K) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buckets.get(key, func() *Bucket { return NewBucket(l.now, l.most, l.span) }).Allow()
}

// Len returns how many keys are remembered.
func (l *Limiter[K]) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.buckets.entries)
}
