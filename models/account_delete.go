package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Delete erases an account and all data of the person. The goodbye mail keeps a copy of the
// address, because the account no longer exists when the mail is sent. Delete returns
// [ErrNotFound], [ErrWrongPassword], [ErrThrottled], [ErrLookedAfter] for an account that has a
// guardian, or [ErrDeletionWaits] with the parameter Until (RFC 3339, UTC) while a change of the
// address can still be undone. The last operator who is not disabled gets [ErrLastOperator]. The members of a guardian go to the second guardian of the family.
// Delete returns [ErrMembersFirst] for a guardian who has members and no second guardian.
func (a *Accounts) Delete(ctx context.Context, accountID int64, password string, caller Caller) error {
	return a.deleteByPassword(ctx, accountID, password, refuseMembers, caller)
}

// DeleteWithMembers does what [Accounts.Delete] does. If there is no second guardian, it deletes the
// members of the account, too.
func (a *Accounts) DeleteWithMembers(ctx context.Context, accountID int64, password string, caller Caller) error {
	return a.deleteByPassword(ctx, accountID, password, deleteMembers, caller)
}

// membersFate is the choice of a guardian who deletes their account: what happens to members without another guardian.
type membersFate int

const (
	refuseMembers membersFate = iota // the account is not deleted
	deleteMembers
	releaseMembers // nobody looks after them; only operators do that
)

func (a *Accounts) deleteByPassword(ctx context.Context, accountID int64, password string, fate membersFate, caller Caller) error {
	row, err := a.accountByID(ctx, a.read(ctx), accountID)
	if err != nil {
		return err
	}
	if err := a.passwordIs(ctx, &row, password, caller); err != nil {
		return err
	}
	if row.GuardianID != nil {
		return ErrLookedAfter
	}
	return a.tx(ctx, "delete the account", func(tx *gorm.DB) error {
		if err := keepOperator(ctx, tx, row.ID); err != nil {
			return err
		}
		return a.deleteIn(ctx, tx, &row, fate)
	})
}

// keepOperator returns [ErrLastOperator] for the account of the last operator who is not disabled. It locks the other
// operators, so that two who leave at the same time cannot both go.
func keepOperator(ctx context.Context, tx *gorm.DB, accountID int64) error {
	is, err := database.G[accountRow](tx).Where("id = ? AND operator = ?", accountID, true).Count(ctx, "*")
	if err != nil || is == 0 {
		return err
	}
	return lockOtherOperators(tx, accountID)
}

// deleteIn deletes an account in a transaction.
func (c *core) deleteIn(ctx context.Context, tx *gorm.DB, row *accountRow, fate membersFate) error {
	if err := c.takeAway(ctx, tx, row.ID); err != nil {
		return err
	}
	if err := c.dissolveFamily(ctx, tx, row.ID, fate); err != nil {
		return err
	}
	return c.eraseTaken(ctx, tx, row)
}

// eraseTaken erases everything that belongs to an account whose row is deleted, and owes the goodbye.
func (c *core) eraseTaken(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if err := c.feedAccount(ctx, tx, row.ID, ChangeLinkRemoved); err != nil {
		return err
	}
	if err := c.endSessions(ctx, tx, row.ID, ""); err != nil { // and the sessions of other accounts that hang on them
		return err
	}
	if _, err := c.closeUnlocks(ctx, tx, "opened_by = ? AND account_id <> ?", row.ID, row.ID); err != nil { // for members
		return err
	}
	if err := eraseRows(tx, row.ID); err != nil {
		return err
	}
	if err := c.happen(ctx, tx, happened{kind: HappenedDeleted, person: row}); err != nil {
		return err
	}
	if row.Email == "" || row.ConfirmedAt == nil {
		return nil
	}
	return c.owe(ctx, tx, accountDeletedMail(row))
}

// takeAway deletes the rows of an account, the account itself first: a transaction that
// signs in or changes the address at the same time waits for that deletion, and then finds
// no account. It returns [ErrNotFound] or [ErrDeletionWaits].
func (c *core) takeAway(ctx context.Context, tx *gorm.DB, accountID int64) error {
	gone, err := deleteAccountRow(tx, accountID, "")
	if err == nil && !gone {
		err = ErrNotFound
	}
	if err != nil {
		return err
	}
	until, err := c.undoUntil(ctx, tx, accountID)
	if err == nil && !until.IsZero() {
		return ErrDeletionWaits.with("Until", until.Format(time.RFC3339))
	}
	return err
}

