package builtin

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/internal/limit"
	"github.com/latchkey-media/latchkey/internal/peer"
)

// triesPerSource is the number of password tries from one network that may run or wait
// at once. It is half of what may wait for the hasher, so that one network cannot keep
// the others out.
const triesPerSource = 32

// passwordTries slows down the guessing of passwords, in memory. It counts wrong
// passwords by name and by the network of the caller, so that guessing makes only the
// guesser wait.
type passwordTries struct {
	wrong *limit.Failures[triedName]

	mu      sync.Mutex
	running map[netip.Prefix]int // tries that run or wait, by network
}

// triedName is a name that somebody tries to sign in with, and their network.
type triedName struct {
	name   string
	source netip.Prefix
}

// newPasswordTries returns tries of passwords. Three wrong passwords cost nothing, then
// each doubles the wait, up to 15 minutes.
func newPasswordTries(now func() time.Time) *passwordTries {
	return &passwordTries{
		wrong: limit.NewFailures[triedName](limit.FailureOptions{
			Now: now, Wait: passwordWait, Forget: 24 * time.Hour, Queue: 16, Keys: 10_000,
		}),
		running: map[netip.Prefix]int{},
	}
}

func passwordWait(wrong int) time.Duration {
	const free = 3
	if wrong <= free {
		return 0
	}
	return min(time.Second<<min(wrong-free-1, 20), 15*time.Minute)
}

// newEasyTries returns tries of easy PINs by the id of the local user. A PIN may have
// only four digits, so that it is shut for a day after five wrong ones.
func newEasyTries(now func() time.Time) *limit.Failures[string] {
	return limit.NewFailures[string](limit.FailureOptions{
		Now: now, Wait: easyWait, Forget: 24 * time.Hour, Queue: 16, Keys: 10_000,
	})
}

func easyWait(wrong int) time.Duration {
	if wrong < 5 {
		return 0
	}
	return 24 * time.Hour
}

// try runs work, which compares the password for a name, and returns its error.
// [errWrong] counts as a wrong password. After too many of them, and while too many
// tries from the same network run, try returns a [*limit.WaitError] without running work.
func (t *passwordTries) try(ctx context.Context, name string, address netip.Addr, work func() error) error {
	source := peer.Network(address)
	if !t.enter(source) {
		return &limit.WaitError{After: time.Second}
	}
	defer t.leave(source)
	return t.wrong.Try(ctx, triedName{name, source}, counted(work))
}

// counted returns work in the form that [limit.Failures.Try] wants.
func counted(work func() error) func() (wrong bool, err error) {
	return func() (bool, error) {
		err := work()
		return errors.Is(err, errWrong), err
	}
}

func (t *passwordTries) enter(source netip.Prefix) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running[source] >= triesPerSource {
		return false
	}
	t.running[source]++
	return true
}

func (t *passwordTries) leave(source netip.Prefix) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running[source]--; t.running[source] == 0 {
		delete(t.running, source)
	}
}
