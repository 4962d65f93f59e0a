package models

import (
	"context"
	"slices"

	"gorm.io/gorm"
)

// OperatedAccounts are the acts of operators on accounts, by id. Every act is recorded with the operator who
// did it, and in the history of the account. The parameter operatorID is the account of that operator, who must
// still be one; otherwise every act returns [ErrOperatorsOnly]. None of them sees or sets a password or a PIN
//
type OperatedAccounts struct{ *core }

// accountWork changes an account in a transaction.
type accountWork func(ctx context.Context, tx *gorm.DB, row *accountRow) error

// act runs work on an account, in one transaction, as the act of an operator.
func (a *OperatedAccounts) act(ctx context.Context, operatorID int64, kind ActKind, accountID int64, work accountWork) error {
	return a.tx(ctx, "act on an account", func(tx *gorm.DB) error {
		if err := lockOperator(tx, operatorID); err != nil {
			return err
		}
		row, err := a.accountByID(ctx, tx, accountID)
		if err != nil {
			return err
		}
		if err := work(ctx, tx, &row); err != nil {
			return err
		}
		if kind == ActAccountDeleted {
			accountID = GoneAccount
		}
		return a.recordAct(ctx, tx, operatorActRow{ActorID: operatorID, Kind: kind, AccountID: accountID})
	})
}

// notSelf returns [ErrOperatorSelf] if an operator would shut themselves out.
func notSelf(operatorID, accountID int64) error {
	if operatorID == accountID {
		return ErrOperatorSelf
	}
	return nil
}

// lockOtherOperators locks the operators beside an account that are not disabled. It returns [ErrLastOperator] if there is none.
func lockOtherOperators(tx *gorm.DB, accountID int64) error {
	err := lockRow(tx, "accounts", "operator = ? AND id <> ? AND disabled_at IS NULL", true, accountID)
	if KindOf(err) == KindNotFound {
		return ErrLastOperator
	}
	return err
}

// Confirm does the same as [Operators.Confirm]. It returns [ErrNotFound], [ErrEmailTaken], or [ErrTokenSpent] for
// an account that is confirmed already.
func (a *OperatedAccounts) Confirm(ctx context.Context, operatorID, accountID int64) error {
	return a.act(ctx, operatorID, ActAccountConfirmed, accountID, a.confirmByOperator)
}

// Disable does the same as [Operators.Disable]. It returns [ErrNotFound], or [ErrOperatorSelf] for the operator's
// own account.
func (a *OperatedAccounts) Disable(ctx context.Context, operatorID, accountID int64) error {
	if err := notSelf(operatorID, accountID); err != nil {
		return err
	}
	return a.act(ctx, operatorID, ActAccountDisabled, accountID, a.disable)
}

// Enable does the same as [Operators.Enable]. It returns [ErrNotFound].
func (a *OperatedAccounts) Enable(ctx context.Context, operatorID, accountID int64) error {
	return a.act(ctx, operatorID, ActAccountEnabled, accountID, a.enable)
}

// SendReset does the same as [Operators.SendReset]. It returns [ErrNotFound], or [ErrNoAddress] for an account
// without an address.
func (a *OperatedAccounts) SendReset(ctx context.Context, operatorID, accountID int64) error {
	return a.act(ctx, operatorID, ActResetSent, accountID, func(ctx context.Context, tx *gorm.DB, row *accountRow) error {
		if row.Email == "" {
			return ErrNoAddress
		}
		return a.sendReset(ctx, tx, row)
	})
}

// EndSessions ends all sessions of an account, as [Sessions.EndAll] does. It returns [ErrNotFound].
func (a *OperatedAccounts) EndSessions(ctx context.Context, operatorID, accountID int64) error {
	return a.act(ctx, operatorID, ActSessionsEnded, accountID, a.endSessionsByOperator)
}

// SetOperator makes an account an operator, or an ordinary account again. It returns [ErrNotFound], [ErrAccountNotActive]
// for an account that is not confirmed, is disabled, or has a guardian, who could choose its password; or [ErrLastOperator] if nobody else would be an operator.
func (a *OperatedAccounts) SetOperator(ctx context.Context, operatorID, accountID int64, on bool) error {
	kind := ActOperatorOff
	if on {
		kind = ActOperatorOn
	}
	return a.act(ctx, operatorID, kind, accountID, func(ctx context.Context, tx *gorm.DB, row *accountRow) error {
		if on && (row.ConfirmedAt == nil || row.DisabledAt != nil || row.GuardianID != nil) {
			return ErrAccountNotActive
		}
		if !on {
			// The others are locked, so that two operators who stop at the same time cannot both leave.
			if err := lockOtherOperators(tx, row.ID); err != nil {
				return err
			}
		}
		return a.setOperator(ctx, tx, row, on)
	})
}

// Delete does the same as [Operators.Delete]. It returns [ErrNotFound], [ErrDeletionWaits], or [ErrOperatorSelf] for
// the operator's own account.
func (a *OperatedAccounts) Delete(ctx context.Context, operatorID, accountID int64) error {
	if err := notSelf(operatorID, accountID); err != nil {
		return err
	}
	return a.act(ctx, operatorID, ActAccountDeleted, accountID, func(ctx context.Context, tx *gorm.DB, row *accountRow) error {
		return a.deleteIn(ctx, tx, row, releaseMembers)
	})
}

