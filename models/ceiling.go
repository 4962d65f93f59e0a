package models

import (
	"context"

	"gorm.io/gorm"
)

// Ceiling is the age up to which a member may watch, at every server. Its guardian sets it. If the owner of a
// server sets a lower limit, that one counts there.
type Ceiling struct {
	Age     int  // in years, 0 to [CeilingMost]
	Unrated bool // what has no rating is hidden, too
}

// CeilingMost is the highest age that a ceiling can have.
const CeilingMost = 21

// ceilingOf returns the ceiling of an account, nil for none.
func (r *accountRow) ceilingOf() *Ceiling {
	if r.CeilingAge == nil {
		return nil
	}
	return &Ceiling{Age: int(*r.CeilingAge), Unrated: r.CeilingUnrated}
}

// SetCeiling sets the age up to which a member may watch; nil removes the limit. It also returns an error about
// the field age.
func (m *Members) SetCeiling(ctx context.Context, guardianID, memberID int64, ceiling *Ceiling, caller Caller) error {
	columns := map[string]any{"ceiling_age": nil, "ceiling_unrated": false}
	event := EventCeilingRemoved
	if ceiling != nil {
		if ceiling.Age < 0 || ceiling.Age > CeilingMost {
			return fieldError(KindInvalid, "age", "ceiling_age")
		}
		columns = map[string]any{"ceiling_age": ceiling.Age, "ceiling_unrated": ceiling.Unrated}
		event = EventCeilingSet
	}
	caller.By = guardianID
	return m.onMember(ctx, "set the rating ceiling of a member", guardianID, memberID, func(tx *gorm.DB, row *accountRow) error {
		if err := updateAccount(tx, row.ID, columns, ""); err != nil {
			return err
		}
		if err := m.feedAccount(ctx, tx, row.ID, ChangeLink); err != nil {
			return err
		}
		return m.recordEvent(ctx, tx, row.ID, event, caller)
	})
}

// endGuardianship ends what guardians have set for a member who is let go or handed to nobody: the ceiling,
// what they put behind their PIN, and what they have opened. What the owners of servers have set stays.
func (c *core) endGuardianship(ctx context.Context, tx *gorm.DB, memberID int64) error {
	if err := c.feedAccount(ctx, tx, memberID, ChangeLink); err != nil { // it locks the servers, in their order
		return err
	}
	if _, err := c.closeUnlocks(ctx, tx, "account_id = ?", memberID); err != nil {
		return err
	}
	if err := tx.Exec("UPDATE link_levels SET hold = NULL WHERE account_id = ?", memberID).Error; err != nil {
		return err
	}
	return updateAccount(tx, memberID, map[string]any{"ceiling_age": nil, "ceiling_unrated": false}, "")
}
