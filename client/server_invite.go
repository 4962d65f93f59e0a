package client

import (
	"context"
	"net/http"
	"time"
)

// AskInvite is an invite that is made at the server itself. It is made in the name of
// the server's owner, for this server alone.
type AskInvite struct {
	To        string    `json:"to,omitempty"`         // a username or an email address; "" for a link alone
	Type      string    `json:"type"`                 // Linked or Guest
	Note      string    `json:"note,omitempty"`       // shown as text
	LocalUser string    `json:"local_user,omitempty"` // its id on the media server; "" if the server decides
	Libraries []string  `json:"libraries,omitzero"`   // their ids on the media server; nil if the server decides
	EndsAt    time.Time `json:"ends_at,omitzero"`     // zero for no end; a last day is meant in UTC: its last moment is 23:59:59.999
	Link      bool      `json:"link,omitempty"`       // also make a link, to hand on
	Family    bool      `json:"family,omitempty"`     // for the whole family of a guardian; only for guests, and only with To
	Greeting  string    `json:"greeting,omitempty"`   // the name that the page greets
	Uses      int       `json:"uses,omitempty"`       // how many people may accept it; 0 for one. Only a link alone, for guests, may have more
	ExpiresAt time.Time `json:"expires_at,omitzero"`  // until when it can be accepted; zero for 14 days
	Profile   string    `json:"profile,omitempty"`    // the name or the id of a profile that the owner has saved, which has the choices for the fields that are left empty here

	// IdempotencyKey makes repetitions safe. It has 16 to 128 visible ASCII characters;
	// if it is "", the Client makes one.
	IdempotencyKey string `json:"-"`
}

// Invite invites somebody to the server, in the name of its owner. It returns
// [ErrServerUnclaimed] for a server that nobody has claimed.
func (a *Agent) Invite(ctx context.Context, in AskInvite) (MadeInvite, error) {
	header, err := a.core.idempotencyKey(in.IdempotencyKey)
	if err != nil {
		return MadeInvite{}, err
	}
	var out MadeInvite
	err = a.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/invites", header: header, body: in, want: http.StatusCreated, again: always,
	}, &out)
	return out, err
}

// ServerInvite is an invite that waits for an answer, as the server that it offers
// sees it.
type ServerInvite struct {
	ID        ID        `json:"id"`
	To        string    `json:"to"`        // a username or an email address, as it was typed; "" for a link alone
	Type      string    `json:"type"`      // Linked or Guest
	Greeting  string    `json:"greeting"`  // the name that the page greets
	HasLink   bool      `json:"has_link"`  // only the owner can copy it again
	Uses      int       `json:"uses"`      // how many people may accept it
	Used      int       `json:"used"`      // how many people have accepted it
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
