package client

import (
	"context"
	"net/http"
	"time"
)

// Pause says for how long the owner of a server has paused a link.
type Pause struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"` // zero if it lasts until the owner ends it
}

// AgentPause is a pause as an agent sees it.
type AgentPause struct {
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until,omitzero"` // zero if it lasts until the owner ends it
	Active bool      `json:"active"`         // what Active of the link is without the pause
}

// The changes that an administrator can have made by hand at the media server, to the local user of
// a guest.
const (
	HandEnabled       = "enabled"       // can sign in, although the link is paused
	HandDisabled      = "disabled"      // cannot sign in, although the link is in use
	HandLibraries     = "libraries"     // sees other libraries
	HandAdministrator = "administrator" // has become an administrator, whom no agent changes
)

// Stay has the facts and the choices of the owner of a server about the stay of one person there.
type Stay struct {
	LinkID   ID        `json:"link_id"`
	Username string    `json:"username"`
	Type     string    `json:"type"` // Linked or Guest
	EndsAt   time.Time `json:"ends_at,omitzero"`
	Pause    *Pause    `json:"pause"` // nil for a link that is not paused
	Hand     []string  `json:"hand"`  // HandEnabled and the others
	HandKept bool      `json:"hand_kept"`
}

func (s *Stay) whole() bool { return s.LinkID != "" }

// Stay reads the stay of a person at a server.
func (p *People) Stay(ctx context.Context, serverID, linkID ID) (Stay, error) {
	var out Stay
	err := p.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/people/{link_id}/stay", values: []string{string(serverID), string(linkID)},
		want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// Pause pauses the link of a person until a time, or until [People.Resume] for the zero time. Nothing of what the
// person has watched is lost, and the end of the stay does not move.
func (p *People) Pause(ctx context.Context, serverID, linkID ID, until time.Time) error {
	return p.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/servers/{id}/people/{link_id}/pause", values: []string{string(serverID), string(linkID)},
		body: struct {
			Until *time.Time `json:"until"`
		}{optional(until)}, want: http.StatusNoContent, again: always,
	})
}

// optional returns nil for the zero time.
func optional(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return new(at.UTC())
}

// Resume ends the pause of a person.
func (p *People) Resume(ctx context.Context, serverID, linkID ID) error {
	return p.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/servers/{id}/people/{link_id}/pause", values: []string{string(serverID), string(linkID)},
		want: http.StatusNoContent, again: untilGone,
	})
}

type stayEnd struct {
	EndsAt time.Time `json:"ends_at"`
}

func (s *stayEnd) whole() bool { return !s.EndsAt.IsZero() }

// Extend prolongs the stay of a person by two weeks, and returns the new end.
func (p *People) Extend(ctx context.Context, serverID, linkID ID) (time.Time, error) {
	var out stayEnd
	err := p.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/people/{link_id}/extend", values: []string{string(serverID), string(linkID)},
		want: http.StatusOK,
	}, &out)
	return out.EndsAt, err
}

// AnswerHand answers the changes that an administrator has made by hand at the media server. With keep, the changes
// stay. Otherwise the agent resets the guest to the state that the service has.
func (p *People) AnswerHand(ctx context.Context, serverID, linkID ID, keep bool) error {
	return p.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/people/{link_id}/hand", values: []string{string(serverID), string(linkID)},
		body: struct {
			Keep bool `json:"keep"`
		}{keep}, want: http.StatusNoContent, again: always,
	})
}

// ExtendByMail prolongs a stay by two weeks with the token of the mail that its owner got about the end, and returns
// the new end. It needs no session.
func (p *People) ExtendByMail(ctx context.Context, token string) (time.Time, error) {
	var out stayEnd
	err := p.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/stays/extend", body: mailToken{token}, want: http.StatusOK, open: true,
	}, &out)
	return out.EndsAt, err
}

// HandState lists the changes that an administrator has made by hand to the local user of one link.
type HandState struct {
	LinkID ID       `json:"link_id"`
	Hand   []string `json:"hand"` // HandEnabled and the others
}

type handStates struct {
	Links []HandState `json:"links"`
}

// TellHand tells the service what administrators have changed by hand at the media server. The list is whole and
// replaces the one before. A service that is older than this answers [ErrNotFound].
func (a *Agent) TellHand(ctx context.Context, states []HandState) error {
	return a.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/server/hand", body: handStates{states}, want: http.StatusNoContent, again: always,
	})
}
