package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// Clocks compares the clock of this machine with the database's clock, so that the Store
// knows the time of the database. All fields are required.
type Clocks struct {
	Store *models.Store
	Log   *slog.Logger
	Every time.Duration // between two comparisons

	state   clockState
	failing bool // so that a failure is logged once, not every time
}

// clockState says how well the clocks agree.
type clockState int

const (
	clocksAgree  clockState = iota
	clocksApart             // by more than smallDrift; the Store corrects it
	clocksDiffer            // by more than [models.MaxDrift], so that the Store refuses to sweep and to send
)

// smallDrift is the difference above which a warning is logged.
const smallDrift = 5 * time.Second

// Run works until ctx ends.
func (j *Clocks) Run(ctx context.Context) {
	ticker := time.NewTicker(j.Every)
	defer ticker.Stop()
	j.future(ctx)
	for {
		j.Once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Once compares the clocks once, and logs the result if it differs from the result before.
func (j *Clocks) Once(ctx context.Context) {
	ahead, err := j.Store.CompareClocks(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil && !j.failing {
		j.Log.WarnContext(ctx, "the database does not tell its time; it is asked again", slog.Any("err", err))
	}
	j.failing = err != nil
	if state := stateOf(ahead); state != j.state {
		j.state = state
		j.tell(ctx, ahead)
	}
}

func stateOf(ahead time.Duration) clockState {
	switch {
	case ahead.Abs() > models.MaxDrift:
		return clocksDiffer
	case ahead.Abs() > smallDrift:
		return clocksApart
	default:
		return clocksAgree
	}
}

// tell logs the state of the clocks.
func (j *Clocks) tell(ctx context.Context, ahead time.Duration) {
	by := slog.Duration("machine_ahead", ahead.Round(time.Millisecond))
	switch j.state {
	case clocksDiffer:
		j.Log.ErrorContext(ctx, "the clock of this machine and the database's clock differ by more than a minute: until they agree this instance "+
			"is not ready, deletes nothing, sends no mails and approves no codes; set both clocks from the same time server", by)
	case clocksApart:
		j.Log.WarnContext(ctx, "the clock of this machine and the database's clock differ; the service goes by the database's clock; "+
			"set both from the same time server", by)
	default:
		j.Log.InfoContext(ctx, "the clock of this machine and the database's clock agree again", by)
	}
}

// future logs a warning if the database has a row from the future.
func (j *Clocks) future(ctx context.Context) {
	future, err := j.Store.Future(ctx)
	if err == nil && future > models.MaxDrift {
		j.Log.WarnContext(ctx, "the newest event in the database lies in the future: the clock was ahead when it was written, or is behind now; "+
			"as long as it is behind, links and codes that have expired can work again", slog.Duration("ahead", future))
	}
}
