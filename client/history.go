package client

import (
	"context"
	"iter"
	"time"
)

// Event is something that happened to the account.
type Event struct {
	ID      ID        `json:"id"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"` // what it was about, by its name then; "" for nothing
	Address string    `json:"address"` // "" when unknown
	Device  string    `json:"device"`  // "" when unknown
	By      string    `json:"by"`      // the username of the guardian who did it; "" for the person
	At      time.Time `json:"at"`
}

// History iterates over the events of the account, the newest first.
func (a *Accounts) History(ctx context.Context) iter.Seq2[Event, error] {
	return all(ctx, a.HistoryPage)
}

// HistoryPage returns one page of the events.
func (a *Accounts) HistoryPage(ctx context.Context, ask PageAsk) (Page[Event], error) {
	return fetchPage[Event](ctx, a.core, ask, "/api/v1/account/history", nil)
}
