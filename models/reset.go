package models

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Recovery holds the operations of people who forgot their password.
type Recovery struct{ *core }

// Request asks for a mail with a link that sets a new password. It does the same work and
// returns nil whether or not an account has that name or address. Above a limit it
// also returns nil, but no mail is sent. The parameter noProof is true while the captcha
// service does not answer; then the limits are lower. It returns [ErrNameOrEmailAbsent] for
// an empty name, or [ErrUnavailable].
func (r *Recovery) Request(ctx context.Context, nameOrEmail string, caller Caller, noProof bool) error {
	name := nameKey(nameOrEmail)
	if name == "" {
		return ErrNameOrEmailAbsent
	}
	known, err := r.mayRequest(ctx, name, caller, noProof)
	if KindOf(err) == KindThrottled {
		return nil
	}
	if err != nil {
		return err
	}
	return r.tx(ctx, "ask for a password reset", func(tx *gorm.DB) error {
		row, err := r.mail(passwordResetByNameMail(name, r.opt.Languages[0], r.opt.Lives.Reset))
		if err != nil {
			return err
		}
		if !known {
			row.ID = 1 + int64(row.Salt[0])%unknownMost
		}
		return database.G[outboxRow](tx, clause.OnConflict{UpdateAll: true}).Create(ctx, &row)
	})
}

// unknownMost is the number of rows in the outbox for names without an account. A request
// for such a name writes a row, as every request does, so that it takes equally long
// . But it replaces an earlier row of this kind: however many names strangers make
// up, the worker finds few rows that it has to drop. The ids of real mails are much larger.
const unknownMost = 64

// mayRequest counts a request, and returns [ErrThrottled] if no mail may be sent. It reports
// whether an account has the name. The first request of an hour for an account always passes,
// unless the caller's own address has used up its tries: strangers who use up the tries of the
// network, of the whole service or of the account must not stop the owner of the account from
// getting a reset. Names without an account are counted in the same way.
func (r *Recovery) mayRequest(ctx context.Context, name string, caller Caller, noProof bool) (known bool, err error) {
	l, t := r.opt.Limits, r.throttle
	if noProof {
		from := t.placeOf(caller.Address)
		if err := t.allow(ctx, t.key("recover no proof", from.near), l.RecoverNoProof.times(from.times)); err != nil {
			return false, err
		}
	}
	counters := append(t.near("recover", caller, l.RecoverSource, l.RecoverNetwork), counter{t.key("recover service", ""), l.RecoverService})
	tries, crowded := t.countAll(ctx, counters...)
	if crowded != nil && (KindOf(crowded) != KindThrottled || len(tries) == 0) { // the caller's own address is refused, which does not count as a try
		return false, crowded
	}
	subject := "name " + name
	row, err := r.accountByName(ctx, r.read(ctx), name)
	if known = err == nil; known { // all names of an account count together
		subject = "account " + row.owner()
	} else if KindOf(err) != KindNotFound {
		return false, err
	}
	hourly := t.allow(ctx, t.key("recover hourly", subject), l.ResetHour)
	if hourly != nil && (KindOf(hourly) != KindThrottled || crowded != nil) {
		return known, hourly
	}
	err = r.countRequest(ctx, subject)
	if KindOf(err) == KindThrottled { // the hourly request passes nevertheless
		return known, hourly
	}
	return known, err
}

// countRequest counts a request by its account, or by a name that has no account. It
// returns [ErrThrottled].
func (r *Recovery) countRequest(ctx context.Context, subject string) error {
	l, t := r.opt.Limits, r.throttle
	for _, rule := range []struct {
		what  string
		limit Limit
	}{{"recover minute", l.RecoverMinute}, {"recover hour", l.RecoverHour}, {"recover day", l.RecoverDay}} {
		if err := t.allow(ctx, t.key(rule.what, subject), rule.limit); err != nil {
			return err
		}
	}
	return nil
}

// Look describes a reset link without spending it. It returns [ErrTokenSpent].
func (r *Recovery) Look(ctx context.Context, text string) (LinkInfo, error) {
	return r.mailedLink(ctx, purposeReset, text)
}

// ResetPassword spends a reset link and sets a new password. All sessions end, and no new
// session begins. Because the link came by mail, it also confirms a sign-up that still
// waits for its confirmation. It returns [ErrTokenSpent], an error about the field
// password, [ErrBusy] or [ErrUnavailable].
func (r *Recovery) ResetPassword(ctx context.Context, text, password string, caller Caller) error {
	_, err := r.resetPassword(ctx, text, password, caller)
	return err
}

// ResetInBrowser does what [Recovery.ResetPassword] does, for a browser. It returns a mark for
// the known-device cookie of that browser, so that the sign-in that follows there is not
// reported by mail: the mail about the new password has just said where it was set. A sign-in
// anywhere else is reported.
func (r *Recovery) ResetInBrowser(ctx context.Context, text, password string, caller Caller) (deviceMark string, err error) {
	row, err := r.resetPassword(ctx, text, password, caller)
	if err != nil {
		return "", err
	}
	deviceMark, err = r.newDeviceMark(&row, "")
	return deviceMark, explained("mark the device", err)
}

func (r *Recovery) resetPassword(ctx context.Context, text, password string, caller Caller) (accountRow, error) {
	info, err := r.Look(ctx, text)
	if err != nil {
		return accountRow{}, err
	}
	row, err := r.accountByID(ctx, r.read(ctx), info.AccountID)
	if err != nil {
		return accountRow{}, err
	}
	if wrong := r.checkPassword("password", password, row.personal()...); wrong != nil {
		return accountRow{}, invalid([]FieldError{*wrong})
	}
	hash, err := r.newPasswordHash(ctx, &row, password, caller)
	if err != nil {
		return accountRow{}, err
	}
	err = r.tx(ctx, "reset the password", func(tx *gorm.DB) error {
		if row, err = r.spendReset(ctx, tx, text, caller); err != nil {
			return err
		}
		if err := r.replacePassword(tx, &row, hash); err != nil {
			return err
		}
		if err := r.endEverything(ctx, tx, row.ID); err != nil {
			return err
		}
		if err := r.owe(ctx, tx, passwordChangedMail(&row, caller, r.Now())); err != nil {
			return err
		}
		return r.recordEvent(ctx, tx, row.ID, EventPasswordReset, caller)
	})
	if err != nil {
		return accountRow{}, err
	}
	// The owner must not have to wait because somebody guessed at the old password.
	return row, r.throttle.forget(ctx, r.throttle.key("sign-in", "account "+row.owner()), r.throttle.key("signed-in", row.owner()))
}

// spendReset spends a reset link and returns its account, which it confirms if the sign-up
// still waits for its confirmation.
func (r *Recovery) spendReset(ctx context.Context, tx *gorm.DB, text string, caller Caller) (accountRow, error) {
	t, err := r.spend(ctx, tx, purposeReset, text)
	if err != nil {
		return accountRow{}, err
	}
	row, err := r.tokenAccount(ctx, tx, t)
	if err != nil || row.ConfirmedAt != nil {
		return row, err
	}
	return row, r.confirmAccount(ctx, tx, &row, caller)
}
