package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Unlocks has the operations that unlock what the PIN of a person protects, for this person or for a
// member of the family whom the person looks after.
type Unlocks struct{ core *core }

// Unlockable is a server, with what the PIN protects there.
type Unlockable struct {
	ID          ID        `json:"id"` // of the open unlock; "" if nothing is open
	ServerID    ID        `json:"server_id"`
	Server      string    `json:"server"`       // its name
	PINRequired bool      `json:"pin_required"` // nobody gets in without an open unlock
	Everyday    Level     `json:"everyday"`
	Unlocked    *Level    `json:"unlocked"` // nil if there is nothing to unlock but the door
	Hold        *Level    `json:"hold"`     // what lies behind the PIN by the choice of the person or of a guardian; see [Holds]
	Stopped     bool      `json:"stopped"`  // nothing can be unlocked, because the PIN was removed
	OpenedAt    time.Time `json:"opened_at,omitzero"`
	EndsAt      time.Time `json:"ends_at,omitzero"`
	StopPlaying bool      `json:"stop_playing"`
	AskedDevice string    `json:"asked_device"` // the device that was refused last; "" for none
	AskedClient string    `json:"asked_client"`
	AskedAt     time.Time `json:"asked_at,omitzero"`
	State       string    `json:"state"`   // LevelEveryday and the others; "" while nothing is known
	Problem     string    `json:"problem"` // one of the LevelProblem constants; "" for none
}

type unlockList struct {
	Unlocks []Unlockable `json:"unlocks"`
}

func (l *unlockList) whole() bool { return l.Unlocks != nil }

// List returns the servers of a person, each with the things that open only with the PIN there. accountID is
// a member of the family, or "" for the servers of the account itself.
func (u *Unlocks) List(ctx context.Context, accountID ID) ([]Unlockable, error) {
	var out unlockList
	err := u.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/unlocks", query: ofAccount(accountID), want: http.StatusOK, again: always}, &out)
	return out.Unlocks, err
}

// ofAccount returns the query of a request about an account. accountID is "" for the account that
// makes the request.
func ofAccount(accountID ID) url.Values {
	if accountID == "" {
		return nil
	}
	return url.Values{"account_id": {string(accountID)}}
}

// Unlock names the thing that is to be unlocked.
type Unlock struct {
	AccountID   ID     `json:"account_id,omitempty"` // a member of the family; "" for the servers of the account
	ServerIDs   []ID   `json:"server_ids"`
	PIN         string `json:"pin"`          // of the person who unlocks
	Minutes     int    `json:"minutes"`      // 1 to 1440
	StopPlaying bool   `json:"stop_playing"` // at the end, stop what is playing
}

// Open unlocks things at some servers. It replaces what is open at these servers. It may return errors about
// the fields server_ids, minutes and pin, [ErrNothingToUnlock], [ErrGuardianOnly], [ErrUnlockStopped],
// [ErrUnlockThrottled], [ErrPINNotSet], [ErrPINOff] or [ErrPINThrottled].
func (u *Unlocks) Open(ctx context.Context, in Unlock) ([]Unlockable, error) {
	var out unlockList
	err := u.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/unlocks", body: in, want: http.StatusCreated}, &out)
	return out.Unlocks, err
}

// Close closes an unlock before its time is over.
func (u *Unlocks) Close(ctx context.Context, id ID) error {
	return u.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/unlocks/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}
