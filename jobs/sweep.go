package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// Housekeeping deletes expired rows from the database, ends unlocks, writes the last uses of sessions and
// agents, and gives memory back. All fields are required.
type Housekeeping struct {
	Store *models.Store
	Log   *slog.Logger
	Sweep time.Duration // between sweeps
	Flush time.Duration // between two writes of last uses, and between two looks for unlocks that are over and for memory that can be given back
}

// Run works until ctx ends, and then writes the last uses once more.
func (j *Housekeeping) Run(ctx context.Context) {
	sweep, flush := time.NewTicker(j.Sweep), time.NewTicker(j.Flush)
	defer sweep.Stop()
	defer flush.Stop()
	j.try(ctx, "sweep", j.Store.Sweep)
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			j.flush(last)
			return
		case <-sweep.C:
			j.try(ctx, "sweep", j.Store.Sweep)
		case <-flush.C:
			j.flush(ctx)
			j.try(ctx, "end unlocks", j.Store.EndUnlocks)
			j.Store.Rest()
		}
	}
}

// flush writes the last uses of sessions, servers and server keys.
func (j *Housekeeping) flush(ctx context.Context) {
	j.try(ctx, "write last uses", j.Store.Sessions.Flush)
	j.try(ctx, "write last calls", j.Store.Agents.Flush)
	j.try(ctx, "write the uses of server keys", j.Store.ServerKeys.Flush)
	j.try(ctx, "carry out imports", j.Store.Imports.Work)
}

func (j *Housekeeping) try(ctx context.Context, what string, work func(context.Context) error) {
	err := work(ctx)
	if errors.Is(err, models.ErrClocksDiffer) { // Clocks has logged it
		return
	}
	if err != nil && ctx.Err() == nil {
		j.Log.WarnContext(ctx, "housekeeping failed; it is tried again", slog.String("what", what), slog.Any("err", err))
	}
}
