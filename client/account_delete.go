package client

import (
	"context"
	"net/http"
)

// password is the password of the account, which the person types again.
type password struct {
	Password string `json:"password"`
}

// Delete deletes the account. Servers that the person owns stay, without an owner.
func (a *Accounts) Delete(ctx context.Context, accountPassword string) error {
	return a.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/account", body: password{accountPassword}, want: http.StatusNoContent,
	})
}
