package models_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// Operators find families by their first guardian, and see who belongs to one from each account in it.
func TestOperatorsSeeFamilies(t *testing.T) {
	each(t, func(k *kit) {
		ctx, on := k.t.Context(), k.OperatedFamilies
		anna, bert, alone := k.account(), k.account(), k.account()
		kim, err := k.Families.AddMember(ctx, anna.ID, models.NewMember{Username: newName()}, home)
		k.must(err)
		k.must(k.Families.Ask(ctx, anna.ID, bert.Username, models.RoleGuardian))
		k.must(k.Families.Accept(ctx, bert.ID, anna.ID, home))
		list, err := on.List(ctx, models.FamiliesAsk{Most: 10})
		k.must(err)
		if len(list) != 1 || list[0].ID != anna.ID || list[0].Username != anna.Username || list[0].Members != 1 || list[0].People != 1 {
			k.t.Errorf("listed %+v, want the family of %s with one member and a second guardian", list, anna.Username)
		}
		found, err := on.List(ctx, models.FamiliesAsk{Prefix: anna.Username[:len(anna.Username)-1], Most: 10})
		k.must(err)
		none, err := on.List(ctx, models.FamiliesAsk{Prefix: "zzz", Most: 10})
		k.must(err)
		after, err := on.List(ctx, models.FamiliesAsk{After: anna.Username, Most: 10})
		k.must(err)
		if len(found) != 1 || len(none) != 0 || len(after) != 0 {
			k.t.Errorf("found %d, %d and %d, want 1, 0 and 0", len(found), len(none), len(after))
		}
		for id, role := range map[int64]string{anna.ID: models.RoleFirst, bert.ID: models.RoleGuardian, kim.ID: models.RoleMember} {
			family, err := on.Get(ctx, id)
			k.must(err)
			if family.ID != anna.ID || family.Role != role || len(family.Guardians) != 2 || len(family.Members) != 1 || family.Members[0].ID != kim.ID {
				k.t.Errorf("the family is %+v, want that of %s for a %s", family, anna.Username, role)
			}
		}
		if family, err := on.Get(ctx, alone.ID); err != nil || family.ID != alone.ID || len(family.Guardians) != 1 || len(family.Members) != 0 {
			k.t.Errorf("the family is %+v, %v; want one of %s alone", family, err, alone.Username)
		}
		_, err = on.Get(ctx, 1)
		k.is(err, models.ErrNotFound)
	})
}
