package client

import (
	"context"
	"net/http"
	"time"
)

// Webhooks lets chats and programs hear when something happens. [Client.Webhooks] has those of an owner of servers,
// [Client.OperatorWebhooks] those that all operators share.
type Webhooks struct {
	core *core
	path string
}

// The forms in which messages are sent.
const (
	WebhookSigned   = "signed" // JSON with a signature of Standard Webhooks, for programs
	WebhookNtfy     = "ntfy"
	WebhookGotify   = "gotify"
	WebhookDiscord  = "discord"
	WebhookMatrix   = "matrix"
	WebhookTelegram = "telegram"
)

// Webhook is an address to which messages go.
type Webhook struct {
	ID           ID        `json:"id"`
	Name         string    `json:"name"`
	Form         string    `json:"form"`    // WebhookSigned or another
	Address      string    `json:"address"` // without what may be secret in it
	Events       []string  `json:"events"`
	Language     string    `json:"language"`
	OffReason    string    `json:"off_reason"` // "" while it is on; by_hand, failing or gone
	FailingSince time.Time `json:"failing_since,omitzero"`
	CreatedAt    time.Time `json:"created_at"`
}

func (w *Webhook) whole() bool { return w.ID != "" }

type webhookList struct {
	Webhooks []Webhook `json:"webhooks"`
}

func (l *webhookList) whole() bool { return l.Webhooks != nil }

// List returns the webhooks, the oldest first.
func (w *Webhooks) List(ctx context.Context) ([]Webhook, error) {
	var out webhookList
	err := w.core.fetch(ctx, call{method: http.MethodGet, path: w.path, want: http.StatusOK, again: always}, &out)
	return out.Webhooks, err
}

// Get returns one webhook.
func (w *Webhooks) Get(ctx context.Context, id ID) (Webhook, error) {
	var out Webhook
	err := w.core.fetch(ctx, w.call(http.MethodGet, "", http.StatusOK, nil, id), &out)
	return out, err
}

// call returns a request about a webhook.
func (w *Webhooks) call(method, end string, want int, body any, ids ...ID) call {
	k := call{method: method, path: w.path + "/{id}" + end, body: body, want: want}
	for _, id := range ids {
		k.values = append(k.values, string(id))
	}
	switch method {
	case http.MethodGet:
		k.again = always
	case http.MethodDelete:
		k.again = untilGone
	}
	return k
}

// WebhookChoices are what can be changed about a webhook without its address.
type WebhookChoices struct {
	Name     string   `json:"name"`
	Events   []string `json:"events"`
	Language string   `json:"language,omitempty"` // of the messages for people; "" for the first language of the service
}

// WebhookTarget is where the messages of a webhook go.
type WebhookTarget struct {
	Address string `json:"address,omitempty"` // "" for Telegram
	Room    string `json:"room,omitempty"`    // of Matrix a room, of Telegram a chat
	Token   string `json:"token,omitempty"`   // by which the receiver knows the service
}

// NewWebhook is a webhook to add.
type NewWebhook struct {
	Form string `json:"form"`
	WebhookChoices
	WebhookTarget
}

// MadeWebhook is a webhook that was added.
type MadeWebhook struct {
	Webhook Webhook `json:"webhook"`
	Secret  string  `json:"secret"` // of the signatures; "" for a form without. Nobody tells it again
}

func (m *MadeWebhook) whole() bool { return m.Webhook.whole() }

// Make adds a webhook. The password must have been given recently.
func (w *Webhooks) Make(ctx context.Context, in NewWebhook) (MadeWebhook, error) {
	var out MadeWebhook
	err := w.core.fetch(ctx, call{method: http.MethodPost, path: w.path, body: in, want: http.StatusCreated}, &out)
	return out, err
}

// Change replaces the name, the events and the language of a webhook.
func (w *Webhooks) Change(ctx context.Context, id ID, in WebhookChoices) error {
	return w.core.done(ctx, w.call(http.MethodPut, "", http.StatusNoContent, in, id))
}

// Aim gives a webhook another address. The password must have been given recently.
func (w *Webhooks) Aim(ctx context.Context, id ID, in WebhookTarget) error {
	return w.core.done(ctx, w.call(http.MethodPut, "/address", http.StatusNoContent, in, id))
}

type webhookSecret struct {
	Secret string `json:"secret"`
}

func (s *webhookSecret) whole() bool { return s.Secret != "" }

// ReplaceSecret returns a new secret for the signatures; the old one ends at once. The password must have been given
// recently.
func (w *Webhooks) ReplaceSecret(ctx context.Context, id ID) (secret string, err error) {
	var out webhookSecret
	err = w.core.fetch(ctx, w.call(http.MethodPost, "/secret", http.StatusOK, nil, id), &out)
	return out.Secret, err
}

// On switches a webhook on. What happened while it was off is not sent.
func (w *Webhooks) On(ctx context.Context, id ID) error {
	return w.core.done(ctx, w.call(http.MethodPost, "/on", http.StatusNoContent, nil, id))
}

// Off switches a webhook off.
func (w *Webhooks) Off(ctx context.Context, id ID) error {
	return w.core.done(ctx, w.call(http.MethodPost, "/off", http.StatusNoContent, nil, id))
}

// Delete deletes a webhook. The password must have been given recently.
func (w *Webhooks) Delete(ctx context.Context, id ID) error {
	return w.core.done(ctx, w.call(http.MethodDelete, "", http.StatusNoContent, nil, id))
}

// Test sends a message that says that it is a test. What comes of it is in [Webhooks.Deliveries].
func (w *Webhooks) Test(ctx context.Context, id ID) error {
	return w.core.done(ctx, w.call(http.MethodPost, "/test", http.StatusAccepted, nil, id))
}

// The states of a [Delivery].
const (
	DeliveryQueued    = "queued"
	DeliveryDelivered = "delivered"
	DeliveryGivenUp   = "given_up"
)

// Delivery is a message for a webhook.
type Delivery struct {
	ID        ID        `json:"id"`
	Event     string    `json:"event"`
	State     string    `json:"state"` // DeliveryQueued or another
	Attempts  int       `json:"attempts"`
	NextAt    time.Time `json:"next_at,omitzero"`  // zero unless it waits
	TriedAt   time.Time `json:"tried_at,omitzero"` // zero before the first try
	Reason    string    `json:"reason"`            // why the last try failed; "" if it did not
	Status    int       `json:"status"`            // of the last answer; 0 for none
	Answer    string    `json:"answer"`            // its first words, which may be anything
	CreatedAt time.Time `json:"created_at"`        // when it happened
}

type deliveryList struct {
	Deliveries []Delivery `json:"deliveries"`
}

func (l *deliveryList) whole() bool { return l.Deliveries != nil }

// Deliveries returns the newest messages of a webhook.
func (w *Webhooks) Deliveries(ctx context.Context, id ID) ([]Delivery, error) {
	var out deliveryList
	err := w.core.fetch(ctx, w.call(http.MethodGet, "/deliveries", http.StatusOK, nil, id), &out)
	return out.Deliveries, err
}

// Replay sends a message again, with the same id.
func (w *Webhooks) Replay(ctx context.Context, id, deliveryID ID) error {
	return w.core.done(ctx, w.call(http.MethodPost, "/deliveries/{delivery_id}/replay", http.StatusAccepted, nil, id, deliveryID))
}
