package models_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// On a device of the second guardian, the members stand among the people as on a device of the first one.
func TestHouseholdOfTheSecondGuardian(t *testing.T) {
	each(t, func(k *kit) {
		f := k.householdFamily()
		second := k.second(f.guardian)
		first := k.onDevice(second, "tv-2")
		if diff := cmp.Diff([]string{second.Username, f.child.Username, f.teen.Username}, k.tiles(first)); diff != "" {
			k.t.Errorf("people (-want +got): %s", diff)
		}
		child := k.switchTo(first, f.child, "")
		if !k.lives(child) {
			k.t.Fatal("the child's session does not live, want it to live")
		}
		teen := k.switchTo(child, f.teen, teenPIN)
		k.switchFails(teen, f.guardian, guardianPIN, models.ErrNotFound) // the first guardian has not signed in here

		adult := k.account()
		k.must(k.Families.Ask(k.t.Context(), f.guardian.ID, adult.Username, models.RoleAdult))
		theirs := k.onDevice(adult, "tv-3")
		if got := k.tiles(theirs); len(got) != 1 {
			k.t.Errorf("somebody who was asked sees %v, want nobody else", got)
		}
		k.must(k.Families.Accept(k.t.Context(), adult.ID, f.guardian.ID, home))
		if got := k.tiles(theirs); len(got) != 1 {
			k.t.Errorf("a grown person sees %v, want nobody else", got)
		}
	})
}

// When a second guardian no longer looks after the members, the sessions of the members on the
// guardian's devices end. Their sessions on other devices stay.
func TestHouseholdOfAFormerGuardian(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		for name, end := range map[string]func(f family, second models.Account) error{
			"the second guardian leaves": func(_ family, second models.Account) error { return k.Families.Leave(ctx, second.ID, home) },
			"the second guardian is removed": func(f family, second models.Account) error {
				return k.Families.Remove(ctx, f.guardian.ID, second.ID, home)
			},
		} {
			k.run(name, func(k *kit) {
				f := k.householdFamily()
				second := k.second(f.guardian)
				mine, theirs := k.onDevice(second, "tv-2"), k.onDevice(f.guardian, "tv-1")
				child, teen := k.switchTo(mine, f.child, ""), k.switchTo(theirs, f.teen, teenPIN)
				k.must(end(f, second))
				k.allEnd(child)
				if !k.lives(mine) || !k.lives(theirs) || !k.lives(teen) {
					k.t.Error("another session ended, want the child's alone to end")
				}
				if rows := k.texts("SELECT id FROM sessions WHERE id = ?", child.Session.ID); len(rows) != 0 {
					k.t.Error("the row of the child's session stays, want none")
				}
				k.switchFails(mine, f.child, "", models.ErrNotFound)
			})
		}
		k.run("the first guardian deletes their account", func(k *kit) {
			f := k.householdFamily()
			second := k.second(f.guardian)
			mine, theirs := k.onDevice(second, "tv-2"), k.onDevice(f.guardian, "tv-1")
			child, teen := k.switchTo(mine, f.child, ""), k.switchTo(theirs, f.teen, teenPIN)
			k.must(k.Accounts.Delete(ctx, f.guardian.ID, goodPassword, home))
			k.allEnd(theirs, teen)
			if !k.lives(mine) || !k.lives(child) {
				k.t.Error("a session of the other guardian's device ended, want it to live")
			}
			k.switchTo(child, f.teen, teenPIN)
		})
		k.run("an invitation to another family is taken back", func(k *kit) {
			f, other := k.householdFamily(), k.account()
			k.must(k.Families.Ask(ctx, other.ID, f.guardian.Username, models.RoleAdult))
			child := k.switchTo(k.onDevice(f.guardian, "tv-1"), f.child, "")
			k.must(k.Families.Remove(ctx, other.ID, f.guardian.ID, home))
			if !k.lives(child) {
				k.t.Error("the child's session ended, want it to live")
			}
		})
		k.run("the second guardian leaves in between", func(k *kit) {
			f := k.householdFamily()
			second := k.second(f.guardian)
			mine := k.onDevice(second, "tv-2")
			k.afterRead("accounts", func() { k.must(k.Families.Leave(ctx, second.ID, home)) })
			k.switchFails(mine, f.child, "", models.ErrNotFound)
		})
	})
}

// A second guardian who leaves while people switch leaves no session of a member behind.
func TestFaultRacesForLeavingAndSwitches(t *testing.T) {
	each(t, func(k *kit) {
		f := k.householdFamily()
		second := k.second(f.guardian)
		mine := k.onDevice(second, "tv-2")
		for _, err := range parallel(many, func(i int) error {
			if i == many/2 {
				return k.Families.Leave(k.t.Context(), second.ID, home)
			}
			_, err := k.Households.Switch(k.t.Context(), mine.Session, f.child.ID, "", tv)
			if models.KindOf(err) == models.KindNotFound {
				return nil
			}
			return err
		}) {
			k.must(err)
		}
		if rows := k.texts("SELECT id FROM sessions WHERE household_id = ?", mine.Session.ID); len(rows) != 0 {
			k.t.Errorf("%d rows stay, want none", len(rows))
		}
	}, modelstest.Unlimited)
}
