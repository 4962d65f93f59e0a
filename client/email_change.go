package client

import (
	"context"
	"net/http"
)

// Emails changes the email address of the account.
type Emails struct{ core *core }

type emailChange struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Change asks for another address. It takes effect when the mail to it is confirmed.
func (e *Emails) Change(ctx context.Context, email, accountPassword string) error {
	return e.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/email", body: emailChange{email, accountPassword}, want: http.StatusAccepted,
	})
}

// Confirm spends the token of the mail to the new address. It needs no session
// token.
func (e *Emails) Confirm(ctx context.Context, token string) error {
	return e.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/email/confirm", body: mailToken{token}, want: http.StatusNoContent, open: true,
	})
}

type resetToken struct {
	ResetToken string `json:"reset_token"`
}

func (r *resetToken) whole() bool { return r.ResetToken != "" }

// Undo spends the token of the mail to the former address, which becomes the address of the account
// again. All sessions end. Undo returns a token for [Passwords.Reset]. It needs no session token.
func (e *Emails) Undo(ctx context.Context, token string) (string, error) {
	var out resetToken
	err := e.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/email/undo", body: mailToken{token}, want: http.StatusOK, open: true,
	}, &out)
	return out.ResetToken, err
}
