package models

import (
	"context"
	"slices"

	"gorm.io/gorm"
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
		if err := o.recordEvent(ctx, tx, row.ID, EventSignedUp, Caller{}); err != nil {
			return err
		}
		return o.recordAct(ctx, tx, operatorActRow{ActorID: CommandLine, Kind: ActAccountMade, AccountID: row.ID})
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
	return o.act(ctx, ActAccountConfirmed, name, o.confirmByOperator)
}

// Disable disables an account: all its sessions and unused mailed links end at once, and
// nobody can sign in to it until it is enabled. It returns [ErrNotFound].
func (o *Operators) Disable(ctx context.Context, name string) error {
	return o.act(ctx, ActAccountDisabled, name, o.disable)
}

// Enable enables a disabled account. It returns [ErrNotFound].
func (o *Operators) Enable(ctx context.Context, name string) error {
	return o.act(ctx, ActAccountEnabled, name, o.enable)
}

// Unlock does the same as [OperatedAccounts.Unlock]. It returns [ErrNotFound].
func (o *Operators) Unlock(ctx context.Context, name string) error {
	return o.act(ctx, ActAccountUnlocked, name, o.unlockSignIn)
}

// EndSessions ends all sessions of an account. It returns [ErrNotFound].
func (o *Operators) EndSessions(ctx context.Context, name string) error {
	return o.act(ctx, ActSessionsEnded, name, o.endSessionsByOperator)
}

// SetOperator makes an account an operator, or an ordinary account again, also the last one.
// It returns [ErrNotFound].
func (o *Operators) SetOperator(ctx context.Context, name string, on bool) error {
	kind := ActOperatorOff
	if on {
		kind = ActOperatorOn
	}
	return o.act(ctx, kind, name, func(ctx context.Context, tx *gorm.DB, row *accountRow) error {
		return o.setOperator(ctx, tx, row, on)
	})
}

// SendReset owes an account a mail with a link that sets a new password. It
// returns [ErrNotFound].
func (o *Operators) SendReset(ctx context.Context, name string) error {
	return o.act(ctx, ActResetSent, name, o.sendReset)
}

// Delete erases an account and all data of the person. It returns [ErrNotFound] or
// [ErrDeletionWaits].
func (o *Operators) Delete(ctx context.Context, name string) error {
	return o.act(ctx, ActAccountDeleted, name, func(ctx context.Context, tx *gorm.DB, row *accountRow) error {
		return o.deleteIn(ctx, tx, row, releaseMembers)
	})
}

// act runs work on the account that the command line names, in one transaction, and records it
// as an act of the command line.
func (o *Operators) act(ctx context.Context, kind ActKind, name string, work accountWork) error {
	return o.tx(ctx, "act on an account", func(tx *gorm.DB) error {
		row, err := o.find(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := work(ctx, tx, &row); err != nil {
			return err
		}
		accountID := row.ID
		if kind == ActAccountDeleted {
			accountID = GoneAccount
		}
		return o.recordAct(ctx, tx, operatorActRow{ActorID: CommandLine, Kind: kind, AccountID: accountID})
	})
}

// List returns at most n accounts whose username or address begins with prefix, in the
// order of their usernames. The parameter after is a username: the list begins with the
// next one.
func (o *Operators) List(ctx context.Context, prefix, after string, n int) ([]Account, error) {
	return o.listAccounts(ctx, AccountsAsk{Prefix: prefix, After: after, Most: n})
}
