package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// Accounts is about accounts and what they say of a person.
type Accounts struct{ core *core }

// Account is the account of who asks.
type Account struct {
	ID           ID        `json:"id"`
	Username     string    `json:"username"`
	DisplayName  string    `json:"display_name"`
	Email        string    `json:"email"`         // "" for people without an address
	PendingEmail string    `json:"pending_email"` // asked for and not yet confirmed; "" for none
	Language     string    `json:"language"`
	HasPIN       bool      `json:"has_pin"`
	Operator     bool      `json:"operator"`
	CreatedAt    time.Time `json:"created_at"`
	ConfirmedAt  time.Time `json:"confirmed_at,omitzero"`
}

func (a *Account) whole() bool { return a.ID != "" }

// SignUp is an account to be made.
type SignUp struct {
	Username    string `json:"username"`
	DisplayName string `json:"display_name,omitempty"`
	Email       string `json:"email"`
	Password    string `json:"password"`
	Language    string `json:"language,omitempty"` // "": the one of WithLanguage, where the service speaks it
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

// mailToken is what a mailed link brings.
type mailToken struct {
	Token string `json:"token"`
}

// Confirm spends the token of the confirmation mail. Nobody has to be signed in.
func (a *Accounts) Confirm(ctx context.Context, token string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/accounts/confirm", body: mailToken{token}, want: http.StatusNoContent, open: true,
	})
}

type resend struct {
	PendingToken string `json:"pending_token"`
}

// Resend asks for the confirmation mail once more. Nobody has to be signed in.
// Over the limits no mail is sent, and the answer does not tell.
func (a *Accounts) Resend(ctx context.Context, pendingToken string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/accounts/resend", body: resend{pendingToken}, want: http.StatusAccepted, open: true,
	})
}

type correct struct {
	PendingToken string `json:"pending_token"`
	Email        string `json:"email"`
}

// Correct sends the confirmation to another address, for one that was mistyped.
// Nobody has to be signed in.
func (a *Accounts) Correct(ctx context.Context, pendingToken, email string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/accounts/correct", body: correct{pendingToken, email},
		want: http.StatusAccepted, open: true,
	})
}

// Get returns the account of who asks.
func (a *Accounts) Get(ctx context.Context) (Account, error) {
	var out Account
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/account", want: http.StatusOK, again: always}, &out)
	return out, err
}

// Profile is what is to be changed of an account; what is nil stays.
type Profile struct {
	Username    *string `json:"username,omitempty"`
	DisplayName *string `json:"display_name,omitempty"` // "" for none
	Language    *string `json:"language,omitempty"`
}

// Change changes the profile and returns the account as it is then.
func (a *Accounts) Change(ctx context.Context, in Profile) (Account, error) {
	var out Account
	err := a.core.fetch(ctx, call{method: http.MethodPatch, path: "/api/v1/account", body: in, want: http.StatusOK}, &out)
	return out, err
}

// password is the account's, once more.
type password struct {
	Password string `json:"password"`
}

// Delete deletes the account. Servers of its own stay and belong to nobody.
func (a *Accounts) Delete(ctx context.Context, accountPassword string) error {
	return a.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/account", body: password{accountPassword}, want: http.StatusNoContent,
	})
}

// Export returns all that is stored about the account: a document for the person
// to keep, so it comes as it is. It may answer [ErrConfirmPassword].
func (a *Accounts) Export(ctx context.Context) (json.RawMessage, error) {
	var out json.RawMessage
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/account/export", want: http.StatusOK, again: always}, &out)
	return out, err
}

// Event is something that happened to the account.
type Event struct {
	ID      ID        `json:"id"`
	Kind    string    `json:"kind"`
	Address string    `json:"address"` // "" when unknown
	Device  string    `json:"device"`  // "" when unknown
	At      time.Time `json:"at"`
}

// History goes through what happened to the account, the newest first.
func (a *Accounts) History(ctx context.Context) iter.Seq2[Event, error] {
	return all(ctx, a.HistoryPage)
}

// HistoryPage returns one page of History.
func (a *Accounts) HistoryPage(ctx context.Context, ask PageAsk) (Page[Event], error) {
	var out Page[Event]
	err := a.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/account/history", query: ask.query(nil), want: http.StatusOK, again: always,
	}, &out)
	return out, err
}
