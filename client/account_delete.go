package client

import (
	"context"
	"net/http"
)

// password is the password of the account, which the person types again.
type password struct {
	Password string `json:"password"`
}

// AccountDeletion says how the account is deleted.
type AccountDeletion struct {
	Password string `json:"password"`          // of the account, which the person types again
	Members  string `json:"members,omitempty"` // DeleteMembers, or ""
}

// DeleteMembers in an [AccountDeletion] deletes the members of the family whom nobody else looks after.
const DeleteMembers = "delete"

// Delete deletes the account. Servers that the person owns stay, without an owner. Members of the family go
// to the second guardian; if there is none, Delete returns [ErrMembersFirst].
func (a *Accounts) Delete(ctx context.Context, accountPassword string) error {
	return a.DeleteWith(ctx, AccountDeletion{Password: accountPassword})
}

// DeleteWith does what [Accounts.Delete] does, with more choices.
func (a *Accounts) DeleteWith(ctx context.Context, in AccountDeletion) error {
	return a.core.done(ctx, call{method: http.MethodDelete, path: "/api/v1/account", body: in, want: http.StatusNoContent})
}
