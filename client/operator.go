package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Operators has the operations for the people who run the service. Everybody else
// gets [ErrOperatorsOnly]. Operations that change something may return
// [ErrConfirmPassword].
type Operators struct{ core *core }

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

// Accounts iterates over the accounts whose username or address begins with prefix,
// in the order of usernames. It iterates over all accounts if prefix is "".
func (o *Operators) Accounts(ctx context.Context, prefix string) iter.Seq2[OperatedAccount, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[OperatedAccount], error) {
		return o.AccountsPage(ctx, prefix, ask)
	})
}

// AccountsPage returns one page of the accounts.
func (o *Operators) AccountsPage(ctx context.Context, prefix string, ask PageAsk) (Page[OperatedAccount], error) {
	query := url.Values{}
	if prefix != "" {
		query.Set("prefix", prefix)
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

// OperatedServer is a server as operators see it.
type OperatedServer struct {
	ID           ID        `json:"id"`
	SystemID     string    `json:"system_id"`
	Name         string    `json:"name"`          // the name that people see
	ReportedName string    `json:"reported_name"` // the name that the server reports
	Kind         string    `json:"kind"`          // emby or agent
	Version      string    `json:"version"`
	Owner        string    `json:"owner"` // a username; "" while nobody has claimed the server
	CreatedAt    time.Time `json:"created_at"`
	ClaimedAt    time.Time `json:"claimed_at,omitzero"`
	LastSeenAt   time.Time `json:"last_seen_at"`
	DisabledAt   time.Time `json:"disabled_at,omitzero"`
}

// OperatedServerDetail is one server as operators see it. It does not say which
// people use the server, because that concerns only them and the owner.
type OperatedServerDetail struct {
	OperatedServer
	Addresses []OperatedAddress `json:"addresses"`
	People    int               `json:"people"`
	Pending   int               `json:"pending"`
}

func (s *OperatedServerDetail) whole() bool { return s.ID != "" }

// OperatedAddress is an address of a server as operators see it.
type OperatedAddress struct {
	Kind    string `json:"kind"` // lan, vpn, wan or custom
	URL     string `json:"url"`
	Hidden  bool   `json:"hidden"`
	ByOwner bool   `json:"by_owner"`
}

// Servers iterates over all servers in the order of their registration.
func (o *Operators) Servers(ctx context.Context) iter.Seq2[OperatedServer, error] {
	return all(ctx, o.ServersPage)
}

// ServersPage returns one page of the servers.
func (o *Operators) ServersPage(ctx context.Context, ask PageAsk) (Page[OperatedServer], error) {
	return fetchPage[OperatedServer](ctx, o.core, ask, "/api/v1/operator/servers", nil)
}

// Server returns one server.
func (o *Operators) Server(ctx context.Context, id ID) (OperatedServerDetail, error) {
	var out OperatedServerDetail
	err := o.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/operator/servers/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// DisableServer makes the service refuse the key of a server and hide the server
// from its people.
func (o *Operators) DisableServer(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/servers/{id}/disable", id)
}

// EnableServer ends the effect of [Operators.DisableServer].
func (o *Operators) EnableServer(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodPost, "/api/v1/operator/servers/{id}/enable", id)
}

// DeleteServer removes a server and all links with it.
func (o *Operators) DeleteServer(ctx context.Context, id ID) error {
	return o.act(ctx, http.MethodDelete, "/api/v1/operator/servers/{id}", id)
}

func (o *Operators) act(ctx context.Context, method, path string, id ID) error {
	k := call{method: method, path: path, values: []string{string(id)}, want: http.StatusNoContent}
	if method == http.MethodDelete {
		k.again = untilGone
	}
	return o.core.done(ctx, k)
}
