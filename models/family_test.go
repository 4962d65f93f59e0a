package models_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// A guardian adds members, with and without a password, up to the limit.
func TestFamilyMembers(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian := k.t.Context(), k.account()
		kim := k.child(guardian)
		_, err := k.trySignIn(kim.Username, "")
		k.is(err, models.ErrSignInWrong)
		name := newName()
		lou, err := k.Families.AddMember(ctx, guardian.ID, models.NewMember{Username: name, Password: goodPassword}, home)
		k.must(err)
		if _, err = k.trySignIn(name, goodPassword); err != nil || lou.DisplayName != name || !lou.HasPassword || kim.HasPassword {
			k.t.Errorf("got the members %+v and %+v and error %v, want the second one to sign in", kim, lou, err)
		}
		_, err = k.Families.AddMember(ctx, guardian.ID, models.NewMember{Username: newName()}, home)
		k.is(err, models.ErrFamilyFull)
		family := k.family(guardian)
		if family.Role != models.RoleFirst || family.Limit != 2 || len(family.Members) != 2 || family.Members[0].ID != kim.ID || len(family.Guardians) != 1 {
			k.t.Errorf("got the family %+v, want two members of one guardian", family)
		}
		if e := k.eventOf(kim.ID, models.EventMemberAdded); e.By != guardian.Username {
			k.t.Errorf("%q added the member, want %q", e.By, guardian.Username)
		}
		own, err := k.Families.Get(ctx, kim.ID)
		k.must(err)
		if own.Role != models.RoleMember || len(own.Members) != 0 || own.Guardians[0].AccountID != guardian.ID {
			k.t.Errorf("a member sees %+v, want its guardian alone", own)
		}
		_, err = k.Families.AddMember(ctx, kim.ID, models.NewMember{Username: newName()}, home)
		k.is(err, models.ErrLookedAfter)
	}, func(o *models.Options) { o.FamilyLimit = 2 })
}

// Names of members follow the rules of a sign-up, and nobody can try out which ones exist.
func TestFamilyMemberRefused(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian, other := k.t.Context(), k.account(), k.account()
		add := func(in models.NewMember) error {
			_, err := k.Families.AddMember(ctx, guardian.ID, in, home)
			return err
		}
		k.hasField(add(models.NewMember{Username: "a"}), "username", "username_invalid")
		k.hasField(add(models.NewMember{Username: "admin"}), "username", "username_reserved")
		k.hasField(add(models.NewMember{Username: newName(), DisplayName: "\u202e"}), "display_name", "display_name_invalid")
		k.hasField(add(models.NewMember{Username: newName(), Password: "short"}), "password", "password_too_short")
		k.is(add(models.NewMember{Username: other.Username}), models.ErrUsernameTaken)
		k.hasField(k.Families.Ask(ctx, guardian.ID, newName(), models.RoleAdult), "username", "username_unknown")
		k.is(add(models.NewMember{Username: other.Username}), models.ErrThrottled)
		k.is(k.Families.Ask(ctx, guardian.ID, other.Username, models.RoleAdult), models.ErrThrottled)
		k.exec("UPDATE accounts SET email = '', email_key = '' WHERE id = ?", other.ID)
		_, err := k.Families.AddMember(ctx, other.ID, models.NewMember{Username: newName()}, home)
		k.is(err, models.ErrAddressFirst)
	}, func(o *models.Options) { o.Limits.FamilyHour.Hits = 2 })
}

// A family is never larger than its limit, although members are added at the same time.
func TestFamilyLimitAtOnce(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian := k.t.Context(), k.account()
		k.oneWinner(parallel(6, func(int) error {
			_, err := k.Families.AddMember(ctx, guardian.ID, models.NewMember{Username: newName()}, home)
			return err
		}), models.ErrFamilyFull)
	}, func(o *models.Options) { o.FamilyLimit = 1 })
}

