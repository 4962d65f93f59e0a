package client

import (
	"context"
	"net/http"
	"time"
)

type agentLinkList struct {
	Links []AgentLink `json:"links"`
}

func (l *agentLinkList) whole() bool { return l.Links != nil }

// Links returns all links of the server.
func (a *Agent) Links(ctx context.Context) ([]AgentLink, error) {
	var out agentLinkList
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/server/links", want: http.StatusOK, again: always}, &out)
	return out.Links, err
}

// AskLink is a link that a server asks for.
type AskLink struct {
	To          string `json:"to"`                     // a username
	LocalUser   string `json:"local_user,omitempty"`   // what the media server calls it; "" for none yet
	Type        string `json:"type"`                   // Linked or Guest
	RequestedBy string `json:"requested_by,omitempty"` // who asks, as the person will read it
}

// AskForLink asks for a link. The person has to accept it.
func (a *Agent) AskForLink(ctx context.Context, in AskLink) (AgentLink, error) {
	var out AgentLink
	err := a.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/server/links", body: in, want: http.StatusCreated}, &out)
	return out, err
}

// EndLink ends a link of the server.
func (a *Agent) EndLink(ctx context.Context, id ID) error {
	return a.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/server/links/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
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
