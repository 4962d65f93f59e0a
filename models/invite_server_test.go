package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// offeredAt returns the ids of the servers that are offered to an account.
func (k *kit) offeredAt(a models.Account) []int64 {
	k.t.Helper()
	list, err := k.Invites.Offered(k.t.Context(), a.ID)
	k.must(err)
	var ids []int64
	for _, one := range list {
		if one.AccessKey != "" || one.State != models.LinkPending {
			k.t.Errorf("got the offer %+v, want it pending and without an access key", one)
		}
		ids = append(ids, one.ServerID)
	}
	return ids
}

// wantOffered checks which servers are offered to an account, in any order.
func (k *kit) wantOffered(a models.Account, want ...media) {
	k.t.Helper()
	got := map[int64]bool{}
	for _, id := range k.offeredAt(a) {
		if got[id] {
			k.t.Errorf("the server %d is offered twice, want once", id)
		}
		got[id] = true
	}
	ok := len(got) == len(want)
	for _, m := range want {
		ok = ok && got[m.ID]
	}
	if !ok {
		k.t.Errorf("offered servers %v, want %d: %v", got, len(want), want)
	}
}

// Invites by username and by address offer each server separately, with the addresses
// that devices need. A person accepts each server separately, too.
func TestInviteToServersIsAcceptedByServer(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		den, attic, cellar := k.agent(owner), k.agent(owner), k.agent(owner)
		k.must(k.addAddress(owner, den, "https://den.example.org"))
		both := k.invite(owner, anna.Username, den, attic)
		k.invite(owner, anna.Email, cellar)
		k.invite(owner, anna.Email, den) // offers a server that the first invite offers, too
		k.invite(owner, k.account().Username, cellar)
		k.wantOffered(anna, den, attic, cellar)
		list, err := k.Invites.Offered(ctx, anna.ID)
		k.must(err)
		for _, one := range list {
			if one.ServerID == den.ID && (len(one.Addresses) == 0 || one.Server.SystemID == "" || one.Type != models.LinkGuest || one.Server.Name != "Den") {
				k.t.Errorf("got the offer %+v, want a guest's with the address, the name and the system id", one)
			}
		}
		k.must(k.Invites.AcceptServer(ctx, anna.ID, attic.ID, home))
		k.must(k.Invites.AcceptServer(ctx, anna.ID, attic.ID, home)) // as a client that lost the answer
		k.letter(models.MailLinkAccepted, owner.Email)
		k.wantOffered(anna, den, cellar)
		k.must(k.Invites.AcceptServer(ctx, anna.ID, den.ID, home)) // accepts the newest invite; after that the older one changes nothing
		k.wantOffered(anna, cellar)
		for _, m := range []media{den, attic} {
			if links := k.agentLinks(m); len(links) != 1 || links[0].State != models.LinkAccepted || links[0].Type != models.LinkGuest {
				k.t.Errorf("got the links %+v, want one accepted link of a guest", links)
			}
		}
		sent, err := k.Invites.Sent(ctx, owner.ID, 0, 10)
		k.must(err)
		for _, one := range sent {
			if one.ID == both.ID && (one.State != models.InvitePending || len(one.Servers) != 1 || one.Servers[0].ServerID != den.ID) {
				k.t.Errorf("got the invite %+v, want it pending with the one server that was not answered by it", one)
			}
		}
		k.is(k.Invites.AcceptServer(ctx, anna.ID, k.agent(owner).ID, home), models.ErrNotFound)
		k.is(k.Invites.AcceptServer(ctx, owner.ID, cellar.ID, home), models.ErrNotFound)
	})
}

// A person who declines one server declines every invite of that server, and later also
// leaves it. The other server of the same invite still waits for an answer.
func TestInviteToServersIsDeclinedByServer(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		den, attic := k.agent(owner), k.agent(owner)
		invite := k.invite(owner, anna.Email, den, attic)
		k.invite(owner, anna.Username, den)
		k.must(k.Invites.DeclineServer(ctx, anna.ID, den.ID, home))
		k.wantOffered(anna, attic)
		k.is(k.Invites.AcceptServer(ctx, anna.ID, den.ID, home), models.ErrNotFound)
		k.is(k.Invites.DeclineServer(ctx, anna.ID, den.ID, home), models.ErrNotFound)
		named := map[string]int{}
		for _, letter := range k.letters() {
			if letter.Kind == models.MailLinkRemoved {
				named[letter.Facts.Person]++
			}
		}
		if named[""] != 1 || named[anna.Username] != 1 {
			k.t.Errorf("mails about the refusal by person: %v, want one without a name for the address and one with the username", named)
		}
		k.must(k.Invites.DeclineServer(ctx, anna.ID, attic.ID, home))
		sent, err := k.Invites.Sent(ctx, owner.ID, 0, 10)
		k.must(err)
		for _, one := range sent {
			if one.State != models.InviteDeclined {
				k.t.Errorf("got the invite %d with the state %s, want it declined", one.ID, one.State)
			}
		}
		k.is(k.Invites.Accept(ctx, anna.ID, invite.ID, home), models.ErrNotFound)
		k.link(den, anna)
		k.must(k.Invites.DeclineServer(ctx, anna.ID, den.ID, home)) // leaves the server
		if links := k.agentLinks(den); len(links) != 0 {
			k.t.Errorf("got the links %+v, want none", links)
		}
	})
}

