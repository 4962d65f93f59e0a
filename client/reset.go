package client

import (
	"context"
	"net/http"
)

type passwordReset struct {
	NameOrEmail string `json:"name_or_email"`
	Captcha     string `json:"captcha,omitempty"`
}

// AskReset asks for a mail with a link by which the person chooses a new password. The answer never
// shows whether the account exists. captcha is the solution of a captcha, if the service asks for
// one. AskReset needs no session token.
func (p *Passwords) AskReset(ctx context.Context, nameOrEmail, captcha string) error {
	return p.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/password-resets", body: passwordReset{nameOrEmail, captcha},
		want: http.StatusAccepted, open: true,
	})
}

type passwordRedeem struct {
	Token    string `json:"token"`
	Password string `json:"password"`
}

// Reset spends the token of the mail that [Passwords.AskReset] asks for, sets the
// password, and ends every session. It needs no session token.
func (p *Passwords) Reset(ctx context.Context, token, wanted string) error {
	return p.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/password-resets/redeem", body: passwordRedeem{token, wanted},
		want: http.StatusNoContent, open: true,
	})
}
