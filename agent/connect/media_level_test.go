package connect_test

import (
	"context"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

func (m *media) ChangeLimits(context.Context, string, func(mediaserver.Limits) (mediaserver.Limits, error)) error {
	return mediaserver.ErrUnsupported
}

func (m *media) AllLimits(context.Context) (map[string]mediaserver.Limits, error) {
	return nil, mediaserver.ErrUnsupported
}

func (m *media) Choices(context.Context) (mediaserver.Choices, error) {
	return mediaserver.Choices{}, mediaserver.ErrUnsupported
}

func (m *media) Say(context.Context, string, string, string) error { return mediaserver.ErrUnsupported }

func (m *media) StopPlaying(context.Context, string) error { return mediaserver.ErrUnsupported }