// A server that a person has both a pending link and an invite to is not offered a second
// time. When the person accepts the server, the link and the invite are both accepted.
func TestInviteAndPendingLinkOfOneServer(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		k.ask(m, anna)
		k.invite(owner, anna.Username, m)
		k.wantOffered(anna)
		k.must(k.Invites.AcceptServer(ctx, anna.ID, m.ID, home))
		if links := k.agentLinks(m); len(links) != 1 || links[0].State != models.LinkAccepted {
			k.t.Errorf("got the links %+v, want one that is accepted", links)
		}
		if received, err := k.Invites.Received(ctx, anna.ID); err != nil || len(received) != 0 {
			k.t.Errorf("got the invites %+v with error %v, want none", received, err)
		}
		ben := k.account()
		k.ask(m, ben)
		k.must(k.Invites.AcceptServer(ctx, ben.ID, m.ID, home))
	})
}

// An invite that was withdrawn, that has expired or whose server is disabled is not
// offered, and a person can neither accept nor decline its server.
func TestInvitesThatAreOverAreNotOffered(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		for name, end := range map[string]func(invite models.Invite, m media){
			"withdrawn":       func(invite models.Invite, _ media) { k.must(k.Invites.Withdraw(ctx, owner.ID, invite.ID, home)) },
			"server disabled": func(_ models.Invite, m media) { k.disableServer(m) },
			"expired":         func(models.Invite, media) { k.clock.Advance(15 * 24 * time.Hour) },
		} {
			anna, m := k.account(), k.agent(owner)
			end(k.invite(owner, anna.Username, m), m)
			k.wantOffered(anna)
			if err := k.Invites.AcceptServer(ctx, anna.ID, m.ID, home); models.KindOf(err) != models.KindNotFound {
				k.t.Errorf("%s: accepted with %v, want not found", name, err)
			}
			if err := k.Invites.DeclineServer(ctx, anna.ID, m.ID, home); models.KindOf(err) != models.KindNotFound {
				k.t.Errorf("%s: declined with %v, want not found", name, err)
			}
		}
	})
}

// A server lists the invites to itself, without the other servers of its owner, and
// takes back only its own part of an invite.
func TestInvitesOfAServerAreItsOwn(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		den, attic, other := k.agent(owner), k.agent(owner), k.agent(k.account())
		both := k.invite(owner, anna.Username, den, attic)
		mailed, err := k.inviteHere(den, "new@example.org")
		k.must(err)
		list, err := k.Agents.InvitesTo(ctx, den.Server)
		k.must(err)
		if len(list) != 2 || list[0].ID != mailed.ID || list[0].To != "new@example.org" || list[1].To != anna.Username || len(list[1].Servers) != 1 {
			k.t.Errorf("got the invites %+v, want both with this server alone, the newest first", list)
		}
		for _, m := range []media{other, k.stray()} {
			if list, err := k.Agents.InvitesTo(ctx, m.Server); err != nil || len(list) != 0 {
				k.t.Errorf("got the invites %+v with error %v, want none", list, err)
			}
			k.is(k.Agents.WithdrawInvite(ctx, m.Server, both.ID, tv), models.ErrNotFound)
		}
		k.must(k.Agents.WithdrawInvite(ctx, den.Server, both.ID, tv))
		k.is(k.Agents.WithdrawInvite(ctx, den.Server, both.ID, tv), models.ErrNotFound)
		k.wantOffered(anna, attic)
		k.must(k.Agents.WithdrawInvite(ctx, attic.Server, both.ID, tv))
		k.wantOffered(anna)
		k.is(k.Invites.Accept(ctx, anna.ID, both.ID, home), models.ErrNotFound)
		if n := k.events(owner)[models.EventInviteWithdrawn]; n != 2 {
			k.t.Errorf("%d withdrawals in the owner's history, want 2", n)
		}
	})
}

// If a server withdraws an invite while the person accepts it, exactly one of the two
// succeeds. If an invite offers two servers, and one is withdrawn while the other is
// accepted, both succeed and the invite no longer waits.
func TestInviteByServerRaces(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, den, attic := k.agent(owner), k.agent(owner), k.agent(owner)
		for range 8 {
			anna := k.account()
			invite := k.invite(owner, anna.Username, m)
			k.oneWinner(parallel(2, func(i int) error {
				if i == 0 {
					return k.Agents.WithdrawInvite(ctx, m.Server, invite.ID, tv)
				}
				return k.Invites.AcceptServer(ctx, anna.ID, m.ID, home)
			}), models.ErrNotFound)
			two := k.invite(owner, anna.Username, den, attic)
			for _, err := range parallel(2, func(i int) error {
				if i == 0 {
					return k.Agents.WithdrawInvite(ctx, den.Server, two.ID, tv)
				}
				return k.Invites.AcceptServer(ctx, anna.ID, attic.ID, home)
			}) {
				k.must(err)
			}
			if received, err := k.Invites.Received(ctx, anna.ID); err != nil || len(received) != 0 {
				k.t.Errorf("got the invites %+v with error %v, want none that waits", received, err)
			}
		}
	})
}
