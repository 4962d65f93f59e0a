package client

import (
	"context"
	"net/http"
)

// SignIn holds the username or address, the password and the device of a sign-in.
type SignIn struct {
	NameOrEmail string `json:"name_or_email"`
	Password    string `json:"password"`
	Client      string `json:"client,omitempty"`      // the app: "Den TV"
	DeviceName  string `json:"device_name,omitempty"` // for the person to read: "Ann's phone"
	DeviceID    string `json:"device_id,omitempty"`   // an id of the device that never changes
}

// SignedIn is a new session. Pass its token to [Client.As]; the service shows it only
// this once.
type SignedIn struct {
	Token   string  `json:"token"`
	Account Account `json:"account"`
}

func (s *SignedIn) whole() bool { return s.Token != "" && s.Account.whole() }

// SignIn starts a session by a password. It needs no session token.
func (s *Sessions) SignIn(ctx context.Context, in SignIn) (SignedIn, error) {
	var out SignedIn
	err := s.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/sessions", body: in, want: http.StatusCreated, open: true}, &out)
	return out, err
}

// SignOut ends the session whose token the Client has.
func (s *Sessions) SignOut(ctx context.Context) error {
	return s.core.done(ctx, call{method: http.MethodDelete, path: "/api/v1/sessions/current", want: http.StatusNoContent})
}