// The first guardian asks a second one, who looks after the same members. The first can remove the
// second, and not the other way round.
func TestSecondGuardian(t *testing.T) {
	each(t, func(k *kit) {
		ctx, first, second, third := k.t.Context(), k.account(), k.account(), k.account()
		kim := k.child(first)
		k.letters()
		k.hasField(k.Families.Ask(ctx, first.ID, second.Username, "boss"), "role", "role_invalid")
		k.must(k.Families.Ask(ctx, first.ID, second.Username, models.RoleGuardian))
		asked := k.letter(models.MailFamilyAsked, second.Email)
		if asked.Facts.Person != first.Username || asked.Stop == "" {
			k.t.Errorf("got the mail %+v, want the name of the guardian and a link that stops such mails", asked)
		}
		k.is(k.Families.Ask(ctx, first.ID, third.Username, models.RoleGuardian), models.ErrSecondGuardian)
		k.is(k.Families.Ask(ctx, first.ID, second.Username, models.RoleAdult), models.ErrInFamily)
		k.is(k.Families.Ask(ctx, first.ID, first.Username, models.RoleAdult), models.ErrInFamily)
		k.hasField(k.Families.Ask(ctx, first.ID, kim.Username, models.RoleAdult), "username", "username_unknown")
		k.is(k.Members.EndSessions(ctx, second.ID, kim.ID, home), models.ErrNotFound)
		if got := k.family(second).Invitations; len(got) != 1 || got[0].FamilyID != first.ID || got[0].FromUsername != first.Username {
			k.t.Errorf("got the invitations %+v, want one of the first guardian", got)
		}
		k.must(k.Families.Accept(ctx, second.ID, first.ID, home))
		k.is(k.Families.Accept(ctx, second.ID, first.ID, home), models.ErrNotFound)
		k.must(k.Members.EndSessions(ctx, second.ID, kim.ID, home))
		if e := k.eventOf(kim.ID, models.EventSignedOutEverywhere); e.By != second.Username {
			k.t.Errorf("%q ended the sessions, want %q", e.By, second.Username)
		}
		if got := k.family(second); got.Role != models.RoleGuardian || len(got.Members) != 1 || len(got.Guardians) != 2 {
			k.t.Errorf("the second guardian sees %+v, want the member and two guardians", got)
		}
		k.is(k.Families.Remove(ctx, second.ID, first.ID, home), models.ErrNotFound)
		k.is(k.Families.Ask(ctx, second.ID, third.Username, models.RoleGuardian), models.ErrNotFirst)
		lou, err := k.Families.AddMember(ctx, second.ID, models.NewMember{Username: newName()}, home)
		k.must(err)
		k.must(k.Families.Remove(ctx, first.ID, second.ID, home))
		k.is(k.Members.EndSessions(ctx, second.ID, kim.ID, home), models.ErrNotFound)
		k.must(k.Members.EndSessions(ctx, first.ID, lou.ID, home))
		if got := k.family(second); got.Role != models.RoleFirst || got.ID != second.ID || len(got.Members) != 0 {
			k.t.Errorf("a removed guardian sees %+v, want an empty family of their own", got)
		}
	})
}

// A grown person joins by their own answer and leaves at will. Guardians can only remove them.
func TestFamilyAdult(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian, ann, stranger := k.t.Context(), k.account(), k.account(), k.account()
		join := func() {
			k.must(k.Families.Ask(ctx, guardian.ID, ann.Username, models.RoleAdult))
			k.must(k.Families.Accept(ctx, ann.ID, guardian.ID, home))
		}
		k.is(k.Families.Accept(ctx, ann.ID, guardian.ID, home), models.ErrNotFound)
		join()
		for _, err := range []error{
			k.Members.Delete(ctx, guardian.ID, ann.ID), k.Members.SetPassword(ctx, guardian.ID, ann.ID, otherPassword, home),
			k.Members.SetPIN(ctx, guardian.ID, ann.ID, "8305", home), k.Families.Remove(ctx, stranger.ID, ann.ID, home),
			k.Families.Remove(ctx, ann.ID, guardian.ID, home),
		} {
			k.is(err, models.ErrNotFound)
		}
		if got := k.family(ann); got.Role != models.RoleAdult || got.ID != guardian.ID || len(got.Members)+len(got.People) != 0 {
			k.t.Errorf("a grown person sees %+v, want the guardian alone", got)
		}
		_, err := k.Families.AddMember(ctx, ann.ID, models.NewMember{Username: newName()}, home)
		k.is(err, models.ErrOtherFamily)
		k.must(k.Families.Leave(ctx, ann.ID, home))
		k.is(k.Families.Leave(ctx, ann.ID, home), models.ErrNotFound)
		join()
		k.must(k.Families.Remove(ctx, guardian.ID, ann.ID, home))
		if e := k.eventOf(ann.ID, models.EventFamilyRemoved); e.By != guardian.Username {
			k.t.Errorf("%q removed the person, want %q", e.By, guardian.Username)
		}
		k.must(k.Families.Ask(ctx, guardian.ID, ann.Username, models.RoleAdult))
		k.must(k.Families.Decline(ctx, ann.ID, guardian.ID))
		k.is(k.Families.Decline(ctx, ann.ID, guardian.ID), models.ErrNotFound)
		if got := k.family(guardian).People; len(got) != 0 {
			k.t.Errorf("the family has the people %+v, want none", got)
		}
	})
}

