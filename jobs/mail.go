// Package jobs has the workers that run beside requests: they send the mails in the
// outbox, delete expired rows, and write data that was collected in memory. It is
// the only package that uses both models and mailer.
package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/models"
)

// Mail sends the mails in the outbox. All fields are required.
type Mail struct {
	Store    *models.Store
	Mailer   *mailer.Mailer
	Log      *slog.Logger
	Owner    string        // the name of this worker in leases
	Parallel int           // largest number of mails sent at once: a slow mail server delays only its own mails
	Interval time.Duration // between two reads of the queue
}

const (
	attemptTime = 45 * time.Second // for sending one mail; far less than its lease
	outcomeTime = 10 * time.Second // for writing the outcome
	stopTime    = 10 * time.Second // for mails that are being sent when the worker stops
	releaseTime = 5 * time.Second
)

// Run sends the mails that are due, until ctx ends. Then it gives the mails that are
// being sent a moment to arrive, ends its leases and returns.
func (j *Mail) Run(ctx context.Context) {
	slots := make(chan struct{}, j.Parallel)
	var sending sync.WaitGroup
	// When the program stops, a mail that is being sent gets some more time.
	sendCtx, breakOff := context.WithCancel(context.WithoutCancel(ctx))
	defer breakOff()
	ticker := time.NewTicker(j.Interval)
	defer ticker.Stop()
	failing := false // so that a failure is logged once, not at every read
	for ctx.Err() == nil {
		err := j.round(ctx, sendCtx, slots, &sending)
		if err != nil && !failing && ctx.Err() == nil {
			j.Log.ErrorContext(ctx, "the mail queue cannot be read", slog.Any("err", err))
		} else if err == nil && failing {
			j.Log.InfoContext(ctx, "the mail queue can be read again")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	late := time.AfterFunc(stopTime, breakOff)
	sending.Wait()
	late.Stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	if err := j.Store.Mail.Release(ctx, j.Owner); err != nil {
		j.Log.WarnContext(ctx, "mail leases were not released; they run out by themselves", slog.Any("err", err))
	}
}

// round leases as many mails as there are free slots and starts to send them.
func (j *Mail) round(ctx, sendCtx context.Context, slots chan struct{}, sending *sync.WaitGroup) error {
	free := cap(slots) - len(slots)
	if free == 0 {
		return nil
	}
	due, err := j.Store.Mail.Claim(ctx, j.Owner, free)
	for _, owed := range due {
		slots <- struct{}{}
		sending.Go(func() {
			defer func() { <-slots }()
			j.one(sendCtx, owed)
		})
	}
	return err
}

// Once sends the mails that are due now, and returns when each has been sent or put
// off. Tests call it instead of waiting for Run.
func (j *Mail) Once(ctx context.Context) error {
	due, err := j.Store.Mail.Claim(ctx, j.Owner, 1000)
	for _, owed := range due {
		j.one(ctx, owed)
	}
	return err
}

// one sends one mail and writes the outcome.
func (j *Mail) one(ctx context.Context, owed models.Owed) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	what := []slog.Attr{slog.Int64("mail_id", owed.ID), slog.String("kind", string(owed.Kind)), slog.Int("attempt", owed.Attempts)}
	letter, send, err := j.Store.Mail.Prepare(ctx, owed)
	if err == nil && !send {
		j.Log.LogAttrs(ctx, slog.LevelInfo, "mail not needed: its link has expired, a newer mail replaces it, or nobody should get it", what...)
		return
	}
	permanent := false
	if err == nil {
		err = j.Mailer.Send(ctx, letterOf(letter))
		permanent = mailer.Permanent(err)
	}
	// The outcome is written even if the attempt took all its time.
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), outcomeTime)
	defer done()
	if err == nil {
		j.Log.LogAttrs(ctx, slog.LevelInfo, "mail sent", what...)
		err = j.Store.Mail.Sent(ctx, owed.ID)
	} else {
		j.Log.LogAttrs(ctx, slog.LevelWarn, "mail not sent", append(what, slog.Bool("final", permanent), slog.Any("err", err))...)
		err = j.Store.Mail.Failed(ctx, owed, err.Error(), permanent)
	}
	if err != nil { // the lease ends, and the mail is tried again with the same Message-ID
		j.Log.LogAttrs(ctx, slog.LevelError, "the outcome of a mail was not written", append(what, slog.Any("err", err))...)
	}
}

// letterOf returns a letter in the mailer's words. The conversion of the facts
// compiles only while models and mailer know the same facts.
func letterOf(l models.Letter) mailer.Letter {
	return mailer.Letter{
		ID: l.ID, Kind: string(l.Kind), To: l.To, Locale: l.Locale, Secret: l.Secret,
		Facts: mailer.Facts(l.Facts), ToStrangers: l.ToStrangers, At: l.At,
	}
}
