package jellyfin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// CheckedStep is the result of one step of [Server.Check], for people.
type CheckedStep = mediaserver.CheckedStep

// Check checks, step by step, everything that an agent needs from the server. It stops after a
// failed step if the next steps cannot succeed without it. An error means that ctx ended.
func (s *Server) Check(ctx context.Context) ([]CheckedStep, error) {
	var steps []CheckedStep
	info, err := s.public(ctx)
	if err != nil {
		return failed(ctx, steps, "reachable", err, "Check that Jellyfin runs and that its address is right, then run the setup again.")
	}
	steps = append(steps, CheckedStep{Name: "reachable", OK: true, Text: "Something answers at " + s.calls.Address() + "."})
	if err := info.isJellyfin(); err != nil {
		return failed(ctx, steps, "Jellyfin", err, "Give the address of Jellyfin itself, as you open it in the browser.")
	}
	steps = append(steps, CheckedStep{Name: "Jellyfin", OK: true, Text: "It is the Jellyfin server " + strconv.Quote(short(info.Name)) + "."})
	major, err := info.usable()
	if errors.Is(err, mediaserver.ErrTooOld) {
		return append(steps, CheckedStep{
			Name: "version", Reason: mediaserver.ReasonTooOld, Text: "Its version is " + versionText(info) + ".",
			Advice: "Update Jellyfin to 10.9 or newer: an agent cannot sign devices in with older versions.",
		}), nil
	}
	if info.starting {
		return because(mediaserver.ReasonStarting)(failed(ctx, steps, "version", err, "Wait a minute, then run this setup again."))
	}
	if err != nil {
		return because(mediaserver.ReasonUnfinished)(failed(ctx, steps, "version", err, "Finish Jellyfin's own setup in the browser, then run this setup again."))
	}
	version := CheckedStep{Name: "version", OK: true, Text: "Its version is " + versionText(info) + "."}
	if major > newestMajor {
		version.Warning, version.Reason = true, mediaserver.ReasonNewer
		version.Advice = "It is newer than this agent knows, and will probably work. Check whether a newer Latchkey is available."
	}
	steps = append(steps, version)
	err = s.keyTaken(ctx, info.ID)
	if errors.Is(err, mediaserver.ErrKeyRefused) {
		return append(steps, CheckedStep{
			Name: "key", Reason: mediaserver.ReasonRefused, Text: "It refuses that key.", Advice: "Make a key in Jellyfin under Dashboard, API Keys, and give it to this setup.",
		}), nil
	}
	if err != nil {
		return failed(ctx, steps, "key", err, "Make a key in Jellyfin under Dashboard, API Keys, and give it to this setup.")
	}
	steps = append(steps, CheckedStep{Name: "key", OK: true, Text: "It accepts the API key."})
	if major >= firstWithoutLegacy {
		steps = append(steps, s.olderApps(ctx))
	}
	on, err := s.quickConnect(ctx)
	switch {
	case err != nil:
		return failed(ctx, steps, "Quick Connect", err, "Look into Jellyfin's own log, then run the setup again.")
	case !on:
		steps = append(steps, CheckedStep{
			Name: "Quick Connect", Reason: mediaserver.ReasonOff, Text: "Quick Connect is off, and no device can be signed in without it.",
			Advice: "Switch it on in Jellyfin under Dashboard, General.",
		})
	default:
		steps = append(steps, CheckedStep{Name: "Quick Connect", OK: true, Text: "Quick Connect is on."})
	}
	return steps, nil
}

// firstWithoutLegacy is the first major version of Jellyfin that does not know the prefix
// /emby, and in which the old ways of sending a token are off until somebody switches them
// on.
const firstWithoutLegacy = 12

// olderApps returns the step that says which apps can use this version of Jellyfin. The
// step never fails: it only warns.
func (s *Server) olderApps(ctx context.Context) CheckedStep {
	var configuration struct {
		Legacy bool `json:"EnableLegacyAuthorization"`
	}
	_ = s.admin(ctx, call{ // a setting that cannot be read counts as off, because the advice is right then, too
		Doing: "asking for the configuration", Method: http.MethodGet, Path: "/System/Configuration", Into: &configuration,
	})
	step := CheckedStep{Name: "older apps", OK: true, Warning: true, Reason: mediaserver.ReasonLegacyOff, Text: "Jellyfin's own apps work with this version. Apps in the manner of Emby get a token and then fail at Jellyfin itself."}
	step.Advice = "If you need them, set EnableLegacyAuthorization to true in Jellyfin's system.xml, and let the proxy take /emby and /mediabrowser off the paths for Jellyfin."
	if configuration.Legacy {
		step.Reason = mediaserver.ReasonPrefixes
		step.Text = "Legacy authorization is on, so that apps in the manner of Emby can show their tokens."
		step.Advice = "This version does not know their prefixes: let the proxy take /emby and /mediabrowser off the paths for Jellyfin."
	}
	return step
}

// versionText returns the version of a server, in a form that fits into a line of text.
func versionText(info publicInfo) string { return printable.ASCII(short(info.Version)) }

// failed adds a step that went wrong.
func failed(ctx context.Context, steps []CheckedStep, name string, err error, advice string) ([]CheckedStep, error) {
	if ctx.Err() != nil {
		return steps, ctx.Err()
	}
	text := strings.TrimPrefix(err.Error(), "jellyfin: ")
	return append(steps, CheckedStep{Name: name, Text: strings.ToUpper(text[:1]) + text[1:] + ".", Advice: advice}), nil
}

// because returns a function that gives the last step of a list a reason.
func because(reason string) func([]CheckedStep, error) ([]CheckedStep, error) {
	return func(steps []CheckedStep, err error) ([]CheckedStep, error) {
		if err == nil {
			steps[len(steps)-1].Reason = reason
		}
		return steps, err
	}
}

// short returns the beginning of a name, in a form that fits into a line of text.
func short(name string) string { return printable.Cut(name, 64) }
