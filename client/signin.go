package client

import (
	"context"
	"net/http"
)

// SignIn is what proves who somebody is.
type SignIn struct {
	NameOrEmail string `json:"name_or_email"`
	Password    string `json:"password"`
	Client      string `json:"client,omitempty"`      // the app: "Den TV"
	DeviceName  string `json:"device_name,omitempty"` // that the person will read: "Ann's phone"
	DeviceID    string `json:"device_id,omitempty"`   // what the device calls itself, always the same
}

// SignedIn is a new session. Its token is for [Client.As]; it is told this once.
type SignedIn struct {
	Token   string  `json:"token"`
	Account Account `json:"account"`
}

func (s *SignedIn) whole() bool { return s.Token != "" && s.Account.whole() }

// SignIn starts a session by a password. Nobody has to be signed in.
func (s *Sessions) SignIn(ctx context.Context, in SignIn) (SignedIn, error) {
	var out SignedIn
	err := s.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/sessions", body: in, want: http.StatusCreated, open: true}, &out)
	return out, err
}

// SignOut ends the session that asks.
func (s *Sessions) SignOut(ctx context.Context) error {
	return s.core.done(ctx, call{method: http.MethodDelete, path: "/api/v1/sessions/current", want: http.StatusNoContent})
}
