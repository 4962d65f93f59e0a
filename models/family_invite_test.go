package models_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// familyInvite makes an invite for the whole family of somebody to a server.
func (k *kit) familyInvite(owner models.Account, to string, m media) models.Invite {
	k.t.Helper()
	invite, err := k.Invites.Create(k.t.Context(), owner.ID, models.NewInvite{
		To: to, Type: models.LinkGuest, Family: true, Servers: []models.InviteServer{{ServerID: m.ID}},
	}, home)
	k.must(err)
	return invite
}

// takers returns the usernames of the people of an invite, with a star for everybody who has it all.
func (k *kit) takers(accountID, inviteID int64) []string {
	k.t.Helper()
	people, err := k.Families.OfInvite(k.t.Context(), accountID, inviteID)
	k.must(err)
	var names []string
	for _, one := range people {
		name := one.Username
		if one.HasAll {
			name += "*"
		}
		names = append(names, name)
		if one.Self != (one.AccountID == accountID) {
			k.t.Errorf("%s is the reader: %t, want the reader alone to be it", one.Username, one.Self)
		}
	}
	return names
}

// guestsOf returns the usernames of the guests of a server, in alphabetical order.
func (k *kit) guestsOf(m media) []string {
	k.t.Helper()
	names := []string{}
	for _, row := range k.texts("SELECT a.username FROM links l JOIN accounts a ON a.id = l.account_id WHERE l.server_id = ? AND l.state = 'accepted' AND l.type = 'guest'", m.ID) {
		names = append(names, row[0])
	}
	slices.Sort(names)
	return names
}

// sortedNames returns names in alphabetical order.
func sortedNames(names ...string) []string {
	slices.Sort(names)
	return names
}

// A guardian answers an invite for the whole family once, and everybody who was chosen gets a link.
func TestInviteForTheFamily(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, guardian, owner := k.t.Context(), k.account(), k.account()
		kim, lou, max := k.child(guardian), k.child(guardian), k.child(guardian)
		m := k.agent(owner)
		k.letters()
		invite := k.familyInvite(owner, guardian.Email, m)
		if !invite.Family {
			k.t.Error("the invite is not for the whole family, want it to be")
		}
		k.letter(models.MailInvite, guardian.Email) // one mail, to the guardian
		if diff := cmp.Diff([]string{guardian.Username, kim.Username, lou.Username, max.Username}, k.takers(guardian.ID, invite.ID)); diff != "" {
			k.t.Errorf("people (-want +got): %s", diff)
		}
		k.hasField(k.Families.AcceptInvite(ctx, guardian.ID, invite.ID, nil, home), "account_ids", "family_nobody_chosen")
		k.is(k.Families.AcceptInvite(ctx, guardian.ID, invite.ID, []int64{kim.ID, owner.ID}, home), models.ErrNotFound)
		k.is(k.Families.AcceptInvite(ctx, kim.ID, invite.ID, []int64{kim.ID}, home), models.ErrNotFound)
		if got := k.guestsOf(m); len(got) != 0 {
			k.t.Errorf("the guests are %v after refused answers, want none", got)
		}
		k.must(k.Families.AcceptInvite(ctx, guardian.ID, invite.ID, []int64{kim.ID, guardian.ID, lou.ID, kim.ID}, home))
		want := sortedNames(guardian.Username, kim.Username, lou.Username)
		if diff := cmp.Diff(want, k.guestsOf(m)); diff != "" {
			k.t.Errorf("guests (-want +got): %s", diff)
		}
		for id, by := range map[int64]string{kim.ID: guardian.Username, lou.ID: guardian.Username, guardian.ID: ""} {
			if e := k.eventOf(id, models.EventLinkAccepted); e.By != by {
				k.t.Errorf("the link was accepted by %q, want %q", e.By, by)
			}
		}
		if got := kinds(k.letters(), owner.Email); len(got) != 3 {
			k.t.Errorf("the owner got %v, want a mail for each of three people", got)
		}
		sent, err := k.Invites.Sent(ctx, owner.ID, 0, 1)
		k.must(err)
		var used []string
		for _, use := range sent[0].UsedBy {
			used = append(used, use.Username)
		}
		if diff := cmp.Diff(want, sortedNames(used...)); diff != "" || sent[0].State != models.InviteAccepted || !sent[0].Family {
			k.t.Errorf("the owner sees %+v, want an accepted invite with its people (-want +got): %s", sent[0], diff)
		}
		k.is(k.Families.AcceptInvite(ctx, guardian.ID, invite.ID, []int64{max.ID}, home), models.ErrNotFound) // it was answered
		_, err = k.Families.OfInvite(ctx, guardian.ID, invite.ID)
		k.is(err, models.ErrNotFound)
	})
}

