package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// The kinds of messages to everybody.
const (
	MessageInformation = "information"
	MessageWarning     = "warning"
)

// MessageText is a message in one language, as plain text.
type MessageText struct {
	Language string `json:"language"`
	Title    string `json:"title"`
	Text     string `json:"text"` // "" for a title alone
}

// NewMessage describes a message to everybody: a banner on all pages, and a mail if it is wanted.
type NewMessage struct {
	Kind        string        `json:"kind"`          // MessageInformation or MessageWarning
	Texts       []MessageText `json:"texts"`         // one in each language; the first language of the service is needed
	From        time.Time     `json:"from,omitzero"` // zero for now
	Until       time.Time     `json:"until"`
	ToStrangers bool          `json:"to_strangers,omitempty"` // people who are not signed in see it, too
	ByMail      bool          `json:"by_mail,omitempty"`      // everybody who has an address gets it once by mail

	// IdempotencyKey makes repetitions safe. It has 16 to 128 visible ASCII
	// characters; if it is "", the Client makes one.
	IdempotencyKey string `json:"-"`
}

// Message is a message to everybody.
type Message struct {
	ID          ID            `json:"id"`
	Kind        string        `json:"kind"`
	Texts       []MessageText `json:"texts"`
	ToStrangers bool          `json:"to_strangers"`
	Status      string        `json:"status"` // coming, shown, over or withdrawn
	From        time.Time     `json:"from"`
	Until       time.Time     `json:"until"`
	WithdrawnAt time.Time     `json:"withdrawn_at,omitzero"`
	Mails       MessageMails  `json:"mails"`
	CreatedAt   time.Time     `json:"created_at"`
}

func (m *Message) whole() bool { return m.ID != "" }

// MessageMails says how the mails of a message stand.
type MessageMails struct {
	State   string `json:"state"`   // none, waiting while more are to be written, done or stopped
	Total   int    `json:"total"`   // how many people get one
	Written int    `json:"written"` // how many were written into the queue so far
	Queued  int    `json:"queued"`  // how many of those are not sent yet; only from [Operators.Message]
}

// Messages iterates over the messages to everybody, the newest first.
func (o *Operators) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return all(ctx, o.MessagesPage)
}

// MessagesPage returns one page of the messages to everybody.
func (o *Operators) MessagesPage(ctx context.Context, ask PageAsk) (Page[Message], error) {
	return fetchPage[Message](ctx, o.core, ask, "/api/v1/operator/messages", nil)
}

// Message returns one message to everybody.
func (o *Operators) Message(ctx context.Context, id ID) (Message, error) {
	var out Message
	err := o.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/operator/messages/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// CreateMessage makes a message to everybody.
func (o *Operators) CreateMessage(ctx context.Context, in NewMessage) (Message, error) {
	header, err := o.core.idempotencyKey(in.IdempotencyKey)
	if err != nil {
		return Message{}, err
	}
	var out Message
	err = o.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/operator/messages", header: header, body: in, want: http.StatusCreated, again: always,
	}, &out)
	return out, err
}

// WithdrawMessage takes a message off the pages and stops its mails that were not sent yet.
func (o *Operators) WithdrawMessage(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodDelete, "/api/v1/operator/messages/{id}", id)
}
