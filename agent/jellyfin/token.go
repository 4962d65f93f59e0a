package jellyfin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// quickConnectRequest is a request of Quick Connect as Jellyfin describes it: when the
// request is started, and when its state is asked for.
type quickConnectRequest struct {
	Secret        string `json:"Secret"`
	Code          string `json:"Code"`
	Authenticated bool   `json:"Authenticated"`
}

// signedIn is the answer to a device that was signed in.
type signedIn struct {
	AccessToken string  `json:"AccessToken"`
	User        userDto `json:"User"`
}

// errLost means that the server has forgotten a request of Quick Connect. The server keeps such
// requests in memory, so a restart loses them.
var errLost = errors.New("jellyfin: the request of Quick Connect was lost")

// Mint makes a token for a local user on a device, without a password. Jellyfin ends an
// earlier token of the same local user and device. The local user is read first, because
// Jellyfin makes tokens for disabled local users too. It returns ErrNotFound, ErrNotAllowed
// (local user disabled), ErrTooManySessions, ErrDeviceNotAllowed, ErrOutsideHours or
// ErrQuickConnectOff.
func (s *Server) Mint(ctx context.Context, localUserID string, device mediaserver.Device) (mediaserver.Token, error) {
	if device.ID == "" {
		return mediaserver.Token{}, errors.New("jellyfin: making a token: the device has no id")
	}
	user, policy, err := s.readEnabled(ctx, localUserID)
	if err != nil {
		return mediaserver.Token{}, err
	}
	if policy.hasHours() && policy.takesAnyDevice() {
		if err := s.tryHours(ctx, user.ID, &policy); err != nil {
			return mediaserver.Token{}, err
		}
	}
	token, err := s.mintTwice(ctx, user.ID, device, &policy)
	if err == nil && policy.hasHours() && !policy.takesAnyDevice() {
		err = s.checkHours(ctx, token.Value)
	}
	if err != nil {
		return mediaserver.Token{}, err
	}
	return token, nil
}

// mintTwice makes a token. It tries once more if the server has forgotten the request in
// between.
func (s *Server) mintTwice(ctx context.Context, localUserID string, device mediaserver.Device, p *policy) (mediaserver.Token, error) {
	token, err := s.mint(ctx, localUserID, device)
	if errors.Is(err, errLost) {
		token, err = s.mint(ctx, localUserID, device)
	}
	if mediacall.StatusOf(err) == http.StatusForbidden {
		err = p.explain(err, device.ID)
	}
	return token, err
}

// trialDevice returns the id of the device as which the agent tries the hours of a local user.
func trialDevice(localUserID string) string { return "latchkey-trial-" + localUserID }

// tryHours returns ErrOutsideHours if a local user may not use the server at this hour. The
// agent has to try this, because Jellyfin makes tokens at any hour, and only Jellyfin knows the
// time zone of the hours. It uses a token for a device of its own, and ends this token by
// deleting that device: outside of the hours Jellyfin answers 403 to every call with the token,
// also to the call that would end the token. This does not work for a local user who may use
// only chosen devices.
func (s *Server) tryHours(ctx context.Context, localUserID string, p *policy) error {
	s.trials.Lock()
	defer s.trials.Unlock()
	token, err := s.mintTwice(ctx, localUserID, mediaserver.Device{Client: "Latchkey", Name: "Latchkey", ID: trialDevice(localUserID), Version: "0"}, p)
	if err != nil {
		return err
	}
	err = s.checkHours(ctx, token.Value)
	if ended := s.EndTrial(context.WithoutCancel(ctx), localUserID); err == nil {
		err = ended
	}
	return err
}

// EndTrial implements [mediaserver.Tokens].
func (s *Server) EndTrial(ctx context.Context, localUserID string) error {
	err := s.admin(ctx, call{Doing: "ending a trial", Method: http.MethodDelete, Path: "/Devices", Query: url.Values{"id": {trialDevice(localUserID)}}})
	if status := mediacall.StatusOf(err); status == http.StatusNotFound || status == http.StatusBadRequest {
		return nil // there is no such device
	}
	return err
}

