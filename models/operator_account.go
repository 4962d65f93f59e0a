package models

import (
	"context"

	"gorm.io/gorm"
)

// The command line names an account by username or address, the API by its id; both run
// the same operations.

// DisableByID does the same as [Operators.Disable] for the account with an id.
func (o *Operators) DisableByID(ctx context.Context, accountID int64) error {
	return o.onAccount(ctx, "disable an account", o.withID(accountID), o.disable)
}

// EnableByID does the same as [Operators.Enable] for the account with an id.
func (o *Operators) EnableByID(ctx context.Context, accountID int64) error {
	return o.onAccount(ctx, "enable an account", o.withID(accountID), o.enable)
}

// SendResetByID does the same as [Operators.SendReset] for the account with an id.
func (o *Operators) SendResetByID(ctx context.Context, accountID int64) error {
	return o.onAccount(ctx, "send a reset", o.withID(accountID), o.sendReset)
}

type findAccount func(ctx context.Context, tx *gorm.DB) (accountRow, error)

func (o *Operators) named(name string) findAccount {
	return func(ctx context.Context, tx *gorm.DB) (accountRow, error) { return o.find(ctx, tx, name) }
}

func (o *Operators) withID(accountID int64) findAccount {
	return func(ctx context.Context, tx *gorm.DB) (accountRow, error) { return o.accountByID(ctx, tx, accountID) }
}

// onAccount finds an account with the function find and calls work with it, in one
// transaction.
func (o *Operators) onAccount(ctx context.Context, doing string, find findAccount,
	work func(ctx context.Context, tx *gorm.DB, row *accountRow) error,
) error {
	return o.tx(ctx, doing, func(tx *gorm.DB) error {
		row, err := find(ctx, tx)
		if err != nil {
			return err
		}
		return work(ctx, tx, &row)
	})
}

func (o *Operators) disable(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if err := updateAccount(tx, row.ID, map[string]any{"disabled_at": o.Now()}, ""); err != nil {
		return err
	}
	if err := o.endEverything(ctx, tx, row.ID); err != nil {
		return err
	}
	if err := revoke(tx, row.ID, purposeReset, purposePINReset, purposeEmailChange); err != nil {
		return err
	}
	if _, err := o.closeUnlocks(ctx, tx, "opened_by = ?", row.ID); err != nil {
		return err
	}
	return o.recordEvent(ctx, tx, row.ID, EventDisabled, Caller{})
}

func (o *Operators) enable(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if err := updateAccount(tx, row.ID, map[string]any{"disabled_at": nil}, ""); err != nil {
		return err
	}
	if err := o.feedAccount(ctx, tx, row.ID, ChangeLink); err != nil {
		return err
	}
	return o.recordEvent(ctx, tx, row.ID, EventEnabled, Caller{})
}

func (o *Operators) sendReset(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if err := revoke(tx, row.ID, purposeReset); err != nil {
		return err
	}
	return o.owe(ctx, tx, passwordResetMail(row, o.opt.Lives.Reset))
}
