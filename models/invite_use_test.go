package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// ofServer returns the states of the invites to a server, the newest first.
func (k *kit) ofServer(owner models.Account, m media, ended bool) (states []string) {
	k.t.Helper()
	list, err := k.Invites.ListOfServer(k.t.Context(), owner.ID, m.ID, ended, 0, 100)
	k.must(err)
	for _, one := range list {
		text := one.State
		for _, use := range one.UsedBy {
			text += " " + use.Username
		}
		states = append(states, text)
	}
	return states
}

func (k *kit) wantOfServer(owner models.Account, m media, ended bool, want ...string) {
	k.t.Helper()
	if diff := cmp.Diff(want, k.ofServer(owner, m, ended)); diff != "" {
		k.t.Errorf("invites, ended: %t (-want +got):\n%s", ended, diff)
	}
}

// The owner sees each invite to a server, open or ended, with the people who came by it. These data are deleted some
// day: with their invite, their account or their server.
func TestInvitesOfAServer(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna, bert := k.t.Context(), k.account(), k.account(), k.account()
		den, attic := k.agent(owner), k.agent(owner)
		_, link := k.inviteLink(owner, models.NewInvite{Uses: 3}, den)
		k.must(k.InviteLinks.Accept(ctx, anna.ID, link, home))
		k.clock.Advance(time.Minute)
		k.must(k.InviteLinks.Accept(ctx, bert.ID, link, home))
		k.must(k.Invites.Decline(ctx, bert.ID, k.invite(owner, bert.Username, attic).ID, home))
		withdrawn := k.invite(owner, bert.Username, attic)
		k.must(k.Invites.Withdraw(ctx, owner.ID, withdrawn.ID, home))
		both := k.invite(owner, anna.Username, attic, den)
		k.wantOfServer(owner, den, false, "pending", "pending "+anna.Username+" "+bert.Username)
		k.wantOfServer(owner, attic, false, "pending")
		k.wantOfServer(owner, attic, true, "withdrawn", "declined")
		k.must(k.Invites.AcceptServer(ctx, anna.ID, attic.ID, home)) // at one of its servers alone
		k.wantOfServer(owner, attic, true, "pending "+anna.Username, "withdrawn", "declined")
		k.wantOfServer(owner, attic, false)

		older, err := k.Invites.ListOfServer(ctx, owner.ID, attic.ID, true, both.ID, 1)
		k.must(err)
		if len(older) != 1 || older[0].ID != withdrawn.ID {
			k.t.Errorf("got the invites %+v, want the one before", older)
		}
		_, err = k.Invites.ListOfServer(ctx, anna.ID, den.ID, false, 0, 10)
		k.is(err, models.ErrNotFound)

		// A person who has left and comes again is there once. Other people see nobody.
		k.must(k.Links.Remove(ctx, anna.ID, k.linkTo(anna, den), home))
		k.clock.Advance(time.Minute)
		k.must(k.InviteLinks.Accept(ctx, anna.ID, link, home))
		k.wantOfServer(owner, den, true, "accepted "+bert.Username+" "+anna.Username)
		received, err := k.Invites.Received(ctx, anna.ID)
		k.must(err)
		for _, one := range received {
			if len(one.UsedBy) != 0 {
				k.t.Errorf("an invited person sees %+v, want nobody", one.UsedBy)
			}
		}

		k.must(k.Operators.Delete(ctx, bert.Username))
		k.wantOfServer(owner, den, true, "accepted "+anna.Username)
		k.must(k.Servers.Remove(ctx, owner.ID, attic.ID, home))
		if n := len(k.query("SELECT account_id FROM invite_uses")); n != 1 {
			k.t.Errorf("%d uses are left, want the one of the other server", n)
		}
		k.clock.Advance(5 * 366 * 24 * time.Hour)
		k.must(k.Sweep(ctx))
		if n := len(k.query("SELECT account_id FROM invite_uses")); n != 0 {
			k.t.Errorf("%d uses are left after their invites, want none", n)
		}
	})
}

// linkTo returns the id of the link of an account to a server.
func (k *kit) linkTo(a models.Account, m media) int64 {
	k.t.Helper()
	link, err := k.Links.ByServer(k.t.Context(), a.ID, m.ID)
	k.must(err)
	return link.ID
}
