package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// People is about who is linked to a server, for its owner.
type People struct{ core *core }

// Person is a link as the owner of the server sees it.
type Person struct {
	ID          ID            `json:"id"` // of the link
	Username    string        `json:"username"`
	DisplayName string        `json:"display_name"` // "" for none
	Type        string        `json:"type"`         // Linked or Guest
	Status      string        `json:"status"`       // Pending or Accepted
	LocalUser   *LocalUserRef `json:"local_user"`   // by our id; nil when unknown
	Libraries   []Library     `json:"libraries"`    // nil: as the server decides
	EndsAt      time.Time     `json:"ends_at,omitzero"`
	InvitedBy   string        `json:"invited_by"`   // "" when the server asked
	RequestedBy string        `json:"requested_by"` // as the server says; "" for nobody
	CreatedAt   time.Time     `json:"created_at"`
	AcceptedAt  time.Time     `json:"accepted_at,omitzero"`
}

// List goes through who is linked to a server.
func (p *People) List(ctx context.Context, serverID ID) iter.Seq2[Person, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[Person], error) { return p.ListPage(ctx, serverID, ask) })
}

// ListPage returns one page of List.
func (p *People) ListPage(ctx context.Context, serverID ID, ask PageAsk) (Page[Person], error) {
	return fetchPage[Person](ctx, p.core, ask, "/api/v1/servers/{id}/people", nil, string(serverID))
}

// PersonChange is what is to be changed of a link; what is nil stays.
type PersonChange struct {
	EndsAt    *time.Time `json:"ends_at,omitempty"`   // the zero time: never
	Libraries *[]string  `json:"libraries,omitempty"` // what the media server calls them; a nil slice: as the server decides
}

// MarshalJSON writes null where the zero time or a nil slice is meant.
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

// Change changes what somebody may see on a server, and until when.
func (p *People) Change(ctx context.Context, serverID, linkID ID, in PersonChange) error {
	return p.core.done(ctx, call{
		method: http.MethodPatch, path: "/api/v1/servers/{id}/people/{link_id}", values: []string{string(serverID), string(linkID)},
		body: in, want: http.StatusNoContent,
	})
}

// Remove removes somebody from a server.
func (p *People) Remove(ctx context.Context, serverID, linkID ID) error {
	return p.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/servers/{id}/people/{link_id}", values: []string{string(serverID), string(linkID)},
		want: http.StatusNoContent, again: untilGone,
	})
}
