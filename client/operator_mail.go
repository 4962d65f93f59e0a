package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// The values of [OperatedMail.State]. The first two are also the values of the parameter state of [Operators.Mails].
const (
	MailsWaiting = "waiting" // it will be tried
	MailsDead    = "dead"    // it was given up
	MailsSending = "sending"
)

// OperatedMail is a mail in the queue, as operators see it.
type OperatedMail struct {
	ID        ID        `json:"id"`
	Kind      string    `json:"kind"`
	To        string    `json:"to"`         // "" for the address of an account
	AccountID ID        `json:"account_id"` // "" without an account
	State     string    `json:"state"`      // MailsWaiting or another
	Attempts  int       `json:"attempts"`
	OwedAt    time.Time `json:"owed_at"`
	NextAt    time.Time `json:"next_at,omitzero"` // zero for a mail that is given up or being sent
	Reason    string    `json:"reason"`           // why it was not sent yet; "" if nobody has tried
}

// OperatedMailDetail is a mail as it would be sent, without the secrets of its links. Recipient, Subject and Text are
// "" if the mail would not be sent to anybody any longer.
type OperatedMailDetail struct {
	OperatedMail
	Recipient string `json:"recipient"`
	Subject   string `json:"subject"`
	Text      string `json:"text"`
}

func (m *OperatedMailDetail) whole() bool { return m.ID != "" }

// Mails iterates over the mails in one state, or over all mails if state is "", the oldest first.
func (o *Operators) Mails(ctx context.Context, state string) iter.Seq2[OperatedMail, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[OperatedMail], error) {
		return o.MailsPage(ctx, state, ask)
	})
}

// MailsPage returns one page of the mails.
func (o *Operators) MailsPage(ctx context.Context, state string, ask PageAsk) (Page[OperatedMail], error) {
	return fetchPage[OperatedMail](ctx, o.core, ask, "/api/v1/operator/mails", ofState(state))
}

// Mail returns one mail.
func (o *Operators) Mail(ctx context.Context, id ID) (OperatedMailDetail, error) {
	var out OperatedMailDetail
	err := o.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/operator/mails/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// RetryMail makes a mail due at once, also one that was given up.
func (o *Operators) RetryMail(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/mails/{id}/retry", id)
}

// DropMail deletes a mail without sending it.
func (o *Operators) DropMail(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodDelete, "/api/v1/operator/mails/{id}", id)
}
