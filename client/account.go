package client

import (
	"context"
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
