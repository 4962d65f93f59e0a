package jellyfin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediacall"
)

// sessionDto is an app that was used not long ago, as Jellyfin lists it.
type sessionDto struct {
	ID      string          `json:"Id"`
	UserID  string          `json:"UserId"`
	Playing json.RawMessage `json:"NowPlayingItem"` // absent while nothing is played
}

// shownFor is how long an app shows a text. Without a time it would stand before the film until
// somebody closes it.
const shownFor = 15 * time.Second

// Say implements [mediaserver.Levels]. Jellyfin accepts a text for every session, whether or not its app
// can show one.
func (s *Server) Say(ctx context.Context, localUserID, header, text string) error {
	body, err := json.Marshal(map[string]any{"Header": header, "Text": text, "TimeoutMs": shownFor.Milliseconds()})
	if err != nil {
		return implausible("showing a text", "the text cannot be written")
	}
	return s.command(ctx, localUserID, call{Doing: "showing a text", Path: "/Message", Body: body}, func(sessionDto) bool { return true })
}

// StopPlaying implements [mediaserver.Levels].
func (s *Server) StopPlaying(ctx context.Context, localUserID string) error {
	return s.command(ctx, localUserID, call{Doing: "stopping what is played", Path: "/Playing/Stop"}, func(one sessionDto) bool { return mediacall.Present(one.Playing) })
}

// command sends a command to those sessions of a local user that which picks, also after one of
// them has failed. The path of the call begins after the session.
func (s *Server) command(ctx context.Context, localUserID string, c call, which func(sessionDto) bool) error {
	wanted, ok := mediacall.ID(localUserID)
	if !ok {
		return notFound(c.Doing)
	}
	var sessions []sessionDto
	if err := s.admin(ctx, call{Doing: c.Doing, Method: http.MethodGet, Path: "/Sessions", Into: &sessions}); err != nil {
		return err
	}
	var errs []error
	for _, one := range sessions {
		if user, ok := mediacall.ID(one.UserID); !ok || user != wanted || !which(one) {
			continue // a session of somebody else, or of an API key
		}
		if _, ok := mediacall.ID(one.ID); !ok {
			return implausible(c.Doing, "a session has no valid id")
		}
		to := c
		to.Method, to.Path = http.MethodPost, "/Sessions/"+one.ID+c.Path
		if err := s.admin(ctx, to); mediacall.StatusOf(err) != http.StatusNotFound { // otherwise the session has ended meanwhile
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
