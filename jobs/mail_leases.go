package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

const (
	renewTime = 5 * time.Second                  // between two renewals of leases; a third of a lease
	sureTime  = models.MailLease - 2*time.Second // the time after a renewal for which the worker is sure that no other worker has the mail
	lookTime  = 2 * time.Second                  // between two looks at the leases of all workers
	blindTime = 3 * lookTime                     // if two looks at the leases are further apart, nothing is known about the time between them
)

// watchedLease is a lease whose worker may have died.
type watchedLease struct {
	models.Lease
	since time.Time // when the lease was first seen with this owner and this end
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

// endDeadLeases ends the leases that nobody has renewed for as long as a lease lasts: their workers
// have died. If it could not look at the leases for a while, it begins to watch them from the
// beginning: if the database was away, the other workers could not renew their leases either.
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
