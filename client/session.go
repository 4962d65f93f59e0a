package client

import (
	"context"
	"net/http"
	"time"
)

// Sessions is about signed-in browsers and devices.
type Sessions struct{ core *core }

// Session is a signed-in browser or device.
type Session struct {
	ID         ID        `json:"id"`
	Current    bool      `json:"current"`        // the one that asks
	Kind       string    `json:"kind"`           // browser or device
	Device     string    `json:"device"`         // "" when unknown
	Client     string    `json:"client"`         // the app; "" for a browser
	Unknown    bool      `json:"device_unknown"` // an app that did not say which device it is on: ending it alone ends no local token
	Address    string    `json:"address"`        // where it signed in from; "" when unknown
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

type sessionList struct {
	Sessions []Session `json:"sessions"`
}

func (l *sessionList) whole() bool { return l.Sessions != nil }

// List returns the account's sessions, the latest used first.
func (s *Sessions) List(ctx context.Context) ([]Session, error) {
	var out sessionList
	err := s.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/sessions", want: http.StatusOK, again: always}, &out)
	return out.Sessions, err
}

// End ends one session of the account.
func (s *Sessions) End(ctx context.Context, id ID) error {
	return s.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/sessions/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

// EndOthers ends all sessions but the one that asks. It may answer
// [ErrConfirmPassword].
func (s *Sessions) EndOthers(ctx context.Context) error {
	return s.core.done(ctx, call{method: http.MethodPost, path: "/api/v1/sessions/end-others", want: http.StatusNoContent})
}

// EndAll signs out everywhere, here too.
func (s *Sessions) EndAll(ctx context.Context) error {
	return s.core.done(ctx, call{method: http.MethodPost, path: "/api/v1/sessions/end-all", want: http.StatusNoContent})
}

// NotMe spends the token of the mail about a new device: that was not the owner
// of the account. Nobody has to be signed in.
func (s *Sessions) NotMe(ctx context.Context, token string) error {
	return s.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/sessions/not-me", body: mailToken{token}, want: http.StatusNoContent, open: true,
	})
}
