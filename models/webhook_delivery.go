package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// The states of a message for a webhook.
const (
	DeliveryQueued    = "queued"
	DeliveryDelivered = "delivered"
	DeliveryGivenUp   = "given_up"
)

// deliveryOff is the reason of messages that waited when their webhook was switched off.
const deliveryOff = "switched_off"

// DeliveryReasons returns the reasons of this package; the others come from the function that sends.
func DeliveryReasons() []string { return []string{deliveryOff} }

const (
	// deliveriesKept is the time for which the log shows a message.
	deliveriesKept = 30 * 24 * time.Hour
	// deliveriesShown is the greatest number of messages that the log shows.
	deliveriesShown = 100
)

// webhookDeliveryRow is a row of webhook_deliveries.
type webhookDeliveryRow struct {
	ID        int64
	WebhookID int64
	Kind      HappenedKind
	AccountID int64
	Facts     string
	State     string
	Attempts  int
	DueAt     time.Time // of the next try; while somebody tries, when another worker may try instead
	TriedAt   *time.Time
	Reason    string
	Status    int
	Answer    string
	CreatedAt time.Time
}

// TableName returns the name of the table, webhook_deliveries.
func (webhookDeliveryRow) TableName() string { return "webhook_deliveries" }

// Delivery is a message for a webhook, as its owner sees it. Times are UTC.
type Delivery struct {
	ID        int64
	Kind      HappenedKind
	State     string
	Attempts  int
	NextAt    time.Time // zero unless it waits
	TriedAt   time.Time // zero before the first try
	Reason    string    // why the last try failed; "" if it did not
	Status    int       // of the last answer; 0 for none
	Answer    string    // its first words
	CreatedAt time.Time // when the event happened
}

func (r *webhookDeliveryRow) delivery() Delivery {
	out := Delivery{
		ID: r.ID, Kind: r.Kind, State: r.State, Attempts: r.Attempts, TriedAt: orZero(r.TriedAt), Reason: r.Reason,
		Status: r.Status, Answer: r.Answer, CreatedAt: r.CreatedAt.UTC(),
	}
	if r.State == DeliveryQueued {
		out.NextAt = r.DueAt.UTC()
	}
	return out
}

// Deliveries returns the newest messages of a webhook, at most 100 and of 30 days. It returns [ErrNotFound].
func (w *Webhooks) Deliveries(ctx context.Context, by WebhookBy, id int64) ([]Delivery, error) {
	if _, err := w.webhookRow(ctx, w.read(ctx), by, id); err != nil {
		return nil, err
	}
	rows, err := database.G[webhookDeliveryRow](w.read(ctx)).Where("webhook_id = ?", id).Order("id DESC").Limit(deliveriesShown).Find(ctx)
	list := make([]Delivery, len(rows))
	for i := range rows {
		list[i] = rows[i].delivery()
	}
	return list, explained("list the messages of a webhook", err)
}

// Replay sends a message again, with the same id. It returns [ErrNotFound], [ErrWebhookServer], or [ErrThrottled].
func (w *Webhooks) Replay(ctx context.Context, by WebhookBy, id, deliveryID int64) error {
	if err := w.mayTrouble(ctx, by, id); err != nil {
		return err
	}
	return explained("send a message again", w.db.Again(ctx, func(db *gorm.DB) error {
		return requireRow(db.Exec("UPDATE webhook_deliveries SET state = ?, attempts = 0, due_at = ?, reason = '' WHERE id = ? AND webhook_id = ?",
			DeliveryQueued, w.Now(), deliveryID, id))
	}))
}

// Test sends a message that says that it is a test, also to a webhook that is off. It is tried once. Test returns
// [ErrNotFound], [ErrWebhookServer], or [ErrThrottled].
func (w *Webhooks) Test(ctx context.Context, by WebhookBy, id int64) error {
	if err := w.mayTrouble(ctx, by, id); err != nil {
		return err
	}
	row := webhookDeliveryRow{WebhookID: id, Kind: HappenedTest, Facts: "{}", State: DeliveryQueued, DueAt: w.Now(), CreatedAt: w.Now()}
	var err error
	if row.ID, err = w.newID(); err != nil {
		return explained("make an id", err)
	}
	return explained("test a webhook", database.G[webhookDeliveryRow](w.read(ctx)).Create(ctx, &row))
}

// mayTrouble counts a message that somebody sends by hand: the receiver may be a stranger.
func (w *Webhooks) mayTrouble(ctx context.Context, by WebhookBy, id int64) error {
	if _, err := w.webhookRow(ctx, w.read(ctx), by, id); err != nil {
		return err
	}
	if !by.Operator {
		if err := w.ownsServer(ctx, w.read(ctx), by.AccountID); err != nil {
			return err
		}
	}
	return w.throttle.allow(ctx, w.throttle.key("webhook", FormatID(by.owner())), w.opt.Limits.WebhookHour)
}
