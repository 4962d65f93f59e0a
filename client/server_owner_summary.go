package client

import (
	"context"
	"net/http"
	"time"
)

// ServerSummary has the facts that an owner has to know about a server.
type ServerSummary struct {
	ID           ID        `json:"id"`
	Name         string    `json:"name"`
	Kind         string    `json:"kind"`
	Version      string    `json:"version"`       // of the media server
	AgentVersion string    `json:"agent_version"` // "" while the agent has not told it
	Away         bool      `json:"away"`          // its agent does not call
	LastSeenAt   time.Time `json:"last_seen_at"`
	UpSince      time.Time `json:"up_since,omitzero"`  // when it called after an absence; zero while that is not known
	StatesAt     time.Time `json:"states_at,omitzero"` // when the agent told the states of local users last; zero for never
	People       int       `json:"people"`
	Pending      int       `json:"pending"`     // links that wait for the answer of their person
	KeptOut      int       `json:"kept_out"`    // people whom something keeps out
	NotAllowed   int       `json:"not_allowed"` // those of KeptOut who wait for the yes of the agent's admin
	Free         int       `json:"free"`        // local users without a link
	Invites      int       `json:"invites"`     // invites that can be accepted
	Troubles     []string  `json:"troubles"`    // disabled, away, not_allowed, kept_out, quick_connect, no_address, only_home, checks or warnings; the worst first
}

// Summary returns the most important facts about a server for its owner.
func (s *Servers) Summary(ctx context.Context, id ID) (ServerSummary, error) {
	var out ServerSummary
	err := s.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/servers/{id}/summary", values: []string{string(id)}, want: http.StatusOK, again: always}, &out)
	return out, err
}
