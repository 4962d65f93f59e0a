package client

import (
	"context"
	"net/http"
)

// Holds is about what a person, or the guardian of a member, puts behind a PIN at one server.
type Holds struct{ core *core }

// Hold describes which things at one server open only with the PIN.
type Hold struct {
	Server    string       `json:"server"`    // its name
	Hold      *Level       `json:"hold"`      // nil for nothing
	HasPIN    bool         `json:"has_pin"`   // whether the person of the session has a PIN
	Libraries []Library    `json:"libraries"` // that can be named; nil if the service does not know which ones the person sees
	Choices   LevelChoices `json:"choices"`
}

func (h *Hold) whole() bool { return h.Server != "" }

// Get returns what the PIN protects at a server. accountID is a member of the family, or "" for the account itself.
func (h *Holds) Get(ctx context.Context, serverID, accountID ID) (Hold, error) {
	var out Hold
	err := h.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/holds/{id}", values: []string{string(serverID)}, query: ofAccount(accountID), want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// HoldChange holds the new choice of things that open only with the PIN.
type HoldChange struct {
	AccountID ID     `json:"account_id,omitempty"` // a member of the family; "" for oneself
	Hold      *Level `json:"hold"`                 // nil for nothing
	PIN       string `json:"pin,omitempty"`        // needed to take away less than before
}

// Set replaces what the PIN protects at a server. It may return errors about the field pin and about fields such
// as hold.max_rating, [ErrGuardianOnly], [ErrUnlockStopped], [ErrUnlockThrottled], [ErrPINNotSet], [ErrPINOff] or
// [ErrPINThrottled].
func (h *Holds) Set(ctx context.Context, serverID ID, in HoldChange) error {
	return h.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/holds/{id}", values: []string{string(serverID)}, body: in, want: http.StatusNoContent,
	})
}
