package emby

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// The oldest version that works, and the newest major version that is known.
const (
	oldestMajor, oldestMinor = 4, 8
	newestMajor              = 4
)

// publicInfo has the members of the public information of a server that the agent reads.
type publicInfo struct {
	ID          string `json:"Id"`
	Name        string `json:"ServerName"`
	Version     string `json:"Version"`
	ProductName string `json:"ProductName"` // Jellyfin sends it, Emby does not
}

const askingIdentity = "asking what it is"

// Identity returns the identity of the server. It returns ErrTooOld for versions before 4.8,
// ErrKeyRefused if the server does not accept the key, or an error for a product other than Emby.
func (s *Server) Identity(ctx context.Context) (mediaserver.Identity, error) {
	info, err := s.public(ctx)
	if err != nil {
		return mediaserver.Identity{}, err
	}
	major, err := info.usable()
	if err != nil {
		return mediaserver.Identity{}, err
	}
	if major > newestMajor {
		s.warned.Do(func() {
			s.log.WarnContext(ctx, "this Emby is newer than this agent knows: check whether a newer Latchkey is available",
				slog.String("version", printable.ASCII(info.Version)))
		})
	}
	if err := s.keyTaken(ctx, info.ID); err != nil {
		return mediaserver.Identity{}, err
	}
	return mediaserver.Identity{ID: info.ID, Name: info.Name, Version: info.Version, Product: "Emby Server"}, nil
}

// public reads what the server says to everybody.
func (s *Server) public(ctx context.Context) (publicInfo, error) {
	var info publicInfo
	err := s.calls.Do(ctx, call{Doing: askingIdentity, Method: http.MethodGet, Path: "/System/Info/Public", Into: &info})
	return info, err
}

// usable returns the major version of an Emby server that the agent can work with.
func (i publicInfo) usable() (major int, err error) {
	major, minor, ok := parseVersion(i.Version)
	switch {
	case strings.Contains(strings.ToLower(i.ProductName), "jellyfin"):
		return 0, implausible(askingIdentity, "it is Jellyfin and not Emby: set media-server to jellyfin")
	case i.ID == "" || i.Name == "" || !ok:
		return 0, implausible(askingIdentity, "it does not say which server it is: check that media-server-url leads to Emby itself")
	case major < oldestMajor || major == oldestMajor && minor < oldestMinor:
		return 0, refused(askingIdentity, mediaserver.ErrTooOld, fmt.Sprintf(
			"it is %d.%d, and the agent works with %d.%d and newer: update Emby", major, minor, oldestMajor, oldestMinor))
	default:
		return major, nil
	}
}

// parseVersion returns the first two numbers of a version.
func parseVersion(version string) (major, minor int, ok bool) {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, wrong := strconv.Atoi(parts[0])
	minor, wrongToo := strconv.Atoi(parts[1])
	return major, minor, wrong == nil && wrongToo == nil && major >= 0 && minor >= 0
}

// keyTaken checks that the server accepts the key as the key of an administrator, and that it is the
// server with the given id. Only administrators may list the devices.
func (s *Server) keyTaken(ctx context.Context, id string) error {
	const doing = "showing the API key"
	var info publicInfo
	if err := s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/System/Info", Into: &info}); err != nil {
		return err
	}
	if info.ID != id {
		return implausible(doing, "two servers with different ids answer there: check that media-server-url leads to only one Emby")
	}
	var all devices
	err := s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/Devices", Into: &all})
	if mediacall.StatusOf(err) == http.StatusForbidden {
		return refused(doing, mediaserver.ErrKeyRefused, "it is not the key of an administrator: make an API key in Emby's dashboard under Advanced, API Keys")
	}
	return err
}

// Check checks, step by step, everything that an agent needs from the server. It stops after a failed
// step. An error means that ctx ended.
func (s *Server) Check(ctx context.Context) ([]mediaserver.CheckedStep, error) {
	var steps []mediaserver.CheckedStep
	fail := func(name string, err error, advice string) ([]mediaserver.CheckedStep, error) {
		if ctx.Err() != nil {
			return steps, ctx.Err()
		}
		text := strings.TrimPrefix(err.Error(), prefix)
		return append(steps, mediaserver.CheckedStep{Name: name, Text: strings.ToUpper(text[:1]) + text[1:] + ".", Advice: advice}), nil
	}
	info, err := s.public(ctx)
	if err != nil {
		return fail("reachable", err, "Check that Emby runs and that its address is right, then run the setup again.")
	}
	steps = append(steps, mediaserver.CheckedStep{Name: "reachable", OK: true, Text: "Something answers at " + s.calls.Address() + "."})
	major, err := info.usable()
	if errors.Is(err, mediaserver.ErrTooOld) {
		return append(steps, mediaserver.CheckedStep{
			Name: "version", Reason: mediaserver.ReasonTooOld, Text: "Its version is " + printable.ASCII(printable.Cut(info.Version, 64)) + ".", Advice: "Update Emby to 4.8 or newer.",
		}), nil
	}
	if err != nil {
		return fail("Emby", err, "Give the address of Emby itself, as you open it in the browser.")
	}
	steps = append(steps, mediaserver.CheckedStep{Name: "Emby", OK: true, Text: "It is the Emby server " + strconv.Quote(printable.Cut(info.Name, 64)) + "."})
	version := mediaserver.CheckedStep{Name: "version", OK: true, Text: "Its version is " + printable.ASCII(printable.Cut(info.Version, 64)) + "."}
	if major > newestMajor {
		version.Warning, version.Reason = true, mediaserver.ReasonNewer
		version.Advice = "It is newer than this agent knows, and will probably work. Check whether a newer Latchkey is available."
	}
	steps = append(steps, version)
	err = s.keyTaken(ctx, info.ID)
	if errors.Is(err, mediaserver.ErrKeyRefused) {
		return append(steps, mediaserver.CheckedStep{
			Name: "key", Reason: mediaserver.ReasonRefused, Text: "It refuses that key.", Advice: "Make a key in Emby's dashboard under Advanced, API Keys, and give it to this setup.",
		}), nil
	}
	if err != nil {
		return fail("key", err, "Make a key in Emby's dashboard under Advanced, API Keys, and give it to this setup.")
	}
	return append(steps, mediaserver.CheckedStep{Name: "key", OK: true, Text: "It accepts the API key."}, mediaserver.CheckedStep{
		Name: "sign-in", OK: true, Warning: true, Text: "Emby has no Quick Connect: guests sign in with a name and a password, which they see on their page of this server.",
		Advice: "People whose user existed before go on with the password that they have.",
	}), nil
}
