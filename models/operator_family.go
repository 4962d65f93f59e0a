package models

import (
	"context"
	"slices"
)

// OperatedFamilies is what operators see of families: who belongs to them. Operators change nothing in a family; its guardians
// do that, and the acts on accounts remain.
type OperatedFamilies struct {
	*core
	families *Families
}

// OperatedFamily is a family in the list of operators.
type OperatedFamily struct {
	ID                    int64 // the account of the first guardian
	Username, DisplayName string
	Picture               string // token of the picture; "" for none
	Members               int    // accounts that are looked after
	People                int    // the second guardian and grown people who have joined
}

// FamiliesAsk says which families [OperatedFamilies.List] returns.
type FamiliesAsk struct {
	Prefix string // the beginning of the username of the first guardian; "" for all
	After  string // a username: the list begins with the next one
	Most   int    // the largest number of families
}

// listedFamilies is the statement that reads families, in the order of the usernames of their first guardians. Its values are
// FamilyJoined, and the bounds of the usernames.
const listedFamilies = `SELECT a.id, a.username, a.display_name, a.picture, (SELECT COUNT(*) FROM accounts m WHERE m.guardian_id = a.id) AS members,
 (SELECT COUNT(*) FROM family_people p WHERE p.family_id = a.id AND p.state = ?) AS people
FROM accounts a WHERE a.username_key > ? AND a.username_key >= ? AND a.username_key < ?
 AND (EXISTS (SELECT 1 FROM accounts m WHERE m.guardian_id = a.id) OR EXISTS (SELECT 1 FROM family_people p WHERE p.family_id = a.id))
ORDER BY a.username_key LIMIT ?`

// List returns families with at least one person beside the first guardian, in the order of the usernames of those. A family
// counts, too, if it has only asked somebody yet.
func (o *OperatedFamilies) List(ctx context.Context, ask FamiliesAsk) ([]OperatedFamily, error) {
	begin := usernameKey(ask.Prefix)
	list := []OperatedFamily{}
	err := o.read(ctx).Raw(listedFamilies, FamilyJoined, usernameKey(ask.After), begin, begin+"\x7f", ask.Most).Scan(&list).Error
	return list, explained("list the families", err)
}

// Get returns the family of an account, whatever its place there, as the first guardian sees it. Role is the place of the
// account. It returns [ErrNotFound] for an account that does not exist.
func (o *OperatedFamilies) Get(ctx context.Context, accountID int64) (Family, error) {
	db := o.read(ctx)
	row, err := o.accountByID(ctx, db, accountID)
	if err != nil {
		return Family{}, err
	}
	family := Family{Role: RoleFirst, Limit: o.mostMembers()}
	id, role, err := o.placeInFamily(ctx, db, &row)
	if err != nil {
		return Family{}, explained("find the family", err)
	}
	family.ID = id
	if err := o.families.readPeople(ctx, db, &family); err != nil {
		return Family{}, explained("read the people of a family", err)
	}
	family.Role = role
	family.Members, err = o.members(ctx, db, id)
	slices.SortStableFunc(family.People, func(a, b FamilyPerson) int { return a.AskedAt.Compare(b.AskedAt) })
	return family, explained("read the members of a family", err)
}
