// Package connect answers the Connect paths of a media server: devices exchange
// their access key for a local access token, and apps of administrators link,
// unlink and invite (docs/emby-connect.md §4.2).
package connect

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// server answers the Connect paths. Apps of administrators link and invite at the first service: the
// requests of the protocol cannot name another one.
type server struct {
	door  *agent.Door
	agent *agent.Agent // of the first service
}

// Routes adds the Connect paths to r. Without a door the paths are only there to be recognised.
func Routes(k *wire.Kit, r *embywire.Routes, door *agent.Door) {
	s := &server{door: door}
	if door != nil {
		s.agent = door.First()
	}
	r.Handle("GET", "/Connect/Exchange", k.Handle(s.exchange))
	r.Handle("POST", "/Users/{Id}/Connect/Link", k.Handle(s.administrators(s.link)))
	r.Handle("DELETE", "/Users/{Id}/Connect/Link", k.Handle(s.administrators(s.unlink)))
	r.Handle("POST", "/Users/{Id}/Connect/Link/Delete", k.Handle(s.administrators(s.unlink)))
	r.Handle("GET", "/Connect/Pending", k.Handle(s.administrators(s.pending)))
	r.Handle("DELETE", "/Connect/Pending", k.Handle(s.administrators(s.cancel)))
	r.Handle("POST", "/Connect/Invite", k.Handle(s.administrators(s.invite)))
}

// administrators calls next only for administrators of the media server.
func (s *server) administrators(next wire.HandlerFunc) wire.HandlerFunc {
	return func(w http.ResponseWriter, r *wire.Request) error {
		if r.Identity.Token == "" {
			return wire.Refuse(http.StatusUnauthorized, agent.ConnectSignIn)
		}
		administrator, err := s.agent.MediaServer.Administrator(r.Context(), r.Identity.Token)
		switch {
		case errors.Is(err, mediaserver.ErrTokenEnded): // with 403 the app would not sign in again
			return wire.Refuse(http.StatusUnauthorized, "That token is not valid here any longer. Sign in again.")
		case err != nil:
			return refuse(err)
		case !administrator:
			return wire.Refuse(http.StatusForbidden, "Only an administrator of this server can do that.")
		}
		return next(w, r)
	}
}

// The times after which clients should try again.
const (
	atOnce = 5 * time.Second
	soon   = 15 * time.Second
	later  = time.Minute
)

// refuse returns the answer for an error of the agent. It returns any other error
// unchanged, which is then answered as an internal error.
func refuse(err error) error {
	for _, known := range []struct {
		err    error
		after  time.Duration
		status int
		text   string
	}{
		{agent.ErrAccountUnknown, 0, http.StatusNotFound, "That account has no link to this server."},
		{agent.ErrAccessKeyWrong, 0, http.StatusUnauthorized, "The access key is not valid here: fetch the list of servers again."},
		// The status is not 401, because apps throw away their access key when they get
		// 401.
		{agent.ErrNotYet, atOnce, http.StatusServiceUnavailable, "Your user on this server is being created. Try again in a moment."},
		{agent.ErrGuestWaits, later, http.StatusServiceUnavailable, "This server has not created a user for you yet. Try again later, or ask its owner."},
		// The status is not 401, because the access key is right: a new access key would
		// not help.
		{agent.ErrLocalUserNotAllowed, 0, http.StatusForbidden, "The owner of this server has to allow that local user first. " +
			"Ask them to run 'latchkey agent allow' on the machine of the media server. Until then, sign in with the local user's own password."},
		{agent.ErrPINRequired, 0, http.StatusForbidden, err.Error()},
		{agent.ErrStayPaused, 0, http.StatusForbidden, err.Error() + "."},
		{agent.ErrOutsideHours, later, http.StatusServiceUnavailable, "This server does not let that local user in at this hour. Try again later."},
		{agent.ErrLocalUserRefused, 0, http.StatusUnauthorized, "This server does not let that local user in. Ask its owner: " +
			"they may be disabled, restricted to the home network, or an administrator."},
		{agent.ErrTrustOver, later, http.StatusServiceUnavailable, "This server has not been able to reach the Connect service for too long. " +
			"Sign in with the local user's own password, or try again later."},
		{agent.ErrMediaServerAway, soon, http.StatusServiceUnavailable, "The media server does not answer, or cannot sign in devices now. Try again in a moment."},
		{agent.ErrUsernameUnknown, 0, http.StatusNotFound, "No account with that name can be linked."},
		{agent.ErrLocalUserUnknown, 0, http.StatusNotFound, "This server has no such local user."},
		{agent.ErrNotLinked, 0, http.StatusNotFound, "That link does not exist."},
		{agent.ErrNotInvited, 0, http.StatusNotFound, "That link or invitation does not exist, or was answered already."},
		{agent.ErrLibraryUnknown, 0, http.StatusBadRequest, "This server has no such library."},
		{agent.ErrProfileUnknown, 0, http.StatusBadRequest, "The owner has saved no such profile for invites."},
		{agent.ErrGuestsOff, 0, http.StatusForbidden, "This server does not create guests: create-users is off at its agent."},
		{agent.ErrUnclaimed, 0, http.StatusBadRequest, "This server has no owner at the Connect service yet: the owner has to claim it there first."},
		{agent.ErrAlreadyLinked, 0, http.StatusConflict, "The account or the local user is linked already."},
		// These errors come last, because the errors above may wrap them.
		{agent.ErrServiceAway, later, http.StatusBadGateway, "The Connect service cannot be reached. Try again later."},
		{agent.ErrNotRegistered, later, http.StatusBadGateway, "This server is not registered with the Connect service: see the log of its agent."},
		{agent.ErrServiceRefused, 0, http.StatusBadGateway, "The Connect service refuses this. " + reason(err)},
	} {
		if errors.Is(err, known.err) {
			return wire.RefuseFor(known.after, known.status, known.text)
		}
	}
	return err
}

// reason returns the text of the service for people, with at most 300 code points, or "".
func reason(err error) string {
	answer, ok := errors.AsType[*client.Error](err)
	if !ok {
		return ""
	}
	return printable.Cut(strings.ToValidUTF8(answer.Detail, ""), 300)
}
