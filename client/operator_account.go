package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// OperatedAccount is an account as operators see it.
type OperatedAccount struct {
	ID                ID        `json:"id"`
	Username          string    `json:"username"`
	DisplayName       string    `json:"display_name"`
	Email             string    `json:"email"` // "" if the account has no address
	Language          string    `json:"language"`
	Operator          bool      `json:"operator"`
	HasPIN            bool      `json:"has_pin"`
	PINOff            bool      `json:"pin_off"` // it was switched off after too many wrong tries
	PasswordChangedAt time.Time `json:"password_changed_at"`
	CreatedAt         time.Time `json:"created_at"`
	ConfirmedAt       time.Time `json:"confirmed_at,omitzero"`
	DisabledAt        time.Time `json:"disabled_at,omitzero"`
}

func (a *OperatedAccount) whole() bool { return a.ID != "" }

// The values of [AccountsAsk.State].
const (
	AccountsActive      = "active"
	AccountsUnconfirmed = "unconfirmed"
	AccountsDisabled    = "disabled"
	AccountsOperators   = "operators"
)

// AccountsAsk says which accounts to list. The zero value lists all.
type AccountsAsk struct {
	Prefix string // the beginning of a username or of an address; "" for all
	State  string // AccountsActive or another; "" for all
}

// Accounts iterates over accounts in the order of usernames.
func (o *Operators) Accounts(ctx context.Context, which AccountsAsk) iter.Seq2[OperatedAccount, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[OperatedAccount], error) {
		return o.AccountsPage(ctx, which, ask)
	})
}

// AccountsPage returns one page of the accounts.
func (o *Operators) AccountsPage(ctx context.Context, which AccountsAsk, ask PageAsk) (Page[OperatedAccount], error) {
	query := url.Values{}
	if which.Prefix != "" {
		query.Set("prefix", which.Prefix)
	}
	if which.State != "" {
		query.Set("state", which.State)
	}
	return fetchPage[OperatedAccount](ctx, o.core, ask, "/api/v1/operator/accounts", query)
}

// Account returns one account.
func (o *Operators) Account(ctx context.Context, id ID) (OperatedAccount, error) {
	var out OperatedAccount
	err := o.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/operator/accounts/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// DisableAccount ends all sessions of an account and prevents new ones.
func (o *Operators) DisableAccount(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/accounts/{id}/disable", id)
}

// EnableAccount ends the effect of [Operators.DisableAccount].
func (o *Operators) EnableAccount(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/accounts/{id}/enable", id)
}

// SendReset sends the mail with which the person chooses a new password.
func (o *Operators) SendReset(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/accounts/{id}/send-reset", id)
}

// ConfirmAccount confirms an account without its mail.
func (o *Operators) ConfirmAccount(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/accounts/{id}/confirm", id)
}

// UnlockAccount lifts the limits that stop an account, except those of its PIN.
func (o *Operators) UnlockAccount(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/accounts/{id}/unlock", id)
}

// EndAccountSessions ends all sessions of an account.
func (o *Operators) EndAccountSessions(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/accounts/{id}/end-sessions", id)
}

// MakeOperator makes an account an operator.
func (o *Operators) MakeOperator(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPut, "/api/v1/operator/accounts/{id}/operator", id)
}

// EndOperator makes an operator an ordinary account. The last operator stays one.
func (o *Operators) EndOperator(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodDelete, "/api/v1/operator/accounts/{id}/operator", id)
}

// DeleteAccount erases an account with all data of the person.
func (o *Operators) DeleteAccount(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodDelete, "/api/v1/operator/accounts/{id}", id)
}

// AccountThrottles returns the counters that refuse tries of an account now.
func (o *Operators) AccountThrottles(ctx context.Context, id ID) ([]Throttled, error) {
	var out throttles
	err := o.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/operator/accounts/{id}/throttles", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out.Throttles, err
}
