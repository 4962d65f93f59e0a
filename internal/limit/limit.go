// Package limit bounds, in the memory of one process, how often something may happen.
//
// A [Bucket] bounds one thing, a [Limiter] the same thing for each of many keys, such as the
// networks of callers. [Failures] makes a key wait after tries that failed. Limits that several
// processes must share belong in a database.
//
// The memory for keys is bounded too. When it is full, the key that has used up the least of its
// limit is forgotten. Nobody gains anything from filling the memory: to get back what a forgotten
// key has used up, a caller must use up at least as much with other keys.
package limit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Bucket lets a number of events happen at once. After that it earns further events over time. It
// is safe for several goroutines.
type Bucket struct {
	now  func() time.Time
	most int

	mu   sync.Mutex
	rate *rate.Limiter
	last time.Time // when it was last used
}

// NewBucket returns a full bucket. The parameter most is the number of events that it allows at
// once; after that the bucket earns as many more in each span, evenly spread. If the clock is set
// back, the bucket goes on earning from the new time.
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
	const rounding = 1e-9 // larger than the error that arises when times become fractions of an event
	return max(0, int(b.rate.TokensAt(now)+rounding))
}

// used returns how many events the bucket has to earn until it is full again.
func (b *Bucket) used() float64 {
	now := b.hold()
	defer b.mu.Unlock()
	return float64(b.most) - b.rate.TokensAt(now)
}

// hold locks the bucket and returns the time. If the clock was set back, hold tells the rate
// limiter, which would otherwise refuse events until the clock reaches the old time again.
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

// New returns a limiter with one bucket for each key: most and span mean the same as in
// [NewBucket]. keys is the largest number of keys that it remembers.
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
