package client

import (
	"context"
	"net/http"
	"time"
)

// Proofs is for people who prove to a server which local user they are, where
// its owner allows that.
type Proofs struct{ core *core }

// Proof is a proof under way.
type Proof struct {
	ID        ID        `json:"id"`
	Status    string    `json:"status"` // asked, shown, done or failed
	Code      string    `json:"code"`   // to be typed or approved on the media server; "" for none
	URL       string    `json:"url"`    // a page of the agent's to go on at; "" for none
	Reason    string    `json:"reason"` // denied, expired, not_allowed or unavailable; "" unless it failed
	ExpiresAt time.Time `json:"expires_at"`
}

func (p *Proof) whole() bool { return p.ID != "" }

// Start starts a proof of who asks to a server.
func (p *Proofs) Start(ctx context.Context, serverID ID) (Proof, error) {
	var out Proof
	err := p.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/join", values: []string{string(serverID)}, want: http.StatusCreated,
	}, &out)
	return out, err
}

// Get tells how far the latest proof got.
func (p *Proofs) Get(ctx context.Context, serverID ID) (Proof, error) {
	var out Proof
	err := p.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/join", values: []string{string(serverID)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}
