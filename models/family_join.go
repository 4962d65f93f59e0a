package models

import (
	"context"
	"errors"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Ask asks a grown person into a family, as its second guardian or as [RoleAdult], and owes a mail to
// them. Only the first guardian asks a second one. It returns errors about the fields username and role,
// [ErrSecondGuardian] if the family has a second guardian or has asked a person to be one,
// [ErrNotFirst], [ErrFamilyFull], the errors of [Families.AddMember] for an account that cannot be a
// guardian, [ErrThrottled] or [ErrUnavailable].
func (f *Families) Ask(ctx context.Context, guardianID int64, username, role string) error {
	guardian, familyID, err := f.ownFamily(ctx, guardianID)
	switch {
	case err != nil:
		return err
	case role != RoleGuardian && role != RoleAdult:
		return fieldError(KindInvalid, "role", "role_invalid")
	case role == RoleGuardian && familyID != guardianID:
		return ErrNotFirst
	}
	if err := f.mayProbe(ctx, guardianID); err != nil {
		return err
	}
	return f.tx(ctx, "ask somebody into a family", func(tx *gorm.DB) error {
		if err := f.holdFamily(ctx, tx, familyID, guardianID); err != nil {
			return err
		}
		asked, err := f.grownPerson(ctx, tx, strings.TrimSpace(username))
		if err != nil {
			return err
		}
		if err := f.mayAsk(ctx, tx, familyID, asked.ID, role); err != nil {
			return err
		}
		row := familyPersonRow{FamilyID: familyID, AccountID: asked.ID, Role: role, State: FamilyAsked, CreatedAt: f.Now()}
		if err := database.G[familyPersonRow](tx).Create(ctx, &row); err != nil {
			return err
		}
		return f.owe(ctx, tx, familyAskedMail(&asked, &guardian, f.Now()))
	})
}

// grownPerson finds and locks a usable account that is not looked after. It returns an error about the
// field username.
func (f *Families) grownPerson(ctx context.Context, tx *gorm.DB, username string) (accountRow, error) {
	unknown := fieldError(KindInvalid, "username", "username_unknown")
	row, err := f.usableByUsername(ctx, tx, username)
	if KindOf(err) == KindInvalid || err == nil && (row.GuardianID != nil || row.NewcomerOf != 0 || row.Email == "") {
		return row, unknown
	}
	return row, err
}

// mayAsk returns an error if a family has no room for another person of a role, or has the person already.
func (f *Families) mayAsk(ctx context.Context, tx *gorm.DB, familyID, accountID int64, role string) error {
	rows, err := database.G[familyPersonRow](tx).Where("family_id = ?", familyID).Find(ctx)
	if err != nil {
		return err
	}
	adults := 0
	for _, row := range rows {
		switch {
		case row.AccountID == accountID:
			return ErrInFamily
		case role == RoleGuardian && row.Role == RoleGuardian:
			return ErrSecondGuardian
		case row.Role == RoleAdult:
			adults++
		}
	}
	if familyID == accountID {
		return ErrInFamily
	}
	if role == RoleAdult && adults >= f.mostMembers() {
		return f.full()
	}
	return nil
}

// Accept joins a family that has asked an account. It returns [ErrNotFound] for a family that has not, or
// [ErrOtherFamily] for an account that is in another family or looks after somebody.
func (f *Families) Accept(ctx context.Context, accountID, familyID int64, caller Caller) error {
	return f.tx(ctx, "join a family", func(tx *gorm.DB) error {
		if err := lockUsableAccount(tx, familyID); err != nil {
			return err
		}
		if err := lockUsableAccount(tx, accountID); err != nil {
			return err
		}
		now := f.Now()
		err := requireRow(tx.Exec("UPDATE family_people SET state = ?, joined_at = ? WHERE family_id = ? AND account_id = ? AND state = ?",
			FamilyJoined, now, familyID, accountID, FamilyAsked))
		if err != nil {
			return err
		}
		if err := f.requireAlone(ctx, tx, accountID, familyID); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM family_people WHERE family_id = ? AND state = ?", accountID, FamilyAsked).Error; err != nil {
			return err
		}
		return f.recordEvent(ctx, tx, accountID, EventFamilyJoined, caller)
	})
}

