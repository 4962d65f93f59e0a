package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// InvitesPending is the value of the parameter state of [Operators.Invites] for the invites that can be accepted.
const InvitesPending = "pending"

// NewSignUpInvite describes an invite to sign up: it makes an account and no link to a server.
type NewSignUpInvite struct {
	To        string    `json:"to,omitempty"`        // an email address; "" for a link alone
	Link      bool      `json:"link,omitempty"`      // also make a link to hand on
	Greeting  string    `json:"greeting,omitempty"`  // the name that the page greets
	Uses      int       `json:"uses,omitempty"`      // how many people may accept it; 0 for one. More than one is allowed only for a link alone
	ExpiresAt time.Time `json:"expires_at,omitzero"` // until when it can be accepted; zero for 14 days
	Note      string    `json:"note,omitempty"`      // shown as plain text

	// IdempotencyKey makes repetitions safe. It has 16 to 128 visible ASCII
	// characters; if it is "", the Client makes one.
	IdempotencyKey string `json:"-"`
}

// Invites iterates over the invites to sign up, the newest first: those that can be accepted if state is [InvitesPending], or all if it is "".
func (o *Operators) Invites(ctx context.Context, state string) iter.Seq2[SentInvite, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[SentInvite], error) {
		return o.InvitesPage(ctx, state, ask)
	})
}

// InvitesPage returns one page of the invites to sign up.
func (o *Operators) InvitesPage(ctx context.Context, state string, ask PageAsk) (Page[SentInvite], error) {
	return fetchPage[SentInvite](ctx, o.core, ask, "/api/v1/operator/invites", ofState(state))
}

// Invite returns one invite to sign up.
func (o *Operators) Invite(ctx context.Context, id ID) (SentInvite, error) {
	var out SentInvite
	err := o.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/operator/invites/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// InviteLink returns the link of an invite to sign up, to copy it again. It returns [ErrNotFound] for an invite without a
// link, and for an invite that nobody can accept any longer.
func (o *Operators) InviteLink(ctx context.Context, id ID) (InviteLink, error) {
	var out InviteLink
	err := o.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/operator/invites/{id}/link", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// CreateInvite makes an invite to sign up.
func (o *Operators) CreateInvite(ctx context.Context, in NewSignUpInvite) (MadeInvite, error) {
	header, err := o.core.idempotencyKey(in.IdempotencyKey)
	if err != nil {
		return MadeInvite{}, err
	}
	var out MadeInvite
	err = o.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/operator/invites", header: header, body: in, want: http.StatusCreated, again: always,
	}, &out)
	return out, err
}

// WithdrawInvite takes back an invite to sign up that can still be accepted.
func (o *Operators) WithdrawInvite(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodDelete, "/api/v1/operator/invites/{id}", id)
}
