package client

import (
	"context"
	"net/http"
	"time"
)

// ServerKey is a new server key. The one before goes on for a while.
type ServerKey struct {
	Key          string    `json:"key"`
	OverlapUntil time.Time `json:"overlap_until"`
}

func (k *ServerKey) whole() bool { return k.Key != "" }

// ReplaceKey gives a server another server key. It may answer
// [ErrConfirmPassword].
func (s *Servers) ReplaceKey(ctx context.Context, id ID) (ServerKey, error) {
	var out ServerKey
	err := s.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/key", values: []string{string(id)}, want: http.StatusOK,
	}, &out)
	return out, err
}

// RotateKey replaces the server key. The one that asks goes on for a while.
func (a *Agent) RotateKey(ctx context.Context) (ServerKey, error) {
	var out ServerKey
	err := a.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/server/key", want: http.StatusOK}, &out)
	return out, err
}
