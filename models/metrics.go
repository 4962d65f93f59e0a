package models

import (
	"context"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// Metrics has the numbers that operators watch. No request needs them.
type Metrics struct{ *core }

// Load says how busy this process is at one moment.
type Load struct {
	Hashes          secret.Load
	ConnectionsUsed int // connections to the database
	ConnectionsIdle int
	ConnectionsMost int
	Waits           int64         // how often a statement waited for a connection, since the start
	Waited          time.Duration // how long statements waited, since the start
	Waiters         int           // agents that wait at this process for changes
}

// Load returns how busy this process is. It does not ask the database.
func (m *Metrics) Load() Load {
	pool := m.db.SQL.Stats()
	return Load{
		Hashes:          m.hasher.Load(),
		ConnectionsUsed: pool.InUse, ConnectionsIdle: pool.Idle, ConnectionsMost: pool.MaxOpenConnections,
		Waits: pool.WaitCount, Waited: pool.WaitDuration,
		Waiters: m.feed.count(),
	}
}

// Counts are the numbers of [Metrics.Count].
type Counts struct {
	Queued, Retrying, Dead    MailCount // mails that were never tried, that are tried again, and that were given up
	Connected, Away, Disabled int       // servers with an agent that calls, that has not called for [AwayAfter], and that are disabled

	WebhooksQueued, WebhooksDelivered, WebhooksGivenUp int // messages for webhooks, of the last 30 days
}

// MailCount is the number of mails in a part of the queue.
type MailCount struct {
	Number int
	Oldest time.Duration // the age of the oldest mail; 0 if there is none
}

// countMails reads only the index outbox_first, and takes the age of a mail from its id; see [core.newID].
const countMails = `SELECT state, CASE WHEN attempts > 0 THEN 1 ELSE 0 END AS again, COUNT(*) AS number, MIN(id) AS oldest
FROM outbox GROUP BY state, again`

const countAgents = `SELECT CASE WHEN disabled_at IS NOT NULL THEN 2 WHEN last_seen_at < ? THEN 1 ELSE 0 END AS silent, COUNT(*) AS number
FROM servers WHERE kind = 'agent' GROUP BY silent`

// countDeliveries reads only the index webhook_deliveries_state.
const countDeliveries = "SELECT state, COUNT(*) AS number FROM webhook_deliveries GROUP BY state"

// Count counts mails, agents and messages for webhooks by three statements. They read two whole indexes and the whole table of servers, so a
// caller keeps the numbers for a while. It returns [ErrUnavailable].
func (m *Metrics) Count(ctx context.Context) (counts Counts, err error) {
	var mails []struct {
		State          string
		Again          bool
		Number, Oldest int64
	}
	if err := m.read(ctx).Raw(countMails).Scan(&mails).Error; err != nil {
		return Counts{}, explained("count the mails", err)
	}
	now := m.Now()
	for _, row := range mails {
		count := MailCount{Number: int(row.Number), Oldest: max(now.Sub(timeOfID(row.Oldest)), 0)}
		switch {
		case row.State == mailDead:
			counts.Dead = counts.Dead.and(count)
		case row.Again:
			counts.Retrying = count
		default:
			counts.Queued = count
		}
	}
	var agents []struct{ Silent, Number int }
	if err := m.read(ctx).Raw(countAgents, now.Add(-AwayAfter)).Scan(&agents).Error; err != nil {
		return Counts{}, explained("count the agents", err)
	}
	for _, row := range agents {
		switch row.Silent {
		case 0:
			counts.Connected = row.Number
		case 1:
			counts.Away = row.Number
		default:
			counts.Disabled = row.Number
		}
	}
	err = m.countWebhooks(ctx, &counts)
	return counts, err
}

// countWebhooks counts the messages for webhooks.
func (m *Metrics) countWebhooks(ctx context.Context, counts *Counts) error {
	var messages []struct {
		State  string
		Number int
	}
	if err := m.read(ctx).Raw(countDeliveries).Scan(&messages).Error; err != nil {
		return explained("count the messages for webhooks", err)
	}
	for _, row := range messages {
		switch row.State {
		case DeliveryQueued:
			counts.WebhooksQueued = row.Number
		case DeliveryDelivered:
			counts.WebhooksDelivered = row.Number
		default:
			counts.WebhooksGivenUp = row.Number
		}
	}
	return nil
}

// and returns the count of two parts of the queue together.
func (c MailCount) and(other MailCount) MailCount {
	return MailCount{Number: c.Number + other.Number, Oldest: max(c.Oldest, other.Oldest)}
}
