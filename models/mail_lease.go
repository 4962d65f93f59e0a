package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Owed is a mail that a worker has leased.
type Owed struct {
	ID       int64
	Kind     MailKind
	Attempts int    // including this one
	Domain   string // to which the mail goes, in lower case; "" if nobody gets it
	owner    string
	row      outboxRow
}

// MailLease is how long the lease of a mail lasts if its worker does not renew it. A worker
// may end a lease that it has seen unchanged for this time by its own clock, see
// [Mail.EndLease].
const MailLease = 15 * time.Second

// Claims says which mails a worker takes.
type Claims struct {
	Owner   string                  // the name of the worker
	Most    int                     // largest number of mails
	Retries int                     // how many of the mails that were tried before come first; the mails that were never tried come after them
	Room    func(domain string) int // how many more mails to a domain may be sent now
	Waiting []Owed                  // mails that the call before has left out
}

// Claim leases at most n due mails to the worker with the name owner, and counts an attempt
// for each. Mails that were never tried come first. If several workers claim at once, each
// mail goes to one of them. The worker must renew a lease before [MailLease] has passed, or
// another worker ends it.
func (m *Mail) Claim(ctx context.Context, owner string, n int) ([]Owed, error) {
	claimed, _, err := m.ClaimWithin(ctx, Claims{Owner: owner, Most: n, Room: func(string) int { return n }})
	return claimed, err
}

// ClaimWithin does the same as [Mail.Claim], but leaves out mails to domains that have no room
// for more.
//
// It also returns the due mails that it has found and left out. A caller can pass them to the
// next call as Waiting. That call then takes only mails of Waiting, and does not ask the
// database which mails are due. Otherwise each mail of a long queue would cost a look at a
// hundred mails. A caller must leave Waiting empty once in a while, because other mails may have
// become due.
//
// While the clocks differ it takes no mail and returns [ErrClocksDiffer], because a mail whose
// link seems to have expired would be dropped.
func (m *Mail) ClaimWithin(ctx context.Context, c Claims) (claimed, left []Owed, err error) {
	if err := m.clock.agrees(); err != nil {
		return nil, nil, err
	}
	found := c.Waiting
	if len(found) == 0 {
		if found, err = m.dueMails(ctx, c); err != nil {
			return nil, nil, explained("find due mails", err)
		}
	}
	due, left := choose(found, c)
	for _, owed := range due {
		won, err := m.lease(ctx, c.Owner, &owed)
		if err != nil {
			return claimed, left, explained("lease a mail", err)
		}
		if won {
			claimed = append(claimed, owed)
		}
	}
	return claimed, left, nil
}

// lease leases a mail that was due when it was read, and counts the attempt. It returns false if
// the mail has changed since.
func (m *Mail) lease(ctx context.Context, owner string, owed *Owed) (won bool, err error) {
	row, now := &owed.row, m.Now()
	until := now.Add(MailLease)
	err = m.db.Again(ctx, func(db *gorm.DB) error {
		result := db.Exec(`UPDATE outbox SET lease_owner = ?, lease_until = ?, attempts = attempts + 1
WHERE id = ? AND state = ? AND attempts = ? AND due_at <= ? AND lease_until IS NULL`,
			owner, until, row.ID, mailQueued, row.Attempts, now)
		won = result.RowsAffected == 1
		return result.Error
	})
	row.Attempts++
	row.LeaseOwner, row.LeaseUntil = owner, &until
	owed.Attempts, owed.owner = row.Attempts, owner
	return won, err
}

// Renew makes the leases of the worker owner longer, for the mails ids. The worker is still
// sending these mails, because a mail server may take longer than a lease. It returns the mails
// whose lease still belongs to owner.
func (m *Mail) Renew(ctx context.Context, owner string, ids []int64) (held []int64, err error) {
	until, doing := m.Now().Add(MailLease), "renew the leases of mails"
	err = m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET lease_until = ? WHERE lease_owner = ? AND id IN ?", until, owner, ids).Error
	})
	if err != nil {
		return nil, explained(doing, err)
	}
	rows, err := database.G[outboxRow](m.read(ctx)).Select("id").Where("lease_owner = ? AND id IN ?", owner, ids).Find(ctx)
	for _, row := range rows {
		held = append(held, row.ID)
	}
	return held, explained(doing, err)
}

// Lease is the lease of a mail.
type Lease struct {
	Mail  int64
	Owner string
	Until time.Time // by the clock of the worker that has it
}

// Leases returns the leases of all workers.
func (m *Mail) Leases(ctx context.Context) ([]Lease, error) {
	rows, err := database.G[outboxRow](m.read(ctx)).Select("id", "lease_owner", "lease_until").
		Where("lease_owner > '' AND lease_until IS NOT NULL").Find(ctx)
	leases := make([]Lease, len(rows))
	for i, row := range rows {
		leases[i] = Lease{Mail: row.ID, Owner: row.LeaseOwner, Until: row.LeaseUntil.UTC()}
	}
	return leases, explained("list the leases of mails", err)
}

// EndLease ends a lease whose worker has died, so that the mail is due again. It does nothing
// if the lease has been renewed since it was read.
//
// The time in the lease does not show whether the worker has died: the clocks of two machines
// differ, and while the database is away nobody can renew anything. So a worker ends a lease
// that it has seen unchanged for [MailLease] while it could read the database.
func (m *Mail) EndLease(ctx context.Context, l Lease) error {
	return explained("end the lease of a mail", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET lease_owner = '', lease_until = NULL WHERE id = ? AND lease_owner = ? AND lease_until = ?",
			l.Mail, l.Owner, l.Until).Error
	}))
}

// Release ends all leases of the worker owner, so that another worker need not wait for
// them. The attempts still count.
func (m *Mail) Release(ctx context.Context, owner string) error {
	return explained("release the mails", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET lease_owner = '', lease_until = NULL WHERE lease_owner = ? AND state = ?", owner, mailQueued).Error
	}))
}
