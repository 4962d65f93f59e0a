package agent

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// Hurry makes an agent do its periodic work very often.
func (a *Agent) Hurry() *Agent {
	a.pace = pace{
		owed: 20 * time.Millisecond, proof: 5 * time.Millisecond, wait: 5 * time.Millisecond, longest: LongestWait,
		refused: 40 * time.Millisecond, ask: waittest.Patience, media: waittest.Patience, again: 20 * time.Millisecond, guest: 50 * time.Millisecond, poll: 2 * time.Second, round: Round,
		resync: 6 * time.Hour, contact: time.Millisecond, checks: time.Hour, recheck: time.Hour,
	}
	return a
}

// Round is the least time between two questions of an agent in a hurry for changes, and
// LongestWait the time that it waits after many failures.
const (
	Round       = 20 * time.Millisecond
	LongestWait = 40 * time.Millisecond
)

// AskTime sets how long the service may take while a device waits.
func (a *Agent) AskTime(d time.Duration) { a.pace.ask = d }

// KeepLinks sets how many links are kept.
func (s *Store) KeepLinks(n int) { s.linksMost = n }

// KeepEndedSessions sets the greatest number of ended sessions that are kept for a link.
func (s *Store) KeepEndedSessions(n int) { s.endedMost = n }

// Allow gives the yes to a local user without asking the media server.
func (s *Store) Allow(ctx context.Context, localUserID string) error {
	_, err := s.allow(ctx, mediaserver.LocalUser{ID: localUserID}, givenByAllow)
	return err
}

// ReportNow sends a report at once, in addition to the reports that the agent sends by
// itself.
func (a *Agent) ReportNow(ctx context.Context) error { return a.reports.sendNow(ctx) }

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

// UsualWaitForGuests returns how long a device waits for a guest at a real agent.
func UsualWaitForGuests() time.Duration { return usualPace().guest }

// GuestsAtOnce is the number of guests that are created at the same time.
const GuestsAtOnce = guestsAtOnce

// Wake makes all loops begin another round.
func (a *Agent) Wake() {
	for _, loop := range []signal{a.wake.media, a.wake.service, a.wake.report, a.wake.proofs, a.wake.quickConnects, a.wake.localPasswords} {
		loop.now()
	}
}

// WakeOwed makes the loops that do owed work begin another round. Those loops send no report.
func (a *Agent) WakeOwed() {
	a.wake.media.now()
	a.wake.service.now()
}

// Woken reports whether each loop that runs has begun another round since Wake. A loop that
// is in the middle of a round first finishes it.
func (a *Agent) Woken() bool {
	loops := []signal{a.wake.media, a.wake.service}
	if key, err := a.store.serverKey(context.Background()); err == nil && key != "" {
		loops = append(loops, a.wake.report, a.wake.proofs, a.wake.quickConnects, a.wake.localPasswords)
	}
	return !slices.ContainsFunc(loops, func(loop signal) bool { return len(loop) > 0 })
}

// Minting returns how many exchanges make a token now, or wait for another exchange that
// makes one for the same link and device.
func (e *Exchanges) Minting() (n int) {
	e.tokens.minting.mu.Lock()
	defer e.tokens.minting.mu.Unlock()
	for _, one := range e.tokens.minting.held {
		n += one.users
	}
	return n
}

// Plan returns the way in which SQLite finds the link of an exchange.
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

// LimitsOf returns the stricter one of a bound and a level in each field.
func LimitsOf(bound mediaserver.Limits, level *client.Level, libraries []mediaserver.Library) mediaserver.Limits {
	return normalLimits(limitsOf(bound, level, libraries))
}

// NothingTag is a tag that no item has.
const NothingTag = nothingTag

// SendLevels writes the levels of a link, as the feed does, and wakes the loops.
func (a *Agent) SendLevels(ctx context.Context, linkID string, levels *client.AgentLevels) error {
	defer a.wake.media.now()
	return a.store.tx(ctx, "write levels", func(tx *gorm.DB) error {
		rows, err := readLinks(tx, "id = ?", linkID)
		if err != nil || len(rows) == 0 {
			return err
		}
		rows[0].Levels = packLevels(levels)
		_, err = a.store.putLink(tx, rows[0])
		return err
	})
}

// Levelled returns how many local users have limits of the agent.
func (s *Store) Levelled(ctx context.Context) (int, error) {
	return s.count(ctx, "SELECT COUNT(*) FROM levels")
}

// SlowDown makes an agent look for owed work so seldom that a test does not live to see it. Call it before
// the agent runs.
func (a *Agent) SlowDown() { a.pace.owed = 6 * time.Hour }

// HoldLimits notes that the agent has written limits of a local user.
func (s *Store) HoldLimits(ctx context.Context, localUserID string) error {
	return s.putLevel(ctx, &levelRow{LocalUserID: localUserID, LinkID: "1", Wanted: "{}", Done: true})
}

// HoldOff is the time for which devices do not wait for a service that has failed to answer.
const HoldOff = holdOff
