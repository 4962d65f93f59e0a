package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// looseInvites lifts the limits that many invites and proofs would reach.
func looseInvites(o *models.Options) {
	plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
	o.Limits.InviteDay, o.Limits.ProofHour, o.Limits.MailDay = plenty, plenty, plenty
	o.Limits.QuickAccount, o.Limits.QuickHour, o.Limits.QuickSource, o.Limits.QuickServer = plenty, plenty, plenty, plenty
}

func eachInvite(t *testing.T, f func(k *kit), adjust ...modelstest.Adjust) {
	t.Helper()
	eachServer(t, f, append([]modelstest.Adjust{looseInvites}, adjust...)...)
}

// invite invites a person to servers, with no other terms.
func (k *kit) invite(owner models.Account, to string, servers ...media) models.Invite {
	k.t.Helper()
	in := models.NewInvite{To: to, Type: models.LinkGuest}
	for _, m := range servers {
		in.Servers = append(in.Servers, models.InviteServer{ServerID: m.ID})
	}
	invite, err := k.Invites.Create(k.t.Context(), owner.ID, in, home)
	k.must(err)
	return invite
}

// member returns an account that has accepted an invite to a server.
func (k *kit) member(owner models.Account, m media) models.Account {
	k.t.Helper()
	a := k.account()
	k.must(k.Invites.Accept(k.t.Context(), a.ID, k.invite(owner, a.Username, m).ID, home))
	return a
}
