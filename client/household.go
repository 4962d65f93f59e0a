package client

import (
	"context"
	"net/http"
)

// Households is about the people of one shared device: who is watching?
type Households struct{ core *core }

// HouseholdPerson is somebody who may be watching.
type HouseholdPerson struct {
	ID          ID     `json:"id"`
	DisplayName string `json:"display_name"`
	Picture     string `json:"picture"` // its address without the host; "" for none
	HasPIN      bool   `json:"has_pin"`
	Member      bool   `json:"member"`  // looked after; may be chosen without a PIN
	Current     bool   `json:"current"` // the session is this person's
}

// Household describes the people of a device to that device.
type Household struct {
	Switched bool              `json:"switched"` // the session is one that somebody was switched to
	LeftOut  bool              `json:"left_out"` // the person of a signed-in session is not among the people
	Own      HouseholdPerson   `json:"own"`
	People   []HouseholdPerson `json:"people"`
}

func (h *Household) whole() bool { return h.Own.ID != "" && h.People != nil }

// Get returns the people of the device whose session token the Client has.
func (h *Households) Get(ctx context.Context) (Household, error) {
	var out Household
	err := h.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/household", want: http.StatusOK, again: always}, &out)
	return out, err
}

type switchPerson struct {
	AccountID ID     `json:"account_id"`
	PIN       string `json:"pin,omitempty"`
}

// Switch opens a session of another person on the same device, and returns its token. pin is ""
// for a member who has none. It may return an error about the field pin, [ErrPINThrottled],
// [ErrPINOff], [ErrSwitchNeedsPIN], [ErrNotFound] or [ErrThrottled]. A client with the new token
// lists servers and switches; everything else returns [ErrSwitched].
func (h *Households) Switch(ctx context.Context, id ID, pin string) (token string, err error) {
	var out newToken
	err = h.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/sessions/current/switch", body: switchPerson{id, pin}, want: http.StatusCreated,
	}, &out)
	return out.Token, err
}

type changeHousehold struct {
	LeftOut bool `json:"left_out"`
}

// LeaveOut says whether the person of the session is left out of the people of the device.
func (h *Households) LeaveOut(ctx context.Context, out bool) error {
	return h.core.done(ctx, call{
		method: http.MethodPatch, path: "/api/v1/household", body: changeHousehold{out}, want: http.StatusNoContent,
	})
}

type joinHousehold struct {
	SessionToken string `json:"session_token"`
}

// Join adds the person who has just signed in to the people of the device, which is proved by the
// token of another session there. It may return an error about the field session_token,
// [ErrHouseholdFull] or [ErrHouseholdMember].
func (h *Households) Join(ctx context.Context, sessionToken string) error {
	return h.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/household/join", body: joinHousehold{sessionToken}, want: http.StatusNoContent,
	})
}
