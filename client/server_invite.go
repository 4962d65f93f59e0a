package client

import (
	"context"
	"net/http"
	"time"
)

// AskInvite is an invite that is made at the server itself. It is made in the name of
// the server's owner, for this server alone.
type AskInvite struct {
	To        string    `json:"to"`                   // a username or an email address
	Type      string    `json:"type"`                 // Linked or Guest
	Note      string    `json:"note,omitempty"`       // shown as text
	LocalUser string    `json:"local_user,omitempty"` // its id on the media server; "" if the server decides
	Libraries []string  `json:"libraries,omitzero"`   // their ids on the media server; nil if the server decides
	EndsAt    time.Time `json:"ends_at,omitzero"`     // zero for no end; a last day is meant in UTC: its last moment is 23:59:59.999

	// IdempotencyKey makes repetitions safe. It has 16 to 128 visible ASCII characters;
	// if it is "", the Client makes one.
	IdempotencyKey string `json:"-"`
}

// Invite invites somebody to the server, in the name of its owner. It returns
// [ErrServerUnclaimed] for a server that nobody has claimed.
func (a *Agent) Invite(ctx context.Context, in AskInvite) (Invite, error) {
	header, err := a.core.idempotencyKey(in.IdempotencyKey)
	if err != nil {
		return Invite{}, err
	}
	var out Invite
	err = a.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/invites", header: header, body: in, want: http.StatusCreated, again: always,
	}, &out)
	return out, err
}

// ServerInvite is an invite that waits for an answer, as the server that it offers
// sees it.
type ServerInvite struct {
	ID        ID        `json:"id"`
	To        string    `json:"to"`        // a username or an email address, as it was typed
	Type      string    `json:"type"`      // Linked or Guest
	Libraries []Library `json:"libraries"` // nil if the server decides
	EndsAt    time.Time `json:"ends_at,omitzero"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type serverInviteList struct {
	Invites []ServerInvite `json:"invites"`
}

func (l *serverInviteList) whole() bool { return l.Invites != nil }

// Invites returns the invites to the server that wait for an answer, the newest
// first, whether the server or its owner made them.
func (a *Agent) Invites(ctx context.Context) ([]ServerInvite, error) {
	var out serverInviteList
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/server/invites", want: http.StatusOK, again: always}, &out)
	return out.Invites, err
}

// WithdrawInvite takes back a pending invite to the server.
func (a *Agent) WithdrawInvite(ctx context.Context, id ID) error {
	return a.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/server/invites/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}
