package client

import (
	"context"
	"iter"
	"time"
)

// OperatorAct is something that an operator did.
type OperatorAct struct {
	ID        ID        `json:"id"`
	Kind      string    `json:"kind"`
	By        string    `json:"by"`         // a username; "" for the command line and for an account that is gone
	AccountID ID        `json:"account_id"` // whom it concerns; "" for nobody and for an account that is gone
	Username  string    `json:"username"`   // of that account; "" without one
	ServerID  ID        `json:"server_id"`  // "" for none
	Subject   string    `json:"subject"`    // the name of a server or the kind of a mail; "" for neither
	At        time.Time `json:"at"`
}

// Acts iterates over what operators did, the newest first.
func (o *Operators) Acts(ctx context.Context) iter.Seq2[OperatorAct, error] {
	return all(ctx, o.ActsPage)
}

// ActsPage returns one page of what operators did.
func (o *Operators) ActsPage(ctx context.Context, ask PageAsk) (Page[OperatorAct], error) {
	return fetchPage[OperatorAct](ctx, o.core, ask, "/api/v1/operator/acts", nil)
}
