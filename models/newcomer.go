package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// A newcomer is an account that was made with the link of an invite. The person named an address
// and got in at once, without reading a mail. Until the address is confirmed, the account has no
// address: its rows say so, and therefore nobody can recover it, no invite to the address reaches
// it, and another account may confirm the address first. The address waits as a change of the
// address that is not made yet (email_change.go). A newcomer may use the servers of its invite
// and no others, and it is swept once its links have ended.

// newNewcomer turns the row of a sign-up into the row of a newcomer, and returns the
// change of the address that waits.
func (c *core) newNewcomer(row *accountRow, inviteID int64) (emailChange, error) {
	now := c.Now()
	change := emailChange{
		AccountID: row.ID, NewEmail: row.Email, NewEmailKey: row.EmailKey, State: changeWaiting,
		CreatedAt: now, ExpiresAt: now.Add(c.opt.Lives.Confirm),
	}
	row.Email, row.EmailKey, row.ConfirmedAt, row.NewcomerOf = "", "", &now, inviteID
	var err error
	change.ID, err = c.newID()
	return change, explained("make an id", err)
}

// oweNewcomer writes the address that waits, and owes the mail that asks for its
// confirmation.
func (c *core) oweNewcomer(ctx context.Context, tx *gorm.DB, row *accountRow, change emailChange, caller Caller) error {
	if err := database.G[emailChange](tx).Create(ctx, &change); err != nil {
		return err
	}
	return c.owe(ctx, tx, emailConfirmMail(row, &change, c.opt.Lives.Confirm, c.starter(caller)))
}

// ConfirmAgain owes a newcomer another mail that asks them to confirm their address, also after the
// link of the earlier mail has ended. The link of the earlier mail stops working. Above a limit it
// does nothing and returns nil. It returns [ErrNotFound] for an account that is not a newcomer, or
// that has not named an address.
func (e *Emails) ConfirmAgain(ctx context.Context, accountID int64, caller Caller) error {
	row, err := e.accountByID(ctx, e.read(ctx), accountID)
	if err != nil {
		return err
	}
	if row.NewcomerOf == 0 {
		return ErrNotFound
	}
	if err := e.mayResend(ctx, &row, caller); err != nil {
		if KindOf(err) == KindThrottled {
			return nil
		}
		return err
	}
	return e.tx(ctx, "ask a newcomer again", func(tx *gorm.DB) error { return e.askNewcomer(ctx, tx, &row, caller) })
}

// askNewcomer replaces the change that waits by one with the same address.
func (e *Emails) askNewcomer(ctx context.Context, tx *gorm.DB, row *accountRow, caller Caller) error {
	if err := lockRow(tx, "accounts", "id = ? AND newcomer_of <> 0", row.ID); err != nil { // the newcomer may have confirmed the address meanwhile
		return err
	}
	asked, err := database.G[emailChange](tx).Where("account_id = ? AND state = ?", row.ID, changeWaiting).Order("id DESC").Limit(1).Find(ctx)
	if err != nil {
		return err
	}
	if len(asked) == 0 {
		return ErrNotFound
	}
	if err := replaceWaiting(tx, row.ID); err != nil {
		return err
	}
	change, now := asked[0], e.Now()
	change.CreatedAt, change.ExpiresAt = now, now.Add(e.opt.Lives.Confirm)
	if change.ID, err = e.newID(); err != nil {
		return explained("make an id", err)
	}
	return e.oweNewcomer(ctx, tx, row, change, caller)
}

// requireAddress returns [ErrAddressFirst] for a newcomer, which may only use the servers of
// its own invite. The caller locks the account before it writes: an address that is confirmed
// meanwhile does no harm.
func (c *core) requireAddress(ctx context.Context, tx *gorm.DB, accountID int64) error {
	n, err := database.G[accountRow](tx).Where("id = ? AND newcomer_of <> 0", accountID).Count(ctx, "*")
	if err == nil && n > 0 {
		err = ErrAddressFirst
	}
	return err
}

// settleNewcomer makes an account of a newcomer whose address was confirmed. If the browser that
// confirmed does not belong to the account, another person than the reader of the mail may have
// made the account, and may know its password. So settleNewcomer ends every way in that the other
// person could use, the PIN as well, and returns the secret of a link that sets a new password.
func (e *Emails) settleNewcomer(ctx context.Context, tx *gorm.DB, row *accountRow, own bool) (resetSecret string, err error) {
	if err := updateAccount(tx, row.ID, map[string]any{"newcomer_of": 0}, "newcomer_of <> 0"); err != nil {
		return "", err
	}
	if own {
		return "", nil
	}
	if err := e.pinChanged(ctx, tx, row, row.PINHash != ""); err != nil {
		return "", err
	}
	return e.startAfresh(ctx, tx, row, nil)
}

// noLink is the condition for newcomers whose links have ended. Its values are [LinkAccepted]
// and the present time.
const noLink = `newcomer_of > 0 AND NOT EXISTS (SELECT 1 FROM links l
 WHERE l.account_id = accounts.id AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?))`

// sweepNewcomers erases newcomers whose links have ended, each in a transaction that checks
// it again.
func (s *Store) sweepNewcomers(ctx context.Context) error {
	for {
		// The index on newcomer_of has the ids, too, so no row is read.
		gone, err := database.G[accountRow](s.read(ctx)).Select("id").Where(noLink, LinkAccepted, s.Now()).Order("newcomer_of").Limit(sweepStep).Find(ctx)
		if err != nil {
			return explained("find newcomers whose links have ended", err)
		}
		for _, row := range gone {
			if err := s.tx(ctx, "sweep a newcomer", func(tx *gorm.DB) error { return s.eraseNewcomer(ctx, tx, row.ID, s.Now()) }); err != nil {
				return err
			}
		}
		if len(gone) < sweepStep {
			return nil
		}
	}
}

// eraseNewcomer erases a newcomer unless it has got a link or an address meanwhile. Agents learn
// that its pending links have ended.
func (c *core) eraseNewcomer(ctx context.Context, tx *gorm.DB, accountID int64, now time.Time) error {
	result := tx.Exec("DELETE FROM accounts WHERE id = ? AND "+noLink, accountID, LinkAccepted, now)
	if result.Error != nil || result.RowsAffected != 1 {
		return result.Error
	}
	if err := c.feedAccount(ctx, tx, accountID, ChangeLinkRemoved); err != nil {
		return err
	}
	return eraseRows(tx, accountID)
}
