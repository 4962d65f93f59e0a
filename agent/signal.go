package agent

import (
	"context"
	"time"
)

// signal wakes a loop that waits. If now is called several times before the loop waits
// again, the loop is woken once.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

// now wakes the loop.
func (s signal) now() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// wait returns after d, or sooner when the signal comes. It returns false when
// ctx has ended.
func (s signal) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-s:
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// pause waits for d. It returns false when ctx has ended.
func pause(ctx context.Context, d time.Duration) bool { return signal(nil).wait(ctx, d) }

// signals wake the loops of [Agent.Run] before their time.
type signals struct {
	media          signal // there is work to do at the media server
	service        signal // there is something that the service has to hear
	report         signal // a report is wanted now
	proofs         signal // a person wants to prove their local user
	quickConnects  signal // a person has entered a Quick Connect code
	localPasswords signal // a person has chosen a password for their local user
	checks         signal // the owner wants new checks
	opens          signal // the path for browsers may lead here now
}

func newSignals() signals {
	return signals{media: newSignal(), service: newSignal(), report: newSignal(), proofs: newSignal(), quickConnects: newSignal(), localPasswords: newSignal(), opens: newSignal(), checks: newSignal()}
}
