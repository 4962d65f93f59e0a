package client

import (
	"context"
	"net/http"
	"time"
)

// QuickConnects lets people sign a device in by the six digits of Quick Connect. An
// app of the media server shows the digits, and the agent approves them for the
// local user of the person.
type QuickConnects struct{ core *core }

// QuickConnect is the request of a person to sign a device in.
type QuickConnect struct {
	ID        ID        `json:"id"`
	Status    string    `json:"status"` // asked, done or failed
	Reason    string    `json:"reason"` // CodeWrong and the others; "" unless it failed
	Server    string    `json:"server"` // the name that people see
	ExpiresAt time.Time `json:"expires_at"`
}

func (q *QuickConnect) whole() bool { return q.ID != "" && q.Status != "" }

// QuickConnectServer is a server whose devices can be signed in by Quick Connect.
type QuickConnectServer struct {
	ID        ID     `json:"id"`
	Name      string `json:"name"`
	LocalUser string `json:"local_user"` // the local user of the device; "" when unknown
}

type quickConnectServers struct {
	Servers []QuickConnectServer `json:"servers"`
}

func (l *quickConnectServers) whole() bool { return l.Servers != nil }

// Servers returns the servers whose devices the person can sign in.
func (q *QuickConnects) Servers(ctx context.Context) ([]QuickConnectServer, error) {
	var out quickConnectServers
	err := q.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/quick-connects/servers", want: http.StatusOK, again: always,
	}, &out)
	return out.Servers, err
}

type askQuickConnect struct {
	ServerID ID     `json:"server_id"`
	Code     string `json:"code"`
}

// Ask asks to sign in the device that shows code, at one of the servers that
// [QuickConnects.Servers] returns. Take only a code that the person reads from a
// screen in front of them. It may return [ErrConfirmPassword], and [ErrThrottled]
// after a few codes, right or wrong. Afterwards [QuickConnects.Get] returns how far
// it has come.
func (q *QuickConnects) Ask(ctx context.Context, serverID ID, code string) (QuickConnect, error) {
	var out QuickConnect
	err := q.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/quick-connects", body: askQuickConnect{serverID, code}, want: http.StatusCreated,
	}, &out)
	return out, err
}

// Get returns the state of a sign-in by Quick Connect, and what the agent of the server has
// answered.
func (q *QuickConnects) Get(ctx context.Context, id ID) (QuickConnect, error) {
	var out QuickConnect
	err := q.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/quick-connects/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// QuickConnectAsked is the kind of change that announces a device to sign in; see
// [Agent.QuickConnects].
const QuickConnectAsked = "quick_connect_asked"

// These are the reasons why a device was not signed in.
const (
	CodeWrong               = "code_wrong"    // no device of the media server waits with this code
	QuickConnectNotAllowed  = "not_allowed"   // the local user may not sign in by Quick Connect
	QuickConnectPINRequired = "pin_required"  // nobody is let in before the person has given their PIN at /unlock; a service that is older than this reason refuses it
	QuickConnectNoLocalUser = "no_local_user" // the agent has not created the local user of a guest yet, and does not do it soon
	QuickConnectTooMany     = "too_many"      // the agent tries no more codes within this hour
	QuickConnectUnavailable = "unavailable"   // the media server does not answer, or has Quick Connect switched off
	QuickConnectExpired     = "expired"       // agents never send it: the agent did not answer in time, or the person signed out everywhere
	QuickConnectReplaced    = "replaced"      // agents never send it: the person has typed another code since
)

// OpenQuickConnect is a device that waits for the agent to approve it.
type OpenQuickConnect struct {
	ID        ID        `json:"id"`
	LinkID    ID        `json:"link_id"`
	AccountID ID        `json:"account_id"`
	Code      string    `json:"code"` // six digits, for the media server alone
	ExpiresAt time.Time `json:"expires_at"`
	ByOwner   bool      `json:"by_owner"` // the owner of the server has typed the code for the person
}

type openQuickConnects struct {
	QuickConnects []OpenQuickConnect `json:"quick_connects"`
}

func (l *openQuickConnects) whole() bool { return l.QuickConnects != nil }

// QuickConnects returns the devices that wait for the agent.
func (a *Agent) QuickConnects(ctx context.Context) ([]OpenQuickConnect, error) {
	var out openQuickConnects
	err := a.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/server/quick-connects", want: http.StatusOK, again: always,
	}, &out)
	return out.QuickConnects, err
}

// CompleteQuickConnect reports that the media server accepted the code.
func (a *Agent) CompleteQuickConnect(ctx context.Context, id ID) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/quick-connects/{id}/complete", values: []string{string(id)},
		want: http.StatusNoContent,
	})
}

// FailQuickConnect reports why the device was not signed in: [CodeWrong] or another
// of the reasons.
func (a *Agent) FailQuickConnect(ctx context.Context, id ID, reason string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/quick-connects/{id}/fail", values: []string{string(id)}, body: fail{reason},
		want: http.StatusNoContent,
	})
}
