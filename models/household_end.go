package models

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Some sessions depend on others. All sessions of a household depend on the first session of the device. A switched
// session also depends on the session of the person who had the right to switch. If a session ends, the sessions that
// depend on it end in the same transaction.

// endSessions ends the sessions of an account that an SQL condition selects, or all of them for "".
// It also ends the sessions that depend on these sessions. The caller must tell the agents about
// the selected sessions before, see device_key.go; endSessions tells them about the dependent
// sessions.
func (c *core) endSessions(ctx context.Context, tx *gorm.DB, accountID int64, condition string, args ...any) error {
	which := "account_id = ?"
	if condition != "" {
		which += " AND " + condition
	}
	var ids []int64
	if err := tx.Raw(c.newest("SELECT id FROM sessions WHERE "+which), append([]any{accountID}, args...)...).Scan(&ids).Error; err != nil {
		return err
	}
	if len(ids) == 0 {
		return nil
	}
	if err := deleteSessions(tx, accountID, condition, args...); err != nil {
		return err
	}
	return c.endHanging(ctx, tx, ids)
}

// newest returns a statement that locks rows and reads them as they are now, and not as they were
// when the transaction began. SQLite needs no change of the statement for that.
func (c *core) newest(statement string) string {
	if c.db.Dialect == database.MySQL {
		return statement + " FOR UPDATE"
	}
	return statement
}

// endHanging ends the sessions that depend on sessions which were deleted just before.
func (c *core) endHanging(ctx context.Context, tx *gorm.DB, ended []int64) error {
	var hanging []sessionRow
	for _, column := range []string{"household_id", "switched_from"} {
		var rows []sessionRow
		err := tx.Raw(c.newest("SELECT id, account_id, device_id FROM sessions WHERE "+column+" IN ?"), ended).Scan(&rows).Error
		if err != nil {
			return err
		}
		for _, row := range rows {
			if !slices.ContainsFunc(hanging, func(one sessionRow) bool { return one.ID == row.ID }) {
				hanging = append(hanging, row)
			}
		}
	}
	return c.endRows(ctx, tx, hanging, true)
}

// endRows ends sessions of perhaps several accounts. It tells the agents, and if the device was
// signed out, also that all sessions of these accounts on the device have ended.
func (c *core) endRows(ctx context.Context, tx *gorm.DB, rows []sessionRow, signedOut bool) error {
	byAccount := map[int64][]sessionRow{}
	var accounts []int64
	for _, row := range rows {
		if byAccount[row.AccountID] == nil {
			accounts = append(accounts, row.AccountID)
		}
		byAccount[row.AccountID] = append(byAccount[row.AccountID], row)
	}
	slices.Sort(accounts)
	for _, accountID := range accounts {
		var ids []int64
		for _, row := range byAccount[accountID] {
			ids = append(ids, row.ID)
		}
		changes := endedRows(ChangeSessionEnded, byAccount[accountID])
		if device := byAccount[accountID][0].DeviceID; signedOut && device != "" {
			changes = append([]changeRow{{Kind: ChangeDevicesEnded, DeviceID: device}}, changes...)
		}
		if err := c.feedRows(ctx, tx, accountID, changes); err != nil {
			return err
		}
		if err := deleteSessions(tx, accountID, "id IN ?", ids); err != nil {
			return err
		}
	}
	return nil
}

// endSwitched ends the switched sessions of a household: a device shows one person at a time.
func (c *core) endSwitched(ctx context.Context, tx *gorm.DB, firstID int64) error {
	var rows []sessionRow
	err := tx.Raw(c.newest("SELECT id, account_id, device_id FROM sessions WHERE household_id = ? AND switched_from <> 0"), firstID).Scan(&rows).Error
	if err != nil {
		return err
	}
	return c.endRows(ctx, tx, rows, false)
}

// endSwitchedTo ends the switched sessions of the person of a signed-in session.
func (c *core) endSwitchedTo(ctx context.Context, tx *gorm.DB, this Session) error {
	var rows []sessionRow
	err := tx.Raw(c.newest("SELECT id, account_id, device_id FROM sessions WHERE switched_from = ? AND account_id = ?"), this.ID, this.AccountID).Scan(&rows).Error
	if err != nil {
		return err
	}
	return c.endRows(ctx, tx, rows, false)
}

// endSwitchedBy ends the switched sessions of the members of a family to which a guardian had the right to
// switch. The guardian does not look after these members any longer.
func (c *core) endSwitchedBy(ctx context.Context, tx *gorm.DB, guardianID, familyID int64) error {
	var rows []sessionRow
	err := tx.Raw(c.newest(`SELECT s.id, s.account_id, s.device_id FROM sessions g JOIN sessions s ON s.switched_from = g.id AND s.by_guardian = ?
WHERE g.account_id = ?`), familyID, guardianID).Scan(&rows).Error
	if err != nil {
		return err
	}
	return c.endRows(ctx, tx, rows, false)
}

// endByToken ends the session with the given session token, if one exists, and with it the
// household of its device. It is called when a browser that has this session signs in again.
func (c *core) endByToken(ctx context.Context, tx *gorm.DB, text string) error {
	if !secret.WellFormed(secret.SessionToken, text) {
		return nil
	}
	old, err := database.G[sessionRow](tx).Where("token_hash = ?", secret.Sum(text)).Find(ctx)
	if err != nil || len(old) == 0 {
		return err
	}
	if old[0].HouseholdID == 0 {
		return c.endReplaced(ctx, tx, old[0].AccountID, old)
	}
	first, err := database.G[sessionRow](tx).Where("id = ?", old[0].HouseholdID).Find(ctx)
	if err != nil || len(first) == 0 {
		return err
	}
	return c.endReplaced(ctx, tx, first[0].AccountID, first)
}

// signDeviceOut ends the first session of the device of a session, and what depends on it.
func (s *Sessions) signDeviceOut(ctx context.Context, tx *gorm.DB, session Session, caller Caller) error {
	rows, err := database.G[sessionRow](tx).Where("id = ?", session.ID).Find(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	first, err := database.G[sessionRow](tx).Where("id = ?", rows[0].firstID()).Find(ctx)
	if err != nil || len(first) == 0 {
		return err
	}
	accountID := first[0].AccountID
	if err := s.feedSignedOut(ctx, tx, accountID, "id = ?", first[0].ID); err != nil {
		return err
	}
	if err := s.endSessions(ctx, tx, accountID, "id = ?", first[0].ID); err != nil {
		return err
	}
	if accountID != session.AccountID {
		if err := s.recordEvent(ctx, tx, session.AccountID, EventSignedOut, caller); err != nil {
			return err
		}
	}
	return s.recordEvent(ctx, tx, accountID, EventSignedOut, caller)
}

// noteHousehold notes the use of a session at the sessions on which it hangs, so that these do not
// run out before it.
func (s *Sessions) noteHousehold(r *aliveRow) {
	if r.household == 0 {
		return
	}
	s.noteUse(r.household, r.lastSeen, s.Now())
	if r.from != 0 && r.from != r.household {
		s.noteUse(r.from, r.lastSeen, s.Now())
	}
}
