package models

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Sent deletes a mail that has been sent, and counts it for the charts of operators. If only the count fails, that is
// logged: a mail that was sent must not stay in the queue.
func (m *Mail) Sent(ctx context.Context, id int64) error {
	deleted, err := m.forget(ctx, id)
	if err != nil || !deleted {
		return err
	}
	day := dayOf(m.Now())
	if err := m.db.Again(ctx, func(db *gorm.DB) error { return countMail(ctx, db, day) }); err != nil {
		m.opt.Log.WarnContext(ctx, "a sent mail was not counted", logError(err))
	}
	return nil
}

// forget deletes a mail, and reports whether it was there.
func (m *Mail) forget(ctx context.Context, id int64) (deleted bool, err error) {
	err = m.db.Again(ctx, func(db *gorm.DB) error {
		result := db.Exec("DELETE FROM outbox WHERE id = ?", id)
		deleted = result.RowsAffected == 1
		return result.Error
	})
	return deleted, explained("forget a mail", err)
}

// Failed stores that a mail could not be sent, and when the next attempt is due. The first
// wait is 30 s; each further wait is twice as long, but at most an hour. Chance makes each
// wait up to a fifth longer or shorter. It returns the time of the next attempt. After a
// permanent failure, or if the next attempt would be due more than a day after the mail was
// owed, the mail is not tried again: it is kept as dead, with the cause, and Failed returns
// the zero time.
func (m *Mail) Failed(ctx context.Context, o Owed, cause string, permanent bool) (next time.Time, err error) {
	now := m.Now()
	wait := time.Hour
	if o.Attempts < 8 {
		wait = min(wait, 30*time.Second<<(o.Attempts-1))
	}
	wait += rand.N(wait*2/5) - wait/5 //nolint:gosec // jitter, not a secret
	wait = wait.Truncate(time.Millisecond)
	due := now.Add(wait)
	state, next := mailQueued, due
	if permanent || due.After(o.row.CreatedAt.Add(mailLife)) {
		state, next = mailDead, time.Time{}
	}
	return next, m.tx(ctx, "put a mail off", func(tx *gorm.DB) error {
		off := tx.Exec("UPDATE outbox SET state = ?, due_at = ?, lease_owner = '', lease_until = NULL, last_error = ? WHERE id = ? AND lease_owner = ?",
			state, due, causeOf(cause), o.ID, o.owner)
		if off.Error != nil || off.RowsAffected == 0 || state != mailDead {
			return off.Error
		}
		return m.happen(ctx, tx, happened{kind: HappenedMailGivenUp, facts: HappenedFacts{Mail: &HappenedMail{ID: FormatID(o.ID), Kind: string(o.Kind)}}})
	})
}

// causeOf returns a cause in the form that is stored. The answer of a mail server may
// contain any bytes and be long, but MySQL accepts only UTF-8.
func causeOf(cause string) string {
	const longest = 500
	cause = strings.ReplaceAll(strings.ToValidUTF8(cause, "\uFFFD"), "\x00", "\uFFFD")
	if runes := []rune(cause); len(runes) > longest {
		cause = string(runes[:longest])
	}
	return cause
}

// Hurry ends the wait of all mails that were put off: they are due now. The worker calls it when
// the mail server accepts mail again.
func (m *Mail) Hurry(ctx context.Context) error {
	now := m.Now()
	return explained("hurry the mails", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET due_at = ? WHERE state = ? AND due_at > ? AND lease_until IS NULL", now, mailQueued, now).Error
	}))
}

// HurryOne ends the wait of a single mail that was put off: the mail whose time comes first.
// Sending it shows whether the mail server accepts mail again. If no mail was put off, HurryOne
// does nothing.
func (m *Mail) HurryOne(ctx context.Context) error {
	now := m.Now()
	rows, err := database.G[outboxRow](m.read(ctx)).Select("id").Where("state = ? AND due_at > ? AND lease_until IS NULL", mailQueued, now).
		Order("due_at, id").Limit(1).Find(ctx)
	if err != nil || len(rows) == 0 {
		return explained("hurry a mail", err)
	}
	return explained("hurry a mail", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET due_at = ? WHERE id = ? AND state = ? AND lease_until IS NULL", now, rows[0].ID, mailQueued).Error
	}))
}

// Explain stores why the due mails that were never tried have to wait. Mails that were tried
// have a cause of their own.
func (m *Mail) Explain(ctx context.Context, cause string) error {
	return explained("explain why mails wait", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET last_error = ? WHERE state = ? AND attempts = 0 AND due_at <= ? AND lease_until IS NULL AND last_error <> ?",
			causeOf(cause), mailQueued, m.Now(), causeOf(cause)).Error
	}))
}
