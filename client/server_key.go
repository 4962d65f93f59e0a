package client

import (
	"context"
	"net/http"
	"time"
)

// ServerKey is a new server key. The previous key works until OverlapUntil.
type ServerKey struct {
	Key          string    `json:"key"`
	OverlapUntil time.Time `json:"overlap_until"`
}

func (k *ServerKey) whole() bool { return k.Key != "" }

// WorkingKey is a server key that works, without the key itself.
type WorkingKey struct {
	CreatedAt   time.Time `json:"created_at"`
	UsedAt      time.Time `json:"used_at,omitzero"` // its last use, to the hour; zero if it was never used
	EndsAt      time.Time `json:"ends_at,omitzero"` // zero for the newest key
	FormerOwner bool      `json:"former_owner"`     // a former owner of the server may know it
	Inherited   bool      `json:"inherited"`        // it replaced a key that a former owner may know; this ends when a key that the owner made is first used
}

type workingKeyList struct {
	Keys []WorkingKey `json:"keys"`
}

func (l *workingKeyList) whole() bool { return l.Keys != nil }

// Keys returns the working keys of a server, the newest first.
func (s *Servers) Keys(ctx context.Context, id ID) ([]WorkingKey, error) {
	var out workingKeyList
	err := s.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/keys", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out.Keys, err
}

// ReplaceKey gives a server another server key. It may return [ErrConfirmPassword].
func (s *Servers) ReplaceKey(ctx context.Context, id ID) (ServerKey, error) {
	var out ServerKey
	err := s.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/key", values: []string{string(id)}, want: http.StatusOK,
	}, &out)
	return out, err
}

// ReplaceStolenKey gives a server another server key and ends all its other keys at once. The
// server cannot call the service until it has the new key. It may return [ErrConfirmPassword].
func (s *Servers) ReplaceStolenKey(ctx context.Context, id ID) (ServerKey, error) {
	var out ServerKey
	err := s.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/key/stolen", values: []string{string(id)}, want: http.StatusOK,
	}, &out)
	return out, err
}

// EndReplacedKeys ends all keys of a server except the newest. It may return [ErrConfirmPassword].
func (s *Servers) EndReplacedKeys(ctx context.Context, id ID) error {
	return s.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/servers/{id}/keys", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

// RotateKey replaces the server key and returns the new one. The old key works for one day more.
// The answer may be lost, so keep the idempotency key until the new server key is stored: a
// repetition with the old server key and the same idempotencyKey returns the same new server key.
// The idempotencyKey has 16 to 128 visible ASCII characters; for "" the client makes one. With
// another idempotencyKey, a server key that was replaced already gets [ErrServerKeyWrong].
func (a *Agent) RotateKey(ctx context.Context, idempotencyKey string) (ServerKey, error) {
	header, err := a.core.idempotencyKey(idempotencyKey)
	if err != nil {
		return ServerKey{}, err
	}
	var out ServerKey
	err = a.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/server/key", header: header, want: http.StatusOK, again: always}, &out)
	return out, err
}
