package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

const (
	renewTime = 5 * time.Second                  // between two renewals of leases; a third of a lease
	sureTime  = models.MailLease - 2*time.Second // after a renewal the worker can be sure for so long that it has the mail alone
	lookTime  = 2 * time.Second                  // between two looks at the leases of all workers
	blindTime = 3 * lookTime                     // between two looks after which nothing is known about the time between them
)

// watchedLease is a lease that may have been left by a worker that has died.
type watchedLease struct {
	models.Lease
	since time.Time // when it was seen first with this end
}

// renew renews the leases of the mails that are being sent, when it is time.
func (r *mailRun) renew(ctx context.Context, now time.Time) error {
	ids := r.places.ids()
	if len(ids) == 0 {
		r.renewed = now
	}
	if now.Sub(r.renewed) < renewTime {
		return nil
	}
	held, err := r.Store.Mail.Renew(ctx, r.Owner, ids)
	if err != nil {
		return err
	}
	r.renewed = now
	r.places.renewed(ids, held, now.Add(sureTime))
	return nil
}

// endDeadLeases ends the leases that nobody has renewed for as long as a lease lasts: their worker
// has died. It watches them all the time and begins anew if it could not look for a while: if the
// database was away, the others could not renew their leases either.
func (r *mailRun) endDeadLeases(ctx context.Context, now time.Time) error {
	since := now.Sub(r.looked)
	if since < lookTime {
		return nil
	}
	leases, err := r.Store.Mail.Leases(ctx)
	if err != nil {
		return err
	}
	if since > blindTime {
		r.watched = nil
	}
	r.looked = now
	watched := map[int64]watchedLease{}
	for _, lease := range leases {
		if lease.Owner == r.Owner && r.places.has(lease.Mail) {
			continue
		}
		seen, known := r.watched[lease.Mail]
		if !known || seen.Owner != lease.Owner || !seen.Until.Equal(lease.Until) {
			seen = watchedLease{lease, now}
		}
		if now.Sub(seen.since) < models.MailLease {
			watched[lease.Mail] = seen
			continue
		}
		if err := r.Store.Mail.EndLease(ctx, lease); err != nil {
			return err
		}
		r.Log.InfoContext(ctx, "the worker that was sending a mail has ended; the mail is due again", slog.Int64("mail_id", lease.Mail))
	}
	r.watched = watched
	return nil
}
