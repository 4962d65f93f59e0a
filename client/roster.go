package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Roster lets the owner of a server see its people and its local users in one list.
type Roster struct{ core *core }

// The values of [RosterEntry.Status].
const (
	RosterIn      = "in"      // the person has accepted, and nothing that is known keeps them out
	RosterOut     = "out"     // the person has accepted, and something keeps them out
	RosterWaiting = "waiting" // the person has not answered yet
	RosterFree    = "free"    // a local user without a link and without an invite
)

// RosterEntry is one row of the list.
type RosterEntry struct {
	ID             ID               `json:"id"`               // of the link, or of the local user without one
	Status         string           `json:"status"`           // RosterIn or another
	Link           *RosterLink      `json:"link"`             // nil if nobody is linked to the local user
	LocalUser      *RosterLocalUser `json:"local_user"`       // nil while the link has none, and at servers that do not tell
	InviteID       ID               `json:"invite_id"`        // the invite for the local user that waits for an answer; "" for none
	LocalUserState string           `json:"local_user_state"` // what keeps the person out: gone, disabled, administrator, waiting, paused or not_allowed; "" for nothing
}

// RosterLink is the link of an entry of the roster.
type RosterLink struct {
	Username    string    `json:"username"`
	DisplayName string    `json:"display_name"`
	Picture     string    `json:"picture"` // as in [Account]; "" until the person accepts
	Type        string    `json:"type"`    // Linked or Guest
	Status      string    `json:"status"`  // Pending or Accepted
	EndsAt      time.Time `json:"ends_at,omitzero"`
	CreatedAt   time.Time `json:"created_at"`
	AcceptedAt  time.Time `json:"accepted_at,omitzero"`
}

// RosterLocalUser is the local user of an entry of the roster.
type RosterLocalUser struct {
	ID            ID        `json:"id"`          // in the service
	ExternalID    string    `json:"external_id"` // on the media server
	Name          string    `json:"name"`
	Disabled      bool      `json:"disabled"`
	Administrator bool      `json:"administrator"`
	NotAllowed    bool      `json:"not_allowed"`
	Gone          bool      `json:"gone"`
	SeenAt        time.Time `json:"seen_at,omitzero"` // the last use, without minutes; zero while it is not known
	Devices       int       `json:"devices"`          // on how many devices the local user is signed in
	KeptOut       []string  `json:"kept_out"`         // KeptOutHours and others
}

// RosterAsk says which entries to list. The zero value lists all.
type RosterAsk struct {
	Status string // RosterIn or another; "" for all
	Name   string // a part of a name; "" for all
}

// List iterates over the people and local users of a server: first links without a local user, then all local users by
// name.
func (r *Roster) List(ctx context.Context, serverID ID, which RosterAsk) iter.Seq2[RosterEntry, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[RosterEntry], error) {
		return r.ListPage(ctx, serverID, which, ask)
	})
}

// ListPage returns one page of the list.
func (r *Roster) ListPage(ctx context.Context, serverID ID, which RosterAsk, ask PageAsk) (Page[RosterEntry], error) {
	query := url.Values{}
	if which.Status != "" {
		query.Set("status", which.Status)
	}
	if which.Name != "" {
		query.Set("name", which.Name)
	}
	return fetchPage[RosterEntry](ctx, r.core, ask, "/api/v1/servers/{id}/roster", query, string(serverID))
}

// Get returns one entry, by the id of its link or of its local user.
func (r *Roster) Get(ctx context.Context, serverID, id ID) (RosterEntry, error) {
	var out RosterEntry
	err := r.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/roster/{entry_id}", values: []string{string(serverID), string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}
