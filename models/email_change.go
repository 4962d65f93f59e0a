package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// The states of a change of the address.
const (
	changeWaiting  = "waiting"  // for the confirmation of the new address
	changeMade     = "made"     // may be undone until undo_until
	changeReplaced = "replaced" // by a later request
	changeUndone   = "undone"
)

// emailChange is a row of email_changes. The link of a row confirms NewEmail of this row
// and no other address.
type emailChange struct {
	ID          int64
	AccountID   int64
	OldEmail    string
	OldEmailKey string
	NewEmail    string
	NewEmailKey string
	State       string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	ChangedAt   *time.Time
	UndoUntil   *time.Time
}

// TableName returns the name of the table, email_changes.
func (emailChange) TableName() string { return "email_changes" }

// Waiting returns the new address that a person has asked for and not yet confirmed, or ""
// if there is no such address.
func (e *Emails) Waiting(ctx context.Context, accountID int64) (string, error) {
	rows, err := database.G[emailChange](e.read(ctx)).
		Where("account_id = ? AND state = ? AND expires_at > ?", accountID, changeWaiting, e.Now()).Order("id DESC").Limit(1).Find(ctx)
	if err != nil || len(rows) == 0 {
		return "", explained("read the email change", err)
	}
	return rows[0].NewEmail, nil
}

// UndoUntil returns the time until which a change of the address can be undone, or the zero
// time if there is no such change. Until then the account cannot be deleted.
func (e *Emails) UndoUntil(ctx context.Context, accountID int64) (time.Time, error) {
	return e.undoUntil(ctx, e.read(ctx), accountID)
}

func (c *core) undoUntil(ctx context.Context, db *gorm.DB, accountID int64) (time.Time, error) {
	rows, err := database.G[emailChange](db).
		Where("account_id = ? AND state = ? AND undo_until > ?", accountID, changeMade, c.Now()).Find(ctx)
	if err != nil {
		return time.Time{}, explained("read the email changes", err)
	}
	var last time.Time
	for _, r := range rows {
		if until := orZero(r.UndoUntil); until.After(last) {
			last = until
		}
	}
	return last, nil
}

// RequestChange asks for another address: a mail to the new address has a link that
// confirms it, and the old address gets a notice. It replaces an earlier request. It
// returns errors about the fields email and current_password, [ErrThrottled], or [ErrLookedAfter] for
// an account whose guardian gives it its first address ([Members.LetGo]). Only the
// mail to the new address says whether another account has that address.
func (e *Emails) RequestChange(ctx context.Context, accountID int64, email, password string, caller Caller) error {
	row, err := e.accountByID(ctx, e.read(ctx), accountID)
	if err != nil {
		return err
	}
	sendTo, key, ok := parseEmail(email)
	if !ok {
		return fieldError(KindInvalid, "email", "email_invalid")
	}
	if row.GuardianID != nil {
		return ErrLookedAfter
	}
	if sendTo == row.Email {
		return ErrSameEmail
	}
	if err := e.passwordIs(ctx, &row, password, caller); err != nil {
		return err
	}
	if err := e.throttle.allow(ctx, e.throttle.key("email change", row.owner()), e.opt.Limits.EmailChangeDay); err != nil {
		return err
	}
	now := e.Now()
	change := emailChange{
		AccountID: accountID, OldEmail: row.Email, OldEmailKey: row.EmailKey, NewEmail: sendTo, NewEmailKey: key,
		State: changeWaiting, CreatedAt: now, ExpiresAt: now.Add(e.opt.Lives.EmailChange),
	}
	if change.ID, err = e.newID(); err != nil {
		return explained("make an id", err)
	}
	return e.tx(ctx, "ask for an email change", func(tx *gorm.DB) error {
		if err := replaceWaiting(tx, accountID); err != nil {
			return err
		}
		if err := database.G[emailChange](tx).Create(ctx, &change); err != nil {
			return err
		}
		if err := e.oweChange(ctx, tx, &row, &change, caller); err != nil {
			return err
		}
		return e.recordAbout(ctx, tx, accountID, EventEmailChangeAsked, maskEmail(change.NewEmail), caller)
	})
}

func replaceWaiting(tx *gorm.DB, accountID int64) error {
	err := tx.Exec("UPDATE email_changes SET state = ? WHERE account_id = ? AND state = ?", changeReplaced, accountID, changeWaiting).Error
	if err != nil {
		return err
	}
	return revoke(tx, accountID, purposeEmailChange)
}

// oweChange owes the mail with the link to the new address, and the mail with the notice to
// the old address.
func (e *Emails) oweChange(ctx context.Context, tx *gorm.DB, row *accountRow, change *emailChange, caller Caller) error {
	err := e.owe(ctx, tx, emailConfirmMail(row, change, e.opt.Lives.EmailChange, row.owner()))
	if err != nil || change.OldEmail == "" {
		return err
	}
	return e.owe(ctx, tx, emailAskedMail(row, change, caller, e.Now()))
}