// checkHours uses a new token once, and returns ErrOutsideHours if the local user may not
// use the server at this hour. Nobody gets a token that is refused.
func (s *Server) checkHours(ctx context.Context, token string) error {
	const doing = "asking whether a local user is let in at this hour"
	var me userDto
	err := s.calls.Do(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/Users/Me", Header: byHeader(authorization(pair{"Token", token})), Into: &me})
	if err == nil {
		return nil
	}
	if mediacall.StatusOf(err) == http.StatusForbidden {
		return &failure{Product: product, Doing: doing, Err: mediaserver.ErrOutsideHours, Why: mediaserver.ErrOutsideHours.Error()}
	}
	_ = s.Revoke(context.WithoutCancel(ctx), token)
	return err
}

// mint goes through the three steps of Quick Connect. It returns errLost if the server has
// forgotten the request in between.
func (s *Server) mint(ctx context.Context, localUserID string, device mediaserver.Device) (mediaserver.Token, error) {
	const doing = "making a token"
	request, err := s.initiate(ctx, doing, localUserID, device, mediaserver.ErrQuickConnectOff)
	if err != nil {
		return mediaserver.Token{}, err
	}
	err = s.authorize(ctx, doing, request.Code, localUserID)
	switch mediacall.StatusOf(err) {
	case http.StatusNotFound:
		return mediaserver.Token{}, lost(doing)
	case http.StatusUnauthorized:
		return mediaserver.Token{}, s.refused(ctx, doing, localUserID, mediaserver.ErrQuickConnectOff)
	}
	if err != nil {
		return mediaserver.Token{}, err
	}
	result, err := s.collect(ctx, doing, request.Secret)
	if err != nil {
		return mediaserver.Token{}, err
	}
	if id, _ := mediacall.ID(result.User.ID); id != localUserID {
		// Somebody else approved the code in between: their token must not be used.
		_ = s.Revoke(context.WithoutCancel(ctx), result.AccessToken)
		return mediaserver.Token{}, implausible(doing, "it signed another local user in")
	}
	return mediaserver.Token{Value: result.AccessToken, LocalUserID: localUserID}, nil
}

// initiate starts Quick Connect with the identity of a device. It returns off if Quick
// Connect is off.
func (s *Server) initiate(ctx context.Context, doing, localUserID string, device mediaserver.Device, off error) (quickConnectRequest, error) {
	var request quickConnectRequest
	err := s.calls.Do(ctx, call{
		Doing: doing, Method: http.MethodPost, Path: "/QuickConnect/Initiate", Header: byHeader(identity(device)), Into: &request,
	})
	if mediacall.StatusOf(err) == http.StatusUnauthorized {
		return request, s.refused(ctx, doing, localUserID, off)
	}
	if err == nil && (request.Secret == "" || !isCode(request.Code)) {
		err = implausible(doing, "Quick Connect gives no code")
	}
	return request, err
}

// authorize approves a Quick Connect code for a local user. It shows Jellyfin the API key,
// because the local user is not signed in. It returns ErrNotFound or ErrNotAllowed if the
// local user was deleted or disabled meanwhile.
func (s *Server) authorize(ctx context.Context, doing, code, localUserID string) error {
	var done bool
	err := s.admin(ctx, call{
		Doing: doing, Method: http.MethodPost, Path: "/QuickConnect/Authorize",
		Query: url.Values{"code": {code}, "userId": {localUserID}}, Into: &done,
	})
	if mediacall.StatusOf(err) == http.StatusBadRequest { // Jellyfin also answers 400 if the local user was deleted meanwhile
		if _, gone := s.readUser(ctx, localUserID); gone != nil {
			return gone
		}
	}
	if err == nil && !done {
		err = implausible(doing, "Quick Connect does not approve the code")
	}
	return err
}

// collect fetches the token of an approved request. It returns errLost if the server does
// not know the request.
func (s *Server) collect(ctx context.Context, doing, secret string) (signedIn, error) {
	body, err := json.Marshal(map[string]string{"Secret": secret})
	if err != nil {
		return signedIn{}, fmt.Errorf(prefix+"%s: %w", doing, err)
	}
	var result signedIn
	err = s.calls.Do(ctx, call{
		Doing: doing, Method: http.MethodPost, Path: "/Users/AuthenticateWithQuickConnect", Body: body, Into: &result,
	})
	if mediacall.StatusOf(err) == http.StatusNotFound {
		return signedIn{}, lost(doing)
	}
	if err == nil && result.AccessToken == "" {
		err = implausible(doing, "it gives no token")
	}
	return result, err
}

func lost(doing string) error {
	return &failure{Product: product, Doing: doing, Why: "it has forgotten the request: it was restarted or is restarting again and again", Err: errLost}
}

// isCode reports whether text may be a code of Quick Connect.
func isCode(text string) bool {
	return len(text) == 6 && strings.Trim(text, "0123456789") == ""
}

// ApproveCode signs in the device that shows a Quick Connect code, as a local user. It
// returns ErrCodeWrong (also for a code that was approved already), ErrNotFound,
// ErrNotAllowed, or ErrUnsupported if Quick Connect is off.
func (s *Server) ApproveCode(ctx context.Context, code, localUserID string) error {
	const doing = "approving a code"
	user, err := s.readUser(ctx, localUserID)
	if err != nil {
		return err
	}
	wrong := &failure{Product: product, Doing: doing, Err: mediaserver.ErrCodeWrong, Why: mediaserver.ErrCodeWrong.Error()}
	if !isCode(code) {
		return wrong
	}
	err = s.authorize(ctx, doing, code, user.ID)
	switch mediacall.StatusOf(err) {
	case http.StatusNotFound, http.StatusInternalServerError: // unknown, or approved already
		return wrong
	case http.StatusUnauthorized:
		return s.refused(ctx, doing, user.ID, mediaserver.ErrUnsupported)
	}
	return err
}

// Revoke ends a token. It is not an error if the token has ended already.
func (s *Server) Revoke(ctx context.Context, token string) error {
	const doing = "ending a token"
	if token == "" {
		return nil
	}
	err := s.calls.Do(ctx, call{
		Doing: doing, Method: http.MethodPost, Path: "/Sessions/Logout", Header: byHeader(authorization(pair{"Token", token})),
	})
	if mediacall.StatusOf(err) != http.StatusUnauthorized {
		return err
	}
	// Jellyfin itself answers that the token has ended, or a proxy in front of it refuses
	// the request. Such a proxy refuses a request with the key as well.
	return s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/System/Info", Into: new(publicInfo)})
}

// Administrator reports whether a token belongs to an administrator, or is an API key. It asks
// for the libraries with the token, because Jellyfin shows them only to administrators.
func (s *Server) Administrator(ctx context.Context, token string) (bool, error) {
	const doing = "asking whether a token belongs to an administrator"
	if token == "" || len(token) > 512 {
		return false, mediaserver.ErrTokenEnded
	}
	var answer libraries
	err := s.calls.Do(ctx, call{
		Doing: doing, Method: http.MethodGet, Path: "/Library/MediaFolders", Header: byHeader(authorization(pair{"Token", token})), Into: &answer,
	})
	switch mediacall.StatusOf(err) {
	case http.StatusUnauthorized:
		return false, mediaserver.ErrTokenEnded
	case http.StatusForbidden:
		return false, nil
	}
	if err == nil && answer.Items == nil {
		err = implausible(doing, "the answer has no libraries")
	}
	return err == nil, err
}
