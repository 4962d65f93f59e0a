package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Sessions is about signed-in browsers and devices.
type Sessions struct{ core *core }

// Session is a signed-in browser or device.
type Session struct {
	ID         ID        `json:"id"`
	Current    bool      `json:"current"`        // the session whose token the Client has
	Kind       string    `json:"kind"`           // browser or device
	Device     string    `json:"device"`         // "" when unknown
	Client     string    `json:"client"`         // the app; "" for a browser
	Unknown    bool      `json:"device_unknown"` // an app that did not say on which device it runs: to end its session ends no local token
	Switched   bool      `json:"switched"`       // the person was chosen on a shared device
	Address    string    `json:"address"`        // where it signed in from; "" when unknown
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// SessionPage is a part of the list of sessions.
type SessionPage struct {
	Sessions []Session `json:"sessions"`
	Next     string    `json:"next"` // the cursor of the next page; "" on the last one
}

func (p *SessionPage) whole() bool { return p.Sessions != nil }

// List iterates over the account's sessions, the latest used first. It names each session
// once, even if the session is used meanwhile.
func (s *Sessions) List(ctx context.Context) iter.Seq2[Session, error] {
	page := func(ctx context.Context, ask PageAsk) (Page[Session], error) {
		got, err := s.ListPage(ctx, ask)
		return Page[Session]{Items: got.Sessions, Next: got.Next}, err
	}
	return func(yield func(Session, error) bool) {
		seen := map[ID]bool{}
		for session, err := range all(ctx, page) {
			if err == nil && seen[session.ID] {
				continue
			}
			seen[session.ID] = true
			if !yield(session, err) {
				return
			}
		}
	}
}

// ListPage returns one page of the sessions. A session that is used while the pages are
// read may appear on two of them.
func (s *Sessions) ListPage(ctx context.Context, ask PageAsk) (SessionPage, error) {
	var out SessionPage
	err := s.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/sessions", query: ask.query(nil), want: http.StatusOK, again: always}, &out)
	return out, err
}

// End ends one session of the account.
func (s *Sessions) End(ctx context.Context, id ID) error {
	return s.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/sessions/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

// EndOthers ends all sessions except the session whose token the Client has. It may return
// [ErrConfirmPassword].
func (s *Sessions) EndOthers(ctx context.Context) error {
	return s.core.done(ctx, call{method: http.MethodPost, path: "/api/v1/sessions/end-others", want: http.StatusNoContent})
}

// EndAll ends all sessions, including the session whose token the Client has.
func (s *Sessions) EndAll(ctx context.Context) error {
	return s.core.done(ctx, call{method: http.MethodPost, path: "/api/v1/sessions/end-all", want: http.StatusNoContent})
}

// NotMe spends the token of the mail about a new device, because the device does not belong to the
// owner of the account. It needs no session token.
func (s *Sessions) NotMe(ctx context.Context, token string) error {
	return s.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/sessions/not-me", body: mailToken{token}, want: http.StatusNoContent, open: true,
	})
}
