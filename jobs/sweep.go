package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// Housekeeping deletes expired rows from the database, writes the last uses of sessions and
// agents, and gives memory back. All fields are required.
type Housekeeping struct {
	Store *models.Store
	Log   *slog.Logger
	Sweep time.Duration // between sweeps
	Flush time.Duration // between writes of last uses, and between looks for memory to give back
}

// Run works until ctx ends, and then writes the last uses once more.
func (j *Housekeeping) Run(ctx context.Context) {
	sweep, flush := time.NewTicker(j.Sweep), time.NewTicker(j.Flush)
	defer sweep.Stop()
	defer flush.Stop()
	j.try(ctx, "sweep", j.Store.Sweep)
	j.try(ctx, "compare the clocks", j.compareClocks)
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			j.flush(last)
			return
		case <-sweep.C:
			j.try(ctx, "sweep", j.Store.Sweep)
			j.try(ctx, "compare the clocks", j.compareClocks)
		case <-flush.C:
			j.flush(ctx)
			j.Store.Rest()
		}
	}
}

// flush writes the last uses of sessions, servers and server keys.
func (j *Housekeeping) flush(ctx context.Context) {
	j.try(ctx, "write last uses", j.Store.Sessions.Flush)
	j.try(ctx, "write last calls", j.Store.Agents.Flush)
	j.try(ctx, "write the uses of server keys", j.Store.ServerKeys.Flush)
}

// maxDrift is the difference between the database's clock and ours above which a
// warning is logged.
const maxDrift = 5 * time.Second

func (j *Housekeeping) compareClocks(ctx context.Context) error {
	drift, err := j.Store.Drift(ctx)
	if err == nil && drift.Abs() > maxDrift {
		j.Log.WarnContext(ctx, "the clocks of the database and of this machine differ; set both from the same time server", slog.Duration("ahead_by", drift))
	}
	return err
}

func (j *Housekeeping) try(ctx context.Context, what string, work func(context.Context) error) {
	if err := work(ctx); err != nil && ctx.Err() == nil {
		j.Log.WarnContext(ctx, "housekeeping failed; it is tried again", slog.String("what", what), slog.Any("err", err))
	}
}
