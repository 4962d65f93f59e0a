package client

import (
	"context"
	"net/http"
	"time"
)

// OwnedServer is a server as its owner sees it.
type OwnedServer struct {
	ID          ID        `json:"id"`
	SystemID    string    `json:"system_id"`
	Name        string    `json:"name"`     // the name that people see
	OwnName     string    `json:"own_name"` // the name that the owner gave it; "" if the owner gave none
	Kind        string    `json:"kind"`     // emby or agent
	Version     string    `json:"version"`
	Picture     string    `json:"picture"`      // as in [Account]
	SelfService bool      `json:"self_service"` // whether people may join by proving which local user they are
	People      int       `json:"people"`
	Pending     int       `json:"pending"`
	CreatedAt   time.Time `json:"created_at"`
	LastSeenAt  time.Time `json:"last_seen_at,omitzero"`
	Disabled    bool      `json:"disabled"` // an operator disabled it
}

// OwnedServerDetail is one server as its owner sees it, with all details.
type OwnedServerDetail struct {
	OwnedServer
	LinkedPasswords bool           `json:"linked_passwords"` // linked people, too, may give their local user a password
	StartNote       string         `json:"start_note"`       // what people who want to get in are told; "" for nothing
	Addresses       []OwnedAddress `json:"addresses"`
	Libraries       []Library      `json:"libraries"`
}

func (o *OwnedServerDetail) whole() bool { return o.ID != "" }

type ownedServerList struct {
	Servers []OwnedServer `json:"servers"`
}

func (l *ownedServerList) whole() bool { return l.Servers != nil }

// Owned returns the servers that the person owns.
func (s *Servers) Owned(ctx context.Context) ([]OwnedServer, error) {
	var out ownedServerList
	err := s.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/servers/owned", want: http.StatusOK, again: always}, &out)
	return out.Servers, err
}

// Get returns a server that the person owns.
func (s *Servers) Get(ctx context.Context, id ID) (OwnedServerDetail, error) {
	var out OwnedServerDetail
	err := s.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// ServerChange holds the changes to a server. A nil field changes nothing.
type ServerChange struct {
	Name            *string `json:"name,omitempty"` // "" for the name that the server reports
	SelfService     *bool   `json:"self_service,omitempty"`
	LinkedPasswords *bool   `json:"linked_passwords,omitempty"`
	StartNote       *string `json:"start_note,omitempty"` // "" for nothing; at most 500 characters
}

// Change changes a server and returns the changed server.
func (s *Servers) Change(ctx context.Context, id ID, in ServerChange) (OwnedServerDetail, error) {
	var out OwnedServerDetail
	err := s.core.fetch(ctx, call{
		method: http.MethodPatch, path: "/api/v1/servers/{id}", values: []string{string(id)}, body: in, want: http.StatusOK,
	}, &out)
	return out, err
}

// Remove removes a server and all its links. It may return [ErrConfirmPassword].
func (s *Servers) Remove(ctx context.Context, id ID) error {
	return s.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/servers/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

type handOver struct {
	Username string `json:"username"`
}

// HandOver makes another person the owner of a server. It may return
// [ErrConfirmPassword].
func (s *Servers) HandOver(ctx context.Context, id ID, username string) error {
	return s.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/hand-over", values: []string{string(id)}, body: handOver{username},
		want: http.StatusNoContent,
	})
}