// LookChange describes the link that confirms a new address; Email is the new address. It returns
// [ErrTokenSpent].
func (e *Emails) LookChange(ctx context.Context, text string) (LinkInfo, error) {
	return e.lookChange(ctx, purposeEmailChange, text, changeWaiting, func(c emailChange) string { return c.NewEmail })
}

// LookUndo describes the link that undoes a change; Email is the address that
// comes back. It returns [ErrTokenSpent].
func (e *Emails) LookUndo(ctx context.Context, text string) (LinkInfo, error) {
	return e.lookChange(ctx, purposeEmailUndo, text, changeMade, func(c emailChange) string { return c.OldEmail })
}

func (e *Emails) lookChange(ctx context.Context, p purpose, text, state string, email func(emailChange) string) (LinkInfo, error) {
	info, err := e.mailedLink(ctx, p, text)
	if err != nil {
		return info, err
	}
	rows, err := database.G[emailChange](e.read(ctx)).Where("id = ? AND state = ?", info.Subject, state).Find(ctx)
	if err != nil {
		return info, explained("read the email change", err)
	}
	if len(rows) != 1 {
		return info, ErrTokenSpent
	}
	info.Email = email(rows[0])
	return info, nil
}

// ConfirmChange spends the link that was mailed to the new address. The old address gets a notice
// and stays reserved for the account, so that the change can be undone. signedIn is the account
// that the browser is signed in to, 0 for none. If the account is a newcomer and the browser is
// not signed in to it, or if its guardian lets the account go, ConfirmChange returns the secret of
// a link that sets a new password: all
// sessions have ended and no password works until then. It returns [ErrTokenSpent], or
// [ErrEmailTaken] when another account has the address.
func (e *Emails) ConfirmChange(ctx context.Context, text string, signedIn int64, caller Caller) (resetSecret string, err error) {
	err = e.tx(ctx, "change the address", func(tx *gorm.DB) error {
		t, err := e.spend(ctx, tx, purposeEmailChange, text)
		if err != nil {
			return err
		}
		row, err := e.tokenAccount(ctx, tx, t)
		if err != nil {
			return err
		}
		change, err := database.G[emailChange](tx).Where("id = ?", t.SubjectID).Take(ctx)
		if err != nil {
			return err
		}
		if err := e.makeChange(ctx, tx, &row, &change); err != nil {
			return err
		}
		resetSecret, err = e.settleChange(ctx, tx, &row, &change, signedIn, caller)
		return err
	})
	return resetSecret, err
}

// settleChange does what follows when an account has its new address, and returns what
// [Emails.ConfirmChange] returns.
func (e *Emails) settleChange(ctx context.Context, tx *gorm.DB, row *accountRow, change *emailChange, signedIn int64, caller Caller) (resetSecret string, err error) {
	if row.GuardianID != nil {
		return e.settleLetGo(ctx, tx, row, change, caller)
	}
	event := EventEmailChanged
	if row.NewcomerOf != 0 {
		event = EventConfirmed
		resetSecret, err = e.settleNewcomer(ctx, tx, row, signedIn == row.ID)
	} else {
		err = e.oweChanged(ctx, tx, row, change)
	}
	if err != nil {
		return "", err
	}
	return resetSecret, e.recordAbout(ctx, tx, row.ID, event, maskEmail(change.NewEmail), caller)
}

// makeChange gives an account the address of change, if neither the account nor the
// request was changed meanwhile.
func (e *Emails) makeChange(ctx context.Context, tx *gorm.DB, row *accountRow, change *emailChange) error {
	now := e.Now()
	var undoUntil *time.Time // nobody could undo the first address of an account
	if change.OldEmail != "" {
		until := now.Add(e.opt.Lives.EmailUndo)
		undoUntil = &until
	}
	made := tx.Exec("UPDATE email_changes SET state = ?, changed_at = ?, undo_until = ? WHERE id = ? AND state = ?",
		changeMade, now, undoUntil, change.ID, changeWaiting)
	if made.Error != nil {
		return made.Error
	}
	if made.RowsAffected != 1 {
		return ErrTokenSpent
	}
	err := updateAccount(tx, row.ID, map[string]any{
		"email": change.NewEmail, "email_key": change.NewEmailKey, "password_version": gorm.Expr("password_version + 1"),
	}, "email_key = ?", change.OldEmailKey)
	if KindOf(err) == KindNotFound {
		return ErrTokenSpent
	}
	if err != nil {
		return err
	}
	if change.NewEmailKey != change.OldEmailKey {
		err = tx.Exec("UPDATE emails SET held_until = ? WHERE email_key = ? AND account_id = ?", undoUntil, change.OldEmailKey, row.ID).Error
		if err != nil {
			return err
		}
		if err := e.claimEmail(ctx, tx, row.ID, change.NewEmailKey); err != nil {
			return err
		}
	}
	// Links in the old mailbox must no longer open this account.
	return revoke(tx, row.ID, purposeReset, purposePINReset)
}

