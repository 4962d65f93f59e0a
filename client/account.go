package client

import (
	"context"
	"net/http"
	"time"
)

// Accounts reads and changes the account of the person who is signed in.
type Accounts struct{ core *core }

// Account is the account of the person whose session token the Client has.
type Account struct {
	ID           ID        `json:"id"`
	Username     string    `json:"username"`
	DisplayName  string    `json:"display_name"`
	Email        string    `json:"email"`         // "" if the account has no address
	PendingEmail string    `json:"pending_email"` // a new address that is not confirmed yet; "" if there was no such request
	Language     string    `json:"language"`
	TimeZone     string    `json:"time_zone"` // in which mails tell times, "Europe/Berlin"; "" for UTC
	Picture      string    `json:"picture"`   // its address: resolve it against the address of the service; "" for none
	HasPIN       bool      `json:"has_pin"`
	Operator     bool      `json:"operator"`
	CreatedAt    time.Time `json:"created_at"`
	ConfirmedAt  time.Time `json:"confirmed_at,omitzero"`
}

func (a *Account) whole() bool { return a.ID != "" }

// Get returns the account of the person who is signed in.
func (a *Accounts) Get(ctx context.Context) (Account, error) {
	var out Account
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/account", want: http.StatusOK, again: always}, &out)
	return out, err
}

// Profile holds the changes to an account. A nil field changes nothing.
type Profile struct {
	Username    *string `json:"username,omitempty"`
	DisplayName *string `json:"display_name,omitempty"` // "" removes it
	Language    *string `json:"language,omitempty"`
	TimeZone    *string `json:"time_zone,omitempty"` // "" for UTC
}

// Change changes the profile and returns the changed account.
func (a *Accounts) Change(ctx context.Context, in Profile) (Account, error) {
	var out Account
	err := a.core.fetch(ctx, call{method: http.MethodPatch, path: "/api/v1/account", body: in, want: http.StatusOK}, &out)
	return out, err
}
