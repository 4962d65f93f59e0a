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

// ProposeProof shows the person a code, or a page of the agent's own; "" for
// what there is none of.
func (a *Agent) ProposeProof(ctx context.Context, id ID, code, url string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/proofs/{id}/propose", values: []string{string(id)}, body: propose{code, url},
		want: http.StatusNoContent,
	})
}

type complete struct {
	LocalUser string `json:"local_user"`
}

// CompleteProof says which local user was proved, by what the media server calls
// it. That makes the link.
func (a *Agent) CompleteProof(ctx context.Context, id ID, localUser string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/proofs/{id}/complete", values: []string{string(id)}, body: complete{localUser},
		want: http.StatusNoContent,
	})
}

// Why a proof failed.
const (
	ProofDenied      = "denied"
	ProofExpired     = "expired"
	ProofNotAllowed  = "not_allowed"
	ProofUnavailable = "unavailable"
)

type fail struct {
	Reason string `json:"reason"`
}

// FailProof says why nothing was proved.
func (a *Agent) FailProof(ctx context.Context, id ID, reason string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/proofs/{id}/fail", values: []string{string(id)}, body: fail{reason},
		want: http.StatusNoContent,
	})
}
