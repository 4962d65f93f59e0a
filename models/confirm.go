package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Emails are the operations on the addresses of accounts.
type Emails struct{ *core }

// emailRow is a row of emails: an address that belongs to an account. It is in use
// (HeldUntil is nil), or it stays reserved after a change, so that the change can be
// undone. If several callers want the same address at once, the unique key of the table
// decides who gets it.
type emailRow struct {
	EmailKey  string
	AccountID int64
	HeldUntil *time.Time
}

// TableName returns the name of the table, emails.
func (emailRow) TableName() string { return "emails" }

// claimEmail gives an account the address with this key. After a change, the old address
// is reserved so that the change can be undone. Such an address is free when the time of
// the reservation is over, or when it is reserved for the same account. claimEmail
// returns [ErrEmailTaken].
func (c *core) claimEmail(ctx context.Context, tx *gorm.DB, accountID int64, key string) error {
	err := tx.Exec("DELETE FROM emails WHERE email_key = ? AND held_until IS NOT NULL AND (held_until <= ? OR account_id = ?)",
		key, c.Now(), accountID).Error
	if err != nil {
		return err
	}
	err = database.G[emailRow](tx).Create(ctx, &emailRow{EmailKey: key, AccountID: accountID})
	if database.IsDuplicate(err, "emails", "email_key") {
		return ErrEmailTaken.because(err)
	}
	return err
}

// PendingSignUp is a sign-up that waits for its confirmation.
type PendingSignUp struct {
	Username, Email string
}

// pendingAccount returns the account that waits for its confirmation and whose secret
// a browser has. It returns [ErrTokenSpent].
func (e *Emails) pendingAccount(ctx context.Context, pendingSecret string) (accountRow, error) {
	t, err := e.fresh(ctx, e.read(ctx), secret.PendingToken, purposePending, pendingSecret)
	if err != nil {
		return accountRow{}, err
	}
	row, err := e.accountByID(ctx, e.read(ctx), t.AccountID)
	if KindOf(err) == KindNotFound || err == nil && (row.ConfirmedAt != nil || row.DisabledAt != nil) {
		return row, ErrTokenSpent
	}
	return row, err
}

// Pending describes the sign-up whose secret a browser has. It returns [ErrTokenSpent]
// once the sign-up is confirmed or gone.
func (e *Emails) Pending(ctx context.Context, pendingSecret string) (PendingSignUp, error) {
	row, err := e.pendingAccount(ctx, pendingSecret)
	return PendingSignUp{Username: row.Username, Email: row.Email}, err
}

// Resend owes the confirmation mail again; the link of the earlier mail stops working.
// Above a limit it does nothing and returns nil. It returns [ErrTokenSpent].
func (e *Emails) Resend(ctx context.Context, pendingSecret string, caller Caller) error {
	row, err := e.pendingAccount(ctx, pendingSecret)
	if err != nil {
		return err
	}
	if err := e.mayResend(ctx, &row, caller); err != nil {
		if KindOf(err) == KindThrottled {
			return nil
		}
		return err
	}
	return e.tx(ctx, "resend the confirmation", func(tx *gorm.DB) error { return e.oweConfirm(ctx, tx, &row, caller) })
}

func (e *Emails) mayResend(ctx context.Context, row *accountRow, caller Caller) error {
	l := e.opt.Limits
	if err := e.throttle.source(ctx, "resend", caller, l.RecoverSource, l.RecoverNetwork, l.RecoverService); err != nil {
		return err
	}
	if err := e.throttle.allow(ctx, e.throttle.key("resend minute", row.owner()), l.ResendMinute); err != nil {
		return err
	}
	return e.throttle.allow(ctx, e.throttle.key("resend day", row.owner()), l.ResendDay)
}

// oweConfirm owes the confirmation mail and makes the links of earlier ones void.
func (e *Emails) oweConfirm(ctx context.Context, tx *gorm.DB, row *accountRow, caller Caller) error {
	if err := revoke(tx, row.ID, purposeConfirm); err != nil {
		return err
	}
	return e.owe(ctx, tx, confirmMail(row, e.signUpLeft(row), e.starter(caller)))
}

// mayCorrect returns an error about the field email if only invited people may sign up and a sign-up came by a mailed invite, which
// is valid for its own address only. A sign-up by a link may have any address.
func (e *Emails) mayCorrect(ctx context.Context, row *accountRow, key string) error {
	if e.opt.SignUp != SignUpInvite || row.EmailKey == key {
		return nil
	}
	byLink, err := e.cameToSignUp(ctx, row.ID)
	if err == nil && !byLink {
		err = fieldError(KindInvalid, "email", "email_not_invited")
	}
	return err
}

