package models

import (
	"context"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// A family is named by the account of its first guardian. Its members are the accounts whose
// guardian_id is that account: they are looked after. The table family_people has everybody else:
// the second guardian, who looks after the same members, and grown people, who only belong to it.
// Everybody who changes a family locks the account of the first guardian before any other account.

// Families are the operations of guardians and grown people on a family as a whole.
type Families struct {
	*core

	invites *Invites
}

// The roles in a family.
const (
	RoleFirst    = "first"    // the first guardian
	RoleGuardian = "guardian" // the second guardian
	RoleAdult    = "adult"    // a grown person
	RoleMember   = "member"   // an account that is looked after
)

// The states of the second guardian and of grown people.
const (
	FamilyAsked  = "asked"
	FamilyJoined = "joined"
)

// familyPersonRow is a row of family_people.
type familyPersonRow struct {
	FamilyID  int64 // the account of the first guardian
	AccountID int64
	Role      string // [RoleGuardian] or [RoleAdult]
	State     string
	CreatedAt time.Time
	JoinedAt  *time.Time
}

// TableName returns the name of the table, family_people.
func (familyPersonRow) TableName() string { return "family_people" }

// FamilyPerson is somebody in a family who is not looked after. Times are UTC.
type FamilyPerson struct {
	AccountID                     int64
	Username, DisplayName         string
	Picture                       string // token of the picture; "" for none, and for everybody who has not joined
	Role                          string // [RoleFirst], [RoleGuardian] or [RoleAdult]
	State                         string // [FamilyAsked] or [FamilyJoined]
	AskedAt, JoinedAt             time.Time
	FamilyID                      int64  // of an invitation that the reader may answer
	FromUsername, FromDisplayName string // of such an invitation: the first guardian
}

// Member is an account that guardians look after. Times are UTC.
type Member struct {
	ID                    int64
	Username, DisplayName string
	Picture               string // token of the picture; "" for none
	HasPassword           bool   // and can sign in
	HasPIN, PINOff        bool
	Disabled              bool // by an operator
	CreatedAt             time.Time
	Leaving               string // the address that waits for its confirmation, see [Members.LetGo]; "" for none
}

// Family is the family of an account, as that account may see it.
type Family struct {
	ID          int64          // the account of the first guardian
	Role        string         // of the reader
	Guardians   []FamilyPerson // the first one first
	People      []FamilyPerson // the second guardian who was asked, and grown people; guardians alone see them
	Members     []Member       // guardians alone see them
	Invitations []FamilyPerson // to other families, which wait for the reader's answer
	Limit       int            // so many members, and so many grown people, a family may have
}

// familyLimit is the limit of a Store whose options do not say one.
const familyLimit = 10

// mostMembers returns how many members a family may have.
func (c *core) mostMembers() int {
	if c.opt.FamilyLimit == 0 {
		return familyLimit
	}
	return c.opt.FamilyLimit
}

// placeInFamily returns the family of an account and the account's role in it. Everybody who is in no
// other family is the first guardian of their own, which may be empty.
func (c *core) placeInFamily(ctx context.Context, db *gorm.DB, row *accountRow) (familyID int64, role string, err error) {
	if row.GuardianID != nil {
		return *row.GuardianID, RoleMember, nil
	}
	joined, err := database.G[familyPersonRow](db).Where("account_id = ? AND state = ?", row.ID, FamilyJoined).Find(ctx)
	if err != nil {
		return 0, "", err
	}
	if len(joined) > 0 {
		return joined[0].FamilyID, joined[0].Role, nil
	}
	return row.ID, RoleFirst, nil
}

// isGuardian reports whether an account looks after the members of a family.
func (c *core) isGuardian(ctx context.Context, db *gorm.DB, familyID, accountID int64) (bool, error) {
	if familyID == accountID {
		return true, nil
	}
	n, err := database.G[familyPersonRow](db).
		Where("family_id = ? AND account_id = ? AND role = ? AND state = ?", familyID, accountID, RoleGuardian, FamilyJoined).Count(ctx, "*")
	return n > 0, err
}

// guardedFamily returns the family whose members an account looks after: the one that it has joined as
// the second guardian, or else its own, which may be empty.
func guardedFamily(ctx context.Context, db *gorm.DB, accountID int64) (int64, error) {
	joined, err := database.G[familyPersonRow](db).Where("account_id = ? AND role = ? AND state = ?", accountID, RoleGuardian, FamilyJoined).Find(ctx)
	if err != nil || len(joined) == 0 {
		return accountID, err
	}
	return joined[0].FamilyID, nil
}

// guardiansOf returns the ids of the guardians of a family, the first one first.
func (c *core) guardiansOf(ctx context.Context, db *gorm.DB, familyID int64) ([]int64, error) {
	second, err := database.G[familyPersonRow](db).Where("family_id = ? AND role = ? AND state = ?", familyID, RoleGuardian, FamilyJoined).Find(ctx)
	ids := []int64{familyID}
	for _, one := range second {
		ids = append(ids, one.AccountID)
	}
	return ids, err
}

// Get returns the family of an account. It returns [ErrNotFound] for an account that does not exist.
func (f *Families) Get(ctx context.Context, accountID int64) (Family, error) {
	db := f.read(ctx)
	row, err := f.accountByID(ctx, db, accountID)
	if err != nil {
		return Family{}, err
	}
	family := Family{Limit: f.mostMembers()}
	if family.ID, family.Role, err = f.placeInFamily(ctx, db, &row); err != nil {
		return Family{}, explained("find the family", err)
	}
	if err := f.readPeople(ctx, db, &family); err != nil {
		return Family{}, explained("read the people of a family", err)
	}
	if family.Invitations, err = f.invitations(ctx, db, accountID); err != nil {
		return Family{}, explained("read the invitations to families", err)
	}
	if family.Role != RoleFirst && family.Role != RoleGuardian {
		return family, nil
	}
	family.Members, err = f.members(ctx, db, family.ID)
	return family, explained("read the members of a family", err)
}

// familyPersonColumns are the columns with which readPerson fills a [FamilyPerson].
type familyPersonColumns struct {
	FamilyID, AccountID            int64
	Role, State                    string
	CreatedAt                      time.Time
	JoinedAt                       *time.Time
	Username, DisplayName, Picture string
}

// readPeople reads the guardians of a family and, for a guardian, everybody else who is not looked after.
func (f *Families) readPeople(ctx context.Context, db *gorm.DB, family *Family) error {
	first, err := f.accountByID(ctx, db, family.ID)
	if err != nil {
		return err
	}
	family.Guardians = []FamilyPerson{{
		AccountID: first.ID, Username: first.Username, DisplayName: first.DisplayName, Picture: first.Picture, Role: RoleFirst, State: FamilyJoined,
	}}
	var rows []familyPersonColumns
	err = db.WithContext(ctx).Raw(`SELECT p.*, a.username, a.display_name, a.picture FROM family_people p JOIN accounts a ON a.id = p.account_id
WHERE p.family_id = ? ORDER BY p.created_at, p.account_id`, family.ID).Scan(&rows).Error
	if err != nil {
		return err
	}
	guards := family.Role == RoleFirst || family.Role == RoleGuardian
	for _, r := range rows {
		person := r.person()
		switch {
		case r.Role == RoleGuardian && r.State == FamilyJoined:
			family.Guardians = append(family.Guardians, person)
		case guards:
			family.People = append(family.People, person)
		}
	}
	return nil
}

func (r *familyPersonColumns) person() FamilyPerson {
	p := FamilyPerson{
		AccountID: r.AccountID, Username: r.Username, DisplayName: r.DisplayName, Role: r.Role, State: r.State,
		AskedAt: r.CreatedAt.UTC(), JoinedAt: orZero(r.JoinedAt),
	}
	if r.State == FamilyJoined {
		p.Picture = r.Picture
	}
	return p
}

// invitations reads the families that have asked an account to join them.
func (f *Families) invitations(ctx context.Context, db *gorm.DB, accountID int64) ([]FamilyPerson, error) {
	var rows []familyPersonColumns
	err := db.WithContext(ctx).Raw(`SELECT p.*, a.username, a.display_name FROM family_people p JOIN accounts a ON a.id = p.family_id
WHERE p.account_id = ? AND p.state = ? AND a.disabled_at IS NULL ORDER BY p.created_at, p.family_id`, accountID, FamilyAsked).Scan(&rows).Error
	var found []FamilyPerson
	for _, r := range rows {
		found = append(found, FamilyPerson{
			AccountID: accountID, Role: r.Role, State: r.State, AskedAt: r.CreatedAt.UTC(),
			FamilyID: r.FamilyID, FromUsername: r.Username, FromDisplayName: r.DisplayName,
		})
	}
	return found, err
}

// members reads the accounts that are looked after in a family, in the order in which they were added.
func (c *core) members(ctx context.Context, db *gorm.DB, familyID int64) ([]Member, error) {
	rows, err := database.G[accountRow](db).Where("guardian_id = ?", familyID).Order("id").Find(ctx)
	var members []Member
	for i := range rows {
		members = append(members, rows[i].member())
	}
	return members, err
}

func (r *accountRow) member() Member {
	return Member{
		ID: r.ID, Username: r.Username, DisplayName: r.DisplayName, Picture: r.Picture, HasPassword: r.PasswordHash != "",
		HasPIN: r.PINHash != "", PINOff: r.PINOffAt != nil, Disabled: r.DisabledAt != nil, CreatedAt: r.CreatedAt.UTC(),
	}
}

// NewMember is an account that a guardian makes for somebody whom they look after.
type NewMember struct {
	Username    string
	DisplayName string // "" for the username
	Password    string // "" for a member who does not sign in
}

// AddMember makes an account without an address that the guardians of a family look after, and returns
// it. It returns errors about the fields username, display_name and password, [ErrUsernameTaken],
// [ErrAddressFirst] for an account without a confirmed address, [ErrOtherFamily] for a grown person of
// another family, [ErrLookedAfter] for a member, [ErrFamilyFull] with the parameter Limit,
// [ErrThrottled], [ErrBusy] or [ErrUnavailable].
func (f *Families) AddMember(ctx context.Context, guardianID int64, in NewMember, caller Caller) (Member, error) {
	guardian, familyID, err := f.ownFamily(ctx, guardianID)
	if err != nil {
		return Member{}, err
	}
	row, err := f.checkMember(in)
	if err != nil {
		return Member{}, err
	}
	if err := f.mayProbe(ctx, guardianID); err != nil {
		return Member{}, err
	}
	row.Locale, row.TimeZone, row.GuardianID = guardian.Locale, guardian.TimeZone, &familyID
	if in.Password != "" {
		err = f.hashPassword(ctx, &row, in.Password)
	} else if row.ID, err = f.newID(); err != nil {
		err = explained("make an id", err)
	}
	if err != nil {
		return Member{}, err
	}
	now := f.Now()
	row.ConfirmedAt = &now
	caller.By = guardianID
	err = f.tx(ctx, "add a member", func(tx *gorm.DB) error {
		if err := f.holdFamily(ctx, tx, familyID, guardianID); err != nil {
			return err
		}
		n, err := database.G[accountRow](tx).Where("guardian_id = ?", familyID).Count(ctx, "*")
		if err != nil {
			return err
		}
		if int(n) >= f.mostMembers() {
			return f.full()
		}
		if err := f.insertAccount(ctx, tx, &row); err != nil {
			return err
		}
		return f.recordEvent(ctx, tx, row.ID, EventMemberAdded, caller)
	})
	return row.member(), err
}

// full returns [ErrFamilyFull] with the limit.
func (c *core) full() error { return ErrFamilyFull.with("Limit", strconv.Itoa(c.mostMembers())) }

// checkMember applies the rules of a sign-up to a new member, and returns its row without id and times.
func (f *Families) checkMember(in NewMember) (accountRow, error) {
	row := accountRow{Username: in.Username, UsernameKey: usernameKey(in.Username)}
	var wrong []FieldError
	if code := checkUsername(in.Username, f.opt.ServiceName); code != "" {
		wrong = append(wrong, FieldError{Field: "username", Code: code})
	}
	name, ok := cleanDisplayName(in.DisplayName)
	if !ok {
		wrong = append(wrong, FieldError{Field: "display_name", Code: "display_name_invalid"})
	}
	if row.DisplayName = name; name == "" {
		row.DisplayName = in.Username
	}
	if in.Password != "" {
		if e := f.checkPassword("password", in.Password, row.personal()...); e != nil {
			wrong = append(wrong, *e)
		}
	}
	return row, invalid(wrong)
}

// mayProbe counts a username that a guardian has typed, so that nobody can try out which ones exist.
func (f *Families) mayProbe(ctx context.Context, guardianID int64) error {
	return f.throttle.allow(ctx, f.throttle.key("family", FormatID(guardianID)), f.opt.Limits.FamilyHour)
}

// ownFamily returns the account of a guardian, and their family. It returns [ErrAddressFirst],
// [ErrOtherFamily] or [ErrLookedAfter] for an account that cannot be a guardian.
func (f *Families) ownFamily(ctx context.Context, guardianID int64) (accountRow, int64, error) {
	row, err := f.accountByID(ctx, f.read(ctx), guardianID)
	if err != nil {
		return row, 0, err
	}
	familyID, role, err := f.placeInFamily(ctx, f.read(ctx), &row)
	switch {
	case err != nil:
		return row, 0, explained("find the family", err)
	case role == RoleMember:
		return row, 0, ErrLookedAfter
	case role == RoleAdult:
		return row, 0, ErrOtherFamily
	case row.Email == "" || row.NewcomerOf != 0:
		return row, 0, ErrAddressFirst
	}
	return row, familyID, nil
}

// holdFamily locks a family for a guardian. It returns [ErrNotFound] for somebody who is not a guardian of
// it any longer. It reads only after it has locked, so that it sees what other transactions have written.
func (c *core) holdFamily(ctx context.Context, tx *gorm.DB, familyID, guardianID int64) error {
	if err := lockAccount(tx, familyID); err != nil {
		return err
	}
	if familyID == guardianID {
		n, err := database.G[familyPersonRow](tx).Where("account_id = ? AND state = ?", guardianID, FamilyJoined).Count(ctx, "*")
		if err == nil && n > 0 {
			err = ErrNotFound // the guardian has joined another family meanwhile
		}
		return err
	}
	is, err := c.isGuardian(ctx, tx, familyID, guardianID)
	if err == nil && !is {
		err = ErrNotFound
	}
	return err
}
