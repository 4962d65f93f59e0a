package models

import (
	"context"
	"slices"

	"gorm.io/gorm"
)

// InvitePerson is somebody to whom a guardian may give a link by an invite for the whole family: the
// guardian, or a member.
type InvitePerson struct {
	AccountID             int64
	Username, DisplayName string
	Picture               string // token of the picture; "" for none
	Self                  bool   // the guardian, who reads
	HasAll                bool   // may use all servers of the invite already
}

// OfInvite lists the people to whom an account may give a link by an invite that waits for its answer:
// the account itself first and, if the invite is for the whole family and the account is a guardian,
// the members. A disabled member is not among them. It returns [ErrNotFound] for an invite that does not
// wait for the answer of the account.
func (f *Families) OfInvite(ctx context.Context, accountID, inviteID int64) ([]InvitePerson, error) {
	waiting, err := f.invites.received(ctx, accountID)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(waiting, func(r inviteRow) bool { return r.ID == inviteID && r.OwnerID != accountID })
	if at < 0 {
		return nil, ErrNotFound
	}
	rows, err := f.peopleOfInvite(ctx, f.read(ctx), &waiting[at], accountID)
	if err != nil {
		return nil, explained("read the people of an invite", err)
	}
	people := make([]InvitePerson, len(rows))
	for i := range rows {
		has, err := f.isMember(ctx, f.read(ctx), rows[i].ID, inviteID)
		if err != nil {
			return nil, err
		}
		people[i] = InvitePerson{
			AccountID: rows[i].ID, Username: rows[i].Username, DisplayName: rows[i].account().DisplayName, Picture: rows[i].Picture,
			Self: rows[i].ID == accountID, HasAll: has,
		}
	}
	return people, nil
}

// peopleOfInvite returns the accounts to which an account may give a link by an invite, itself first.
func (f *Families) peopleOfInvite(ctx context.Context, db *gorm.DB, invite *inviteRow, accountID int64) ([]accountRow, error) {
	own, err := f.accountByID(ctx, db, accountID)
	if err != nil || !invite.ForFamily || own.GuardianID != nil {
		return []accountRow{own}, err
	}
	members, err := membersOf(ctx, db, accountID)
	members = slices.DeleteFunc(members, func(row accountRow) bool { return row.ID == invite.OwnerID })
	return append([]accountRow{own}, members...), err
}

// AcceptInvite answers an invite for the whole family once: each of the chosen accounts, which are the
// guardian and members, gets the links that it has not got yet, on the same terms. The history of a
// member names the guardian, and the owner gets a mail for each person. An invite that is not for the
// whole family is accepted for the guardian alone. It returns an error about the field account_ids if
// nobody is chosen, [ErrNotFound] for an invite that does not wait for the guardian's answer and for a
// chosen account that is not among [Families.OfInvite], [ErrAlreadyMember] if the invite has nothing new
// for any of them, or the other errors of [Invites.Accept]. After an error nothing has changed.
func (f *Families) AcceptInvite(ctx context.Context, guardianID, inviteID int64, chosen []int64, caller Caller) error {
	if len(chosen) == 0 {
		return fieldError(KindInvalid, "account_ids", "family_nobody_chosen")
	}
	if !slices.ContainsFunc(chosen, func(id int64) bool { return id != guardianID }) {
		return f.invites.Accept(ctx, guardianID, inviteID, caller)
	}
	familyID, err := guardedFamily(ctx, f.read(ctx), guardianID)
	if err != nil {
		return explained("find the family", err)
	}
	return f.invites.tryOffer(func() error {
		return f.tx(ctx, "accept an invite for the family", func(tx *gorm.DB) error {
			if err := f.holdFamily(ctx, tx, familyID, guardianID); err != nil {
				return err
			}
			return f.acceptFor(ctx, tx, guardianID, inviteID, chosen, caller)
		})
	})
}

// acceptFor accepts an invite for the chosen accounts in a transaction that holds the family.
func (f *Families) acceptFor(ctx context.Context, tx *gorm.DB, guardianID, inviteID int64, chosen []int64, caller Caller) error {
	if err := f.requireAddress(ctx, tx, guardianID); err != nil {
		return err
	}
	invite, err := f.invites.openInviteOf(ctx, tx, guardianID, inviteID)
	if err != nil {
		return err
	}
	people, err := f.peopleOfInvite(ctx, tx, &invite, guardianID)
	if err != nil {
		return err
	}
	var takers []accountRow
	for _, id := range chosen {
		at := slices.IndexFunc(people, func(row accountRow) bool { return row.ID == id })
		if at < 0 {
			return ErrNotFound
		}
		has, err := f.isMember(ctx, tx, id, inviteID)
		if err != nil {
			return err
		}
		if !has && !slices.ContainsFunc(takers, func(row accountRow) bool { return row.ID == id }) {
			takers = append(takers, people[at])
		}
	}
	if len(takers) == 0 {
		return ErrAlreadyMember
	}
	if err := f.invites.spendUse(tx, inviteID, guardianID); err != nil {
		return err
	}
	return f.giveLinks(ctx, tx, invite, guardianID, takers, caller)
}

// giveLinks makes the links of an invite, whose use is spent, for each of the takers.
func (f *Families) giveLinks(ctx context.Context, tx *gorm.DB, invite inviteRow, guardianID int64, takers []accountRow, caller Caller) error {
	for _, taker := range takers {
		doer := caller
		if taker.ID != guardianID {
			doer.By = guardianID
			if err := lockRow(tx, "accounts", "id = ? AND guardian_id = ? AND disabled_at IS NULL", taker.ID, *taker.GuardianID); err != nil {
				return err
			}
		}
		if err := f.invites.acceptSpent(ctx, tx, invite, taker.ID, doer); err != nil {
			return err
		}
	}
	return nil
}
