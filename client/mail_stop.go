package client

import (
	"context"
	"net/http"
)

// InviteMails says whether invitations come by mail to the address of the account.
type InviteMails struct {
	On bool `json:"on"`
}

// InviteMails returns whether invitations come by mail to the address of the account.
func (a *Accounts) InviteMails(ctx context.Context) (InviteMails, error) {
	var out InviteMails
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/account/invite-mails", want: http.StatusOK, again: always}, &out)
	return out, err
}

// SetInviteMails stops the invitations by mail to the address of the account, or allows them
// again, and returns the new state. It changes this for the mailbox, whatever tag the address has
// after a plus. Mails about the account still come.
func (a *Accounts) SetInviteMails(ctx context.Context, on bool) (InviteMails, error) {
	var out InviteMails
	err := a.core.fetch(ctx, call{method: http.MethodPut, path: "/api/v1/account/invite-mails", body: InviteMails{on}, want: http.StatusOK}, &out)
	return out, err
}
