package client

import (
	"context"
	"net/http"
)

// password is the account's, once more.
type password struct {
	Password string `json:"password"`
}

// Delete deletes the account. Servers of its own stay and belong to nobody.
func (a *Accounts) Delete(ctx context.Context, accountPassword string) error {
	return a.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/account", body: password{accountPassword}, want: http.StatusNoContent,
	})
}