func (e *Emails) oweChanged(ctx context.Context, tx *gorm.DB, row *accountRow, change *emailChange) error {
	if change.OldEmail != "" {
		if err := e.owe(ctx, tx, emailChangedMail(row, change, e.Now(), e.opt.Lives.EmailUndo)); err != nil {
			return err
		}
	}
	return e.owe(ctx, tx, emailArrivedMail(row, change))
}

// Undo spends the link that was mailed to the old address: the account gets the old address
// back, every later change is reverted, all sessions end and the password no longer works.
// It returns the secret of a link that sets a new password, the same secret that is mailed
// to the address, or [ErrTokenSpent].
func (e *Emails) Undo(ctx context.Context, text string, caller Caller) (resetSecret string, err error) {
	err = e.tx(ctx, "undo the email change", func(tx *gorm.DB) error {
		t, err := e.spend(ctx, tx, purposeEmailUndo, text)
		if err != nil {
			return err
		}
		row, err := e.tokenAccount(ctx, tx, t)
		if err != nil {
			return err
		}
		if err := e.revertChanges(ctx, tx, &row, t.SubjectID); err != nil {
			return err
		}
		if err := e.endEverything(ctx, tx, row.ID); err != nil {
			return err
		}
		if err := e.recordAbout(ctx, tx, row.ID, EventEmailUndone, maskEmail(row.Email), caller); err != nil {
			return err
		}
		resetSecret, err = e.oweReset(ctx, tx, &row)
		return err
	})
	return resetSecret, err
}

// revertChanges undoes the change with the id from, and all later changes. It updates row
// to the new state of the account.
func (e *Emails) revertChanges(ctx context.Context, tx *gorm.DB, row *accountRow, from int64) error {
	changes, err := database.G[emailChange](tx).
		Where("account_id = ? AND id >= ? AND state IN ?", row.ID, from, []string{changeMade, changeWaiting}).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	first := slices.IndexFunc(changes, func(c emailChange) bool {
		return c.ID == from && c.State == changeMade && orZero(c.UndoUntil).After(e.Now())
	})
	if first != 0 {
		return ErrTokenSpent
	}
	row.Email, row.EmailKey = changes[0].OldEmail, changes[0].OldEmailKey
	row.PasswordVersion++
	for _, change := range changes {
		if err := undoChange(tx, change); err != nil {
			return err
		}
	}
	err = updateAccount(tx, row.ID, map[string]any{
		"email": row.Email, "email_key": row.EmailKey, "password_hash": "", "legacy_md5": "", "legacy_md5_filtered": "",
		"password_version": row.PasswordVersion, "password_changed_at": e.Now(),
	}, "")
	if err != nil {
		return err
	}
	if err := e.claimEmail(ctx, tx, row.ID, row.EmailKey); err != nil {
		return err
	}
	return revoke(tx, row.ID, purposeReset, purposePINReset, purposeEmailChange, purposeNotMe)
}

// undoChange marks a change as undone, frees its new address and deletes the links of
// its mails.
func undoChange(tx *gorm.DB, change emailChange) error {
	if err := tx.Exec("UPDATE email_changes SET state = ? WHERE id = ?", changeUndone, change.ID).Error; err != nil {
		return err
	}
	if change.State == changeMade {
		err := tx.Exec("DELETE FROM emails WHERE account_id = ? AND email_key = ?", change.AccountID, change.NewEmailKey).Error
		if err != nil {
			return err
		}
	}
	const mails = "DELETE FROM outbox WHERE account_id = ? AND subject_id = ?"
	if err := tx.Exec(mails, change.AccountID, change.ID).Error; err != nil {
		return err
	}
	return tx.Exec("DELETE FROM tokens WHERE account_id = ? AND subject_id = ? AND used_at IS NULL", change.AccountID, change.ID).Error
}

// oweReset owes the mail about an undone change, with a link that sets a password. It
// also makes the secret of that link at once, for the browser that has just spent the
// link of the undo.
func (c *core) oweReset(ctx context.Context, tx *gorm.DB, row *accountRow) (string, error) {
	if err := c.owe(ctx, tx, emailUndoneMail(row, c.opt.Lives.Reset)); err != nil {
		return "", err
	}
	mail, err := database.G[outboxRow](tx).Where("account_id = ? AND kind = ?", row.ID, MailEmailUndone).Order("id DESC").Take(ctx)
	if err != nil {
		return "", err
	}
	text, err := c.mailSecret(&mail)
	if err != nil {
		return "", err
	}
	return text, database.G[token](tx).Create(ctx, &token{
		Hash: secret.Sum(text), Purpose: purposeReset, AccountID: row.ID, PasswordVersion: row.PasswordVersion,
		CreatedAt: mail.CreatedAt, ExpiresAt: mail.ExpiresAt,
	})
}
