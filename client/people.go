package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// People lets the owner of a server see and change the links of its people.
type People struct{ core *core }

// Person is a link as the owner of the server sees it.
type Person struct {
	ID          ID            `json:"id"` // the id of the link
	Username    string        `json:"username"`
	DisplayName string        `json:"display_name"` // "" if the person has none
	Picture     string        `json:"picture"`      // as in [Account]; "" until the person accepts
	Type        string        `json:"type"`         // Linked or Guest
	Status      string        `json:"status"`       // Pending or Accepted
	LocalUser   *LocalUserRef `json:"local_user"`   // with its id in the service; nil when unknown
	Libraries   []Library     `json:"libraries"`    // nil if the server decides
	EndsAt      time.Time     `json:"ends_at,omitzero"`
	InvitedBy   string        `json:"invited_by"`   // "" if the server asked for the link
	RequestedBy string        `json:"requested_by"` // as the server names the asker; "" if the server did not ask
	CreatedAt   time.Time     `json:"created_at"`
	AcceptedAt  time.Time     `json:"accepted_at,omitzero"`
	WaitsFor    string        `json:"waits_for"` // as in [Link]
	Pause       *Pause        `json:"pause"`     // as in [Link]
}

// List iterates over the people who are linked to a server.
func (p *People) List(ctx context.Context, serverID ID) iter.Seq2[Person, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[Person], error) { return p.ListPage(ctx, serverID, ask) })
}

// ListPage returns one page of the people.
func (p *People) ListPage(ctx context.Context, serverID ID, ask PageAsk) (Page[Person], error) {
	return fetchPage[Person](ctx, p.core, ask, "/api/v1/servers/{id}/people", nil, string(serverID))
}

// PersonChange holds the changes to a link. A nil field changes nothing.
type PersonChange struct {
	EndsAt    *time.Time `json:"ends_at,omitempty"`   // the zero time removes the end
	Libraries *[]string  `json:"libraries,omitempty"` // their ids on the media server; a nil slice if the server decides
}

// MarshalJSON writes null for the zero time and for a nil slice.
func (c PersonChange) MarshalJSON() ([]byte, error) {
	out := map[string]any{}
	if c.EndsAt != nil {
		out["ends_at"] = nil
		if !c.EndsAt.IsZero() {
			out["ends_at"] = c.EndsAt.UTC()
		}
	}
	if c.Libraries != nil {
		out["libraries"] = *c.Libraries
	}
	return json.Marshal(out)
}

// Change changes the libraries of a person on a server and the end of the link.
func (p *People) Change(ctx context.Context, serverID, linkID ID, in PersonChange) error {
	return p.core.done(ctx, call{
		method: http.MethodPatch, path: "/api/v1/servers/{id}/people/{link_id}", values: []string{string(serverID), string(linkID)},
		body: in, want: http.StatusNoContent,
	})
}

// Remove removes a person from a server.
func (p *People) Remove(ctx context.Context, serverID, linkID ID) error {
	return p.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/servers/{id}/people/{link_id}", values: []string{string(serverID), string(linkID)},
		want: http.StatusNoContent, again: untilGone,
	})
}
