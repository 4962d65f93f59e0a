package models_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// The person and the owner of the server both see the reason why a local user keeps the
// person out: the local user is deleted, disabled, an administrator, or not created yet.
func TestLocalUserThatKeepsAPersonOut(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		anna, guest := k.account(), k.member(owner, m)
		k.invited(owner, m, anna, "u-anna")
		is := func(a models.Account, want string) {
			k.t.Helper()
			links, err := k.Links.List(ctx, a.ID, models.LinkAccepted)
			k.must(err)
			if len(links) != 1 || links[0].LocalUserState != want && want != models.LocalUserAdministrator {
				k.t.Errorf("got the links %+v, want one with the state %q", links, want)
			}
			people, err := k.People.List(ctx, owner.ID, m.ID, 0, 10)
			k.must(err)
			for _, p := range people {
				if p.AccountID == a.ID && p.LocalUserState != want {
					k.t.Errorf("the owner sees %+v, want the state %q", p, want)
				}
			}
		}
		is(anna, "")
		is(guest, models.LocalUserWaiting)
		for want, change := range map[string]func(r *models.Report){
			models.LocalUserNotAllowed:    func(r *models.Report) { r.LocalUsers[0].NotAllowed = true },
			models.LocalUserDisabled:      func(r *models.Report) { r.LocalUsers[0].Disabled = true },
			models.LocalUserAdministrator: func(r *models.Report) { r.LocalUsers[0].Administrator = true },
			models.LocalUserGone:          func(r *models.Report) { r.LocalUsers = r.LocalUsers[1:] },
		} {
			in := report()
			change(&in)
			k.report(k.again(m), in)
			is(anna, want)
			k.report(k.again(m), report())
			is(anna, "")
		}
	})
}
