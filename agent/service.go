package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

// Who asks the service again and again, for [Agent.heard]. What is asked once,
// by a device or an admin, has no name: nobody would say when it is over.
const (
	byFeed     = "feed"
	byReport   = "report"
	byRegister = "register"
	byProofs   = "proofs"
	byCodes    = "codes"
	byOwed     = "owed"
	once       = ""
)

// heard notes what an answer of the service, or none, means for who has asked.
// It returns nil, [ErrNotRegistered] for a server key that is refused,
// [ErrServiceRefused] for an answer about what was asked, else [ErrServiceAway].
func (a *Agent) heard(ctx context.Context, by string, err error) error {
	err = a.understood(ctx, by, err)
	if errors.Is(err, ErrServiceAway) || errors.Is(err, ErrNotRegistered) {
		a.contact.fails(a.o.Now())
	}
	return err
}

func (a *Agent) understood(ctx context.Context, by string, err error) error {
	answer, isAnswer := errors.AsType[*client.Error](err)
	switch {
	case err == nil:
		a.noteContact(ctx)
		a.trouble.end(ctx, troubleTrust)
		a.clears(ctx, by)
		return nil
	case ctx.Err() != nil && !isAnswer:
		return fmt.Errorf("%w: %w", ErrServiceAway, err)
	case errors.Is(err, client.ErrServerKeyWrong):
		a.blames(ctx, by, troubleKeyRefused, "the service does not know the agent's server key any more: the server was removed there, or its key replaced. "+
			"Nothing is removed here. If that is meant to be so, run latchkey agent setup --force with a new claim code")
		return fmt.Errorf("%w: %w", ErrNotRegistered, err)
	case errors.Is(err, client.ErrServerDisabled):
		a.blames(ctx, by, troubleSwitchedOff, "the operator of the service has switched this server off: ask them. Nothing is lost here, "+
			"and it goes on by itself when they switch it on again")
		return fmt.Errorf("%w: %w", ErrNotRegistered, err)
	case errors.Is(err, client.ErrBadAnswer) || isAnswer && answer.Code == "" && answer.Status < http.StatusInternalServerError:
		a.blames(ctx, by, troubleServiceAnswer, "what answers at the service's address is not the service: check the address, and any proxy in between. "+
			"The agent goes on from its own copy", slog.String("cause", err.Error()))
		return fmt.Errorf("%w: %w", ErrServiceAway, err)
	case errors.Is(err, client.ErrThrottled):
		a.blames(ctx, by, troubleServiceAway, "the service asks the agent to wait. It does, and goes on from its own copy")
		return fmt.Errorf("%w: %w", ErrServiceAway, err)
	case isAnswer && answer.Code != "" && answer.Status < http.StatusInternalServerError:
		return fmt.Errorf("%w: %w", ErrServiceRefused, err)
	default:
		a.blames(ctx, by, troubleServiceAway, "the service does not answer: see whether this machine reaches it. The agent goes on from its own copy",
			slog.String("cause", err.Error()))
		return fmt.Errorf("%w: %w", ErrServiceAway, err)
	}
}

// blames begins a trouble with the service for one who asks it. It is over when
// it is over for all who ask: a proxy may let one thing pass and not another.
func (a *Agent) blames(ctx context.Context, by, name, text string, attrs ...slog.Attr) {
	if by == once {
		return
	}
	a.blamed.mu.Lock()
	defer a.blamed.mu.Unlock()
	before := a.blamed.by[by]
	a.blamed.by[by] = name
	if before != "" && before != name && !a.blamed.has(before) {
		a.trouble.end(ctx, before)
	}
	a.trouble.begin(ctx, name, text, attrs...)
}

// clears ends it for one who asks.
func (a *Agent) clears(ctx context.Context, by string) {
	a.blamed.mu.Lock()
	defer a.blamed.mu.Unlock()
	before := a.blamed.by[by]
	if before == "" {
		return
	}
	delete(a.blamed.by, by)
	if !a.blamed.has(before) {
		a.trouble.end(ctx, before)
	}
}

// blamed are the troubles with the service of those who ask it.
type blamed struct {
	mu sync.Mutex
	by map[string]string
}

func (b *blamed) has(name string) bool {
	for _, one := range b.by {
		if one == name {
			return true
		}
	}
	return false
}

// odd notes that the service refuses what an agent asks all day.
func (a *Agent) odd(ctx context.Context, err error) {
	if !errors.Is(err, ErrServiceRefused) {
		return
	}
	a.blames(ctx, byFeed, troubleServiceAnswer, "the service refuses what the agent asks: is one of the two of another version? The agent goes on from its own copy",
		slog.String("cause", err.Error()))
}

// contact is when the service last answered as ours, and when it last did not.
type contact struct {
	mu      sync.Mutex
	at      time.Time
	written time.Time
	failed  time.Time // zero when it has answered since
}

// holdOff is how long no device waits for a service that has just not answered.
const holdOff = 10 * time.Second

// failing reports whether the service has just not answered.
func (c *contact) failing(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.failed.IsZero() && now.Sub(c.failed) < holdOff && !now.Before(c.failed)
}

func (c *contact) fails(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = now
}

// noteContact remembers that the service has answered, and writes it down now
// and then.
func (a *Agent) noteContact(ctx context.Context) {
	now := a.o.Now()
	a.contact.mu.Lock()
	a.contact.at, a.contact.failed = now, time.Time{}
	write := now.Sub(a.contact.written) >= a.pace.contact || now.Before(a.contact.written)
	if write {
		a.contact.written = now
	}
	a.contact.mu.Unlock()
	if write {
		// It is no matter if that fails: the next one comes soon.
		_ = a.store.setFacts(context.WithoutCancel(ctx), map[string]string{factLastContact: stampText(now)})
	}
}

// lastContact is when the service last answered, to this program or another.
func (a *Agent) lastContact(facts map[string]string) time.Time {
	a.contact.mu.Lock()
	defer a.contact.mu.Unlock()
	last := a.contact.at
	if kept := momentText(facts[factLastContact]); kept.After(last) {
		last = kept
	}
	if now := a.o.Now(); last.After(now) {
		return now // this machine's clock was wrong
	}
	return last
}

// correctContact writes down that the last contact was now at the latest: a clock
// that was ahead once must not have the service trusted until then.
func (a *Agent) correctContact(ctx context.Context, facts map[string]string) {
	now := a.o.Now()
	a.contact.mu.Lock()
	ahead := a.contact.at.After(now) || momentText(facts[factLastContact]).After(now)
	if ahead {
		a.contact.at, a.contact.written = now, now
	}
	a.contact.mu.Unlock()
	if ahead {
		_ = a.store.setFacts(context.WithoutCancel(ctx), map[string]string{factLastContact: stampText(now)}) // else the next exchange does
	}
}

// leastTrust is how far apart two answers of a service may be that is not away.
const leastTrust = 2 * time.Minute

// checkTrust returns [ErrTrustOver] when the service has been away for too long.
func (a *Agent) checkTrust(ctx context.Context, facts map[string]string) error {
	a.correctContact(ctx, facts)
	last := a.lastContact(facts)
	if a.o.Now().Before(last.Add(max(a.o.Policy.OfflineTrust, leastTrust))) {
		return nil
	}
	a.trouble.begin(ctx, troubleTrust, "the service has been away for longer than offline-trust allows: no device gets a local token until it is back",
		slog.Time("last_contact", last))
	return ErrTrustOver
}
