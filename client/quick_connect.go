package client

import (
	"context"
	"net/http"
	"time"
)

// QuickConnects is for people who sign a device in by the six digits of Quick
// Connect: an app of the media server's own shows them, and the agent approves
// them for the person's local user.
type QuickConnects struct{ core *core }

// QuickConnect is a device on its way to be signed in so.
type QuickConnect struct {
	ID        ID        `json:"id"`
	Status    string    `json:"status"` // asked, done or failed
	Reason    string    `json:"reason"` // CodeWrong and the others; "" unless it failed
	Server    string    `json:"server"` // what people call it
	ExpiresAt time.Time `json:"expires_at"`
}

func (q *QuickConnect) whole() bool { return q.ID != "" && q.Status != "" }

// QuickConnectServer is a server of which a device can be signed in so.
type QuickConnectServer struct {
	ID        ID     `json:"id"`
	Name      string `json:"name"`
	LocalUser string `json:"local_user"` // whose device it will be; "" when unknown
}

type quickConnectServers struct {
	Servers []QuickConnectServer `json:"servers"`
}

func (l *quickConnectServers) whole() bool { return l.Servers != nil }

// Servers returns the servers of which who asks can sign a device in.
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

// Ask signs the device in that shows code, at one of Servers. Ask only for a
// code that the person reads off a screen before them. It may answer
// [ErrConfirmPassword], and [ErrThrottled] after a few codes, right or wrong.
// Then [QuickConnects.Get] tells how it goes.
func (q *QuickConnects) Ask(ctx context.Context, serverID ID, code string) (QuickConnect, error) {
	var out QuickConnect
	err := q.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/quick-connects", body: askQuickConnect{serverID, code}, want: http.StatusCreated,
	}, &out)
	return out, err
}

// Get tells how far the server's agent got.
func (q *QuickConnects) Get(ctx context.Context, id ID) (QuickConnect, error) {
	var out QuickConnect
	err := q.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/quick-connects/{id}", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// QuickConnectAsked is the kind of change that tells of a device to be signed in;
// see [Agent.QuickConnects].
const QuickConnectAsked = "quick_connect_asked"

// Why a device was not signed in.
const (
	CodeWrong               = "code_wrong"  // the media server waits with no such code
	QuickConnectNotAllowed  = "not_allowed" // the local user may not be signed in so
	QuickConnectUnavailable = "unavailable" // the media server does not answer, or has Quick Connect switched off
	QuickConnectExpired     = "expired"     // not for agents: nobody answered in time, or the person signed out everywhere
	QuickConnectReplaced    = "replaced"    // not for agents: the person typed another code since
)

// OpenQuickConnect is a device that waits for the agent to approve it.
type OpenQuickConnect struct {
	ID        ID        `json:"id"`
	LinkID    ID        `json:"link_id"`
	AccountID ID        `json:"account_id"`
	Code      string    `json:"code"` // six digits; tell nobody but the media server
	ExpiresAt time.Time `json:"expires_at"`
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

// CompleteQuickConnect tells that the media server took the code.
func (a *Agent) CompleteQuickConnect(ctx context.Context, id ID) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/quick-connects/{id}/complete", values: []string{string(id)},
		want: http.StatusNoContent,
	})
}

// FailQuickConnect says why the device was not signed in: CodeWrong or another
// reason.
func (a *Agent) FailQuickConnect(ctx context.Context, id ID, reason string) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/quick-connects/{id}/fail", values: []string{string(id)}, body: fail{reason},
		want: http.StatusNoContent,
	})
}
