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

// asker is the name of a loop that asks the service again and again. [service.explain]
// keeps the troubles of each asker apart.
type asker string

// The askers. A single question of a device or an admin has no asker, because no later
// answer would end its trouble.
const (
	byFeed           asker = "feed"
	byReports        asker = "reports"
	byRegistration   asker = "registration"
	byProofs         asker = "proofs"
	byQuickConnects  asker = "quick connects"
	byLocalPasswords asker = "local passwords"
	byOwed           asker = "owed"
	byNobody         asker = ""
)

// service is the service as the agent sees it: when it last answered, and which troubles it
// causes.
type service struct {
	*core

	// contact remembers when the service last answered and when it last failed to
	// answer.
	contact contact

	mu       sync.Mutex
	troubles map[asker]string // the trouble with the service that each asker has, by name
}

// client returns a client of the service with the server key. It returns
// [ErrNotRegistered] before there is a key.
func (s *service) client(ctx context.Context) (*client.Agent, error) {
	key, err := s.store.serverKey(ctx)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, ErrNotRegistered
	}
	return s.opt.Service.As(key).Agent, nil
}

// explain begins or ends troubles according to an answer of the service; err is its error,
// or nil for a good answer. It returns nil, [ErrNotRegistered] for a server key that is
// refused, [ErrServiceRefused] for a refusal of the request itself, and [ErrServiceAway]
// for everything else.
func (s *service) explain(ctx context.Context, by asker, err error) error {
	err = s.classify(ctx, by, err)
	if errors.Is(err, ErrServiceAway) || errors.Is(err, ErrNotRegistered) {
		s.contact.fails(s.opt.Now())
	}
	return err
}

// classify does the work of [service.explain], apart from noting the time of a
// failure.
func (s *service) classify(ctx context.Context, by asker, err error) error {
	answer, isAnswer := errors.AsType[*client.Error](err)
	switch {
	case err == nil:
		s.noteContact(ctx)
		s.trouble.end(ctx, troubleTrust)
		s.endTrouble(ctx, by)
		return nil
	case ctx.Err() != nil && !isAnswer:
		return fmt.Errorf("%w: %w", ErrServiceAway, err)
	case errors.Is(err, client.ErrServerKeyWrong):
		s.beginTrouble(ctx, by, troubleKeyRefused, "the service no longer accepts the agent's server key: the server was removed there, or its key was replaced. "+
			"Nothing is removed here. If the server is still listed there, make a new key on its page and give it to the agent with latchkey agent setup --force. "+
			"If it was removed, register it again with latchkey agent setup --force and a claim code")
		return fmt.Errorf("%w: %w", ErrNotRegistered, err)
	case errors.Is(err, client.ErrServerDisabled):
		s.beginTrouble(ctx, by, troubleSwitchedOff, "the operator of the service has switched this server off: ask them why. Nothing is lost here, "+
			"and the agent continues by itself when it is switched on again")
		return fmt.Errorf("%w: %w", ErrNotRegistered, err)
	case errors.Is(err, client.ErrBadAnswer) || isAnswer && answer.Code == "" && answer.Status < http.StatusInternalServerError:
		s.beginTrouble(ctx, by, troubleServiceAnswer, "the answer from the service's address does not come from the service: check the address, and any proxy in between. "+
			"The agent continues with its own copy", slog.String("cause", err.Error()))
		return fmt.Errorf("%w: %w", ErrServiceAway, err)
	case errors.Is(err, client.ErrThrottled):
		s.beginTrouble(ctx, by, troubleServiceAway, "the service asks the agent to wait. It does, and continues with its own copy")
		return fmt.Errorf("%w: %w", ErrServiceAway, err)
	case isAnswer && answer.Code != "" && answer.Status < http.StatusInternalServerError:
		return fmt.Errorf("%w: %w", ErrServiceRefused, err)
	case CertificateAdvice(err) != "":
		s.beginTrouble(ctx, by, troubleCertificate, CertificateAdvice(err)+". The agent continues with its own copy", slog.String("cause", err.Error()))
		return fmt.Errorf("%w: %w", ErrServiceAway, err)
	default:
		s.beginTrouble(ctx, by, troubleServiceAway, "the service does not answer: check that this machine can reach it. The agent continues with its own copy",
			slog.String("cause", err.Error()))
		return fmt.Errorf("%w: %w", ErrServiceAway, err)
	}
}

