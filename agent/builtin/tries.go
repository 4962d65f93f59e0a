package builtin

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/internal/limit"
	"github.com/latchkey-media/latchkey/internal/peer"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// triesPerSource is the number of password tries from one network that may run or wait
// at once. It is half the number of tries that may wait for the hasher, so that one
// network cannot keep the others out.
const triesPerSource = 32

// passwordTries slows down the guessing of passwords, with counts in memory. It counts the
// wrong passwords for a name from each network. It also counts the wrong passwords for a
// name from all networks together, so that somebody with many addresses has to wait, too. A
// device that the local user has used before has its own count, so that guesses on other
// devices do not make it wait, even if they come from the same network.
type passwordTries struct {
	wrong  *limit.Failures[triedName]
	names  *limit.Failures[triedFrom]
	device *limit.Failures[triedDevice]
	known  *limit.Failures[string] // by name, on all known devices together

	mu      sync.Mutex
	running map[netip.Prefix]int // tries that run or wait, by network
}

// triedName is a name that somebody tries to sign in with, and their network.
type triedName struct {
	name   string
	source netip.Prefix
}

// triedFrom is a name that somebody tries to sign in with, and whether they do so in the
// home network. Tries from home and from outside are counted separately, so that strangers
// outside do not make people at home wait.
type triedFrom struct {
	name string
	home bool
}

// triedDevice is a name and a device that its local user has used before.
type triedDevice struct {
	name   string
	device secret.Hash
}

// passwordTry is the name, the address and the device of somebody who tries a password.
type passwordTry struct {
	name    string
	address netip.Addr
	home    bool
	known   bool   // the local user has used the device before
	device  string // its id; used only if it is known
}

// newPasswordTries returns empty counts. From one network, three wrong passwords for a name
// cause no wait. The fourth causes a wait of a second, and each further one doubles it, up
// to 15 minutes. The count of all networks together causes waits after ten wrong passwords.
func newPasswordTries(now func() time.Time) *passwordTries {
	options := func(wait func(int) time.Duration) limit.FailureOptions {
		return limit.FailureOptions{Now: now, Wait: wait, Forget: 24 * time.Hour, Queue: 16, Keys: 10_000}
	}
	return &passwordTries{
		wrong: limit.NewFailures[triedName](options(passwordWait)), names: limit.NewFailures[triedFrom](options(nameWait)),
		device: limit.NewFailures[triedDevice](options(passwordWait)), known: limit.NewFailures[string](options(knownWait)), running: map[netip.Prefix]int{},
	}
}

func passwordWait(wrong int) time.Duration {
	const free = 3
	return growing(wrong-free, 15*time.Minute)
}

// nameWait returns the wait after a number of wrong passwords for one name, from all
// networks together. It allows fewer than a hundred tries in a day.
func nameWait(wrong int) time.Duration {
	const free = 10
	return growing(wrong-free, 20*time.Minute)
}

// knownWait returns the wait after a number of wrong passwords for one name on one known
// device.
func knownWait(wrong int) time.Duration {
	const free = 30
	return growing(wrong-free, 20*time.Minute)
}

// growing returns the wait after a number of wrong passwords. The number does not include
// the passwords that cause no wait. The wait is one second after the first wrong password
// that counts, and doubles with each further wrong password. The parameter most is the
// longest wait.
func growing(wrong int, most time.Duration) time.Duration {
	if wrong <= 0 {
		return 0
	}
	return min(time.Second<<min(wrong-1, 20), most)
}

// newEasyTries returns tries of easy PINs by the id of the local user. A PIN may have
// only four digits, so after five wrong ones no PIN is accepted for a day.
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
func (t *passwordTries) try(ctx context.Context, who passwordTry, work func() error) error {
	if who.known {
		return t.device.Try(ctx, triedDevice{who.name, secret.Sum(who.device)}, counted(func() error {
			return t.known.Try(ctx, who.name, counted(work))
		}))
	}
	source := peer.Network(who.address)
	if !t.enter(source) {
		return &limit.WaitError{After: time.Second}
	}
	defer t.leave(source)
	return t.wrong.Try(ctx, triedName{who.name, source}, counted(func() error {
		return t.names.Try(ctx, triedFrom{who.name, who.home}, counted(work))
	}))
}

// counted returns work as a function for [limit.Failures.Try]: [errWrong] is a failure that
// counts.
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
