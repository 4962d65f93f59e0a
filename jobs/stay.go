package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// Stays owes the mails about stays that end soon, and ends the pauses whose time is over. Several instances may run it
// at the same time. All fields are required.
type Stays struct {
	Store *models.Store
	Log   *slog.Logger
	Every time.Duration // between two looks
}

// Run works until ctx ends.
func (j *Stays) Run(ctx context.Context) {
	ticker := time.NewTicker(j.Every)
	defer ticker.Stop()
	for {
		for what, work := range map[string]func(context.Context) error{"remind of ends": j.Store.Stays.Remind, "end pauses": j.Store.Stays.EndPauses} {
			if err := work(ctx); err != nil && ctx.Err() == nil && models.KindOf(err) != models.KindUnavailable {
				j.Log.WarnContext(ctx, "the work on stays failed; it is tried again", slog.String("what", what), slog.Any("err", err))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
