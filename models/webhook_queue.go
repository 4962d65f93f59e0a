package models

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// WebhookQueue is the queue of messages for webhooks, for the worker that sends them.
type WebhookQueue struct{ *core }

const (
	// DeliveryLease is the time after which another worker sends a message whose worker has not said what came of it.
	// A try must end within it.
	DeliveryLease = time.Minute
	// eventsAtOnce is the number of events that one call hands on.
	eventsAtOnce = 100
	// eventsKept is the time after which an event that no worker has handed on is of no interest.
	eventsKept = 24 * time.Hour
	// deliveriesWaitMost is the greatest number of messages that wait for one webhook. Later ones are dropped.
	deliveriesWaitMost = 500
	// webhookPatience is the time of failures after which a webhook is switched off.
	webhookPatience = 3 * 24 * time.Hour
)

// deliveryWaits returns the waits after the first try and each further one: about a day together.
func deliveryWaits() []time.Duration {
	return []time.Duration{
		30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour,
	}
}

// deliveryWaitMost is the longest wait that a receiver can ask for.
const deliveryWaitMost = 12 * time.Hour

// HandOn turns the oldest events into messages for the webhooks that want them, and reports whether there were any.
// Several workers may call it at once: an event is handed on by whoever deletes it.
func (q *WebhookQueue) HandOn(ctx context.Context) (more bool, err error) {
	if err := q.clock.agrees(); err != nil {
		return false, err
	}
	events, err := database.G[webhookEventRow](q.read(ctx)).Order("id").Limit(eventsAtOnce).Find(ctx)
	if err != nil {
		return false, explained("read the events", err)
	}
	for i := range events {
		err := q.tx(ctx, "hand an event on", func(tx *gorm.DB) error { return q.handOnOne(ctx, tx, &events[i]) })
		if err != nil {
			return true, err
		}
	}
	return len(events) > 0, nil
}

func (q *WebhookQueue) handOnOne(ctx context.Context, tx *gorm.DB, event *webhookEventRow) error {
	gone := tx.Exec("DELETE FROM webhook_events WHERE id = ?", event.ID)
	if gone.Error != nil || gone.RowsAffected == 0 { // another worker has it
		return gone.Error
	}
	owners := []int64{0}
	if event.OwnerID != 0 {
		owners = append(owners, event.OwnerID)
	}
	hooks, err := database.G[webhookRow](tx).Where("owner_id IN ? AND off_reason = ''", owners).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for i := range hooks {
		if hooks[i].ID > event.ID || !slices.Contains(hooks[i].webhook().Events, event.Kind) { // what happened before a webhook was made is not for it
			continue
		}
		if err := q.handTo(ctx, tx, &hooks[i], event); err != nil {
			return err
		}
	}
	return nil
}

// handTo puts an event into the queue of a webhook, unless too many messages wait there.
func (q *WebhookQueue) handTo(ctx context.Context, tx *gorm.DB, hook *webhookRow, event *webhookEventRow) error {
	waiting, err := database.G[webhookDeliveryRow](tx).Where("webhook_id = ? AND state = ?", hook.ID, DeliveryQueued).Count(ctx, "*")
	if err != nil || waiting >= deliveriesWaitMost {
		return err
	}
	row := webhookDeliveryRow{
		WebhookID: hook.ID, Kind: event.Kind, AccountID: event.AccountID, Facts: event.Facts, State: DeliveryQueued, DueAt: q.Now(), CreatedAt: event.CreatedAt.UTC(),
	}
	if row.ID, err = q.newID(); err != nil {
		return err
	}
	return database.G[webhookDeliveryRow](tx).Create(ctx, &row)
}

// DueDelivery is a message that a worker has claimed.
type DueDelivery struct {
	ID, WebhookID int64
	Kind          HappenedKind
	Facts         string // JSON of [HappenedFacts]
	At            time.Time
	Form, Locale  string
	WebhookTarget
	Secret   string // of the signature; "" for forms without
	Readable bool   // its address could be opened
	attempts int
	failing  bool
}

