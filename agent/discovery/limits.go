package discovery

import (
	"net/netip"
	"time"
)

// A source has so many answers at once and one more each second; all sources
// together ten times as many. Somebody who writes another's address on their
// questions gets that other one next to nothing.
const (
	atOnce      = 10
	atOnceAll   = 100
	mostSources = 1024
)

// limits count answers. They are used by one goroutine.
type limits struct {
	now     func() time.Time
	all     bucket
	sources map[netip.Addr]*bucket
}

// bucket holds the answers that are left.
type bucket struct {
	left float64
	at   time.Time
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, all: bucket{atOnceAll, now()}, sources: map[netip.Addr]*bucket{}}
}

func (l *limits) allow(source netip.Addr) bool {
	now := l.now()
	if len(l.sources) >= mostSources {
		for known, b := range l.sources {
			if b.fill(now, 1, atOnce); b.left >= atOnce {
				delete(l.sources, known)
			}
		}
	}
	mine, known := l.sources[source]
	if !known {
		if len(l.sources) >= mostSources {
			return false
		}
		mine = &bucket{atOnce, now}
		l.sources[source] = mine
	}
	mine.fill(now, 1, atOnce)
	l.all.fill(now, 10, atOnceAll)
	if mine.left < 1 || l.all.left < 1 {
		return false
	}
	mine.left--
	l.all.left--
	return true
}

func (b *bucket) fill(now time.Time, each, most float64) {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = min(most, b.left+passed*each)
	}
	b.at = now
}