// beginTrouble begins a trouble with the service for one asker. The trouble ends when it
// has ended for all askers: a proxy may let one question pass and not another.
func (s *service) beginTrouble(ctx context.Context, by asker, name, text string, attrs ...slog.Attr) {
	if by == byNobody {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.troubles[by]
	s.troubles[by] = name
	if before != "" && before != name && !s.hasTrouble(before) {
		s.trouble.end(ctx, before)
	}
	s.trouble.begin(ctx, name, text, attrs...)
}

// endTrouble ends the trouble of one asker.
func (s *service) endTrouble(ctx context.Context, by asker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.troubles[by]
	if before == "" {
		return
	}
	delete(s.troubles, by)
	if !s.hasTrouble(before) {
		s.trouble.end(ctx, before)
	}
}

// hasTrouble reports whether at least one asker has the trouble with that name. The
// caller holds the lock.
func (s *service) hasTrouble(name string) bool {
	for _, one := range s.troubles {
		if one == name {
			return true
		}
	}
	return false
}

// noteRefusal begins a trouble when the service refuses a request that an agent
// makes all day.
func (s *service) noteRefusal(ctx context.Context, err error) {
	if !errors.Is(err, ErrServiceRefused) {
		return
	}
	s.beginTrouble(ctx, byFeed, troubleServiceAnswer, "the service refuses the agent's requests: one of the two may need an update. The agent continues with its own copy",
		slog.String("cause", err.Error()))
}

// contact remembers when the service last answered and when it last failed to
// answer.
type contact struct {
	mu      sync.Mutex
	at      time.Time
	written time.Time
	failed  time.Time // zero if it has answered since
}

// holdOff is the time for which devices do not wait for a service that has failed to
// answer.
const holdOff = 10 * time.Second

// failing reports whether the service has failed to answer within the last
// holdOff.
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

// noteContact remembers that the service has answered, and writes this into the agent's
// file now and then.
func (s *service) noteContact(ctx context.Context) {
	now := s.opt.Now()
	s.contact.mu.Lock()
	s.contact.at, s.contact.failed = now, time.Time{}
	write := now.Sub(s.contact.written) >= s.pace.contact || now.Before(s.contact.written)
	if write {
		s.contact.written = now
	}
	s.contact.mu.Unlock()
	if write {
		// An error does not matter: the next contact is written soon.
		_ = s.store.setFacts(context.WithoutCancel(ctx), map[string]string{factLastContact: stampText(now)})
	}
}

// lastContact returns when the service last answered this program, or another program that
// uses the same file.
func (s *service) lastContact(facts map[string]string) time.Time {
	s.contact.mu.Lock()
	defer s.contact.mu.Unlock()
	last := s.contact.at
	if kept := parseStamp(facts[factLastContact]); kept.After(last) {
		last = kept
	}
	if now := s.opt.Now(); last.After(now) {
		return now // the clock was ahead when it was written
	}
	return last
}

// correctContact moves a last contact that lies in the future to the present.
// Otherwise a clock that was once ahead would prolong the trust in the service.
func (s *service) correctContact(ctx context.Context, facts map[string]string) {
	now := s.opt.Now()
	s.contact.mu.Lock()
	ahead := s.contact.at.After(now) || parseStamp(facts[factLastContact]).After(now)
	if ahead {
		s.contact.at, s.contact.written = now, now
	}
	s.contact.mu.Unlock()
	if ahead {
		_ = s.store.setFacts(context.WithoutCancel(ctx), map[string]string{factLastContact: stampText(now)}) // if this fails, the next exchange does it
	}
}

// leastTrust is the shortest time for which the service is trusted after an answer. So much
// time can pass between two answers although the service is not away.
const leastTrust = 2 * time.Minute

// checkTrust returns [ErrTrustOver] when the service has been away for longer
// than Policy.OfflineTrust.
func (s *service) checkTrust(ctx context.Context, facts map[string]string) error {
	s.correctContact(ctx, facts)
	last := s.lastContact(facts)
	if s.opt.Now().Before(last.Add(max(s.opt.Policy.OfflineTrust, leastTrust))) {
		return nil
	}
	s.trouble.begin(ctx, troubleTrust, "the service has been away for longer than offline-trust allows: no device gets a local token until the service is back",
		slog.Time("last_contact", last))
	return ErrTrustOver
}
