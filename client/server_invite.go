package client

import (
	"context"
	"net/http"
	"time"
)

// AskInvite is an invite that is made at the server itself. It is one of the
// server's owner, for this server alone.
type AskInvite struct {
	To        string    `json:"to"`                   // a username or an email address
	Type      string    `json:"type"`                 // Linked or Guest
	Note      string    `json:"note,omitempty"`       // shown as text
	LocalUser string    `json:"local_user,omitempty"` // what the media server calls it; "": as the server decides
	Libraries []string  `json:"libraries,omitzero"`   // what the media server calls them; nil: as the server decides
	EndsAt    time.Time `json:"ends_at,omitzero"`

	// IdempotencyKey makes repetitions safe: made up when it is "". It has 16 to 128
	// visible characters of ASCII.
	IdempotencyKey string `json:"-"`
}

// Invite invites somebody to the server, in the name of its owner. A server that
// nobody has claimed answers [ErrServerUnclaimed].
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