// Claim claims at most most messages that are due, one for each webhook and none for the webhooks in busy, to which this
// worker is sending already: a receiver gets one message at a time, the oldest first. A message whose worker does not say
// within [DeliveryLease] what came of it is claimed again, with the same id. While the clocks differ Claim returns
// [ErrClocksDiffer].
func (q *WebhookQueue) Claim(ctx context.Context, most int, busy []int64) ([]DueDelivery, error) {
	if err := q.clock.agrees(); err != nil {
		return nil, err
	}
	var ids []int64
	err := q.read(ctx).Raw(dueDeliveries, DeliveryQueued, q.Now(), append([]int64{0}, busy...), most).Scan(&ids).Error
	if err != nil || len(ids) == 0 {
		return nil, explained("find due messages", err)
	}
	rows, err := database.G[webhookDeliveryRow](q.read(ctx)).Where("id IN ?", ids).Order("id").Find(ctx)
	if err != nil {
		return nil, explained("read due messages", err)
	}
	var claimed []DueDelivery
	for i := range rows {
		won, err := q.claimOne(ctx, &rows[i])
		if err != nil {
			return claimed, explained("claim a message", err)
		}
		if !won {
			continue
		}
		due, found, err := q.dueDelivery(ctx, &rows[i])
		if err != nil {
			return claimed, explained("read a webhook", err)
		}
		if found {
			claimed = append(claimed, due)
		}
	}
	return claimed, nil
}

// dueDeliveries finds the oldest due message of each webhook.
const dueDeliveries = `SELECT MIN(id) FROM webhook_deliveries WHERE state = ? AND due_at <= ? AND webhook_id NOT IN ?
GROUP BY webhook_id ORDER BY MIN(due_at) LIMIT ?`

func (q *WebhookQueue) claimOne(ctx context.Context, row *webhookDeliveryRow) (won bool, err error) {
	now := q.Now()
	err = q.db.Again(ctx, func(db *gorm.DB) error {
		result := db.Exec("UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = ?, tried_at = ? WHERE id = ? AND state = ? AND attempts = ? AND due_at <= ?",
			now.Add(DeliveryLease), now, row.ID, DeliveryQueued, row.Attempts, now)
		won = result.RowsAffected == 1
		return result.Error
	})
	row.Attempts++
	return won, err
}

func (q *WebhookQueue) dueDelivery(ctx context.Context, row *webhookDeliveryRow) (due DueDelivery, found bool, err error) {
	hooks, err := database.G[webhookRow](q.read(ctx)).Where("id = ?", row.WebhookID).Find(ctx)
	if err != nil || len(hooks) == 0 {
		return DueDelivery{}, false, err
	}
	hook := &hooks[0]
	due = DueDelivery{
		ID: row.ID, WebhookID: row.WebhookID, Kind: row.Kind, Facts: row.Facts, At: row.CreatedAt.UTC(), Form: hook.Form, Locale: hook.Locale,
		attempts: row.Attempts, failing: hook.FailingSince != nil,
	}
	if target, err := q.openTarget(hook); err == nil {
		due.WebhookTarget, due.Secret, due.Readable = target.WebhookTarget, target.Secret, true
	}
	return due, true, nil
}

// Outcome is the result of a try that failed, or the answer to one that did not.
type Outcome struct {
	Reason string        // "" for a message that has arrived
	Status int           // 0 without an answer
	Answer string        // the first words of the answer, which may be anything
	After  time.Duration // how long the receiver wants to be left alone; 0 if it does not say
	Gone   bool          // the receiver wants nothing more
	Alone  bool          // the receiver dislikes this message; others may arrive
}

// answerMost is the greatest number of characters of an answer that are stored.
const answerMost = 250

func (o Outcome) answer() string {
	text := causeOf(o.Answer)
	if runes := []rune(text); len(runes) > answerMost {
		text = string(runes[:answerMost])
	}
	return text
}

