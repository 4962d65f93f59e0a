package builtin

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// trouble is something that fails again and again. It is logged when it begins and when it
// is resolved.
type trouble struct {
	what string // a text for the admin: the fault, and a remedy
	on   atomic.Bool
}

// note begins or ends the trouble after one try with the error err, or nil. It ignores
// tries whose caller has gone away.
func (t *trouble) note(ctx context.Context, log *slog.Logger, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && t.on.CompareAndSwap(false, true):
		log.WarnContext(ctx, "trouble", slog.String("trouble", t.what), slog.Any("error", err))
	case err == nil && t.on.CompareAndSwap(true, false):
		log.InfoContext(ctx, "resolved", slog.String("trouble", t.what))
	}
}
