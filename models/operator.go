package models

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Operators has the operations on accounts that the command line and operators use.
// They have no captcha and no limits. They can start the reset of a password, but they
// never set the password of another person.
type Operators struct{ *core }

// Create makes an account under any sign-up policy. An account with a password waits for
// its confirmation like any other. If the account has no password, the link in its mail
// sets the password and confirms the address in one step. It returns [ErrLanguageInvalid],
// or the errors of [Accounts.SignUp] about fields.
func (o *Operators) Create(ctx context.Context, in SignUp) (Account, error) {
	if in.Locale != "" && !slices.Contains(o.opt.Languages, in.Locale) {
		return Account{}, ErrLanguageInvalid
	}
	row, err := o.newOne(ctx, in)
	if err != nil {
		return Account{}, err
	}
	err = o.tx(ctx, "create an account", func(tx *gorm.DB) error {
		if err := o.insertAccount(ctx, tx, &row); err != nil {
			return err
		}
		mail := accountCreatedMail(&row, o.opt.Lives.Confirm)
		if in.Password != "" {
			mail = confirmMail(&row, o.opt.Lives.Confirm, byOperator)
		}
		if err := o.owe(ctx, tx, mail); err != nil {
			return err
		}
		return o.recordEvent(ctx, tx, row.ID, EventSignedUp, Caller{})
	})
	return row.account(), err
}

// newOne returns the row of a new account. It returns the errors of
// [Accounts.SignUp] about fields.
func (o *Operators) newOne(ctx context.Context, in SignUp) (accountRow, error) {
	if in.Password != "" {
		row, err := o.newAccount(in)
		if err != nil {
			return row, err
		}
		return row, o.hashPassword(ctx, &row, in.Password)
	}
	row, wrong := o.newAccountRow(in)
	if err := invalid(wrong); err != nil {
		return row, err
	}
	var err error
	row.ID, err = o.newID()
	return row, explained("make an id", err)
}

// find reads the account that an operator names by username or by confirmed address.
// It returns [ErrNotFound].
func (o *Operators) find(ctx context.Context, tx *gorm.DB, name string) (accountRow, error) {
	return o.accountByName(ctx, tx, nameKey(name))
}

// Confirm confirms an account without its mail. It returns [ErrNotFound],
// [ErrEmailTaken], or [ErrTokenSpent] for an account that is confirmed already.
func (o *Operators) Confirm(ctx context.Context, name string) error {
	return o.tx(ctx, "confirm an account", func(tx *gorm.DB) error {
		row, err := o.find(ctx, tx, name)
		if err != nil {
			return err
		}
		return o.confirmAccount(ctx, tx, &row, Caller{})
	})
}

// Disable disables an account: all its sessions and unused mailed links end at once, and
// nobody can sign in to it until it is enabled. It returns [ErrNotFound].
func (o *Operators) Disable(ctx context.Context, name string) error {
	return o.onAccount(ctx, "disable an account", o.named(name), o.disable)
}

// Enable enables a disabled account. It returns [ErrNotFound].
func (o *Operators) Enable(ctx context.Context, name string) error {
	return o.onAccount(ctx, "enable an account", o.named(name), o.enable)
}

// SetOperator makes an account an operator of the API, or an ordinary account again.
// It returns [ErrNotFound].
func (o *Operators) SetOperator(ctx context.Context, name string, on bool) error {
	return o.tx(ctx, "set an operator", func(tx *gorm.DB) error {
		row, err := o.find(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := lockAccount(tx, row.ID); err != nil {
			return err
		}
		if err := tx.Exec("UPDATE accounts SET operator = ? WHERE id = ?", on, row.ID).Error; err != nil {
			return err
		}
		event := EventOperatorOff
		if on {
			event = EventOperatorOn
		}
		return o.recordEvent(ctx, tx, row.ID, event, Caller{})
	})
}

// SendReset owes an account a mail with a link that sets a new password. It
// returns [ErrNotFound].
func (o *Operators) SendReset(ctx context.Context, name string) error {
	return o.onAccount(ctx, "send a reset", o.named(name), o.sendReset)
}

// Delete erases an account and all data of the person. It returns [ErrNotFound] or
// [ErrDeletionWaits].
func (o *Operators) Delete(ctx context.Context, name string) error {
	row, err := o.find(ctx, o.read(ctx), name)
	if err != nil {
		return err
	}
	return o.deleteAccount(ctx, &row, releaseMembers)
}

// List returns at most n accounts whose username or address begins with prefix, in the
// order of their usernames. The parameter after is a username: the list begins with the
// next one.
func (o *Operators) List(ctx context.Context, prefix, after string, n int) ([]Account, error) {
	begin := nameKey(prefix)
	query := database.G[accountRow](o.read(ctx)).Where("username_key > ?", usernameKey(after))
	if begin != "" {
		end := begin + "\xff"
		query = query.Where("(username_key >= ? AND username_key < ?) OR (email_key >= ? AND email_key < ?)", begin, end, begin, end)
	}
	rows, err := query.Order("username_key").Limit(n).Find(ctx)
	if err != nil {
		return nil, explained("list the accounts", err)
	}
	accounts := make([]Account, len(rows))
	for i := range rows {
		accounts[i] = rows[i].account()
	}
	return accounts, nil
}