// Delivered stores that a message has arrived.
func (q *WebhookQueue) Delivered(ctx context.Context, due DueDelivery, o Outcome) error {
	return q.tx(ctx, "store that a message has arrived", func(tx *gorm.DB) error {
		if due.failing {
			if err := tx.Exec("UPDATE webhooks SET failing_since = NULL WHERE id = ?", due.WebhookID).Error; err != nil {
				return err
			}
		}
		return tx.Exec("UPDATE webhook_deliveries SET state = ?, reason = '', status = ?, answer = ? WHERE id = ? AND attempts = ?",
			DeliveryDelivered, o.Status, o.answer(), due.ID, due.attempts).Error
	})
}

// Failed stores why a message has not arrived, and when it is tried again. The other messages of the webhook wait as
// long, unless the receiver dislikes this one alone. After about a day the message is given up; a webhook to which
// nothing has arrived for days is switched off, and so is one whose receiver wants nothing more. Its owner gets a mail
// about that.
func (q *WebhookQueue) Failed(ctx context.Context, due DueDelivery, o Outcome) error {
	now := q.Now()
	state, next := due.again(now, o.After)
	return q.tx(ctx, "store why a message has not arrived", func(tx *gorm.DB) error {
		if due.Kind != HappenedTest {
			if err := tx.Exec("UPDATE webhooks SET failing_since = ? WHERE id = ? AND failing_since IS NULL AND off_reason = ''", now, due.WebhookID).Error; err != nil {
				return err
			}
		}
		mine := tx.Exec("UPDATE webhook_deliveries SET state = ?, due_at = ?, reason = ?, status = ?, answer = ? WHERE id = ? AND attempts = ? AND state = ?",
			state, next, o.Reason, o.Status, o.answer(), due.ID, due.attempts, DeliveryQueued)
		if mine.Error != nil || mine.RowsAffected == 0 || due.Kind == HappenedTest {
			return mine.Error
		}
		if !o.Alone && state == DeliveryQueued {
			err := tx.Exec("UPDATE webhook_deliveries SET due_at = ? WHERE webhook_id = ? AND state = ? AND due_at < ? AND attempts = 0", next, due.WebhookID, DeliveryQueued, next).Error
			if err != nil {
				return err
			}
		}
		return q.giveUpWebhook(ctx, tx, due.WebhookID, o)
	})
}

// again returns the state of a message that has not arrived, and when it is tried again. The receiver may have asked to be
// left alone for the time after.
func (due DueDelivery) again(now time.Time, after time.Duration) (string, time.Time) {
	waits := deliveryWaits()
	if due.Kind == HappenedTest || due.attempts > len(waits) {
		return DeliveryGivenUp, now
	}
	wait := waits[due.attempts-1]
	wait += rand.N(wait*2/5) - wait/5 //nolint:gosec // jitter, not a secret
	return DeliveryQueued, now.Add(max(wait, min(after, deliveryWaitMost))).Truncate(time.Millisecond)
}

// giveUpWebhook switches a webhook off if nothing has arrived for days or its receiver wants nothing more.
func (q *WebhookQueue) giveUpWebhook(ctx context.Context, tx *gorm.DB, id int64, o Outcome) error {
	hook, err := database.G[webhookRow](tx).Where("id = ?", id).Take(ctx)
	if err != nil {
		return err
	}
	reason := WebhookGone
	if !o.Gone {
		reason = WebhookFailing
		if hook.FailingSince == nil || hook.FailingSince.After(q.Now().Add(-webhookPatience)) {
			return nil
		}
	}
	was, err := q.switchOff(tx, id, reason)
	if err != nil || !was {
		return err
	}
	condition, args := "operator = ? AND disabled_at IS NULL", []any{true}
	if hook.OwnerID != 0 {
		condition, args = "id = ?", []any{hook.OwnerID}
	}
	owners, err := database.G[accountRow](tx).Where(condition, args...).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	return q.oweEach(ctx, tx, owners, func(owner *accountRow) owed { return webhookOffMail(owner, hook.Name, reason, q.Now()) })
}
