package agent

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/backoff"
)

// pace says how often the agent does something, and how long that may take. Tests use
// shorter times.
type pace struct {
	owed    time.Duration // between two looks for work that another program left
	proof   time.Duration // between two questions whether a person has proved their local user
	wait    time.Duration // the first wait after a failure
	longest time.Duration // the longest wait after a failure
	refused time.Duration // the wait after a refusal that only people can mend
	ask     time.Duration // the longest answer of the service while a device waits
	media   time.Duration // the longest answer of the media server
	again   time.Duration // between two checks of a media server that did not answer
	guest   time.Duration // how long a device waits for a guest who is being created
	poll    time.Duration // how long the service waits for a change before it answers
	round   time.Duration // the least time between two questions for changes
	resync  time.Duration // between two comparisons of all links
	checks  time.Duration // between the start of the agent and its first checks
	recheck time.Duration // between two rounds of checks while something is not as it should be
	contact time.Duration // between two times that the last contact is written down
}

// usualPace returns the pace of a real agent.
func usualPace() pace {
	return pace{
		owed: 3 * time.Second, proof: 2 * time.Second, wait: time.Second, longest: 30 * time.Second, refused: 5 * time.Minute,
		ask: 4 * time.Second, media: 20 * time.Second, again: 3 * time.Second, guest: 6 * time.Second, poll: 25 * time.Second, round: 300 * time.Millisecond,
		resync: 6 * time.Hour, contact: time.Minute,
		checks: 30 * time.Second, recheck: time.Hour,
	}
}

// backoff returns how long to wait after a number of failures in a row.
func (p pace) backoff(failures int) time.Duration {
	return backoff.Wait(rand.Reader, p.wait, p.longest, failures)
}

// shutOut returns how long to wait after the service has refused the server key. Somebody
// has to correct that, so the wait is long. But for a server that the operator has switched
// off the wait is short, because it may be switched on at any moment.
func (p pace) shutOut(err error) time.Duration {
	if errors.Is(err, client.ErrServerDisabled) {
		return p.longest
	}
	return p.refused
}

// repeat does work until ctx ends. Between two rounds it waits for the time usual, or less if it
// is woken. After failures it waits as [pace] says.
func (c *core) repeat(ctx context.Context, woken signal, usual time.Duration, work func() error) {
	failures := 0
	for {
		wait := usual
		switch err := work(); {
		case errors.Is(err, ErrNotRegistered):
			wait = c.pace.shutOut(err)
		case err != nil:
			failures++
			wait = c.pace.backoff(failures)
		default:
			failures = 0
		}
		if !woken.wait(ctx, wait) {
			return
		}
	}
}
