package client

import (
	"context"
	"net/http"
	"time"
)

// WayIn says why a person cannot get in at a server.
type WayIn struct {
	Broken     *WayStep  `json:"broken"` // the first step that keeps the person out; nil if nothing that is known does
	Steps      []WayStep `json:"steps"`  // the chain, in the order in which it is walked
	LastSeenAt time.Time `json:"last_seen_at"`
	StatesAt   time.Time `json:"states_at,omitzero"` // when the agent told the states of local users last; zero for never
}

// WayStep is one of the steps that a person needs to get in.
type WayStep struct {
	Name   string `json:"name"`   // account, link, server, local_user, pin, hours, sessions, devices, quick_connect or address
	State  string `json:"state"`  // ok, broken, partly (it keeps the person out in some places) or unknown
	Reason string `json:"reason"` // why the state is not ok
}

// WayIn checks each step that a person or a local user needs to get in at the media server. The id belongs to
// a [RosterEntry].
func (r *Roster) WayIn(ctx context.Context, serverID, id ID) (WayIn, error) {
	var out WayIn
	err := r.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/roster/{entry_id}/way-in", values: []string{string(serverID), string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}
