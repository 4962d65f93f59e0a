package models_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// waiting checks which reason the guest and the owner of the server see.
func (k *kit) waiting(owner models.Account, m media, guest models.Account, want string) {
	k.t.Helper()
	links, err := k.Links.List(k.t.Context(), guest.ID, models.LinkAccepted)
	k.must(err)
	people, err := k.People.List(k.t.Context(), owner.ID, m.ID, 0, 10)
	k.must(err)
	if len(links) != 1 || len(people) != 1 || links[0].WaitsFor != want || people[0].WaitsFor != want {
		k.t.Errorf("got the link %+v and the person %+v, want one each that waits for %q", links, people, want)
	}
}

// The guest and the owner both see the reason that the agent has reported last, until the
// agent no longer reports it or the local user exists. No server can report a reason for
// the guests of another server, and an unknown reason is not shown.
func TestReasonWhyAGuestWaits(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, other := k.agent(owner), k.agent(owner)
		guest := k.member(owner, m)
		links, err := k.Links.List(ctx, guest.ID, models.LinkAccepted)
		k.must(err)
		tell := func(by media, reason string) {
			k.t.Helper()
			k.must(k.Changes.TellWaiting(ctx, by.Server, map[int64]string{links[0].ID: reason, 7: reason}))
		}
		k.waiting(owner, m, guest, "")
		for _, reason := range []string{models.WaitGuestsOff, models.WaitLimit, models.WaitHourly, models.WaitRefused, models.WaitNameTaken} {
			tell(m, reason)
			k.waiting(owner, m, guest, reason)
		}
		tell(other, models.WaitLimit)
		k.waiting(owner, m, guest, models.WaitNameTaken)
		tell(m, "of a later agent")
		k.waiting(owner, m, guest, "")
		tell(m, models.WaitLimit)
		k.must(k.Changes.TellWaiting(ctx, m.Server, nil))
		k.waiting(owner, m, guest, "")
		tell(m, models.WaitLimit)
		_, err = k.Agents.AskFor(ctx, m.Server, models.AskLink{Username: guest.Username, LocalUserID: "u-anna", Type: models.LinkGuest})
		k.must(err)
		k.waiting(owner, m, guest, "")
		tell(m, models.WaitLimit) // this reason comes late, after the link has got its local user
		k.waiting(owner, m, guest, "")
	})
}
