package client

import (
	"context"
	"net/http"
	"time"
)

// Protections lets the owner of a server choose what people may do and see there, with and without their PIN.
type Protections struct{ core *core }

// Protection has the choices of the owner of a server.
type Protection struct {
	Active      bool              `json:"active"`       // if false, nothing below has an effect
	PINRequired bool              `json:"pin_required"` // nobody gets in without an open unlock
	Everyday    Level             `json:"everyday"`
	Unlocked    *Level            `json:"unlocked"`     // nil if there is nothing to unlock
	AgentLevels string            `json:"agent_levels"` // LevelsGuests and the others; "" if the agent knows no levels
	Choices     LevelChoices      `json:"choices"`
	People      []ProtectedPerson `json:"people"`
}

func (p *Protection) whole() bool { return p.People != nil }

// PersonProtection has the choices of the owner of a server for one person, in place of the defaults.
type PersonProtection struct {
	PINRequired bool   `json:"pin_required"`
	Everyday    Level  `json:"everyday"`
	Unlocked    *Level `json:"unlocked"` // nil if there is nothing to unlock
}

// ProtectedPerson is a person of a server, as its owner sees the levels of the link.
type ProtectedPerson struct {
	ID          ID                `json:"id"` // of the link
	Username    string            `json:"username"`
	DisplayName string            `json:"display_name"`
	HasPIN      bool              `json:"has_pin"`
	LookedAfter bool              `json:"looked_after"` // a guardian unlocks for the person
	Own         *PersonProtection `json:"own"`          // nil for the defaults of the server
	Holds       bool              `json:"holds"`        // something lies behind the PIN by the person's own choice
	Stopped     bool              `json:"stopped"`      // nothing can be unlocked, because the PIN was removed; see [Protections.LetUnlock]
	OpenUntil   time.Time         `json:"open_until,omitzero"`
	State       string            `json:"state"`   // LevelEveryday and the others; "" while nothing is known
	ByHand      []string          `json:"by_hand"` // fields of a level that somebody has changed at the media server
	Problem     string            `json:"problem"` // one of the LevelProblem constants; "" for none
}

// Get returns the protection of a server.
func (p *Protections) Get(ctx context.Context, serverID ID) (Protection, error) {
	var out Protection
	err := p.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/protection", values: []string{string(serverID)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

type changeProtection struct {
	Active      bool   `json:"active"`
	PINRequired bool   `json:"pin_required"`
	Everyday    Level  `json:"everyday"`
	Unlocked    *Level `json:"unlocked"`
}

// Set replaces the protection of a server. It uses only the first four fields of in. It may return errors
// about fields such as everyday.max_rating.
func (p *Protections) Set(ctx context.Context, serverID ID, in Protection) error {
	return p.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/servers/{id}/protection", values: []string{string(serverID)},
		body: changeProtection{in.Active, in.PINRequired, in.Everyday, in.Unlocked}, want: http.StatusNoContent,
	})
}

// SetPerson gives one person levels of their own. It may return errors about fields such as everyday.max_rating.
func (p *Protections) SetPerson(ctx context.Context, serverID, linkID ID, in PersonProtection) error {
	return p.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/servers/{id}/people/{link_id}/protection", values: []string{string(serverID), string(linkID)},
		body: in, want: http.StatusNoContent,
	})
}

// RemovePerson gives one person the defaults of the server again.
func (p *Protections) RemovePerson(ctx context.Context, serverID, linkID ID) error {
	return p.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/servers/{id}/people/{link_id}/protection", values: []string{string(serverID), string(linkID)},
		want: http.StatusNoContent, again: untilGone,
	})
}

// LetUnlock lets a person unlock again whose PIN was removed while something lay behind it.
func (p *Protections) LetUnlock(ctx context.Context, serverID, linkID ID) error {
	return p.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/people/{link_id}/let-unlock", values: []string{string(serverID), string(linkID)},
		want: http.StatusNoContent,
	})
}
