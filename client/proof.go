package client

import (
	"context"
	"net/http"
	"time"
)

// Proofs lets people prove to a server which local user they are, if its owner
// allows that.
type Proofs struct{ core *core }

// Proof is a proof that has begun.
type Proof struct {
	ID        ID        `json:"id"`
	Status    string    `json:"status"` // asked, shown, done or failed
	Code      string    `json:"code"`   // for the person to type or approve on the media server; "" if there is no code
	URL       string    `json:"url"`    // a page of the agent on which the person continues; "" if there is no page
	Reason    string    `json:"reason"` // denied, expired, not_allowed or unavailable; "" unless it failed
	ExpiresAt time.Time `json:"expires_at"`
}

func (p *Proof) whole() bool { return p.ID != "" }

// Start begins a proof of the person to a server.
func (p *Proofs) Start(ctx context.Context, serverID ID) (Proof, error) {
	var out Proof
	err := p.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/join", values: []string{string(serverID)}, want: http.StatusCreated,
	}, &out)
	return out, err
}

// Get returns the latest proof of the person to a server.
func (p *Proofs) Get(ctx context.Context, serverID ID) (Proof, error) {
	var out Proof
	err := p.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/join", values: []string{string(serverID)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// OpenProof is a proof of a local user that waits for the agent.
type OpenProof struct {
	ID        ID        `json:"id"`
	AccountID ID        `json:"account_id"`
	Username  string    `json:"username"`
	Status    string    `json:"status"` // asked or shown
	ExpiresAt time.Time `json:"expires_at"`
}

type openProofList struct {
	Proofs []OpenProof `json:"proofs"`
}

func (l *openProofList) whole() bool { return l.Proofs != nil }

// Proofs returns the proofs that wait for the agent.
func (a *Agent) Proofs(ctx context.Context) ([]OpenProof, error) {
	var out openProofList
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/server/proofs", want: http.StatusOK, again: always}, &out)
	return out.Proofs, err
}

type propose struct {
	Code string `json:"code,omitempty"`
	URL  string `json:"url,omitempty"`
}

// ProposeProof shows the person a code, a page of the agent, or both. Pass "" for the one that
// does not exist.
func (a *Agent) ProposeProof(ctx context.Context, id ID, code, url string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/proofs/{id}/propose", values: []string{string(id)}, body: propose{code, url},
		want: http.StatusNoContent,
	})
}

type complete struct {
	LocalUser string `json:"local_user"`
}

// CompleteProof reports which local user the person proved to be. localUser is the id on the media
// server. The service then makes the link.
func (a *Agent) CompleteProof(ctx context.Context, id ID, localUser string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/proofs/{id}/complete", values: []string{string(id)}, body: complete{localUser},
		want: http.StatusNoContent,
	})
}

// These are the reasons why a proof failed.
const (
	ProofDenied      = "denied"
	ProofExpired     = "expired"
	ProofNotAllowed  = "not_allowed"
	ProofUnavailable = "unavailable"
)

type fail struct {
	Reason string `json:"reason"`
}

// FailProof reports why a proof failed.
func (a *Agent) FailProof(ctx context.Context, id ID, reason string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/proofs/{id}/fail", values: []string{string(id)}, body: fail{reason},
		want: http.StatusNoContent,
	})
}
