package client

import (
	"context"
	"net/http"
	"time"
)

// Agent has the operations for the program beside a media server. The token of
// its Client is the server key.
type Agent struct{ core *core }

// ThisServer is the server as the service knows it.
type ThisServer struct {
	ID              ID        `json:"id"`
	SystemID        string    `json:"system_id"`
	Name            string    `json:"name"`      // the name that people see
	OwnName         string    `json:"own_name"`  // the name that the owner gave it; "" if the owner gave none
	Owner           string    `json:"owner"`     // a username; "" while nobody has claimed the server
	TimeZone        string    `json:"time_zone"` // of the owner, such as "Europe/Berlin"; "" while it is not known
	Version         string    `json:"version"`
	SelfService     bool      `json:"self_service"`
	ChangeSeq       int64     `json:"change_seq"`              // the number of the latest change
	AcknowledgedSeq int64     `json:"acknowledged_seq"`        // the number of the last acknowledged change
	KeyExpiresAt    time.Time `json:"key_expires_at,omitzero"` // the end of the key that this request used; zero for the newest key
	KeyHandedOver   bool      `json:"key_handed_over"`         // a former owner may know the key that this request used: see [Agent.RotateKey]
	Addresses       []Address `json:"addresses"`
	SeenAs          string    `json:"seen_as"` // where this request came from; "" when unknown
}

func (s *ThisServer) whole() bool { return s.ID != "" }

// Get returns the server as the service knows it.
func (a *Agent) Get(ctx context.Context) (ThisServer, error) {
	var out ThisServer
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/server", want: http.StatusOK, again: always}, &out)
	return out, err
}
