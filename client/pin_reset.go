package client

import (
	"context"
	"net/http"
)

// AskReset asks for a mail with a link by which the person chooses a new PIN.
func (p *PINs) AskReset(ctx context.Context) error {
	return p.core.done(ctx, call{method: http.MethodPost, path: "/api/v1/account/pin/resets", want: http.StatusAccepted})
}

type pinRedeem struct {
	Token string `json:"token"`
	PIN   string `json:"pin"`
}

// Reset spends the token of the mail that [PINs.AskReset] asks for, and sets the PIN.
// It needs no session token.
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

// Replace sets another PIN, for a person who does not know the old one but types the
// account's password.
func (p *PINs) Replace(ctx context.Context, accountPassword, pin string) error {
	return p.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/pin/replace", body: pinReplace{accountPassword, pin}, want: http.StatusNoContent,
	})
}
