package agent

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/backoff"
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

// backoff returns how long to wait after a number of failures in a row.
func (p pace) backoff(failures int) time.Duration {
	return backoff.Wait(rand.Reader, p.wait, p.longest, failures)
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