// Correct changes the address of a sign-up that waits, and owes the mail to the new
// address; the link in the mail to the old address stops working. It returns
// [ErrTokenSpent], an error about the field email, or [ErrThrottled].
func (e *Emails) Correct(ctx context.Context, pendingSecret, email string, caller Caller) error {
	sendTo, key, ok := parseEmail(email)
	if !ok {
		return fieldError(KindInvalid, "email", "email_invalid")
	}
	row, err := e.pendingAccount(ctx, pendingSecret)
	if err != nil {
		return err
	}
	if row.EmailKey == key && row.Email == sendTo {
		return e.Resend(ctx, pendingSecret, caller)
	}
	if err := e.mayCorrect(ctx, &row, key); err != nil {
		return err
	}
	l := e.opt.Limits
	if err := e.throttle.source(ctx, "resend", caller, l.RecoverSource, l.RecoverNetwork, l.RecoverService); err != nil {
		return err
	}
	if err := e.throttle.allow(ctx, e.throttle.key("resend day", row.owner()), l.ResendDay); err != nil {
		return err
	}
	row.Email, row.EmailKey = sendTo, key
	return e.tx(ctx, "correct the address", func(tx *gorm.DB) error {
		err := updateAccount(tx, row.ID, map[string]any{
			"email": sendTo, "email_key": key, "password_version": gorm.Expr("password_version + 1"),
		}, "confirmed_at IS NULL AND disabled_at IS NULL")
		if KindOf(err) == KindNotFound {
			return ErrTokenSpent
		}
		if err != nil {
			return err
		}
		// A reset link in the old mailbox would confirm the new address.
		if err := revoke(tx, row.ID, purposeReset, purposePINReset); err != nil {
			return err
		}
		return e.oweConfirm(ctx, tx, &row, caller)
	})
}

// LookConfirm describes a confirmation link without spending it. It
// returns [ErrTokenSpent].
func (e *Emails) LookConfirm(ctx context.Context, text string) (LinkInfo, error) {
	return e.mailedLink(ctx, purposeConfirm, text)
}

// Confirm spends a confirmation link: the account may sign in, and the address belongs to
// it. It returns [ErrTokenSpent], or [ErrEmailTaken] when another account has confirmed the
// address meanwhile.
func (e *Emails) Confirm(ctx context.Context, text string, caller Caller) error {
	return e.tx(ctx, "confirm the sign-up", func(tx *gorm.DB) error {
		t, err := e.spend(ctx, tx, purposeConfirm, text)
		if err != nil {
			return err
		}
		row, err := e.tokenAccount(ctx, tx, t)
		if err != nil {
			return err
		}
		return e.confirmAccount(ctx, tx, &row, caller)
	})
}

// DidConfirm reports whether text is the secret of a mailed link that has already confirmed
// a sign-up. The account must still be able to sign in. Only a person who reads the mail
// has this secret. After the link's time has expired, DidConfirm reports false.
func (e *Emails) DidConfirm(ctx context.Context, text string) (bool, error) {
	if !secret.WellFormed(secret.MailToken, text) {
		return false, nil
	}
	var n int64
	err := e.read(ctx).Raw(`SELECT COUNT(*) FROM tokens t JOIN accounts a ON a.id = t.account_id
WHERE t.hash = ? AND t.purpose = ? AND t.used_at IS NOT NULL AND t.expires_at > ? AND a.confirmed_at IS NOT NULL AND a.disabled_at IS NULL`,
		secret.Sum(text), purposeConfirm, e.Now()).Scan(&n).Error
	return n == 1, explained("find a used token", err)
}

// confirmAccount confirms an account, so that it may sign in. The address must still be the
// address of row: a link confirms no other address.
func (c *core) confirmAccount(ctx context.Context, tx *gorm.DB, row *accountRow, caller Caller) error {
	err := updateAccount(tx, row.ID, map[string]any{"confirmed_at": c.Now()}, "confirmed_at IS NULL AND email_key = ?", row.EmailKey)
	if KindOf(err) == KindNotFound {
		return ErrTokenSpent
	}
	if err != nil {
		return err
	}
	if row.EmailKey != "" {
		if err := c.claimEmail(ctx, tx, row.ID, row.EmailKey); err != nil {
			return err
		}
	}
	if err := c.closeSignUps(ctx, tx, row); err != nil {
		return err
	}
	if err := revoke(tx, row.ID, purposePending); err != nil {
		return err
	}
	if err := revokeUnused(tx, row.ID, purposeConfirm); err != nil {
		return err
	}
	if err := c.happen(ctx, tx, happened{kind: HappenedConfirmed, person: row}); err != nil {
		return err
	}
	return c.recordAbout(ctx, tx, row.ID, EventConfirmed, maskEmail(row.Email), caller)
}
