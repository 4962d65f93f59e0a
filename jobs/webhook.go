package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/internal/printable"
	"github.com/latchkey-media/latchkey/internal/webhook"
	"github.com/latchkey-media/latchkey/models"
)

// Webhooks sends messages about events to the webhooks, and looks for agents that have become silent. Several instances may
// run it at the same time. All fields are required.
type Webhooks struct {
	Store    *models.Store
	Sender   *webhook.Sender
	Say      func(locale, key string, params map[string]any) string // texts of the catalogue
	Service  string                                                 // the name of the service, the title of messages
	Log      *slog.Logger
	Parallel int           // largest number of messages sent at once
	Interval time.Duration // between two looks at the queue
	Look     time.Duration // between two looks for silent agents

	mu   sync.Mutex
	busy map[int64]bool // the webhooks to which messages are being sent
}

// WebhookPatience is the longest time that one try may take. It ends well within [models.DeliveryLease].
const WebhookPatience = 15 * time.Second

// Run works until ctx ends, and waits for the messages that are being sent.
func (j *Webhooks) Run(ctx context.Context) {
	var sending sync.WaitGroup
	defer sending.Wait()
	work, look := time.NewTicker(j.Interval), time.NewTicker(j.Look)
	defer work.Stop()
	defer look.Stop()
	began := j.Store.Now()
	failing := false // so that a failure is logged once, not at every look
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if j.Store.Now().Sub(began) >= models.AwayAfter { // until then, agents are silent because this program was away
				j.try(ctx, &failing, func() error { return j.Store.WebhookQueue.TellAbsences(ctx) })
			}
		case <-work.C:
			j.try(ctx, &failing, func() error { return j.round(ctx, &sending) })
		}
	}
}

func (j *Webhooks) try(ctx context.Context, failing *bool, work func() error) {
	err := work()
	if errors.Is(err, models.ErrClocksDiffer) { // Clocks has logged it
		return
	}
	if err != nil && ctx.Err() == nil && !*failing {
		j.Log.WarnContext(ctx, "the work on webhooks failed; it is tried again", slog.Any("err", err))
	}
	*failing = err != nil
}

// round hands events on, and begins to send the messages that are due and have a place.
func (j *Webhooks) round(ctx context.Context, sending *sync.WaitGroup) error {
	if _, err := j.Store.WebhookQueue.HandOn(ctx); err != nil {
		return err
	}
	busy := j.busyNow()
	if len(busy) >= j.Parallel {
		return nil
	}
	due, err := j.Store.WebhookQueue.Claim(ctx, j.Parallel-len(busy), busy)
	for _, one := range due {
		j.mark(one.WebhookID, true)
		sending.Go(func() {
			defer j.mark(one.WebhookID, false)
			j.one(context.WithoutCancel(ctx), one) // it ends by itself, soon
		})
	}
	return err
}

func (j *Webhooks) busyNow() []int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	var ids []int64
	for id := range j.busy {
		ids = append(ids, id)
	}
	return ids
}

func (j *Webhooks) mark(id int64, busy bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.busy == nil {
		j.busy = map[int64]bool{}
	}
	if busy {
		j.busy[id] = true
	} else {
		delete(j.busy, id)
	}
}

// Once hands all events on and sends the messages that are due now, one after another. Tests call it instead of waiting for
// Run.
func (j *Webhooks) Once(ctx context.Context) error {
	for {
		handed, err := j.Store.WebhookQueue.HandOn(ctx)
		if err != nil {
			return err
		}
		due, err := j.Store.WebhookQueue.Claim(ctx, j.Parallel, nil)
		if err != nil {
			return err
		}
		for _, one := range due {
			j.one(ctx, one)
		}
		if !handed && len(due) == 0 {
			return nil
		}
	}
}

// one sends one message and stores what came of it.
func (j *Webhooks) one(ctx context.Context, due models.DueDelivery) {
	answer := webhook.Answer{Reason: webhook.Unreadable}
	if due.Readable {
		answer = j.Sender.Send(ctx, webhook.Target{
			Form: due.Form, Address: due.Address, Room: due.Room, Token: due.Token, Secret: webhook.ReadSecret(due.Secret),
		}, j.message(due))
	}
	outcome := outcomeOf(answer)
	store := j.Store.WebhookQueue.Delivered
	if answer.Reason != "" {
		store = j.Store.WebhookQueue.Failed
	}
	what := []slog.Attr{
		slog.Int64("delivery_id", due.ID), slog.Int64("webhook_id", due.WebhookID), slog.String("event", string(due.Kind)),
		slog.String("reason", answer.Reason), slog.Int("status", answer.Status),
	}
	if err := store(ctx, due, outcome); err != nil { // it is sent again a minute later, with the same id
		j.Log.LogAttrs(ctx, slog.LevelWarn, "the outcome of a message to a webhook was not written", append(what, slog.Any("err", err))...)
		return
	}
	j.Log.LogAttrs(ctx, slog.LevelDebug, "a message was sent to a webhook", what...)
}

// outcomeOf returns what an answer means for the queue.
func outcomeOf(answer webhook.Answer) models.Outcome {
	return models.Outcome{
		Reason: answer.Reason, Status: answer.Status, Answer: answer.Text, After: answer.After, Gone: answer.Status == http.StatusGone,
		Alone: answer.Status == http.StatusBadRequest || answer.Status == http.StatusRequestEntityTooLarge || answer.Status == http.StatusUnprocessableEntity,
	}
}

// message returns the message about an event, with its sentence in the language of the webhook.
func (j *Webhooks) message(due models.DueDelivery) webhook.Message {
	var facts models.HappenedFacts
	_ = json.Unmarshal([]byte(due.Facts), &facts) // what cannot be read is not told in the sentence
	params := map[string]any{
		"Person": j.Say(due.Locale, "webhook.somebody", nil), "Server": j.Say(due.Locale, "webhook.something", nil),
		"Invite": j.Say(due.Locale, "webhook.something", nil), "Mail": "",
	}
	if a := facts.Account; a != nil && a.Username != "" {
		params["Person"] = a.Username
		if a.DisplayName != "" && a.DisplayName != a.Username {
			params["Person"] = a.DisplayName + " (" + a.Username + ")"
		}
	}
	if facts.Server != nil {
		params["Server"] = facts.Server.Name
	}
	if facts.Invite != nil && facts.Invite.To != "" {
		params["Invite"] = facts.Invite.To
	}
	if facts.Mail != nil {
		params["Mail"] = facts.Mail.Kind
	}
	return webhook.Message{
		ID: "msg_" + models.FormatID(due.ID), At: due.At, Type: string(due.Kind), Data: json.RawMessage(due.Facts),
		Title: j.Service, Text: printable.Text(j.Say(due.Locale, "webhook.text."+string(due.Kind), params)),
	}
}
