package agent

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

// kick wakes somebody up. Kicks that come while nobody waits are one.
type kick chan struct{}

func newKick() kick { return make(kick, 1) }

func (k kick) now() {
	select {
	case k <- struct{}{}:
	default:
	}
}

// wait returns after d, sooner when kicked, and false when ctx is over.
func (k kick) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-k:
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// pause waits for d, and reports false when ctx is over.
func pause(ctx context.Context, d time.Duration) bool { return kick(nil).wait(ctx, d) }

// backoff is the wait after so many failures in a row: it doubles, and chance
// shortens it, so that agents that failed together do not come back together.
func (p pace) backoff(failures int) time.Duration {
	wait := p.longest
	if failures < 10 {
		wait = min(p.longest, p.wait<<max(failures-1, 0))
	}
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter, not a secret
}

// shutOut is the wait after the service did not take the server key: people have to
// mend that, and only an operator who has switched the server off does so in a
// moment.
func (p pace) shutOut(err error) time.Duration {
	if errors.Is(err, client.ErrServerDisabled) {
		return p.longest
	}
	return p.refused
}

// limit counts what comes from where, so many in a while.
type limit struct {
	now  func() time.Time
	most int
	span time.Duration

	mu    sync.Mutex
	since time.Time
	count map[string]int
}

func newLimit(now func() time.Time, most int, span time.Duration) *limit {
	return &limit{now: now, most: most, span: span, count: map[string]int{}}
}

// sourcesMost is how many sources are told apart. More of them share one count.
const sourcesMost = 10000

// take counts one more of a source, and reports false when that is too many.
func (l *limit) take(source string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); now.Sub(l.since) >= l.span || now.Before(l.since) {
		l.since = now
		clear(l.count)
	}
	if _, known := l.count[source]; !known && len(l.count) >= sourcesMost {
		source = ""
	}
	if l.count[source] >= l.most {
		return false
	}
	l.count[source]++
	return true
}

// full reports whether one more of a source would be too many.
func (l *limit) full(source string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	return now.Sub(l.since) < l.span && !now.Before(l.since) && l.count[source] >= l.most
}

// sourceOf is an address as it is counted: of IPv6 the network of a home.
func sourceOf(address netip.Addr) string {
	address = address.Unmap()
	if address.Is6() {
		if network, err := address.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}

// keyedLocks are locks by name.
type keyedLocks struct {
	mu   sync.Mutex
	held map[string]*hold
}

type hold struct {
	sync.Mutex
	users int
}

func (k *keyedLocks) lock(name string) (unlock func()) {
	k.mu.Lock()
	one := k.held[name]
	if one == nil {
		one = &hold{}
		k.held[name] = one
	}
	one.users++
	k.mu.Unlock()
	one.Lock()
	return func() {
		one.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(k.held, name)
		}
	}
}
