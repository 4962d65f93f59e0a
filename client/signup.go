package client

import (
	"context"
	"net/http"
)

// SignUp is an account to be made.
type SignUp struct {
	Username    string `json:"username"`
	DisplayName string `json:"display_name,omitempty"`
	Email       string `json:"email"`
	Password    string `json:"password"`
	Language    string `json:"language,omitempty"` // "": the language of WithLanguage, if the service speaks it
	Captcha     string `json:"captcha,omitempty"`  // the solution, where the service asks for one
	Invite      string `json:"invite,omitempty"`   // the token of an invite's mail

	// IdempotencyKey makes repetitions safe: made up when it is "". It has 16 to 128
	// visible characters of ASCII. A program that goes on after a restart of its
	// own keeps one.
	IdempotencyKey string `json:"-"`
}

// PendingAccount is an account whose address is to be confirmed by mail.
type PendingAccount struct {
	Username     string `json:"username"`
	PendingToken string `json:"pending_token"` // for Resend and Correct
}

// SignUp makes an account that waits for its confirmation. Nobody has to be
// signed in. An address that has an account already is answered alike.
func (a *Accounts) SignUp(ctx context.Context, in SignUp) (PendingAccount, error) {
	header, err := a.core.idempotencyKey(in.IdempotencyKey)
	if err != nil {
		return PendingAccount{}, err
	}
	var out PendingAccount
	err = a.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/accounts", header: header, body: in, want: http.StatusAccepted, again: always, open: true,
	}, &out)
	return out, err
}
