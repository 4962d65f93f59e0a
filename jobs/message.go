package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// Messages reads the messages to everybody that pages show, and writes their mails into the queue. Each instance runs it.
// All fields are required.
type Messages struct {
	Store *models.Store
	Log   *slog.Logger
	Every time.Duration // between two looks; other instances show a message after that time at the latest
}

// Run works until ctx ends.
func (j *Messages) Run(ctx context.Context) {
	ticker := time.NewTicker(j.Every)
	defer ticker.Stop()
	for {
		on := j.Store.OperatedMessages
		for _, work := range []func(context.Context) error{on.Refresh, on.Work} {
			if err := work(ctx); err != nil && ctx.Err() == nil && models.KindOf(err) != models.KindUnavailable {
				j.Log.WarnContext(ctx, "the work on messages failed; it is tried again", slog.Any("err", err))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
