package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Links is about the links of who asks: account ↔ local user on one server.
type Links struct{ core *core }

// Status of a link.
const (
	Pending  = "pending"  // waits for the person
	Accepted = "accepted" // in use
)

// Type of a link.
const (
	Linked = "linked" // to a local user that was there
	Guest  = "guest"  // to one that is made for the link
)

// Link is a link as its person sees it.
type Link struct {
	ID          ID         `json:"id"`
	Status      string     `json:"status"` // Pending or Accepted
	Type        string     `json:"type"`   // Linked or Guest
	Server      LinkServer `json:"server"`
	RequestedBy string     `json:"requested_by"` // as the server says
	CreatedAt   time.Time  `json:"created_at"`
	AcceptedAt  time.Time  `json:"accepted_at,omitzero"`
	EndsAt      time.Time  `json:"ends_at,omitzero"` // zero for no end
}

// LinkServer is the server of a link.
type LinkServer struct {
	ID       ID     `json:"id"`
	SystemID string `json:"system_id"` // what the media server calls its id
	Name     string `json:"name"`
	Kind     string `json:"kind"`     // emby or agent
	Disabled bool   `json:"disabled"` // an operator shut it out: the link can only be left or declined
}

type linkList struct {
	Links []Link `json:"links"`
}

func (l *linkList) whole() bool { return l.Links != nil }

// List returns the links with a status, [Pending] or [Accepted]; with "" both.
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
