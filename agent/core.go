package agent

import (
	"context"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/internal/limit"
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

	repeated *limit.Limiter[string] // limits warnings that could repeat without end, by their text
}

// newCore returns the core for o. Options that are left out get their usual
// value.
func newCore(o Options) *core {
	if o.ReportEvery <= 0 {
		o.ReportEvery = 5 * time.Minute
	}
	if o.CheckEvery <= 0 {
		o.CheckEvery = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &core{
		opt: o, store: o.Store, log: o.Log, pace: usualPace(), wake: newSignals(),
		trouble:  &troubles{log: o.Log, now: o.Now, store: o.Store, open: map[string]string{}},
		repeated: limit.New[string](o.Now, 3, time.Hour, 1000),
	}
	c.service = &service{core: c, troubles: map[asker]string{}}
	c.media = &MediaServer{core: c}
	return c
}

// signals wake the loops of [Agent.Run] before their time.
type signals struct {
	media         kick // there is work to do at the media server
	service       kick // there is something that the service has to hear
	report        kick // a report is wanted now
	proofs        kick // a person wants to prove their local user
	quickConnects kick // a person has entered a Quick Connect code
}

func newSignals() signals {
	return signals{media: newKick(), service: newKick(), report: newKick(), proofs: newKick(), quickConnects: newKick()}
}

// pace says how often things are done, and how long they may take. Tests hurry.
type pace struct {
	owed    time.Duration // between two looks for work that another program left
	proof   time.Duration // between two questions whether a person has proved their local user
	wait    time.Duration // the first wait after a failure
	longest time.Duration // the longest wait after a failure
	refused time.Duration // the wait after a refusal that only people can mend
	ask     time.Duration // the longest answer of the service while a device waits
	media   time.Duration // the longest answer of the media server
	poll    time.Duration // how long the service waits for a change before it answers
	round   time.Duration // the least time between two questions for changes
	resync  time.Duration // between two comparisons of all links
	contact time.Duration // between two times that the last contact is written down
}

func usualPace() pace {
	return pace{
		owed: 3 * time.Second, proof: 2 * time.Second, wait: time.Second, longest: 30 * time.Second, refused: 5 * time.Minute,
		ask: 4 * time.Second, media: 20 * time.Second, poll: 25 * time.Second, round: 300 * time.Millisecond,
		resync: 6 * time.Hour, contact: time.Minute,
	}
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
// an hour.
func (c *core) logSometimes(ctx context.Context, text string, attrs ...slog.Attr) {
	if c.repeated.Allow(text) {
		c.log.LogAttrs(ctx, slog.LevelWarn, text, attrs...) //nolint:sloglint // all its texts are constants
	}
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