// Nobody is in two families, and nobody joins one who looks after members in another.
func TestOneFamily(t *testing.T) {
	each(t, func(k *kit) {
		ctx, a, b, c := k.t.Context(), k.account(), k.account(), k.account()
		for _, guardian := range []models.Account{a, b} {
			k.must(k.Families.Ask(ctx, guardian.ID, c.Username, models.RoleAdult))
		}
		k.must(k.Families.Ask(ctx, a.ID, b.Username, models.RoleGuardian))
		results := parallel(2, func(i int) error { return k.Families.Accept(ctx, c.ID, []models.Account{a, b}[i].ID, home) })
		k.oneWinner(results, models.ErrOtherFamily)
		k.must(k.Families.Leave(ctx, c.ID, home))
		k.child(b)
		k.is(k.Families.Accept(ctx, b.ID, a.ID, home), models.ErrOtherFamily)
		if slices.ContainsFunc(results, func(err error) bool { return errors.Is(err, models.ErrNotFound) }) {
			k.t.Errorf("got %v, want no other error", results)
		}
	})
}

// A guardian who deletes the account hands the members over to the second guardian. Without one, the
// members are deleted, too, or the account stays.
func TestGuardianDeletes(t *testing.T) {
	each(t, func(k *kit) {
		ctx, first := k.t.Context(), k.account()
		kim := k.child(first)
		second, ann := k.second(first), k.account()
		k.must(k.Families.Ask(ctx, first.ID, ann.Username, models.RoleAdult))
		k.must(k.Families.Accept(ctx, ann.ID, first.ID, home))
		k.must(k.Members.EndSessions(ctx, first.ID, kim.ID, home))
		k.must(k.Accounts.DeleteWithMembers(ctx, first.ID, goodPassword, home))
		if got := k.family(second); got.Role != models.RoleFirst || len(got.Members) != 1 || len(got.People) != 1 {
			k.t.Errorf("the second guardian has %+v, want the family with its member and its grown person", got)
		}
		if e := k.eventOf(kim.ID, models.EventMemberHandedOn); e.By != second.Username {
			k.t.Errorf("the member was handed to %q, want %q", e.By, second.Username)
		}
		if e := k.eventOf(kim.ID, models.EventSignedOutEverywhere); e.By != "" {
			k.t.Errorf("the history names %q, who has no account any longer", e.By)
		}
		k.is(k.Accounts.Delete(ctx, second.ID, goodPassword, home), models.ErrMembersFirst)
		k.must(k.Accounts.DeleteWithMembers(ctx, second.ID, goodPassword, home))
		_, err := k.Accounts.Get(ctx, kim.ID)
		k.is(err, models.ErrNotFound)
		if got := k.family(ann); got.Role != models.RoleFirst || got.ID != ann.ID {
			k.t.Errorf("the grown person has %+v, want a family of their own", got)
		}
	})
}

// An operator can delete every guardian. Members without another guardian stay, and nobody looks after them.
func TestOperatorDeletesGuardian(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian := k.t.Context(), k.account()
		kim := k.child(guardian)
		k.must(k.Operators.Delete(ctx, guardian.Username))
		family, err := k.Families.Get(ctx, kim.ID)
		if k.must(err); family.Role != models.RoleFirst {
			k.t.Errorf("the member has the role %s, want no guardian", family.Role)
		}
	})
}
