package client

import (
	"context"
	"net/http"
)

// ConfirmPassword proves the password once more, for operations that return
// [ErrConfirmPassword]. It returns a new token for this session; the old one stops
// working.
func (s *Sessions) ConfirmPassword(ctx context.Context, accountPassword string) (string, error) {
	var out newToken
	err := s.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/sessions/current/confirm", body: password{accountPassword}, want: http.StatusOK,
	}, &out)
	return out.Token, err
}
