// Package jobs has the workers that run beside requests: they send the mails in the
// outbox, delete expired rows, and write data that was collected in memory. It is
// the only package that uses both models and mailer.
package jobs

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/models"
)

// Mail sends the mails in the outbox. All fields are required.
type Mail struct {
	Store    *models.Store
	Mailer   *mailer.Mailer
	Log      *slog.Logger
	Owner    string           // the name of this worker in leases
	Parallel int              // largest number of mails sent at once, without those that wait for a slow mail server
	Interval time.Duration    // between two reads of the queue
	Now      func() time.Time // says how long a mail waits

	away    atomic.Bool  // the mail server could not be reached, or refused us
	hurried atomic.Int64 // when the mails were hurried the last time, in seconds of Unix
}

const (
	prepareTime = 30 * time.Second // for writing one mail; far less than its lease
	outcomeTime = 10 * time.Second // for one try to write an outcome
	outcomeLast = 5 * time.Minute  // after which an outcome that cannot be written is given up
	outcomeWait = time.Second      // between two tries
	renewTime   = 30 * time.Second // between two renewals of leases; far less than a lease
	hurryTime   = time.Minute      // between two times that the queue is hurried
	stopTime    = 10 * time.Second // for mails that are being sent when the worker stops
	releaseTime = 5 * time.Second
)

// Run sends the mails that are due, until ctx ends. Then it gives the mails that are
// being sent a moment to arrive, ends its leases and returns.
func (j *Mail) Run(ctx context.Context) {
	run := &mailRun{Mail: j, places: newPlaces(j.Parallel), renewed: j.Now()}
	// When the program stops, a mail that is being sent gets some more time.
	sendCtx, breakOff := context.WithCancel(context.WithoutCancel(ctx))
	defer breakOff()
	ticker := time.NewTicker(j.Interval)
	defer ticker.Stop()
	failing := false // so that a failure is logged once, not at every read
	for ctx.Err() == nil {
		err := run.round(ctx, sendCtx)
		if err != nil && !failing && ctx.Err() == nil {
			j.Log.ErrorContext(ctx, "the mail queue cannot be read", slog.Any("err", err))
		} else if err == nil && failing {
			j.Log.InfoContext(ctx, "the mail queue can be read again")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
		case <-ticker.C:
			run.waiting = nil // the queue may have changed
		case <-run.places.freed:
		}
	}
	late := time.AfterFunc(stopTime, breakOff)
	run.sending.Wait()
	late.Stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	if err := j.Store.Mail.Release(ctx, j.Owner); err != nil {
		j.Log.WarnContext(ctx, "mail leases were not released; they run out by themselves", slog.Any("err", err))
	}
}

// mailRun is the state of one Run.
type mailRun struct {
	*Mail
	places  *places
	sending sync.WaitGroup
	renewed time.Time
	waiting []models.Owed // found due in this interval, without a place so far
}

// round renews the leases of the mails that are being sent, when it is time, and sets
// aside the mails that wait for a slow mail server. Then it leases as many new mails as
// there are free places, and starts to send them.
func (r *mailRun) round(ctx, sendCtx context.Context) error {
	now := r.Now()
	if ids := r.places.ids(); len(ids) > 0 && now.Sub(r.renewed) >= renewTime {
		if err := r.Store.Mail.Renew(ctx, r.Owner, ids); err != nil {
			return err
		}
		r.renewed = now
	} else if len(ids) == 0 {
		r.renewed = now
	}
	for _, slow := range r.places.setAside(now) {
		r.Log.InfoContext(ctx, "a mail waits for the mail server, which is slow; other mails are sent meanwhile",
			slog.Int64("mail_id", slow.id), slog.Duration("waits", now.Sub(slow.since)))
	}
	free := r.places.free()
	if free <= 0 {
		return nil
	}
	due, waiting, err := r.Store.Mail.ClaimWithin(ctx, r.Owner, free, r.places.room, r.waiting)
	r.waiting = waiting
	for _, owed := range due {
		r.places.take(owed.ID, owed.Domain, now)
		r.sending.Go(func() {
			defer r.places.leave(owed.ID)
			r.one(sendCtx, owed)
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

// one sends one mail and writes the outcome. It sets no time limit for the mail server,
// because the mailer has one for each step.
func (j *Mail) one(ctx context.Context, owed models.Owed) {
	what := []slog.Attr{slog.Int64("mail_id", owed.ID), slog.String("kind", string(owed.Kind)), slog.Int("attempt", owed.Attempts)}
	letter, send, err := j.prepare(ctx, owed)
	if err == nil && !send {
		j.Log.LogAttrs(ctx, slog.LevelInfo, "mail not needed: its link has expired, a newer mail replaces it, or nobody should get it", what...)
		return
	}
	if err == nil {
		err = j.Mailer.Send(ctx, letterOf(letter))
	}
	if err == nil {
		j.Log.LogAttrs(ctx, slog.LevelInfo, "mail sent", what...)
		err = j.insist(ctx, func(ctx context.Context) error { return j.Store.Mail.Sent(ctx, owed.ID) })
		if err == nil {
			err = j.hurry(ctx)
		}
	} else {
		err = j.putOff(ctx, owed, err, what)
	}
	if err != nil { // the lease ends, and the mail is tried again with the same Message-ID
		j.Log.LogAttrs(ctx, slog.LevelError, "the outcome of a mail was not written", append(what, slog.Any("err", err))...)
	}
}

func (j *Mail) prepare(ctx context.Context, owed models.Owed) (letter models.Letter, send bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, prepareTime)
	defer cancel()
	return j.Store.Mail.Prepare(ctx, owed)
}

// putOff writes that a mail could not be sent, and why.
func (j *Mail) putOff(ctx context.Context, owed models.Owed, cause error, what []slog.Attr) error {
	if mailer.ServerAway(cause) {
		j.away.Store(true)
	}
	var next time.Time
	err := j.insist(ctx, func(ctx context.Context) (err error) {
		next, err = j.Store.Mail.Failed(ctx, owed, cause.Error(), mailer.Permanent(cause))
		return err
	})
	what = append(what, slog.Bool("final", err == nil && next.IsZero()), slog.Any("err", cause))
	if !next.IsZero() {
		what = append(what, slog.Time("next_try", next.UTC()))
	}
	j.Log.LogAttrs(ctx, slog.LevelWarn, "mail not sent", what...)
	return err
}

// hurry makes the mails that were put off due at once. It does so when the mail server has
// taken a mail again after a time in which it refused every mail or could not be reached.
// Otherwise these mails would wait up to an hour longer. It does so at most once within
// [hurryTime].
func (j *Mail) hurry(ctx context.Context) error {
	now := j.Now()
	if !j.away.Load() || now.Sub(time.Unix(j.hurried.Load(), 0)) < hurryTime {
		return nil
	}
	j.away.Store(false)
	j.hurried.Store(now.Unix())
	return j.insist(ctx, j.Store.Mail.Hurry)
}

// insist writes the outcome of a mail. If that fails, it tries again until [outcomeLast]
// is over, because a mail whose outcome is lost is sent twice. When ctx has ended, because
// the program stops, it does not repeat a try that failed.
func (j *Mail) insist(ctx context.Context, write func(context.Context) error) error {
	late := time.NewTimer(outcomeLast)
	defer late.Stop()
	for {
		try, done := context.WithTimeout(context.WithoutCancel(ctx), outcomeTime)
		err := write(try)
		done()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-late.C:
			return err
		case <-time.After(outcomeWait):
		}
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
