package client

import (
	"context"
	"net/http"
)

type passwordReset struct {
	NameOrEmail string `json:"name_or_email"`
	Captcha     string `json:"captcha,omitempty"`
}

// AskReset asks for a mail that opens a new password. The answer never tells
// whether there is such an account. Captcha is the solution of one, where the
// service asks for it. Nobody has to be signed in.
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

// Reset spends the token of that mail and ends every session. Nobody has to be
// signed in.
func (p *Passwords) Reset(ctx context.Context, token, wanted string) error {
	return p.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/password-resets/redeem", body: passwordRedeem{token, wanted},
		want: http.StatusNoContent, open: true,
	})
}
