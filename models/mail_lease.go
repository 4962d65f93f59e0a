package models

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Owed is a mail that a worker has leased.
type Owed struct {
	ID       int64
	Kind     MailKind
	Attempts int // including this one
	owner    string
	row      outboxRow
}

// mailLease is the time after which another worker may take a mail.
const mailLease = 2 * time.Minute

// Claim leases up to n due mails to the worker owner, and counts the attempt of each.
// If several workers claim at once, each mail goes to one of them. After two minutes
// a lease that was not ended can go to another worker.
func (m *Mail) Claim(ctx context.Context, owner string, n int) ([]Owed, error) {
	now := m.Now()
	due, err := gorm.G[outboxRow](m.read(ctx)).
		Where("state = ? AND due_at <= ? AND (lease_until IS NULL OR lease_until < ?)", mailQueued, now, now).
		Order("due_at, id").Limit(n).Find(ctx)
	if err != nil {
		return nil, explained("find due mails", err)
	}
	var claimed []Owed
	for _, row := range due {
		until := now.Add(mailLease)
		var won bool
		err := m.db.Again(ctx, func(db *gorm.DB) error {
			result := db.Exec(`UPDATE outbox SET lease_owner = ?, lease_until = ?, attempts = attempts + 1
WHERE id = ? AND state = ? AND attempts = ? AND (lease_until IS NULL OR lease_until < ?)`,
				owner, until, row.ID, mailQueued, row.Attempts, now)
			won = result.RowsAffected == 1
			return result.Error
		})
		if err != nil {
			return claimed, explained("lease a mail", err)
		}
		if won {
			row.Attempts++
			row.LeaseOwner, row.LeaseUntil = owner, &until
			claimed = append(claimed, Owed{ID: row.ID, Kind: row.Kind, Attempts: row.Attempts, owner: owner, row: row})
		}
	}
	return claimed, nil
}

// Sent deletes a mail that has been sent.
func (m *Mail) Sent(ctx context.Context, id int64) error {
	return explained("forget a mail", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("DELETE FROM outbox WHERE id = ?", id).Error
	}))
}

// Failed puts a mail off: for 30 s, doubled at every attempt up to an hour, each time
// up to a fifth more or less. A permanent failure is final, and so is a failure a day
// after the mail was owed: the mail is kept as dead, with its cause.
func (m *Mail) Failed(ctx context.Context, o Owed, cause string, permanent bool) error {
	now := m.Now()
	wait := time.Hour
	if o.Attempts < 8 {
		wait = min(wait, 30*time.Second<<(o.Attempts-1))
	}
	wait += rand.N(wait*2/5) - wait/5 //nolint:gosec // jitter, not a secret
	wait = wait.Truncate(time.Millisecond)
	state := mailQueued
	if permanent || now.Add(wait).After(o.row.CreatedAt.Add(mailLife)) {
		state = mailDead
	}
	// Mail servers answer in any bytes; MySQL takes UTF-8 alone.
	cause = strings.ReplaceAll(strings.ToValidUTF8(cause, "\uFFFD"), "\x00", "\uFFFD")
	const longest = 500
	if runes := []rune(cause); len(runes) > longest {
		cause = string(runes[:longest])
	}
	return explained("put a mail off", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET state = ?, due_at = ?, lease_owner = '', lease_until = NULL, last_error = ? WHERE id = ? AND lease_owner = ?",
			state, now.Add(wait), cause, o.ID, o.owner).Error
	}))
}

// Release ends all leases of owner, so that another worker need not wait for them.
// The attempts still count.
func (m *Mail) Release(ctx context.Context, owner string) error {
	return explained("release the mails", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET lease_owner = '', lease_until = NULL WHERE lease_owner = ? AND state = ?", owner, mailQueued).Error
	}))
}
