package client

import (
	"context"
	"net/http"
	"time"
)

// NewServer is a media server that registers.
type NewServer struct {
	ClaimCode string    `json:"claim_code,omitempty"` // from its owner; "" if the server has no owner yet
	Name      string    `json:"name"`
	SystemID  string    `json:"system_id"`
	Version   string    `json:"version,omitempty"`
	Addresses []Address `json:"addresses,omitempty"` // lan, vpn and wan

	// IdempotencyKey makes repetitions safe. It has 16 to 128 visible ASCII characters; if it is
	// "", the Client makes one. An agent keeps it until it has stored the server key: within a day,
	// a repetition with the same IdempotencyKey returns the same server key.
	IdempotencyKey string `json:"-"`
}

// RegisteredServer is the new server and its server key, which is a secret.
type RegisteredServer struct {
	ID  ID     `json:"id"`
	Key string `json:"key"` // for [Client.As], to use the operations of [Client.Agent]
}

func (r *RegisteredServer) whole() bool { return r.ID != "" && r.Key != "" }

// Register registers a media server. It needs no session token.
func (s *Servers) Register(ctx context.Context, in NewServer) (RegisteredServer, error) {
	header, err := s.core.idempotencyKey(in.IdempotencyKey)
	if err != nil {
		return RegisteredServer{}, err
	}
	var out RegisteredServer
	err = s.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers", header: header, body: in, want: http.StatusCreated, again: always, open: true,
	}, &out)
	return out, err
}

// ClaimCode lets one media server register as a server of the person who made the
// code.
type ClaimCode struct {
	Code      string    `json:"code"`
	ExpiresAt time.Time `json:"expires_at"`
}

// MakeClaimCode makes a claim code. The former claim code of the person ends.
func (s *Servers) MakeClaimCode(ctx context.Context) (ClaimCode, error) {
	var out ClaimCode
	err := s.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/servers/claim-codes", want: http.StatusCreated}, &out)
	return out, err
}

type claim struct {
	ServerID  ID     `json:"server_id"`
	ServerKey string `json:"server_key"`
}

// Claim makes the person the owner of a server that has no owner yet. serverKey proves that the
// person may do so. It may return [ErrConfirmPassword].
func (s *Servers) Claim(ctx context.Context, id ID, serverKey string) error {
	return s.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/claim", body: claim{id, serverKey}, want: http.StatusNoContent,
	})
}