// requireAlone returns [ErrOtherFamily] for an account that is in another family than familyID, or whose
// own family is not empty.
func (f *Families) requireAlone(ctx context.Context, tx *gorm.DB, accountID, familyID int64) error {
	members, err := database.G[accountRow](tx).Where("guardian_id = ?", accountID).Count(ctx, "*")
	if err != nil {
		return err
	}
	others, err := database.G[familyPersonRow](tx).Where("account_id = ? AND family_id <> ? AND state = ?", accountID, familyID, FamilyJoined).Count(ctx, "*")
	if err != nil {
		return err
	}
	own, err := database.G[familyPersonRow](tx).Where("family_id = ? AND state = ?", accountID, FamilyJoined).Count(ctx, "*")
	if err == nil && members+others+own > 0 {
		err = ErrOtherFamily
	}
	return err
}

// Decline refuses to join a family. It returns [ErrNotFound].
func (f *Families) Decline(ctx context.Context, accountID, familyID int64) error {
	return f.tx(ctx, "decline a family", func(tx *gorm.DB) error {
		return requireRow(tx.Exec("DELETE FROM family_people WHERE family_id = ? AND account_id = ? AND state = ?", familyID, accountID, FamilyAsked))
	})
}

// Leave leaves the family that an account has joined, as its second guardian or as a grown person. It
// returns [ErrNotFound].
func (f *Families) Leave(ctx context.Context, accountID int64, caller Caller) error {
	return f.tx(ctx, "leave a family", func(tx *gorm.DB) error {
		if err := lockAccount(tx, accountID); err != nil {
			return err
		}
		joined, err := database.G[familyPersonRow](tx).Where("account_id = ? AND state = ?", accountID, FamilyJoined).Take(ctx)
		if err != nil {
			return explained("read the family", err)
		}
		err = requireRow(tx.Exec("DELETE FROM family_people WHERE family_id = ? AND account_id = ? AND state = ?", joined.FamilyID, accountID, FamilyJoined))
		if err != nil {
			return err
		}
		if err := f.endRights(ctx, tx, accountID, joined.FamilyID); err != nil {
			return err
		}
		return f.recordEvent(ctx, tx, accountID, EventFamilyLeft, caller)
	})
}

// Remove removes a grown person from a family, or takes back that they were asked. The first guardian also
// removes the second one; nobody removes the first. It returns [ErrNotFound].
func (f *Families) Remove(ctx context.Context, guardianID, personID int64, caller Caller) error {
	_, familyID, err := f.ownFamily(ctx, guardianID)
	if err != nil {
		if errors.Is(err, ErrLookedAfter) || errors.Is(err, ErrOtherFamily) {
			return ErrNotFound
		}
		return err
	}
	caller.By = guardianID
	return f.tx(ctx, "remove a person from a family", func(tx *gorm.DB) error {
		if err := f.holdFamily(ctx, tx, familyID, guardianID); err != nil {
			return err
		}
		may := []string{RoleAdult}
		if familyID == guardianID {
			may = append(may, RoleGuardian)
		}
		if err := lockAccount(tx, personID); err != nil {
			return err
		}
		if err := requireRow(tx.Exec("DELETE FROM family_people WHERE family_id = ? AND account_id = ? AND role IN ?", familyID, personID, may)); err != nil {
			return err
		}
		if err := f.endRights(ctx, tx, personID, familyID); err != nil {
			return err
		}
		return f.recordEvent(ctx, tx, personID, EventFamilyRemoved, caller)
	})
}

// endRights ends what somebody who leaves a family has opened for the members: switched sessions on their
// devices, and unlocks.
func (f *Families) endRights(ctx context.Context, tx *gorm.DB, accountID, familyID int64) error {
	if err := f.endSwitchedBy(ctx, tx, accountID, familyID); err != nil {
		return err
	}
	_, err := f.closeUnlocks(ctx, tx, "opened_by = ? AND account_id <> ?", accountID, accountID)
	return err
}
