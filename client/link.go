package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Links answers and removes the links of the person. A link ties the account to a
// local user on one server.
type Links struct{ core *core }

// Status of a link.
const (
	Pending  = "pending"  // the person has not answered yet
	Accepted = "accepted" // in use
)

// Type of a link.
const (
	Linked = "linked" // the local user existed before
	Guest  = "guest"  // the local user is made for the link
)

// Link is a link as its person sees it.
type Link struct {
	ID          ID         `json:"id"`
	Status      string     `json:"status"` // Pending or Accepted
	Type        string     `json:"type"`   // Linked or Guest
	Server      LinkServer `json:"server"`
	RequestedBy string     `json:"requested_by"` // as the server names it
	CreatedAt   time.Time  `json:"created_at"`
	AcceptedAt  time.Time  `json:"accepted_at,omitzero"`
	EndsAt      time.Time  `json:"ends_at,omitzero"` // zero if it has no end
	Pause       *Pause     `json:"pause"`            // nil for a link that the owner of the server has not paused
	WaitsFor    string     `json:"waits_for"`        // why the server creates no local user for a guest: WaitGuestsOff or another; "" if it does or did not say
}

// LinkServer is the server of a link.
type LinkServer struct {
	ID       ID     `json:"id"`
	SystemID string `json:"system_id"` // the id that the media server has for itself
	Name     string `json:"name"`
	Kind     string `json:"kind"`     // emby or agent
	Disabled bool   `json:"disabled"` // an operator disabled it: the link can only be removed or declined
}

type linkList struct {
	Links []Link `json:"links"`
}

func (l *linkList) whole() bool { return l.Links != nil }

// List returns the links with a status, [Pending] or [Accepted], or all if it is "".
func (l *Links) List(ctx context.Context, status string) ([]Link, error) {
	query := url.Values{}
	if status != "" {
		query.Set("status", status)
	}
	var out linkList
	err := l.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/links", query: query, want: http.StatusOK, again: always}, &out)
	return out.Links, err
}

// Accept accepts a pending link.
func (l *Links) Accept(ctx context.Context, id ID) error {
	return l.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/links/{id}/accept", values: []string{string(id)}, want: http.StatusNoContent,
	})
}

// Decline declines a pending link.
func (l *Links) Decline(ctx context.Context, id ID) error {
	return l.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/links/{id}/decline", values: []string{string(id)}, want: http.StatusNoContent,
	})
}

// Remove removes a link: the person leaves the server.
func (l *Links) Remove(ctx context.Context, id ID) error {
	return l.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/links/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}