func (c *core) confirmByOperator(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if err := c.confirmAccount(ctx, tx, row, Caller{}); err != nil {
		return err
	}
	return c.recordEvent(ctx, tx, row.ID, EventOperatorConfirmed, Caller{})
}

func (c *core) disable(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if err := updateAccount(tx, row.ID, map[string]any{"disabled_at": c.Now()}, ""); err != nil {
		return err
	}
	if err := c.endEverything(ctx, tx, row.ID); err != nil {
		return err
	}
	if err := revoke(tx, row.ID, purposeReset, purposePINReset, purposeEmailChange); err != nil {
		return err
	}
	if _, err := c.closeUnlocks(ctx, tx, "opened_by = ?", row.ID); err != nil {
		return err
	}
	return c.recordEvent(ctx, tx, row.ID, EventDisabled, Caller{})
}

func (c *core) enable(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if err := updateAccount(tx, row.ID, map[string]any{"disabled_at": nil}, ""); err != nil {
		return err
	}
	if err := c.feedAccount(ctx, tx, row.ID, ChangeLink); err != nil {
		return err
	}
	return c.recordEvent(ctx, tx, row.ID, EventEnabled, Caller{})
}

func (c *core) sendReset(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if err := revoke(tx, row.ID, purposeReset); err != nil {
		return err
	}
	if err := c.owe(ctx, tx, passwordResetMail(row, c.opt.Lives.Reset)); err != nil {
		return err
	}
	return c.recordEvent(ctx, tx, row.ID, EventOperatorReset, Caller{})
}

func (c *core) endSessionsByOperator(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if err := c.endEverything(ctx, tx, row.ID); err != nil {
		return err
	}
	return c.recordEvent(ctx, tx, row.ID, EventOperatorSignedOut, Caller{})
}

func (c *core) setOperator(ctx context.Context, tx *gorm.DB, row *accountRow, on bool) error {
	if err := updateAccount(tx, row.ID, map[string]any{"operator": on}, ""); err != nil {
		return err
	}
	event := EventOperatorOff
	if on {
		event = EventOperatorOn
	}
	return c.recordEvent(ctx, tx, row.ID, event, Caller{})
}

// The states of accounts by which operators filter them.
const (
	AccountsActive      = "active"      // confirmed, and not disabled
	AccountsUnconfirmed = "unconfirmed" // the sign-up waits
	AccountsDisabled    = "disabled"
	AccountsOperators   = "operators"
)

// AccountStates returns the states that [AccountsAsk] knows.
func AccountStates() []string {
	return []string{AccountsActive, AccountsUnconfirmed, AccountsDisabled, AccountsOperators}
}

// AccountsAsk says which accounts [OperatedAccounts.List] returns.
type AccountsAsk struct {
	Prefix string // the beginning of a username or of an address; "" for all
	State  string // AccountsActive or another; "" for all
	After  string // a username: the list begins with the next one
	Most   int    // the largest number of accounts
}

// listedAccount has the columns that a list of accounts shows.
const listedAccount = "SELECT id, username, username_key, display_name, email, locale, picture, created_at, confirmed_at, disabled_at, operator, " +
	"password_changed_at, pin_hash, pin_off_at, newcomer_of FROM accounts WHERE "

// where returns the condition of the state, to be added to another one.
func (ask AccountsAsk) where() (condition string, args []any) {
	switch ask.State {
	case AccountsActive:
		return " AND confirmed_at IS NOT NULL AND disabled_at IS NULL", nil
	case AccountsUnconfirmed:
		return " AND confirmed_at IS NULL", nil
	case AccountsDisabled:
		return " AND disabled_at IS NOT NULL", nil
	case AccountsOperators:
		return " AND operator = ?", []any{true}
	default:
		return "", nil
	}
}

// List returns accounts in the order of their usernames. If the caller asks for names with a beginning, it
// looks them up in two indexes, and does not read other accounts.
func (a *OperatedAccounts) List(ctx context.Context, ask AccountsAsk) ([]Account, error) {
	return a.listAccounts(ctx, ask)
}

func (c *core) listAccounts(ctx context.Context, ask AccountsAsk) ([]Account, error) {
	after, begin := usernameKey(ask.After), nameKey(ask.Prefix)
	state, stateArgs := ask.where()
	const order = " ORDER BY username_key LIMIT ?"
	statement, args := listedAccount+"username_key > ?"+state+order, slices.Concat([]any{after}, stateArgs)
	if begin != "" {
		end := begin + "\xff"
		statement = listedAccount + "username_key >= ? AND username_key < ? AND username_key > ?" + state +
			" UNION " + listedAccount + "email_key >= ? AND email_key < ? AND username_key > ?" + state + order
		args = slices.Concat([]any{begin, end, after}, stateArgs, []any{begin, end, after}, stateArgs)
	}
	var rows []accountRow
	if err := c.read(ctx).Raw(statement, append(args, ask.Most)...).Scan(&rows).Error; err != nil {
		return nil, explained("list the accounts", err)
	}
	accounts := make([]Account, len(rows))
	for i := range rows {
		accounts[i] = rows[i].account()
	}
	return accounts, nil
}
