package client

import (
	"context"
	"net/http"
	"time"
)

// LocalPasswords gives the local user of a person on a server a password, for apps that cannot
// sign in by Quick Connect. The password is sealed to the key of the agent beside the media server;
// the service cannot read it. docs/api.md says how it is sealed.
type LocalPasswords struct{ core *core }

// LocalPasswordPlace says whether the local user of a person may get a password.
type LocalPasswordPlace struct {
	LinkID      ID     `json:"link_id"`      // the password is sealed for this link alone
	LocalUser   string `json:"local_user"`   // the name to sign in with; "" while only the agent knows
	PasswordKey string `json:"password_key"` // of the agent; "" if it takes no passwords
	Refused     string `json:"refused"`      // why not, such as linked or administrator; "" for nothing
}

func (p *LocalPasswordPlace) whole() bool { return p.LinkID != "" }

// LocalPassword is a password on its way to the agent.
type LocalPassword struct {
	ID        ID        `json:"id"`
	Status    string    `json:"status"` // asked, done or failed
	Reason    string    `json:"reason"` // "" unless it failed
	ExpiresAt time.Time `json:"expires_at"`
}

func (p *LocalPassword) whole() bool { return p.ID != "" && p.Status != "" }

// Place returns whether the local user of the person on a server may get a password.
func (l *LocalPasswords) Place(ctx context.Context, serverID ID) (LocalPasswordPlace, error) {
	var out LocalPasswordPlace
	err := l.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/local-password", values: []string{string(serverID)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

type askLocalPassword struct {
	ServerID ID     `json:"server_id"`
	Sealed   string `json:"sealed"`
}

// Ask hands a sealed password to the agent of a server. It may return [ErrConfirmPassword], [ErrThrottled],
// [ErrLocalPasswordRefused], or [ErrNotFound] without a link. Afterwards [LocalPasswords.Get] tells whether the local user
// has got the password.
func (l *LocalPasswords) Ask(ctx context.Context, serverID ID, sealed string) (LocalPassword, error) {
	var out LocalPassword
	err := l.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/local-passwords", body: askLocalPassword{serverID, sealed}, want: http.StatusCreated,
	}, &out)
	return out, err
}

// Get returns the outcome of a password.
func (l *LocalPasswords) Get(ctx context.Context, id ID) (LocalPassword, error) {
	var out LocalPassword
	err := l.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/local-passwords/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// LocalPasswordAsked is the kind of change that announces a new password for a local user; see
// [Agent.LocalPasswords].
const LocalPasswordAsked = "local_password_asked"

// These are the reasons why a local user did not get a password.
const (
	LocalPasswordNotAllowed  = "not_allowed"   // the local user is an administrator, waits for a yes, is disabled, or the link has ended
	LocalPasswordNoLocalUser = "no_local_user" // the agent has not created the local user of a guest yet
	LocalPasswordUnreadable  = "unreadable"    // it was sealed to another key, or it is not a password
	LocalPasswordUnavailable = "unavailable"   // the media server does not answer, or takes no passwords
)

// OpenLocalPassword is a new password that the agent has to give to a local user.
type OpenLocalPassword struct {
	ID        ID        `json:"id"`
	LinkID    ID        `json:"link_id"`
	AccountID ID        `json:"account_id"`
	Sealed    string    `json:"sealed"` // to the PasswordKey of [Report]
	ExpiresAt time.Time `json:"expires_at"`
}

type openLocalPasswords struct {
	LocalPasswords []OpenLocalPassword `json:"local_passwords"`
}

func (l *openLocalPasswords) whole() bool { return l.LocalPasswords != nil }

// LocalPasswords returns the new passwords that wait for the agent.
func (a *Agent) LocalPasswords(ctx context.Context) ([]OpenLocalPassword, error) {
	var out openLocalPasswords
	err := a.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/server/local-passwords", want: http.StatusOK, again: always,
	}, &out)
	return out.LocalPasswords, err
}

// CompleteLocalPassword reports that the local user has the password; it may be called again after
// a crash. It may return [ErrNotFound]: then the person has signed out everywhere meanwhile, and the password must not stay.
func (a *Agent) CompleteLocalPassword(ctx context.Context, id ID) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/local-passwords/{id}/complete", values: []string{string(id)},
		want: http.StatusNoContent,
	})
}

// FailLocalPassword reports why the local user did not get the password: one of the reasons.
func (a *Agent) FailLocalPassword(ctx context.Context, id ID, reason string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/local-passwords/{id}/fail", values: []string{string(id)}, body: fail{reason},
		want: http.StatusNoContent,
	})
}
