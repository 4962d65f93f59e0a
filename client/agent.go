package client

import (
	"context"
	"net/http"
	"time"
)

// Agent is for the program beside a media server. The token of its Client is the
// server key.
type Agent struct{ core *core }

// ThisServer is what the service knows of the server.
type ThisServer struct {
	ID              ID        `json:"id"`
	SystemID        string    `json:"system_id"`
	Name            string    `json:"name"`     // that people see
	OwnName         string    `json:"own_name"` // that the owner gave it; "" for none
	Owner           string    `json:"owner"`    // a username; "" when nobody claimed it
	Version         string    `json:"version"`
	SelfService     bool      `json:"self_service"`
	ChangeSeq       int64     `json:"change_seq"`              // the number of the latest change
	AcknowledgedSeq int64     `json:"acknowledged_seq"`        // up to which changes were acknowledged
	KeyExpiresAt    time.Time `json:"key_expires_at,omitzero"` // of the key that asks; zero for the present one
	Addresses       []Address `json:"addresses"`
	SeenAs          string    `json:"seen_as"` // where this request came from; "" when unknown
}

func (s *ThisServer) whole() bool { return s.ID != "" }

// Get returns what the service knows of the server.
func (a *Agent) Get(ctx context.Context) (ThisServer, error) {
	var out ThisServer
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/server", want: http.StatusOK, again: always}, &out)
	return out, err
}
