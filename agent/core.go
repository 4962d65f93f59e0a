package agent

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/limit"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// core holds what all areas of the [Agent] share.
type core struct {
	opt     Options
	store   *Store
	log     *slog.Logger
	trouble *troubles
	pace    pace
	wake    signals
	service *service
	media   *MediaServer
	waits   *guestWaits
	copy    *ownCopy

	// restricting counts up before the agent changes what a guest may see, and again after
	// the change, so its value is odd during the change. During such a change, the answer
	// of the media server about the guest may be old or new.
	restricting atomic.Int64

	repeated *limit.Limiter[string] // limits warnings that could repeat without end, by their text
}

// newCore returns a core with the options o. Options that are not set get their usual
// values.
func newCore(o Options) *core {
	if o.ReportEvery <= 0 {
		o.ReportEvery = 5 * time.Minute
	}
	if o.CheckEvery <= 0 {
		o.CheckEvery = 30 * time.Second
	}
	if o.ChecksEvery <= 0 {
		o.ChecksEvery = 6 * time.Hour
	}
	if o.Policy.GuestsHourly <= 0 {
		o.Policy.GuestsHourly = 20
	}
	if o.Policy.Levels == "" {
		o.Policy.Levels = client.LevelsGuests
	}
	if o.Policy.Televisions == "" {
		o.Policy.Televisions = client.TelevisionsGuests
	}
	if o.OpenClient == nil {
		o.OpenClient = &http.Client{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &core{
		opt: o, store: o.Store, log: o.Log, pace: usualPace(), wake: newSignals(), waits: newGuestWaits(),
		trouble:  &troubles{log: o.Log, now: o.Now, store: o.Store, open: map[string]trouble{}},
		repeated: limit.New[string](o.Now, 3, time.Hour, 1000),
	}
	c.service = &service{core: c, troubles: map[asker]string{}}
	c.media = &MediaServer{core: c}
	c.copy = &ownCopy{core: c}
	return c
}

// explainFile begins or ends the trouble with the agent's own file, according to
// err, and returns err.
func (c *core) explainFile(ctx context.Context, err error) error {
	if err == nil {
		c.trouble.end(ctx, troubleStore)
		return nil
	}
	if ctx.Err() == nil {
		c.trouble.begin(ctx, troubleStore, "the agent's own file cannot be read or written: check that the disk is not full and that the agent may write there",
			slog.String("cause", err.Error()))
	}
	return err
}

// logSometimes logs a warning that could repeat without end, at most three times
// an hour for each text.
func (c *core) logSometimes(ctx context.Context, text string, attrs ...slog.Attr) {
	if c.repeated.Allow(text) {
		c.log.LogAttrs(ctx, slog.LevelWarn, text, attrs...) //nolint:sloglint // all its texts are constants
	}
}

// causeOf returns the text of an error of the media server for the log. The text may be
// longer than a name, because the advice for the admin is at its end.
func causeOf(err error) slog.Attr {
	const most = 1000
	return slog.String("cause", printable.Cut(printable.Text(err.Error()), most))
}

// note is a line for the log about a link. It is written after the transaction is
// committed.
type note struct {
	text string
	link *linkRow
	more []slog.Attr
}

func (c *core) logLink(ctx context.Context, n note) {
	attrs := []slog.Attr{
		slog.String("account", n.link.Username), slog.String("link_id", n.link.ID), slog.String("local_user", n.link.LocalUserName),
	}
	c.log.LogAttrs(ctx, slog.LevelInfo, n.text, append(attrs, n.more...)...) //nolint:sloglint // the texts of notes are constants
}
