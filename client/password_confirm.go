package client

import (
	"context"
	"net/http"
)

// ConfirmPassword proves the password once more, which what answers
// [ErrConfirmPassword] asks for. The session goes on under the token that it
// returns, and the one before is void.
func (s *Sessions) ConfirmPassword(ctx context.Context, accountPassword string) (string, error) {
	var out newToken
	err := s.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/sessions/current/confirm", body: password{accountPassword}, want: http.StatusOK,
	}, &out)
	return out.Token, err
}
