package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/config"
)

// mediaServer asks for the kind of media server and then for its settings.
func (s *setup) mediaServer() error {
	if s.isOpen("media-server") {
		s.settings.MediaServer = ""
	}
	err := s.settle(question{
		name: "media-server", text: "Media server: jellyfin, emby or builtin", value: &s.settings.MediaServer, usual: config.MediaServerJellyfin,
	})
	if err != nil {
		return err
	}
	switch s.settings.MediaServer {
	case config.MediaServerJellyfin:
		return s.beside("Jellyfin", "API Keys", s.checkJellyfin)
	case config.MediaServerEmby:
		return s.beside("Emby", "Advanced, API Keys", s.checkEmby)
	default:
		return s.builtin()
	}
}

// beside asks for a media server of others until all checks succeed. The parameter menu says where its
// dashboard makes an API key.
func (s *setup) beside(product, menu string, check func(ctx context.Context) ([]mediaserver.CheckedStep, error)) error {
	for {
		err := s.settle(question{
			name: "media-server-url", text: "Address of " + product + ", as this machine reaches it", value: &s.settings.MediaServerURL, usual: "http://127.0.0.1:8096",
		})
		if err != nil {
			return err
		}
		err = s.settle(question{
			name: "api-key", text: "API key, from " + product + "'s dashboard under " + menu, value: &s.settings.APIKey, secret: true,
		})
		if err != nil {
			return err
		}
		step, err := s.tryBeside(check)
		if err != nil || step == "" {
			return err
		}
		switch step {
		case "key":
			s.settings.APIKey = ""
		case "Quick Connect":
			if _, err := s.ask("Press Enter when this is done: "); err != nil {
				return fmt.Errorf("%w: Quick Connect must be on", err)
			}
		default:
			s.settings.MediaServerURL = ""
		}
	}
}

// checkJellyfin checks the Jellyfin server of the settings.
func (s *setup) checkJellyfin(ctx context.Context) ([]mediaserver.CheckedStep, error) {
	server, err := s.jellyfin(s.quietLogger())
	if err != nil {
		return []mediaserver.CheckedStep{{Name: "reachable", Text: err.Error()}}, nil //nolint:nilerr // the result of the check
	}
	return server.Check(ctx)
}

// checkEmby checks the Emby server of the settings. It needs no password of a local user.
func (s *setup) checkEmby(ctx context.Context) ([]mediaserver.CheckedStep, error) {
	server, err := s.emby(s.quietLogger(), (&parts{}).managedPasswords)
	if err != nil {
		return []mediaserver.CheckedStep{{Name: "reachable", Text: err.Error()}}, nil //nolint:nilerr // the result of the check
	}
	return server.Check(ctx)
}

// tryBeside prints the result of each check. It returns the name of the failed check, or "".
func (s *setup) tryBeside(check func(ctx context.Context) ([]mediaserver.CheckedStep, error)) (string, error) {
	ctx, cancel := context.WithTimeout(s.agentProgram.ctx, time.Minute)
	defer cancel()
	steps, err := check(ctx)
	if err != nil {
		return "", err
	}
	for _, step := range steps {
		if err := s.tell(step); err != nil {
			return "", err
		}
		if !step.OK {
			return step.Name, nil
		}
	}
	return "", nil
}

// tell prints the result of one check.
func (s *setup) tell(step mediaserver.CheckedStep) error {
	text := strings.TrimSpace(step.Text + " " + step.Advice)
	if !step.OK {
		return s.failed(text)
	}
	return s.good(text)
}
