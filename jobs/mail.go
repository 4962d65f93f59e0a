// Package jobs has the workers that run beside requests: they send the mails in the
// outbox, delete expired rows, and write data that was collected in memory. It is
// the only package that uses both models and mailer.
package jobs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
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
	Owner    string           // the name of this worker in leases
	Parallel int              // largest number of mails sent at once, without the mails that are set aside because the mail server is slow
	Interval time.Duration    // between two reads of the queue
	Now      func() time.Time // the clock that says how long a mail has waited

	outage outage
}

const (
	roundTime   = 4 * time.Second  // for the work of one round in the database; less than a third of a lease
	prepareTime = 30 * time.Second // for writing one mail
	outcomeTime = 10 * time.Second // for one attempt to write an outcome
	outcomeWait = 5 * time.Second  // the longest wait between two attempts
	stopTime    = 10 * time.Second // for mails that are being sent when the worker stops
	releaseTime = 5 * time.Second
)

// Run sends the mails that are due, until ctx ends. Then it waits for a moment for the mails that
// are being sent, ends its leases and returns.
func (j *Mail) Run(ctx context.Context) {
	run := &mailRun{Mail: j, places: newPlaces(j.Parallel), renewed: j.Now()}
	j.outage.start(j.Parallel)
	// When the program stops, a mail that is being sent gets some more time.
	sendCtx, breakOff := context.WithCancel(context.WithoutCancel(ctx))
	defer breakOff()
	ticker := time.NewTicker(j.Interval)
	defer ticker.Stop()
	failing := false // so that a failure is logged once, not at every read
	for ctx.Err() == nil {
		err := run.round(ctx, sendCtx)
		if errors.Is(err, models.ErrClocksDiffer) { // Clocks has logged it
			err = nil
		}
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
		case <-run.soon():
		}
	}
	run.stop(context.WithoutCancel(ctx), breakOff)
}

// mailRun is the state of one Run.
type mailRun struct {
	*Mail
	places  *places
	sending sync.WaitGroup
	renewed time.Time
	looked  time.Time              // when the worker last looked at the leases of all workers
	watched map[int64]watchedLease // leases whose worker may be dead
	waiting []models.Owed          // mails that were found due in this interval and got no place so far
	pressed bool                   // whether mails that were never tried wait for a place
}

// soon returns a channel that gets a value when mails may have to be set aside.
func (r *mailRun) soon() <-chan time.Time {
	if !r.pressed {
		return nil
	}
	return time.After(r.places.rush())
}

// stop waits a moment for the mails that are being sent, and ends the leases.
func (r *mailRun) stop(ctx context.Context, breakOff func()) {
	late := time.AfterFunc(stopTime, breakOff)
	r.renewed = time.Time{}
	renew, cancel := context.WithTimeout(ctx, roundTime)
	if err := r.renew(renew, r.Now()); err != nil {
		r.Log.WarnContext(ctx, "mail leases were not renewed", slog.Any("err", err))
	}
	cancel()
	r.sending.Wait()
	late.Stop()
	ctx, cancel = context.WithTimeout(ctx, releaseTime)
	defer cancel()
	if err := r.Store.Mail.Release(ctx, r.Owner); err != nil {
		r.Log.WarnContext(ctx, "mail leases were not released; they run out by themselves", slog.Any("err", err))
	}
	if err := r.Mailer.Close(); err != nil {
		r.Log.WarnContext(ctx, "the connections to the mail server were not ended", slog.Any("err", err))
	}
}

