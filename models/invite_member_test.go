package models_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// A person who may use all servers of an invite already has nothing to accept, and no use of the invite is spent.
// This holds for an invite by mail or username, for an invite by link, and for the Emby Connect protocol, whose
// clients repeat a request.
func TestInviteOfAMember(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		den, attic := k.agent(owner), k.agent(owner)
		anna := k.member(owner, den)
		member := func(invite models.Invite, want bool) {
			k.t.Helper()
			got, err := k.Invites.IsMember(ctx, anna.ID, invite.ID)
			k.must(err)
			if got != want {
				k.t.Errorf("the account is a member: %t, want %t", got, want)
			}
		}
		named, mailed := k.invite(owner, anna.Username, den), k.invite(owner, anna.Email, den)
		open, link := k.inviteLink(owner, models.NewInvite{}, den)
		k.letters() // takes the mails of the invites away
		for _, one := range []models.Invite{named, mailed, open} {
			member(one, true)
		}
		k.is(k.Invites.Accept(ctx, anna.ID, named.ID, home), models.ErrAlreadyMember)
		k.is(k.Invites.Accept(ctx, anna.ID, mailed.ID, home), models.ErrAlreadyMember)
		k.is(k.InviteLinks.Accept(ctx, anna.ID, link, home), models.ErrAlreadyMember)
		k.must(k.Invites.AcceptServer(ctx, anna.ID, den.ID, home))
		sent, err := k.Invites.Sent(ctx, owner.ID, 0, 3)
		k.must(err)
		for _, one := range sent {
			if one.State != models.InvitePending || one.Used != 0 {
				k.t.Errorf("got the invite %+v, want it pending and unused", one)
			}
		}
		k.must(k.Invites.Decline(ctx, anna.ID, named.ID, home))

		// A second server is something new, and so is a local user for a link without one.
		both := k.invite(owner, anna.Username, den, attic)
		member(both, false)
		k.must(k.Invites.Accept(ctx, anna.ID, both.ID, home))
		user := k.offer(owner, den, anna, "u-anna")
		member(user, false)
		k.must(k.Invites.Accept(ctx, anna.ID, user.ID, home))

		// An offer that is void is nothing new.
		third := k.agent(owner)
		void := k.invite(owner, anna.Username, den, third)
		k.disableServer(third)
		member(void, true)
		k.is(k.Invites.Accept(ctx, anna.ID, void.ID, home), models.ErrAlreadyMember)
	})
}
