package agent

import (
	"context"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// Hurry makes an agent do everything often.
func (a *Agent) Hurry() *Agent {
	a.pace = pace{
		owed: 20 * time.Millisecond, proof: 5 * time.Millisecond, wait: 5 * time.Millisecond, longest: 40 * time.Millisecond,
		refused: 40 * time.Millisecond, ask: 2 * time.Second, media: 2 * time.Second, again: 20 * time.Millisecond, guest: 50 * time.Millisecond, poll: 2 * time.Second, round: 20 * time.Millisecond,
		resync: 6 * time.Hour, contact: time.Millisecond,
	}
	return a
}

// AskTime sets how long the service may take while a device waits.
func (a *Agent) AskTime(d time.Duration) { a.pace.ask = d }

// KeepLinks sets how many links are kept.
func (s *Store) KeepLinks(n int) { s.linksMost = n }

// Allow says yes to a local user without asking the media server.
func (s *Store) Allow(ctx context.Context, localUserID string) error {
	_, err := s.allow(ctx, mediaserver.LocalUser{ID: localUserID}, givenByAllow)
	return err
}

// Facts returns all facts.
func (s *Store) Facts(ctx context.Context) (map[string]string, error) { return s.facts(ctx) }

// SetFact writes a fact.
func (s *Store) SetFact(ctx context.Context, name, value string) error {
	return s.setFacts(ctx, map[string]string{name: value})
}

// TokensMost is the greatest number of tokens of one link in use.
const TokensMost = tokensMost

// WaitForGuests sets how long a device waits for a guest who is being created.
func (a *Agent) WaitForGuests(d time.Duration) { a.pace.guest = d }

// GuestsAtOnce is the number of guests that are created at the same time.
const GuestsAtOnce = guestsAtOnce

// Wake has all loops begin another round.
func (a *Agent) Wake() {
	for _, loop := range []signal{a.wake.media, a.wake.service, a.wake.report, a.wake.proofs, a.wake.quickConnects} {
		loop.now()
	}
}

// Plan returns how SQLite finds the link of an exchange.
func (s *Store) Plan(ctx context.Context, condition string) (string, error) {
	var rows []struct{ Detail string }
	err := s.read(ctx).Raw("EXPLAIN QUERY PLAN SELECT "+linkColumns+" FROM links WHERE "+condition+" ORDER BY length(id), id", "1").Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].Detail, nil
}

// ServerKey returns the server key.
func (s *Store) ServerKey(ctx context.Context) (string, error) { return s.serverKey(ctx) }

// AddressesFor returns the addresses that are reported.
func (a *Agent) AddressesFor(ctx context.Context, seenAs string) []client.Address {
	return a.addressesToReport(ctx, seenAs)
}
