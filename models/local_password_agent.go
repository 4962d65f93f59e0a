package models

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// openLocalPasswords lists the new passwords that wait for an agent.
//
//nolint:gosec // a statement, not a password
const openLocalPasswords = `SELECT p.* FROM local_passwords p JOIN accounts a ON a.id = p.account_id JOIN links l ON l.id = p.link_id
WHERE p.server_id = ? AND p.state = ? AND p.expires_at > ? AND a.confirmed_at IS NOT NULL AND a.disabled_at IS NULL
 AND l.server_id = p.server_id AND l.account_id = p.account_id AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?) ORDER BY p.id`

// Open lists the new passwords that wait for the agent of a server, sealed. It leaves out the
// passwords of accounts that were disabled or have left the server.
func (p *LocalPasswords) Open(ctx context.Context, this Server) ([]LocalPassword, error) {
	var rows []localPasswordRow
	now := p.Now()
	err := p.read(ctx).Raw(openLocalPasswords, this.ID, LocalPasswordAsked, now, LinkAccepted, now).Scan(&rows).Error
	if err != nil {
		return nil, explained("list the local passwords that wait", err)
	}
	list := make([]LocalPassword, len(rows))
	for i := range rows {
		list[i] = p.localPassword(&rows[i])
		list[i].Sealed = rows[i].Sealed
	}
	return list, nil
}

// settle ends a new password that still waits, by one conditional update, and erases the sealed
// text. It returns [ErrNotFound].
func (p *LocalPasswords) settle(tx *gorm.DB, this Server, id int64, state, reason string) error {
	return requireRow(tx.Exec("UPDATE local_passwords SET state = ?, reason = ?, sealed = '' WHERE id = ? AND server_id = ? AND state = ? AND expires_at > ?",
		state, reason, id, this.ID, LocalPasswordAsked, p.Now()))
}

// Complete stores that the local user has the password, and owes the person a mail. A second call
// changes nothing; an agent makes such a call after a crash. Complete returns [ErrNotFound] if
// the new password has ended in another way: the agent then replaces it by a random password.
func (p *LocalPasswords) Complete(ctx context.Context, this Server, id int64) error {
	return p.tx(ctx, "complete a local password", func(tx *gorm.DB) error {
		row, err := database.G[localPasswordRow](tx).Where("id = ? AND server_id = ?", id, this.ID).Take(ctx)
		if err != nil {
			return explained("read a local password", err)
		}
		if row.State == LocalPasswordDone {
			return nil
		}
		if err := lockAccount(tx, row.AccountID); err != nil {
			return err
		}
		account, err := p.accountByID(ctx, tx, row.AccountID)
		if err != nil {
			return err
		}
		if err := p.settle(tx, this, id, LocalPasswordDone, ""); err != nil {
			return err
		}
		from := Caller{Address: row.Address, Device: row.Device}
		if err := p.owe(ctx, tx, localPasswordMail(&account, this.Name, from, p.Now())); err != nil {
			return err
		}
		return p.recordAbout(ctx, tx, row.AccountID, EventLocalPassword, this.Name, from)
	})
}

// Fail stores why the local user did not get the password. It returns an error about the field
// reason, or [ErrNotFound] for a new password that has ended.
func (p *LocalPasswords) Fail(ctx context.Context, this Server, id int64, reason string) error {
	if !slices.Contains([]string{LocalPasswordNotAllowed, LocalPasswordNoLocalUser, LocalPasswordUnreadable, LocalPasswordUnavailable}, reason) {
		return fieldError(KindInvalid, "reason", "local_password_reason_invalid")
	}
	return p.tx(ctx, "fail a local password", func(tx *gorm.DB) error { return p.settle(tx, this, id, LocalPasswordFailed, reason) })
}
