package builtin

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// trouble is logged when it begins and when it is over.
type trouble struct {
	what string // is wrong, and what to do
	on   atomic.Bool
}

// note takes the outcome of one try. A caller that went away says nothing.
func (t *trouble) note(ctx context.Context, log *slog.Logger, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && t.on.CompareAndSwap(false, true):
		log.WarnContext(ctx, "trouble begins", slog.String("trouble", t.what), slog.Any("error", err))
	case err == nil && t.on.CompareAndSwap(true, false):
		log.InfoContext(ctx, "trouble is over", slog.String("trouble", t.what))
	}
}
