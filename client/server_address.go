package client

import (
	"context"
	"net/http"
	"time"
)

// Address is an address of a server.
type Address struct {
	Kind string `json:"kind"` // lan, vpn, wan or custom
	URL  string `json:"url"`  // with the port, and with a path if the server is below one; it never ends with a slash
}

// OwnedAddress is an address as the owner of the server sees it.
type OwnedAddress struct {
	ID         ID        `json:"id"`
	Kind       string    `json:"kind"` // lan, vpn, wan or custom
	URL        string    `json:"url"`
	Hidden     bool      `json:"hidden"`   // people do not see it
	ByOwner    bool      `json:"by_owner"` // the owner added it; the server did not report it
	ReportedAt time.Time `json:"reported_at,omitzero"`
}

type newAddress struct {
	URL string `json:"url"`
}

// AddAddress adds an address that the server does not report itself.
func (s *Servers) AddAddress(ctx context.Context, id ID, url string) (OwnedAddress, error) {
	var out OwnedAddress
	err := s.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/addresses", values: []string{string(id)}, body: newAddress{url},
		want: http.StatusCreated,
	}, &out)
	return out, err
}

// AddressChange holds the changes to an address. A nil or empty field changes
// nothing.
type AddressChange struct {
	Hidden *bool  `json:"hidden,omitempty"`
	Move   string `json:"move,omitempty"` // "up" or "down", among the addresses that the owner added
}

// ChangeAddress changes an address of a server.
func (s *Servers) ChangeAddress(ctx context.Context, id, addressID ID, in AddressChange) error {
	return s.core.done(ctx, call{
		method: http.MethodPatch, path: "/api/v1/servers/{id}/addresses/{address_id}", values: []string{string(id), string(addressID)},
		body: in, want: http.StatusNoContent,
	})
}

// RemoveAddress removes an address of a server.
func (s *Servers) RemoveAddress(ctx context.Context, id, addressID ID) error {
	return s.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/servers/{id}/addresses/{address_id}", values: []string{string(id), string(addressID)},
		want: http.StatusNoContent, again: untilGone,
	})
}
