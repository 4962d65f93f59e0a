package jellyfin

import (
	"context"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// ChangeLimits implements [mediaserver.Levels].
func (s *Server) ChangeLimits(context.Context, string, func(mediaserver.Limits) (mediaserver.Limits, error)) error {
	return mediaserver.ErrUnsupported
}

// AllLimits implements [mediaserver.Levels].
func (s *Server) AllLimits(context.Context) (map[string]mediaserver.Limits, error) {
	return nil, mediaserver.ErrUnsupported
}

// Choices implements [mediaserver.Levels].
func (s *Server) Choices(context.Context) (mediaserver.Choices, error) {
	return mediaserver.Choices{}, mediaserver.ErrUnsupported
}

// Say implements [mediaserver.Levels].
func (s *Server) Say(context.Context, string, string, string) error { return mediaserver.ErrUnsupported }

// StopPlaying implements [mediaserver.Levels].
func (s *Server) StopPlaying(context.Context, string) error { return mediaserver.ErrUnsupported }
