package models_test

import "github.com/latchkey-media/latchkey/models"

// child adds a member without a password to the family of a guardian.
func (k *kit) child(guardian models.Account) models.Member {
	k.t.Helper()
	made, err := k.Families.AddMember(k.t.Context(), guardian.ID, models.NewMember{Username: newName(), DisplayName: "Kim"}, home)
	k.must(err)
	return made
}

// accountOf reads the account of a member.
func (k *kit) accountOf(member models.Member) models.Account {
	k.t.Helper()
	account, err := k.Accounts.Get(k.t.Context(), member.ID)
	k.must(err)
	return account
}

// second returns a new account that is the second guardian of the family of first.
func (k *kit) second(first models.Account) models.Account {
	k.t.Helper()
	second := k.account()
	k.must(k.Families.Ask(k.t.Context(), first.ID, second.Username, models.RoleGuardian))
	k.must(k.Families.Accept(k.t.Context(), second.ID, first.ID, home))
	k.letters()
	return second
}

// family reads the family of an account.
func (k *kit) family(a models.Account) models.Family {
	k.t.Helper()
	family, err := k.Families.Get(k.t.Context(), a.ID)
	k.must(err)
	return family
}

// eventOf returns the newest event of a kind in the history of an account.
func (k *kit) eventOf(accountID int64, kind models.EventKind) models.Event {
	k.t.Helper()
	events, err := k.History.List(k.t.Context(), accountID, 100)
	k.must(err)
	for _, e := range events {
		if e.Kind == kind {
			return e
		}
	}
	k.t.Fatalf("the history has no event %s, want one", kind)
	return models.Event{}
}