// round does what is due: it renews leases, ends the leases of dead workers, makes mails due again
// after an outage, frees the places of slow mails, and begins to send mails.
func (r *mailRun) round(ctx, sendCtx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	defer func() {
		if err != nil {
			r.watched = nil // the database is away, perhaps also for other workers
		}
	}()
	now := r.Now()
	if err := r.renew(ctx, now); err != nil {
		return err
	}
	if err := r.endDeadLeases(ctx, now); err != nil {
		return err
	}
	if err := r.wake(ctx, now); err != nil {
		return err
	}
	for _, slow := range r.places.makeRoom(now, r.pressed) {
		level := slog.LevelDebug // the mail only took longer than usual while others waited
		if now.Sub(slow.since) > placePatience {
			level = slog.LevelInfo
		}
		r.Log.LogAttrs(ctx, level, "a mail waits for the mail server, which is slow; other mails are sent meanwhile",
			slog.Int64("mail_id", slow.id), slog.Duration("waits", now.Sub(slow.since)))
	}
	return r.claim(ctx, sendCtx, now)
}

// claim leases as many mails as there are free places, and starts to send them.
func (r *mailRun) claim(ctx, sendCtx context.Context, now time.Time) error {
	free := r.places.free()
	most := max(0, min(free, r.outage.room(now, r.places.placed())))
	if most == 0 && free > 0 {
		r.pressed = false // the mail server is away, or was away and gets only a few mails at once now
		return nil
	}
	due, waiting, err := r.Store.Mail.ClaimWithin(ctx, models.Claims{
		Owner: r.Owner, Most: most, Retries: r.places.retries(), Room: r.places.room, Waiting: r.waiting,
	})
	r.waiting = waiting
	for _, owed := range due {
		if !r.places.has(owed.ID) { // otherwise it is being sent: an operator who retried the mail ended its lease, and now we have the lease again
			r.start(sendCtx, owed, now)
		}
	}
	r.pressed = r.places.free() <= 0 && slices.ContainsFunc(waiting, func(o models.Owed) bool { return o.Attempts == 0 && r.places.room(o.Domain) > 0 })
	if err == nil && len(due)+len(waiting) == 0 && r.places.placed() == 0 && r.outage.asks(now) {
		err = r.Store.Mail.HurryOne(ctx)
	}
	return err
}

// start begins to send a mail, at the same time as others.
func (r *mailRun) start(sendCtx context.Context, owed models.Owed, now time.Time) {
	talk, stop := context.WithCancelCause(sendCtx)
	s := &sendingMail{id: owed.ID, domain: owed.Domain, first: owed.Attempts == 1, since: now, sure: now.Add(sureTime), stop: stop}
	talk = mailer.WithWatch(talk, mailer.Watch{
		Begin: func() { r.outage.answered(); r.places.begin(s, r.Now()) },
		End:   func() error { return r.places.end(s, r.Now()) },
	})
	r.places.take(s)
	r.outage.began(now)
	r.sending.Go(func() {
		defer stop(nil)
		sent := false
		defer func() { r.places.leave(s, sent, r.Now()) }()
		sent = r.one(sendCtx, talk, owed)
	})
}

// wake makes mails due that were put off, if the mail server accepts mail again.
func (j *Mail) wake(ctx context.Context, now time.Time) error {
	if !j.outage.wake(now) {
		return nil
	}
	err := j.Store.Mail.Hurry(ctx)
	if err != nil {
		j.outage.wakeLater()
	}
	return err
}

// Once sends the mails that are due now, and returns when each of them has been sent or put off.
// Tests call it instead of waiting for Run.
func (j *Mail) Once(ctx context.Context) error {
	due, err := j.Store.Mail.Claim(ctx, j.Owner, 1000)
	for _, owed := range due {
		j.one(ctx, ctx, owed)
	}
	return errors.Join(err, j.wake(ctx, j.Now()))
}

