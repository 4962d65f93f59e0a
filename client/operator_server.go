package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// OperatedServer is a server as operators see it.
type OperatedServer struct {
	ID           ID        `json:"id"`
	SystemID     string    `json:"system_id"`
	Name         string    `json:"name"`          // the name that people see
	ReportedName string    `json:"reported_name"` // the name that the server reports
	Kind         string    `json:"kind"`          // emby or agent
	Version      string    `json:"version"`
	Owner        string    `json:"owner"` // a username; "" while nobody has claimed the server
	CreatedAt    time.Time `json:"created_at"`
	ClaimedAt    time.Time `json:"claimed_at,omitzero"`
	LastSeenAt   time.Time `json:"last_seen_at"`
	DisabledAt   time.Time `json:"disabled_at,omitzero"`
}

// OperatedServerDetail is one server as operators see it. It does not say which
// people use the server, because that concerns only them and the owner.
type OperatedServerDetail struct {
	OperatedServer
	Addresses []OperatedAddress `json:"addresses"`
	People    int               `json:"people"`
	Pending   int               `json:"pending"`
	Invites   int               `json:"invites"` // that can still be accepted
}

func (s *OperatedServerDetail) whole() bool { return s.ID != "" }

// OperatedAddress is an address of a server as operators see it.
type OperatedAddress struct {
	Kind    string `json:"kind"` // lan, vpn, wan or custom
	URL     string `json:"url"`
	Hidden  bool   `json:"hidden"`
	ByOwner bool   `json:"by_owner"`
}

// The values of the parameter state of [Operators.Servers].
const (
	ServersAway      = "away" // the agent is silent
	ServersUnclaimed = "unclaimed"
	ServersDisabled  = "disabled"
)

// Servers iterates over the servers in one state, or over all servers if state is "", in the order of their registration.
func (o *Operators) Servers(ctx context.Context, state string) iter.Seq2[OperatedServer, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[OperatedServer], error) {
		return o.ServersPage(ctx, state, ask)
	})
}

// ServersPage returns one page of the servers.
func (o *Operators) ServersPage(ctx context.Context, state string, ask PageAsk) (Page[OperatedServer], error) {
	return fetchPage[OperatedServer](ctx, o.core, ask, "/api/v1/operator/servers", ofState(state))
}

// Server returns one server.
func (o *Operators) Server(ctx context.Context, id ID) (OperatedServerDetail, error) {
	var out OperatedServerDetail
	err := o.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/operator/servers/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// DisableServer makes the service refuse the key of a server and hide the server
// from its people.
func (o *Operators) DisableServer(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/servers/{id}/disable", id)
}

// EnableServer ends the effect of [Operators.DisableServer].
func (o *Operators) EnableServer(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/servers/{id}/enable", id)
}

// DeleteServer removes a server and all links with it.
func (o *Operators) DeleteServer(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodDelete, "/api/v1/operator/servers/{id}", id)
}
