package models

import (
	"context"

	"gorm.io/gorm"
)

// AcceptLink accepts a pending link for a member; see [Links.Accept].
func (m *Members) AcceptLink(ctx context.Context, guardianID, memberID, linkID int64, caller Caller) error {
	return m.onBehalf(ctx, guardianID, memberID, linkID, caller, m.links.acceptIn)
}

// RemoveLink declines a pending link for a member, or leaves a server; see [Links.Remove].
func (m *Members) RemoveLink(ctx context.Context, guardianID, memberID, linkID int64, caller Caller) error {
	return m.onBehalf(ctx, guardianID, memberID, linkID, caller, m.links.removeIn)
}

// AcceptInvite accepts an invite for a member; see [Invites.Accept].
func (m *Members) AcceptInvite(ctx context.Context, guardianID, memberID, inviteID int64, caller Caller) error {
	return m.invites.tryOffer(func() error {
		return m.onBehalf(ctx, guardianID, memberID, inviteID, caller, m.invites.acceptIn)
	})
}

// DeclineInvite declines an invite for a member; see [Invites.Decline].
func (m *Members) DeclineInvite(ctx context.Context, guardianID, memberID, inviteID int64, caller Caller) error {
	return m.onBehalf(ctx, guardianID, memberID, inviteID, caller, m.invites.declineIn)
}

// onBehalf gives an answer of a member on behalf of its guardian. The transaction that answers holds the
// member, so that nobody answers for an account which was let go a moment before.
func (m *Members) onBehalf(ctx context.Context, guardianID, memberID, id int64, caller Caller,
	answer func(ctx context.Context, tx *gorm.DB, accountID, id int64, caller Caller) error,
) error {
	caller.By = guardianID
	return m.onMember(ctx, "answer for a member", guardianID, memberID, func(tx *gorm.DB, row *accountRow) error {
		return answer(ctx, tx, row.ID, id, caller)
	})
}