// one sends one mail, writes the outcome, and reports whether the mail was sent. talk is the
// context of the conversation with the mail server, which may end before ctx. It has no time limit,
// because the mailer has a time limit for each step.
func (j *Mail) one(ctx, talk context.Context, owed models.Owed) (sent bool) {
	what := []slog.Attr{slog.Int64("mail_id", owed.ID), slog.String("kind", string(owed.Kind)), slog.Int("attempt", owed.Attempts)}
	letter, send, err := j.prepare(ctx, owed)
	if err == nil && !send {
		j.Log.LogAttrs(ctx, slog.LevelInfo, "mail not needed: its link has expired, a newer mail replaces it, or nobody should get it", what...)
		return false
	}
	if err == nil {
		err = j.Mailer.Send(talk, letterOf(letter))
		sent = err == nil
		if !sent && talk.Err() == nil && !errors.Is(err, errLeaseLost) && !mailer.Permanent(err) {
			j.outage.failed(j.Now(), owed.ID, mailer.ServerAway(err))
		}
	}
	if sent {
		j.outage.sent()
		j.Log.LogAttrs(ctx, slog.LevelInfo, "mail sent", what...)
		err = j.insist(ctx, what, func(ctx context.Context) error { return j.Store.Mail.Sent(ctx, owed.ID) })
	} else {
		err = j.putOff(ctx, owed, err, what)
	}
	if err != nil { // the lease ends later, and then the mail is tried again with the same Message-ID
		j.Log.LogAttrs(ctx, slog.LevelError, "the outcome of a mail was not written", append(what, slog.Any("err", err))...)
	}
	return sent
}

func (j *Mail) prepare(ctx context.Context, owed models.Owed) (letter models.Letter, send bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, prepareTime)
	defer cancel()
	return j.Store.Mail.Prepare(ctx, owed)
}

// putOff writes that a mail could not be sent, and why. If the mail server is away, it also writes
// the reason to the mails that are not tried meanwhile.
func (j *Mail) putOff(ctx context.Context, owed models.Owed, cause error, what []slog.Attr) error {
	var next time.Time
	err := j.insist(ctx, what, func(ctx context.Context) (err error) {
		next, err = j.Store.Mail.Failed(ctx, owed, cause.Error(), mailer.Permanent(cause))
		if err == nil && mailer.ServerAway(cause) {
			err = j.Store.Mail.Explain(ctx, cause.Error())
		}
		return err
	})
	what = append(what, slog.Bool("final", err == nil && next.IsZero()), slog.Any("err", cause))
	if !next.IsZero() {
		what = append(what, slog.Time("next_try", next.UTC()))
	}
	j.Log.LogAttrs(ctx, slog.LevelWarn, "mail not sent", what...)
	return err
}

// insist writes the outcome of a mail. If that fails, because the database is away, insist tries
// again until it succeeds: a mail whose outcome is lost would be sent twice. Meanwhile the mail
// counts as being sent, so no worker takes it. When ctx has ended, because the program stops,
// insist does not repeat an attempt that failed.
func (j *Mail) insist(ctx context.Context, what []slog.Attr, write func(context.Context) error) error {
	for wait := outcomeWait / 8; ; wait = min(2*wait, outcomeWait) {
		try, done := context.WithTimeout(context.WithoutCancel(ctx), outcomeTime)
		err := write(try)
		done()
		if err == nil {
			return nil
		}
		if wait == outcomeWait/8 {
			j.Log.LogAttrs(ctx, slog.LevelWarn, "the outcome of a mail cannot be written now; this is tried again until it succeeds",
				append(slices.Clone(what), slog.Any("err", err))...)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// Preview returns the function that writes a mail for an operator who looks at it: its subject and its plain text.
func Preview(m *mailer.Mailer) func(models.Letter) (subject, text string, err error) {
	return func(l models.Letter) (subject, text string, err error) {
		message, err := m.Preview(letterOf(l))
		return message.Subject, message.Text, err
	}
}

// letterOf returns the data of a mail in the type of the mailer. The conversion of the facts
// compiles only while models and mailer have the same facts.
func letterOf(l models.Letter) mailer.Letter {
	return mailer.Letter{
		ID: l.ID, Kind: string(l.Kind), To: l.To, Locale: l.Locale, Secret: l.Secret,
		Facts: mailer.Facts(l.Facts), TimeZone: l.TimeZone, Stop: l.Stop, ToStrangers: l.ToStrangers, ToGuardian: l.ToGuardian, At: l.At,
	}
}
