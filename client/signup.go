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

	// IdempotencyKey makes repetitions safe. It has 16 to 128 visible ASCII characters;
	// if it is "", the Client makes one. A program that must be able to repeat the
	// request after a restart keeps its own.
	IdempotencyKey string `json:"-"`
}

// PendingAccount is an account whose address has to be confirmed by mail.
type PendingAccount struct {
	Username     string `json:"username"`
	PendingToken string `json:"pending_token"` // for Resend and Correct
}

// SignUp makes an account that waits for its confirmation. It needs no session token.
// The answer does not show whether the address has an account already.
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
