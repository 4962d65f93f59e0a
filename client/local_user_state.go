package client

import (
	"context"
	"net/http"
	"time"
)

// LocalUserStates are facts that change while people use the media server. An agent tells them separately from
// its report.
type LocalUserStates struct {
	// NeedsQuickConnect is true if the media server makes tokens by Quick Connect alone.
	NeedsQuickConnect bool `json:"needs_quick_connect"`
	// LocalUsers are the local users whose state has changed since the agent told it last, at most 5,000.
	LocalUsers []LocalUserState `json:"local_users"`
}

// LocalUserState has the facts that an agent tells about a local user.
type LocalUserState struct {
	ID      string    `json:"id"`               // its id on the media server
	SeenAt  time.Time `json:"seen_at,omitzero"` // the last use, as the media server says; the service keeps the hour
	Devices int       `json:"devices"`          // on how many devices the local user is signed in
	KeptOut []string  `json:"kept_out"`         // KeptOutHours and others: what keeps the local user out now; the service leaves out words that it does not know
}

// The reasons that keep a local user out although the media server has not disabled them.
const (
	KeptOutHours    = "hours"    // the media server lets them in at other hours
	KeptOutSessions = "sessions" // they have as many sessions as they may have
	KeptOutAway     = "away"     // they may not connect from outside the home network
	KeptOutDevices  = "devices"  // they may use only the devices that the administrator has chosen
)

// PutLocalUserStates tells the states of local users. A service that is older than this call answers with
// [ErrNotFound].
func (a *Agent) PutLocalUserStates(ctx context.Context, in LocalUserStates) error {
	if in.LocalUsers == nil {
		in.LocalUsers = []LocalUserState{}
	}
	return a.core.done(ctx, call{method: http.MethodPut, path: "/api/v1/server/local-users", body: in, want: http.StatusNoContent, again: always})
}
