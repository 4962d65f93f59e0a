package client

import (
	"context"
	"net/http"
	"time"
)

// NewServer is a media server that registers.
type NewServer struct {
	ClaimCode string    `json:"claim_code,omitempty"` // of its owner; "" for a server of nobody's yet
	Name      string    `json:"name"`
	SystemID  string    `json:"system_id"`
	Version   string    `json:"version,omitempty"`
	Addresses []Address `json:"addresses,omitempty"` // lan, vpn and wan

	// IdempotencyKey makes repetitions safe: made up when it is "". It has 16 to 128
	// visible characters of ASCII. An agent keeps one until it has stored the server
	// key: within a day, the same one gets the same server key again.
	IdempotencyKey string `json:"-"`
}

// RegisteredServer is the new server and its server key, which is a secret.
type RegisteredServer struct {
	ID  ID     `json:"id"`
	Key string `json:"key"` // for [Client.As], and then [Client.Agent]
}

func (r *RegisteredServer) whole() bool { return r.ID != "" && r.Key != "" }

// Register registers a media server. Nobody has to be signed in.
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

// ClaimCode lets a media server register as one of who asked for it, once.
type ClaimCode struct {
	Code      string    `json:"code"`
	ExpiresAt time.Time `json:"expires_at"`
}

// MakeClaimCode makes a claim code; the one before is void.
func (s *Servers) MakeClaimCode(ctx context.Context) (ClaimCode, error) {
	var out ClaimCode
	err := s.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/servers/claim-codes", want: http.StatusCreated}, &out)
	return out, err
}

type claim struct {
	ServerID  ID     `json:"server_id"`
	ServerKey string `json:"server_key"`
}

// Claim makes a server of nobody's one of who asks, proved by its server key. It
// may answer [ErrConfirmPassword].
func (s *Servers) Claim(ctx context.Context, id ID, serverKey string) error {
	return s.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/claim", body: claim{id, serverKey}, want: http.StatusNoContent,
	})
}
