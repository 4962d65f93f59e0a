package models

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Households are the operations by which the people of one shared device choose who is
// watching: see ADR 0035. The first session of a device holds its household. A switched session
// is a session of a person who was chosen there, perhaps by PIN. It is refused everywhere but in
// requests that are marked by [OpenToSwitched].
type Households struct {
	*core

	pins *PINs
}

// householdMost is the number of grown people who may sign in on one device, beside the first.
const householdMost = 10

// OpenToSwitched is a key of contexts. Its value is true in the context of a request that a
// switched session may make; without it, every look-up of such a session returns [ErrSwitched].
type OpenToSwitched struct{}

// switchedMay reports whether a switched session may make the request of a context.
func switchedMay(ctx context.Context) bool {
	may, _ := ctx.Value(OpenToSwitched{}).(bool)
	return may
}

// ForSwitched returns the context of a request that a switched session may make.
func ForSwitched(ctx context.Context) context.Context {
	return context.WithValue(ctx, OpenToSwitched{}, true)
}

// stillLookedAfter is the condition of a living session s of an account a: the family that gave the
// right to switch must still look after this account. It says the same as [looksAfter]. A second
// guardian who does not look after the family any longer needs no condition here, because
// endSwitchedBy has ended the sessions.
const stillLookedAfter = "(s.by_guardian = 0 OR s.by_guardian = a.guardian_id)"

// looksAfter reports whether an account is looked after in a family, which is named by its first
// guardian. This function, [stillLookedAfter], membersOf, holdMember and endSwitchedBy are all that
// households know of families.
func looksAfter(ctx context.Context, db *gorm.DB, familyID, accountID int64) (bool, error) {
	count, err := database.G[accountRow](db).Where("id = ? AND guardian_id = ?", accountID, familyID).Count(ctx, "*")
	return count == 1, err
}

// membersOf returns the accounts that a guardian looks after, as the first or the second one, and that
// can be used, in the order in which they were made.
func membersOf(ctx context.Context, db *gorm.DB, guardianID int64) ([]accountRow, error) {
	familyID, err := guardedFamily(ctx, db, guardianID)
	if err != nil {
		return nil, err
	}
	return database.G[accountRow](db).Where("guardian_id = ? AND confirmed_at IS NOT NULL AND disabled_at IS NULL", familyID).Order("id").Find(ctx)
}

// HouseholdPerson is somebody who may be watching.
type HouseholdPerson struct {
	AccountID             int64
	Username, DisplayName string
	Picture               string // token of the picture, see [Pictures]; "" for none
	HasPIN                bool
	Member                bool // looked after by the person of the first session; may have no PIN
	Current               bool // the session is this person's

	row  accountRow
	from sessionRow // by whose right the person is switched to
}

// Household describes the people of a device to one of its sessions.
type Household struct {
	People   []HouseholdPerson // the person of the first session, then the members, then others in the order in which they signed in
	Switched bool              // the session is a switched one
	LeftOut  bool              // the person of a signed-in session is not among the people
	Own      HouseholdPerson   // the person of the session, who may be left out
}

// deviceHousehold is a household as the database has it.
type deviceHousehold struct {
	this, first sessionRow
	signedIn    []sessionRow // that live, the first one first
}

// home finds the household of a session. It returns [ErrNoSession].
func (h *Households) home(ctx context.Context, db *gorm.DB, this Session) (deviceHousehold, error) {
	var out deviceHousehold
	own, err := database.G[sessionRow](db).Where("id = ? AND account_id = ?", this.ID, this.AccountID).Find(ctx)
	if err != nil || len(own) != 1 {
		return out, missingSession(err)
	}
	out.this = own[0]
	rows, err := database.G[sessionRow](db).Where("id = ?", out.this.firstID()).Find(ctx)
	if err != nil || len(rows) != 1 || !h.isAlive(rows[0].Kind, rows[0].LastSeenAt, rows[0].ExpiresAt) {
		return out, missingSession(err)
	}
	out.first = rows[0]
	joined, err := database.G[sessionRow](db).Where("household_id = ? AND switched_from = 0", out.first.ID).Order("id").Find(ctx)
	joined = slices.DeleteFunc(joined, func(r sessionRow) bool { return !h.isAlive(r.Kind, r.LastSeenAt, r.ExpiresAt) })
	out.signedIn = append(rows, joined...)
	return out, err
}

// missingSession returns err, or [ErrNoSession] if there is no error.
func missingSession(err error) error {
	if err == nil {
		return ErrNoSession
	}
	return err
}

// firstID returns the id of the first session of the device.
func (r *sessionRow) firstID() int64 {
	if r.HouseholdID != 0 {
		return r.HouseholdID
	}
	return r.ID
}

// List returns the people of the device of a session. A grown person is one of them only if they
// signed in on the device themselves and did not leave the household. It returns [ErrNoSession] or
// [ErrUnavailable].
func (h *Households) List(ctx context.Context, this Session) (Household, error) {
	home, err := h.home(ctx, h.read(ctx), this)
	if err != nil {
		return Household{}, explained("read the household", err)
	}
	people, err := h.people(ctx, h.read(ctx), &home)
	if err != nil {
		return Household{}, explained("read the people of the household", err)
	}
	own, err := h.accountByID(ctx, h.read(ctx), this.AccountID)
	if err != nil {
		return Household{}, err
	}
	out := Household{People: people, Switched: home.this.SwitchedFrom != 0, LeftOut: home.this.LeftOut, Own: personOf(own, home.this, &home)}
	out.Own.Member = home.this.ByGuardian != 0
	return out, nil
}

// people returns the people of a household, each once.
func (h *Households) people(ctx context.Context, db *gorm.DB, home *deviceHousehold) ([]HouseholdPerson, error) {
	members, err := membersOf(ctx, db, home.first.AccountID)
	if err != nil {
		return nil, err
	}
	var people []HouseholdPerson
	add := func(row accountRow, from sessionRow) {
		known := slices.ContainsFunc(people, func(p HouseholdPerson) bool { return p.AccountID == row.ID })
		if !known && row.DisabledAt == nil && row.ConfirmedAt != nil {
			people = append(people, personOf(row, from, home))
		}
	}
	for i, session := range home.signedIn {
		if !session.LeftOut {
			row, err := h.accountByID(ctx, db, session.AccountID)
			if err != nil {
				return nil, err
			}
			add(row, session)
		}
		if i > 0 {
			continue
		}
		for _, row := range members {
			add(row, session)
		}
	}
	return people, nil
}

func personOf(row accountRow, from sessionRow, home *deviceHousehold) HouseholdPerson {
	return HouseholdPerson{
		AccountID: row.ID, Username: row.Username, DisplayName: row.account().DisplayName, Picture: row.Picture, HasPIN: row.PINHash != "",
		Member: row.ID != from.AccountID, Current: row.ID == home.this.AccountID, row: row, from: from,
	}
}
