package emby

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/printable"
)

const minting = "making a token"

// Mint makes a token for a local user on a device with the password that the agent manages. It returns
// ErrUnsupported for a local user whose password is their own, ErrNotFound, ErrOutsideHours, or
// ErrNotAllowed, also if somebody has given the local user another password since.
func (s *Server) Mint(ctx context.Context, localUserID string, device mediaserver.Device) (mediaserver.Token, error) {
	if device.ID == "" {
		return mediaserver.Token{}, errors.New("emby: making a token: the device has no id")
	}
	user, p, err := s.readUser(ctx, localUserID)
	if err != nil {
		return mediaserver.Token{}, err
	}
	if user.Disabled {
		return mediaserver.Token{}, refused(minting, mediaserver.ErrNotAllowed, "the local user is disabled")
	}
	token, err := s.signInManaged(ctx, minting, user, device)
	if refusedSignIn(err) {
		return mediaserver.Token{}, p.explain(device.ID)
	}
	return token, err
}

// explain returns the error of a sign-in with the managed password that Emby has refused, with the reason
// that the policy shows. Emby itself names none.
func (p policy) explain(deviceID string) error {
	var all bool
	var devices []string
	switch {
	case p.read("EnableAllDevices", &all) == nil && !all && p.optional("EnabledDevices", &devices) == nil && !contains(devices, deviceID):
		return refused(minting, mediaserver.ErrDeviceNotAllowed, "")
	case p.hasHours():
		return refused(minting, mediaserver.ErrOutsideHours, "")
	default:
		return refused(minting, mediaserver.ErrNotAllowed, "Emby refuses the password of the local user, which somebody has changed there: the person can choose a new one at the service")
	}
}

func contains(list []string, wanted string) bool {
	for _, one := range list {
		if strings.EqualFold(one, wanted) {
			return true
		}
	}
	return false
}

// signInManaged signs a local user in on a device with the password that the agent manages. It returns
// ErrUnsupported if the agent manages none.
func (s *Server) signInManaged(ctx context.Context, doing string, user mediaserver.LocalUser, device mediaserver.Device) (mediaserver.Token, error) {
	passwords, err := s.passwords(ctx, user.ID)
	if err != nil {
		return mediaserver.Token{}, fmt.Errorf(prefix+"%s: read the password: %w", doing, err)
	}
	if len(passwords) == 0 {
		return mediaserver.Token{}, refused(doing, mediaserver.ErrUnsupported, "Emby signs nobody in without a password, and this local user has one of their own")
	}
	var token mediaserver.Token
	for _, password := range passwords {
		token, err = s.signIn(ctx, doing, user, password, device)
		if !refusedSignIn(err) {
			return token, err
		}
	}
	return token, err
}

// refusedSignIn reports whether Emby has refused a name with a password.
func refusedSignIn(err error) bool {
	return mediacall.StatusOf(err) == http.StatusUnauthorized || mediacall.StatusOf(err) == http.StatusForbidden
}

// signIn signs a local user in on a device.
func (s *Server) signIn(ctx context.Context, doing string, user mediaserver.LocalUser, password string, device mediaserver.Device) (mediaserver.Token, error) {
	header, err := deviceHeader(doing, device)
	if err != nil {
		return mediaserver.Token{}, err
	}
	body, err := json.Marshal(map[string]string{"Username": user.Name, "Pw": password})
	if err != nil {
		return mediaserver.Token{}, fmt.Errorf(prefix+"%s: %w", doing, err)
	}
	var answer struct {
		AccessToken string  `json:"AccessToken"`
		User        userDto `json:"User"`
	}
	err = s.calls.Do(ctx, call{Doing: doing, Method: http.MethodPost, Path: "/Users/AuthenticateByName", Header: http.Header{"X-Emby-Authorization": {header}}, Body: body, Into: &answer})
	if err != nil {
		return mediaserver.Token{}, err
	}
	if answer.AccessToken == "" {
		return mediaserver.Token{}, implausible(doing, "it gives no token")
	}
	if id, _ := mediacall.ID(answer.User.ID); id != user.ID {
		_ = s.Revoke(context.WithoutCancel(ctx), answer.AccessToken) // the name belongs to somebody else by now
		return mediaserver.Token{}, implausible(doing, "it signed another local user in")
	}
	return mediaserver.Token{Value: answer.AccessToken, LocalUserID: user.ID}, nil
}

// deviceHeader returns the value of X-Emby-Authorization for a device. Nothing in it can be escaped, so a
// device whose id has other characters than visible ASCII, or a quote or a comma, is refused; in the other
// parts such characters are left out.
func deviceHeader(doing string, device mediaserver.Device) (string, error) {
	if clean(device.ID) != device.ID {
		return "", refused(doing, mediaserver.ErrDeviceNotAllowed, "its id has characters that Emby cannot take")
	}
	part := func(value, other string) string {
		if value = strings.TrimSpace(printable.Cut(clean(value), 64)); value == "" {
			return other
		}
		return value
	}
	client := part(device.Client, "Unknown")
	return fmt.Sprintf(`MediaBrowser Client="%s", Device="%s", DeviceId="%s", Version="%s"`,
		client, part(device.Name, client), device.ID, part(device.Version, "0")), nil
}

// clean returns text without the characters that end a value in a header, and without those that a header
// cannot have.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == ',' || r == '\\' {
			return -1
		}
		return r
	}, text)
}

