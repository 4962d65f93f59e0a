package client

import (
	"context"
	"net/http"
)

// Emails is about the account's email address.
type Emails struct{ core *core }

type emailChange struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Change asks for another address, which confirms itself by mail.
func (e *Emails) Change(ctx context.Context, email, accountPassword string) error {
	return e.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/email", body: emailChange{email, accountPassword}, want: http.StatusAccepted,
	})
}

// Confirm spends the token of the mail to the new address. Nobody has to be
// signed in.
func (e *Emails) Confirm(ctx context.Context, token string) error {
	return e.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/email/confirm", body: mailToken{token}, want: http.StatusNoContent, open: true,
	})
}

type resetToken struct {
	ResetToken string `json:"reset_token"`
}

func (r *resetToken) whole() bool { return r.ResetToken != "" }

// Undo spends the token of the notice to the former address, which comes back.
// All sessions end; the token that it returns is for [Passwords.Reset]. Nobody
// has to be signed in.
func (e *Emails) Undo(ctx context.Context, token string) (string, error) {
	var out resetToken
	err := e.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/email/undo", body: mailToken{token}, want: http.StatusOK, open: true,
	}, &out)
	return out.ResetToken, err
}

// Passwords is about the account's password.
type Passwords struct{ core *core }

type passwordChange struct {
	CurrentPassword string `json:"current_password"`
	Password        string `json:"password"`
}

// newToken is the session's token from now on.
type newToken struct {
	Token string `json:"token"`
}

func (n *newToken) whole() bool { return n.Token != "" }

// Change sets another password. Other sessions end; this one goes on under the
// token that it returns, and the one before is void.
func (p *Passwords) Change(ctx context.Context, current, wanted string) (string, error) {
	var out newToken
	err := p.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/password", body: passwordChange{current, wanted}, want: http.StatusOK,
	}, &out)
	return out.Token, err
}

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

// PINs is about the account's PIN.
type PINs struct{ core *core }

type pinSet struct {
	PIN        string `json:"pin"`
	CurrentPIN string `json:"current_pin,omitempty"`
}

// Set sets the PIN. Current is the PIN until now, "" for none; the first one may
// need [ErrConfirmPassword].
func (p *PINs) Set(ctx context.Context, pin, current string) error {
	return p.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/account/pin", body: pinSet{pin, current}, want: http.StatusNoContent,
	})
}

type currentPIN struct {
	CurrentPIN string `json:"current_pin"`
}

// Remove leaves the account without a PIN.
func (p *PINs) Remove(ctx context.Context, current string) error {
	return p.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/account/pin", body: currentPIN{current}, want: http.StatusNoContent,
	})
}

type verifyPIN struct {
	PIN string `json:"pin"`
}

// Verify returns nil for the right PIN. Wrong tries are counted: they answer
// [ErrInvalid], then [ErrPINThrottled], at last [ErrPINOff].
func (p *PINs) Verify(ctx context.Context, pin string) error {
	return p.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/pin/verify", body: verifyPIN{pin}, want: http.StatusNoContent,
	})
}

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
