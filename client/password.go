package client

import (
	"context"
	"net/http"
)

// Passwords is about the account's password.
type Passwords struct{ core *core }

type passwordChange struct {
	CurrentPassword string `json:"current_password"`
	Password        string `json:"password"`
}

// newToken contains the token that the session has from now on.
type newToken struct {
	Token string `json:"token"`
}

func (n *newToken) whole() bool { return n.Token != "" }

// Change replaces the password and returns a new token for this session. The old
// token stops working, and all other sessions of the account end.
func (p *Passwords) Change(ctx context.Context, current, wanted string) (string, error) {
	var out newToken
	err := p.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/password", body: passwordChange{current, wanted}, want: http.StatusOK,
	}, &out)
	return out.Token, err
}