// EndTrial implements [mediaserver.Tokens]. Mint leaves nothing behind, because it signs in only with the
// device itself.
func (s *Server) EndTrial(context.Context, string) error { return nil }

// Revoke ends a token. It is not an error if the token has ended already.
func (s *Server) Revoke(ctx context.Context, token string) error {
	const doing = "ending a token"
	if token == "" {
		return nil
	}
	err := s.calls.Do(ctx, call{Doing: doing, Method: http.MethodPost, Path: "/Sessions/Logout", Header: byToken(token)})
	if mediacall.StatusOf(err) != http.StatusUnauthorized {
		return err
	}
	// Emby itself answers that the token has ended, or a proxy in front of it refuses the request. Such a
	// proxy refuses a request with the key as well.
	return s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/System/Info", Into: new(publicInfo)})
}

// Administrator reports whether a token belongs to an administrator, or is an API key. It asks for the
// devices with the token, because Emby shows them only to administrators. If Emby refuses that, it asks
// for something that every local user may see.
func (s *Server) Administrator(ctx context.Context, token string) (bool, error) {
	const doing = "asking whether a token belongs to an administrator"
	if token == "" || len(token) > 512 {
		return false, mediaserver.ErrTokenEnded
	}
	var all devices
	err := s.calls.Do(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/Devices", Header: byToken(token), Into: &all})
	if !refusedSignIn(err) {
		return err == nil, err
	}
	err = s.calls.Do(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/System/Info", Header: byToken(token), Into: new(publicInfo)})
	if refusedSignIn(err) {
		return false, mediaserver.ErrTokenEnded
	}
	return false, err
}

type deviceDto struct {
	ID         string    `json:"Id"`
	ReportedID string    `json:"ReportedDeviceId"` // as the device names itself
	Name       string    `json:"Name"`
	Client     string    `json:"AppName"`
	LastUserID string    `json:"LastUserId"`
	SeenAt     time.Time `json:"DateLastActivity"`
}

type devices struct {
	Items []deviceDto `json:"Items"`
}

func (s *Server) devices(ctx context.Context) ([]deviceDto, error) {
	const doing = "reading the devices"
	var answer devices
	if err := s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/Devices", Into: &answer}); err != nil {
		return nil, err
	}
	if answer.Items == nil {
		return nil, implausible(doing, "the answer has no devices")
	}
	return answer.Items, nil
}

// SignedIn implements [mediaserver.Devices]. Emby lists each device once, with the local user who was the
// last one there.
func (s *Server) SignedIn(ctx context.Context) ([]mediaserver.SignedIn, error) {
	all, err := s.devices(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]mediaserver.SignedIn, 0, len(all))
	for _, d := range all {
		id, ok := mediacall.ID(d.LastUserID)
		if !ok || d.ReportedID == "" {
			continue // a device that nobody uses
		}
		list = append(list, mediaserver.SignedIn{LocalUserID: id, DeviceID: d.ReportedID, Name: d.Name, Client: d.Client, SeenAt: d.SeenAt})
	}
	return list, nil
}

// EndDevice implements [mediaserver.Devices]. A local user whose password the agent manages is signed in on
// the device once more, which ends the former token or gives it again, and signed out with it. For other
// local users the error is ErrNotAllowed: Emby could only delete the device, for everybody who uses it.
func (s *Server) EndDevice(ctx context.Context, localUserID, deviceID string) error {
	const doing = "signing a device out"
	token, err := s.Mint(ctx, localUserID, mediaserver.Device{Client: "Latchkey", Name: "Latchkey", ID: deviceID, Version: s.version})
	if errors.Is(err, mediaserver.ErrUnsupported) {
		return refused(doing, mediaserver.ErrNotAllowed, "the local user has a password of their own")
	}
	if err != nil {
		return err
	}
	return s.Revoke(ctx, token.Value)
}

// signOut deletes the devices on which a local user was the last one, so that their tokens end. The
// description does not say whether Emby ends tokens by itself when a password changes or a local user is
// disabled. If somebody else uses such a device, too, they have to sign in there again.
func (s *Server) signOut(ctx context.Context, localUserID string) error {
	wanted, _ := mediacall.ID(localUserID)
	all, err := s.devices(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if id, ok := mediacall.ID(d.LastUserID); !ok || id != wanted || d.ID == "" {
			continue
		}
		err := s.admin(ctx, call{Doing: "signing a local user out", Method: http.MethodDelete, Path: "/Devices", Query: map[string][]string{"Id": {d.ID}}})
		if err != nil && mediacall.StatusOf(err) != http.StatusNotFound { // otherwise it has gone meanwhile
			return err
		}
	}
	return nil
}

// ApproveCode returns ErrUnsupported: Emby has no Quick Connect.
func (s *Server) ApproveCode(context.Context, string, string) error {
	return refused("approving a code", mediaserver.ErrUnsupported, "Emby has no Quick Connect")
}

// StartProof returns ErrUnsupported: without Quick Connect, nobody can show who they are but by their
// password, which the agent does not ask for.
func (s *Server) StartProof(context.Context, string) (mediaserver.Proof, error) {
	return mediaserver.Proof{}, refused("starting a proof", mediaserver.ErrUnsupported, "Emby has no Quick Connect")
}

// CheckProof returns ErrProofOver, because no proof was started.
func (s *Server) CheckProof(context.Context, string) (mediaserver.LocalUser, error) {
	return mediaserver.LocalUser{}, mediaserver.ErrProofOver
}
