package client

import (
	"context"
	"net/http"
)

// mailToken is the body of a request with the token of a mailed link.
type mailToken struct {
	Token string `json:"token"`
}

// Confirm spends the token of the confirmation mail. It needs no session token.
func (a *Accounts) Confirm(ctx context.Context, token string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/accounts/confirm", body: mailToken{token}, want: http.StatusNoContent, open: true,
	})
}

type resend struct {
	PendingToken string `json:"pending_token"`
}

// Resend asks for the confirmation mail once more. It needs no session token. If the limits for
// mails are reached, no mail is sent, and the answer does not show that.
func (a *Accounts) Resend(ctx context.Context, pendingToken string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/accounts/resend", body: resend{pendingToken}, want: http.StatusAccepted, open: true,
	})
}

type correct struct {
	PendingToken string `json:"pending_token"`
	Email        string `json:"email"`
}

// Correct sends the confirmation mail to another address, after a typing mistake.
// It needs no session token.
func (a *Accounts) Correct(ctx context.Context, pendingToken, email string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/accounts/correct", body: correct{pendingToken, email},
		want: http.StatusAccepted, open: true,
	})
}
