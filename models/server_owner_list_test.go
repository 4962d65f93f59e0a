package models_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// TestListWaiting lists the servers of an owner in parts, with what waits at each.
func TestListWaiting(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, stranger, mira, nils := k.t.Context(), k.account(), k.account(), k.account(), k.account()
		first, second := k.agent(owner), k.agent(owner)
		k.agent(stranger)
		in := report()
		in.LocalUsers[0].NotAllowed = true
		k.report(k.again(first), in)
		offer := func(to string, local string) models.Invite {
			one := models.InviteServer{ServerID: first.ID}
			kind := models.LinkGuest
			if local != "" {
				kind, one.LocalUserID = models.LinkLinked, k.localUser(owner, first, local).ID
			}
			made, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{To: to, Type: kind, Servers: []models.InviteServer{one}}, home)
			k.must(err)
			return made
		}
		k.must(k.Invites.Accept(ctx, mira.ID, offer(mira.Username, "u-anna").ID, home))
		k.must(k.Invites.Accept(ctx, nils.ID, offer(nils.Username, "").ID, home))
		k.exec("UPDATE links SET waits_for = 'guests_off' WHERE local_user_id IS NULL")
		offer("nobody@example.org", "")

		list, err := k.Servers.ListWaiting(ctx, owner.ID, 0, 10)
		k.must(err)
		var got []models.ServerWaits
		for _, one := range list {
			got = append(got, one.Waits)
		}
		if diff := cmp.Diff([]models.ServerWaits{{Invites: 1, ToAllow: 1, ToCreate: 1}, {}}, got); diff != "" {
			k.t.Errorf("what waits (-want +got):\n%s", diff)
		}
		if len(list) == 2 && (list[0].ID != first.ID || list[0].People != 2 || list[1].ID != second.ID) {
			k.t.Errorf("servers %+v, want both in the order of their registration", list)
		}
		for after, want := range map[int64][]int64{0: {first.ID}, first.ID: {second.ID}, second.ID: nil} {
			part, err := k.Servers.ListWaiting(ctx, owner.ID, after, 1)
			k.must(err)
			var ids []int64
			for _, one := range part {
				ids = append(ids, one.ID)
			}
			if diff := cmp.Diff(want, ids); diff != "" {
				k.t.Errorf("after %d (-want +got):\n%s", after, diff)
			}
		}
	})
}