// A member who already has everything is marked as such, and gets nothing new. A second guardian chooses from
// the same members.
func TestInviteForTheFamilyOfMembers(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, first, owner := k.t.Context(), k.account(), k.account()
		second := k.second(first)
		kim, lou := k.child(first), k.child(first)
		m := k.agent(owner)
		k.must(k.Members.AcceptInvite(ctx, first.ID, kim.ID, k.invite(owner, kim.Username, m).ID, home))
		k.must(k.Operators.Disable(ctx, lou.Username))
		invite := k.familyInvite(owner, second.Username, m)
		if diff := cmp.Diff([]string{second.Username, kim.Username + "*"}, k.takers(second.ID, invite.ID)); diff != "" {
			k.t.Errorf("people without the disabled member (-want +got): %s", diff)
		}
		k.is(k.Families.AcceptInvite(ctx, second.ID, invite.ID, []int64{lou.ID}, home), models.ErrNotFound)
		k.is(k.Families.AcceptInvite(ctx, second.ID, invite.ID, []int64{kim.ID}, home), models.ErrAlreadyMember)
		k.must(k.Operators.Enable(ctx, lou.Username))
		k.must(k.Families.AcceptInvite(ctx, second.ID, invite.ID, []int64{kim.ID, lou.ID}, home))
		if diff := cmp.Diff(sortedNames(kim.Username, lou.Username), k.guestsOf(m)); diff != "" {
			k.t.Errorf("guests without the guardian (-want +got): %s", diff)
		}
		if e := k.eventOf(lou.ID, models.EventLinkAccepted); e.By != second.Username {
			k.t.Errorf("the link was accepted by %q, want %q", e.By, second.Username)
		}
	})
}

// For somebody who looks after nobody, and without the mark, an invite is for one person.
func TestInviteForTheFamilyOfOne(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, guardian, owner := k.t.Context(), k.account(), k.account()
		alone, adult, kim := k.account(), k.account(), k.child(guardian)
		k.must(k.Families.Ask(ctx, guardian.ID, adult.Username, models.RoleAdult))
		k.must(k.Families.Accept(ctx, adult.ID, guardian.ID, home))
		m := k.agent(owner)
		for _, one := range []models.Account{alone, adult} {
			invite := k.familyInvite(owner, one.Username, m)
			if diff := cmp.Diff([]string{one.Username}, k.takers(one.ID, invite.ID)); diff != "" {
				k.t.Errorf("people (-want +got): %s", diff)
			}
			k.is(k.Families.AcceptInvite(ctx, one.ID, invite.ID, []int64{one.ID, kim.ID}, home), models.ErrNotFound)
			k.must(k.Families.AcceptInvite(ctx, one.ID, invite.ID, []int64{one.ID}, home))
		}
		plain := k.invite(owner, guardian.Username, m)
		if diff := cmp.Diff([]string{guardian.Username}, k.takers(guardian.ID, plain.ID)); diff != "" {
			k.t.Errorf("people of an invite without the mark (-want +got): %s", diff)
		}
		k.is(k.Families.AcceptInvite(ctx, guardian.ID, plain.ID, []int64{kim.ID}, home), models.ErrNotFound)
		if diff := cmp.Diff(sortedNames(alone.Username, adult.Username), k.guestsOf(m)); diff != "" {
			k.t.Errorf("guests (-want +got): %s", diff)
		}
		for name, in := range map[string]models.NewInvite{
			"linked":       {To: guardian.Username, Type: models.LinkLinked},
			"a link alone": {Link: true, Type: models.LinkGuest},
		} {
			in.Family, in.Servers = true, []models.InviteServer{{ServerID: m.ID}}
			_, err := k.Invites.Create(ctx, owner.ID, in, home)
			k.run(name, func(k *kit) { k.hasField(err, "family", "family_one_guest") })
		}
	})
}

// An answer does nothing for somebody who was let go a moment before, and gives nobody else a link either.
func TestInviteForTheFamilyOfSomebodyLetGo(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, guardian, owner := k.t.Context(), k.account(), k.account()
		kim, m := k.child(guardian), k.agent(owner)
		invite := k.familyInvite(owner, guardian.Username, m)
		k.run("let go in between", func(k *kit) {
			k.afterRead("family_people", func() { k.exec("UPDATE accounts SET guardian_id = NULL WHERE id = ?", kim.ID) })
			k.is(k.Families.AcceptInvite(ctx, guardian.ID, invite.ID, []int64{guardian.ID, kim.ID}, home), models.ErrNotFound)
		})
		if got := k.guestsOf(m); len(got) != 0 {
			k.t.Errorf("the guests are %v, want none", got)
		}
		k.must(k.Families.AcceptInvite(ctx, guardian.ID, invite.ID, []int64{guardian.ID}, home))
	})
}

// Only one of several parallel answers counts, and it counts completely.
func TestRaceOfAnswersForTheFamily(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, first, owner := k.t.Context(), k.account(), k.account()
		second := k.second(first)
		kim, lou, m := k.child(first), k.child(first), k.agent(owner)
		invite := k.familyInvite(owner, first.Username, m)
		other := k.familyInvite(owner, second.Username, m)
		results := parallel(16, func(i int) error {
			switch i % 3 {
			case 0:
				return k.Families.AcceptInvite(ctx, first.ID, invite.ID, []int64{first.ID, kim.ID, lou.ID}, home)
			case 1:
				return k.Families.AcceptInvite(ctx, first.ID, invite.ID, []int64{lou.ID, kim.ID}, home)
			default:
				return k.Invites.Decline(ctx, first.ID, invite.ID, home)
			}
		})
		k.oneWinner(results, models.ErrNotFound)
		for _, err := range parallel(2, func(i int) error { // two guardians, two invites, the same members
			guardian, id := second, other.ID
			if i == 0 {
				guardian, id = first, k.familyInvite(owner, first.Username, m).ID
			}
			return k.Families.AcceptInvite(ctx, guardian.ID, id, []int64{guardian.ID, kim.ID, lou.ID}, home)
		}) {
			if err != nil {
				k.is(err, models.ErrAlreadyMember)
			}
		}
		if diff := cmp.Diff(sortedNames(first.Username, second.Username, kim.Username, lou.Username), k.guestsOf(m)); diff != "" {
			k.t.Errorf("guests (-want +got): %s", diff)
		}
	})
}
