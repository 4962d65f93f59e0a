package client

import (
	"context"
	"net/http"
)

// AskReset asks for a mail that opens a new PIN.
func (p *PINs) AskReset(ctx context.Context) error {
	return p.core.done(ctx, call{method: http.MethodPost, path: "/api/v1/account/pin/resets", want: http.StatusAccepted})
}

type pinRedeem struct {
	Token string `json:"token"`
	PIN   string `json:"pin"`
}

// Reset spends the token of that mail. Nobody has to be signed in.
func (p *PINs) Reset(ctx context.Context, token, pin string) error {
	return p.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/pin/resets/redeem", body: pinRedeem{token, pin},
		want: http.StatusNoContent, open: true,
	})
}

type pinReplace struct {
	Password string `json:"password"`
	PIN      string `json:"pin"`
}

// Replace sets another PIN by the account's password.
func (p *PINs) Replace(ctx context.Context, accountPassword, pin string) error {
	return p.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/pin/replace", body: pinReplace{accountPassword, pin}, want: http.StatusNoContent,
	})
}
