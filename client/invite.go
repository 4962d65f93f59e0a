package client

import (
	"context"
	"net/http"
	"time"
)

// Invites makes and answers offers of links.
type Invites struct{ core *core }

// NewInvite describes an invite to make.
type NewInvite struct {
	To        string            `json:"to,omitempty"`        // a username or an email address; "" for a link alone
	Link      bool              `json:"link,omitempty"`      // also make a link, for the owner to hand on
	Family    bool              `json:"family,omitempty"`    // for the whole family of a guardian; only for guests, and only with To
	Greeting  string            `json:"greeting,omitempty"`  // the name that the page greets
	Uses      int               `json:"uses,omitempty"`      // how many people may accept it; 0 for one. More than one is allowed only for an invite of guests that is a link alone
	ExpiresAt time.Time         `json:"expires_at,omitzero"` // until when it can be accepted; zero for 14 days
	Type      string            `json:"type"`                // Linked or Guest
	Note      string            `json:"note,omitempty"`      // a text of the owner, shown as plain text
	Profile   string            `json:"profile,omitempty"`   // the id or the name of a profile for its one server, which has the choices for the fields that are left empty here
	Servers   []NewInviteServer `json:"servers"`

	// IdempotencyKey makes repetitions safe. It has 16 to 128 visible ASCII
	// characters; if it is "", the Client makes one.
	IdempotencyKey string `json:"-"`
}

// NewInviteServer is one server of a new invite.
type NewInviteServer struct {
	ServerID    ID        `json:"server_id"`
	LocalUserID ID        `json:"local_user_id,omitempty"` // from [People.LocalUsers]; "" if the server decides
	Libraries   []string  `json:"libraries,omitzero"`      // their ids on the media server; nil if the server decides
	EndsAt      time.Time `json:"ends_at,omitzero"`        // zero for no end; a last day is meant in UTC: its last moment is 23:59:59.999
}

// Invite is an offer of links.
type Invite struct {
	ID        ID             `json:"id"`
	To        string         `json:"to"` // as the owner typed it; "" for a link alone
	Type      string         `json:"type"`
	Note      string         `json:"note"`
	Greeting  string         `json:"greeting"`
	HasLink   bool           `json:"has_link"`
	Family    bool           `json:"family"` // a guardian may answer it for the whole family
	Uses      int            `json:"uses"`   // how many people may accept it
	Used      int            `json:"used"`   // how many people have accepted it
	Status    string         `json:"status"` // pending, accepted, declined, withdrawn or expired
	Servers   []InviteServer `json:"servers"`
	From      string         `json:"from"`   // a username
	Circle    *InviteCircle  `json:"circle"` // nil for an invite to the servers alone
	CreatedAt time.Time      `json:"created_at"`
	ExpiresAt time.Time      `json:"expires_at"`
}

func (i *Invite) whole() bool { return i.ID != "" }

// InviteServer is one server of an invite.
type InviteServer struct {
	ServerID  ID            `json:"server_id"`
	Name      string        `json:"name"`
	LocalUser *LocalUserRef `json:"local_user"` // nil if the server decides
	Libraries []Library     `json:"libraries"`  // nil if the server decides
	EndsAt    time.Time     `json:"ends_at,omitzero"`
}

// MadeInvite is a new invite with its link.
type MadeInvite struct {
	Invite

	Link *InviteLink `json:"link"` // nil for an invite without a link
}

// Create invites a person to one or several servers of the owner.
func (i *Invites) Create(ctx context.Context, in NewInvite) (MadeInvite, error) {
	header, err := i.core.idempotencyKey(in.IdempotencyKey)
	if err != nil {
		return MadeInvite{}, err
	}
	var out MadeInvite
	err = i.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/invites", header: header, body: in, want: http.StatusCreated, again: always,
	}, &out)
	return out, err
}

// Withdraw cancels a pending invite.
func (i *Invites) Withdraw(ctx context.Context, id ID) error {
	return i.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/invites/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

type inviteList struct {
	Invites []Invite `json:"invites"`
}

func (l *inviteList) whole() bool { return l.Invites != nil }

// Received returns the invites that wait for an answer of the person.
func (i *Invites) Received(ctx context.Context) ([]Invite, error) {
	var out inviteList
	err := i.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/invites/received", want: http.StatusOK, again: always}, &out)
	return out.Invites, err
}

// Accept accepts an invite, with all its servers.
func (i *Invites) Accept(ctx context.Context, id ID) error {
	return i.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/invites/{id}/accept", values: []string{string(id)}, want: http.StatusNoContent,
	})
}

// Decline declines an invite.
func (i *Invites) Decline(ctx context.Context, id ID) error {
	return i.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/invites/{id}/decline", values: []string{string(id)}, want: http.StatusNoContent,
	})
}