// deleteAccountRow deletes the row of an account and reports whether it existed. It deletes
// the row only if it also fulfils the SQL condition, which may be "".
func deleteAccountRow(tx *gorm.DB, accountID int64, condition string) (gone bool, err error) {
	statement := "DELETE FROM accounts WHERE id = ?"
	if condition != "" {
		statement += " AND " + condition
	}
	result := tx.Exec(statement, accountID)
	return result.RowsAffected == 1, result.Error
}

// eraseStale erases a sign-up that waited too long, unless it was confirmed meanwhile.
func eraseStale(tx *gorm.DB, accountID int64) error {
	gone, err := deleteAccountRow(tx, accountID, "confirmed_at IS NULL")
	if err != nil || !gone {
		return err
	}
	return eraseRows(tx, accountID)
}

// eraseRows deletes every row that belongs to an account, except the account itself.
func eraseRows(tx *gorm.DB, accountID int64) error {
	if err := eraseInvites(tx, "owner_id = ?", accountID); err != nil {
		return err
	}
	if err := eraseInvites(tx, "account_id = ?", accountID); err != nil {
		return err
	}
	if err := eraseImportLines(tx, "owner_id = ?", accountID); err != nil {
		return err
	}
	if err := eraseCircleRows(tx, accountID); err != nil {
		return err
	}
	if err := eraseWebhooks(tx, accountID); err != nil {
		return err
	}
	for _, statement := range []string{
		"DELETE FROM sessions WHERE account_id = ?", "DELETE FROM tokens WHERE account_id = ?",
		"DELETE FROM outbox WHERE account_id = ?", "DELETE FROM email_changes WHERE account_id = ?",
		"DELETE FROM emails WHERE account_id = ?", "DELETE FROM history WHERE account_id = ?",
		"UPDATE servers SET owner_id = 0, claimed_at = NULL WHERE owner_id = ?", // their people stay
		"DELETE FROM links WHERE account_id = ?", "DELETE FROM former_stays WHERE account_id = ?", "DELETE FROM server_lists WHERE account_id = ?",
		"DELETE FROM claim_codes WHERE account_id = ?", "DELETE FROM device_codes WHERE account_id = ?",
		"DELETE FROM invite_profiles WHERE owner_id = ?", "DELETE FROM proofs WHERE account_id = ?", "DELETE FROM quick_connects WHERE account_id = ?",
		"DELETE FROM local_passwords WHERE account_id = ?",
		"DELETE FROM server_opens WHERE account_id = ?",
		"DELETE FROM quick_devices WHERE account_id = ?", "DELETE FROM link_levels WHERE account_id = ?",
		"DELETE FROM invite_uses WHERE account_id = ?", "DELETE FROM import_rows WHERE account_id = ?",
		"DELETE FROM imports WHERE owner_id = ?",
		"DELETE FROM pictures WHERE account_id = ?",
		"DELETE FROM family_people WHERE account_id = ?", "DELETE FROM family_people WHERE family_id = ?",
		"DELETE FROM webhook_events WHERE account_id = ?", "DELETE FROM webhook_deliveries WHERE account_id = ?",
		"UPDATE history SET actor_id = -1 WHERE actor_id = ?",
		"UPDATE setups SET account_id = 0, mail_to = '' WHERE id = 1 AND account_id = ?",
		"UPDATE operator_acts SET actor_id = -1 WHERE actor_id = ?", "UPDATE operator_acts SET account_id = -1 WHERE account_id = ?",
		"UPDATE links SET invited_by = 0, requested_by = '' WHERE invited_by = ?", "UPDATE former_stays SET invited_by = 0 WHERE invited_by = ?", "UPDATE invites SET answered_by = 0 WHERE answered_by = ?",
		// Agents must still learn which links ended, so the numbers stay in the feed until
		// the agents have read them. The ids of devices and sessions are deleted: a change without a
		// device id is about all devices, and the keys of sessions end with their links.
		"UPDATE link_changes SET device_id = '', session_id = 0 WHERE account_id = ?",
		"UPDATE accounts SET guardian_id = NULL WHERE guardian_id = ?",
	} {
		if err := tx.Exec(statement, accountID).Error; err != nil {
			return err
		}
	}
	return nil
}
