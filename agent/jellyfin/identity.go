package jellyfin

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// The oldest version that works, and the newest that was tested.
const (
	oldestMajor, oldestMinor = 10, 9
	newestMajor              = 12
)

// publicInfo has the members of the public information of a server that the agent reads.
type publicInfo struct {
	ID          string `json:"Id"`
	Name        string `json:"ServerName"`
	Version     string `json:"Version"`
	ProductName string `json:"ProductName"`
	Ready       *bool  `json:"StartupWizardCompleted"`

	starting bool
}

// UnmarshalJSON reads the members in any letter case, and sets starting if their names
// begin with a small letter. Jellyfin 12 writes the names in this way while it starts. Then
// it also answers "startupWizardCompleted": false, although its first setup is finished.
func (i *publicInfo) UnmarshalJSON(raw []byte) error {
	type plain publicInfo
	var names map[string]json.RawMessage
	if err := json.Unmarshal(raw, (*plain)(i)); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &names); err != nil {
		return err
	}
	_, i.starting = names["startupWizardCompleted"]
	return nil
}

// Identity returns the identity of the server, which also says whether Quick Connect is on. It
// returns ErrTooOld for 10.8 and older, ErrKeyRefused if the server does not accept the key, or
// an error for a product other than Jellyfin.
func (s *Server) Identity(ctx context.Context) (mediaserver.Identity, error) {
	info, err := s.public(ctx)
	if err != nil {
		return mediaserver.Identity{}, err
	}
	if err := info.isJellyfin(); err != nil {
		return mediaserver.Identity{}, err
	}
	major, err := info.usable()
	if err != nil {
		return mediaserver.Identity{}, err
	}
	if major > newestMajor {
		s.warned.Do(func() {
			s.log.WarnContext(ctx, "this Jellyfin is newer than this agent knows: check whether a newer Latchkey is available",
				slog.String("version", printable.ASCII(info.Version)))
		})
	}
	if err := s.keyTaken(ctx, info.ID); err != nil {
		return mediaserver.Identity{}, err
	}
	quick, err := s.quickConnect(ctx)
	if err != nil {
		return mediaserver.Identity{}, err
	}
	return mediaserver.Identity{
		ID: info.ID, Name: info.Name, Version: info.Version, Product: info.ProductName, QuickConnect: quick, NeedsQuickConnect: true,
	}, nil
}

const askingIdentity = "asking for its identity"

// public asks for the information that the server gives to everybody.
func (s *Server) public(ctx context.Context) (publicInfo, error) {
	var info publicInfo
	err := s.calls.Do(ctx, call{Doing: askingIdentity, Method: http.MethodGet, Path: "/System/Info/Public", Into: &info})
	return info, err
}

// isJellyfin returns an error if the answer is not from Jellyfin.
func (i publicInfo) isJellyfin() error {
	if !strings.Contains(strings.ToLower(i.ProductName), "jellyfin") {
		return implausible(askingIdentity, "it is not Jellyfin: check that media-server-url is right")
	}
	if i.ID == "" || len(i.ID) > 64 || printable.ASCII(i.ID) != i.ID {
		return implausible(askingIdentity, "it has no valid id")
	}
	return nil
}

// usable returns the major version of the server, or an error if the server cannot be used.
func (i publicInfo) usable() (int, error) {
	major, minor, ok := parseVersion(i.Version)
	if !ok {
		return 0, implausible(askingIdentity, "it has no valid version")
	}
	if major < oldestMajor || major == oldestMajor && minor < oldestMinor {
		return 0, &failure{Product: product, Doing: askingIdentity, Err: mediaserver.ErrTooOld, Why: fmt.Sprintf(
			"%v: it is %d.%d, and only %d.%d and newer let an agent sign devices in: update Jellyfin",
			mediaserver.ErrTooOld, major, minor, oldestMajor, oldestMinor)}
	}
	if i.starting {
		return 0, &failure{Product: product, Doing: askingIdentity, Why: "it is starting"}
	}
	if i.Ready != nil && !*i.Ready {
		return 0, &failure{Product: product, Doing: askingIdentity, Why: "its first setup is not finished: finish it in the browser"}
	}
	return major, nil
}

// parseVersion reads the first two numbers of a version.
func parseVersion(text string) (major, minor int, ok bool) {
	first, rest, _ := strings.Cut(text, ".")
	second, _, _ := strings.Cut(rest, ".")
	second, _, _ = strings.Cut(second, "-")
	major, err := strconv.Atoi(first)
	if err != nil || major < 0 || major > 9999 {
		return 0, 0, false
	}
	minor, err = strconv.Atoi(second)
	if err != nil || minor < 0 {
		return 0, 0, false
	}
	return major, minor, true
}

// keyTaken returns an error unless the server with that id accepts the key.
func (s *Server) keyTaken(ctx context.Context, id string) error {
	const doing = "showing the key"
	var info publicInfo
	if err := s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/System/Info", Into: &info}); err != nil {
		return err
	}
	if info.ID != id {
		return implausible(doing, "two servers with different ids answer there: check that media-server-url leads to only one Jellyfin")
	}
	return nil
}

// quickConnect asks whether Quick Connect is on.
func (s *Server) quickConnect(ctx context.Context) (bool, error) {
	var on bool
	err := s.calls.Do(ctx, call{
		Doing: "asking whether Quick Connect is on", Method: http.MethodGet, Path: "/QuickConnect/Enabled", Into: &on,
	})
	return on, err
}

// errQuickConnectOff returns the error of something that needs Quick Connect while it is off.
func errQuickConnectOff(doing string, err error) error {
	return &failure{Product: product, Doing: doing, Err: err, Why: err.Error() +
		": Quick Connect is off: switch it on in Jellyfin under Dashboard, General"}
}

// refused finds out why a call of Quick Connect was answered with 401. It returns the error
// off if Quick Connect is off, ErrKeyRefused if the key is refused, and ErrNotFound if the
// local user does not exist any longer.
func (s *Server) refused(ctx context.Context, doing, localUserID string, off error) error {
	on, err := s.quickConnect(ctx)
	if err != nil {
		return err
	}
	if !on {
		return errQuickConnectOff(doing, off)
	}
	if localUserID != "" {
		if _, err := s.readUser(ctx, localUserID); err != nil {
			return err
		}
	}
	return &failure{Product: product, Doing: doing, Status: http.StatusUnauthorized, Why: "it refuses the request (401)", Err: mediacall.ErrAnswer}
}
