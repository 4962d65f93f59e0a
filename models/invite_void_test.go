package models_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// An invite to an address runs the same statements and makes the same mail whether or not
// an account has that address.
func TestInviteTellsNothing(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner, anna := k.account(), k.account()
		m := k.agent(owner)
		waits := newName()
		k.signUp(waits)
		k.letters()
		said := k.listen()
		texts := func(to string) (texts []string) {
			k.invite(owner, to, m)
			for _, s := range said.take() {
				texts = append(texts, s.text)
			}
			return texts
		}
		want := texts("nobody@example.org")
		if len(want) < 5 {
			k.t.Fatalf("only %v was said", want)
		}
		for who, to := range map[string]string{"an account": anna.Email, "a sign-up": addressOf(waits), "the owner": owner.Email} {
			if diff := cmp.Diff(want, texts(to)); diff != "" {
				k.t.Errorf("%s: statements (-want +got): %s", who, diff)
			}
		}
		for _, l := range k.letters() {
			if l.Kind != models.MailInvite || l.Secret == "" || l.Facts.DisplayName != "" || l.Facts.Username != "" {
				k.t.Errorf("got the mail %+v, want an invite with a secret and no name", l)
			}
		}
		// The owner sees no name before the invite is accepted.
		received, err := k.Invites.Received(k.t.Context(), anna.ID)
		k.must(err)
		k.must(k.Invites.Decline(k.t.Context(), anna.ID, received[0].ID, home))
		sent, err := k.Invites.Sent(k.t.Context(), owner.ID, 0, 10)
		k.must(err)
		for _, one := range sent {
			if one.AnsweredBy != "" {
				k.t.Errorf("got the invite %+v, want no name for the owner", one)
			}
		}
		received, err = k.Invites.Received(k.t.Context(), owner.ID)
		if err != nil || len(received) != 0 {
			k.t.Errorf("the owner got the invites %+v with error %v, want none", received, err)
		}
	})
}

// an address that an account has only asked for, or has given up, does not count as
// its own.
func TestInviteNeedsTheConfirmedAddress(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m, wanted := k.agent(owner), addressOf(newName())
		invite := k.invite(owner, wanted, m)
		k.letters()
		waits := func(a models.Account, want int) {
			k.t.Helper()
			rows, err := k.Invites.Received(ctx, a.ID)
			k.must(err)
			n, err := k.Invites.Waiting(ctx, a.ID)
			k.must(err)
			all, err := k.Invites.AllWaiting(ctx, a.ID)
			k.must(err)
			if len(rows) != want || n != want || all != want {
				k.t.Errorf("%d invites are listed, %d and %d counted, want %d", len(rows), n, all, want)
			}
		}
		confirm := k.askChange(anna, wanted)
		waits(anna, 0)
		k.is(k.Invites.Accept(ctx, anna.ID, invite.ID, home), models.ErrNotFound)
		k.is(k.Invites.Decline(ctx, anna.ID, invite.ID, home), models.ErrNotFound)
		k.must(k.confirmChange(confirm))
		undo := k.letter(models.MailEmailChanged, anna.Email).Secret
		waits(anna, 1)
		// The old address does not count, although the change may still be undone.
		old := k.invite(owner, anna.Email, m)
		waits(anna, 1)
		k.is(k.Invites.Accept(ctx, anna.ID, old.ID, home), models.ErrNotFound)
		_, err := k.Emails.Undo(ctx, undo, home)
		k.must(err)
		k.is(k.Invites.Accept(ctx, anna.ID, invite.ID, home), models.ErrNotFound)
		waits(anna, 1)
		k.must(k.Invites.Accept(ctx, anna.ID, old.ID, home))
		waits(anna, 0)
	})
}

// the owner, the servers and the person are judged by their state at the moment of the
// answer. If the invite is void, the answer changes nothing and sends no mail.
func TestVoidInviteChangesNothing(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		for name, undo := range map[string]func(owner, guest models.Account, m media){
			"the owner is disabled": func(owner, _ models.Account, _ media) { k.must(k.Operators.Disable(ctx, owner.Username)) },
			"the owner is deleted": func(owner, _ models.Account, _ media) {
				k.must(k.Accounts.Delete(ctx, owner.ID, goodPassword, home))
			},
			"the server is handed over": func(owner, _ models.Account, m media) {
				k.must(k.Servers.HandOver(ctx, owner.ID, m.ID, k.account().Username, home))
			},
			"the server is removed":  func(owner, _ models.Account, m media) { k.must(k.Servers.Remove(ctx, owner.ID, m.ID, home)) },
			"the server is disabled": func(_, _ models.Account, m media) { k.disableServer(m) },
			"its end has come":       func(_, _ models.Account, _ media) { k.clock.Advance(time.Hour) },
			"the guest is disabled":  func(_, guest models.Account, _ media) { k.must(k.Operators.Disable(ctx, guest.Username)) },
			"it was withdrawn": func(owner, _ models.Account, _ media) {
				sent, err := k.Invites.Sent(ctx, owner.ID, 0, 10)
				k.must(err)
				for _, one := range sent {
					k.must(k.Invites.Withdraw(ctx, owner.ID, one.ID, home))
				}
			},
		} {
			k.run(name, func(k *kit) {
				owner, guest := k.account(), k.account()
				m := k.agent(owner)
				in := models.NewInvite{To: guest.Email, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID, EndsAt: k.Now().Add(time.Hour)}}}
				invite, err := k.Invites.Create(ctx, owner.ID, in, home)
				k.must(err)
				secret := k.letter(models.MailInvite, guest.Email).Secret
				if n, err := k.Invites.AllWaiting(ctx, guest.ID); n != 1 || err != nil {
					k.t.Fatalf("%d invites wait, error %v; want 1", n, err)
				}
				in.Note = "owed and not sent yet"
				_, err = k.Invites.Create(ctx, owner.ID, in, home)
				k.must(err)
				undo(owner, guest, m)
				if name != "the guest is disabled" {
					_, _, err := k.Invites.Look(ctx, secret, home)
					k.is(err, models.ErrTokenSpent)
					if got := kinds(k.letters(), guest.Email); slices.Contains(got, models.MailInvite) {
						k.t.Errorf("got the mails %v, want no invite", got)
					}
					for what, list := range map[string]func(context.Context, int64) (int, error){"all": k.Invites.AllWaiting, "invites": k.Invites.Waiting} {
						if n, err := list(ctx, guest.ID); n != 0 || err != nil {
							k.t.Errorf("%s: %d invites wait, error %v; want 0", what, n, err)
						}
					}
				}
				k.is(k.Invites.Accept(ctx, guest.ID, invite.ID, home), models.ErrNotFound)
				k.is(k.Invites.Decline(ctx, guest.ID, invite.ID, home), models.ErrNotFound)
				if links := k.located(guest, models.LinkAccepted); len(links) != 0 {
					k.t.Errorf("got the links %+v, want none", links)
				}
			})
		}
	})
}

// If the offer of one of two servers has ended, the invite still makes a link
// to the other. The invite ends when both offers have ended.
func TestInviteToTwoServersEndsWithTheLast(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna, ben := k.t.Context(), k.account(), k.account(), k.account()
		m, second := k.agent(owner), k.agent(owner)
		offer := func(to string, last time.Duration) models.Invite {
			invite, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{To: to, Type: models.LinkGuest, Servers: []models.InviteServer{
				{ServerID: m.ID, EndsAt: k.Now().Add(time.Hour)}, {ServerID: second.ID, EndsAt: k.Now().Add(last)},
			}}, home)
			k.must(err)
			return invite
		}
		half, whole := offer(anna.Username, 2*time.Hour), offer(ben.Username, time.Hour)
		k.clock.Advance(time.Hour)
		for id, want := range map[int64]string{m.ID: "", second.ID: anna.Username} {
			list, err := k.Invites.OfServer(ctx, owner.ID, id)
			k.must(err)
			if want == "" && len(list) != 0 || want != "" && (len(list) != 1 || list[0].To != want) {
				k.t.Errorf("server %d: got the invites %+v, want only those that are still on offer", id, list)
			}
		}
		sent, err := k.Invites.Sent(ctx, owner.ID, 0, 10)
		k.must(err)
		if len(sent) != 2 || sent[0].ID != whole.ID || sent[0].State != models.InviteExpired || sent[1].State != models.InvitePending {
			k.t.Errorf("got the sent invites %+v, want the second expired and the first pending", sent)
		}
		k.must(k.Invites.Accept(ctx, anna.ID, half.ID, home))
		if got := k.located(anna, models.LinkAccepted); len(got) != 1 || got[0].ServerID != second.ID {
			k.t.Errorf("got the links %+v, want one to the second server", got)
		}
		k.is(k.Invites.Accept(ctx, ben.ID, whole.ID, home), models.ErrNotFound)
	})
}

// Before an invite is accepted, its local user may get another link or be removed.
func TestInvitedLocalUserIsTakenOrGone(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna, ben := k.t.Context(), k.account(), k.account(), k.account()
		m, second := k.agent(owner), k.agent(owner)
		invite, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{To: anna.Username, Type: models.LinkLinked, Servers: []models.InviteServer{
			{ServerID: second.ID}, {ServerID: m.ID, LocalUserID: k.localUser(owner, m, "u-anna").ID},
		}}, home)
		k.must(err)
		asked, err := k.Agents.AskFor(ctx, m.Server, models.AskLink{Username: ben.Username, LocalUserID: "u-anna"})
		k.must(err)
		k.is(k.Invites.Accept(ctx, anna.ID, invite.ID, home), models.ErrLocalUserTaken)
		if n := len(k.located(anna, models.LinkAccepted)); n != 0 {
			k.t.Errorf("%d links after a refused answer, want 0", n)
		}
		if n, _ := k.Invites.Waiting(ctx, anna.ID); n != 1 {
			k.t.Error("the invite no longer waits after a refused answer, want it to wait")
		}
		// The other link ends at its time, without a sweep.
		end := k.Now().Add(time.Hour)
		k.must(k.People.SetTerms(ctx, owner.ID, m.ID, asked.ID, models.Terms{EndsAt: &end}))
		k.clock.Advance(time.Hour - time.Millisecond)
		k.is(k.Invites.Accept(ctx, anna.ID, invite.ID, home), models.ErrLocalUserTaken)
		if u := k.localUser(owner, m, "u-anna"); u.LinkedTo != ben.Username {
			k.t.Errorf("got the local user %+v, want it linked to the other account", u)
		}
		k.clock.Advance(time.Millisecond)
		if u := k.localUser(owner, m, "u-anna"); u.LinkedTo != "" {
			k.t.Errorf("got the local user %+v, want it linked to nobody", u)
		}
		k.is(k.Links.Accept(ctx, ben.ID, asked.ID, home), models.ErrNotFound) // this link has ended too
		k.must(k.Invites.Accept(ctx, anna.ID, invite.ID, home))
		if links := k.agentLinks(m); len(links) != 1 || links[0].AccountID != anna.ID || links[0].LocalUserID != "u-anna" {
			k.t.Errorf("got the links %+v, want one of the account with the local user", links)
		}
	})
}

// Every query returns a link until its last millisecond, and no sweep deletes it. From the
// next millisecond on no query returns it, and a sweep deletes it.
func TestLinkWorksUntilItsLastMillisecond(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		anna := k.member(owner, m)
		link := k.located(anna, models.LinkAccepted)[0]
		end := k.Now().Add(time.Hour)
		k.must(k.People.SetTerms(ctx, owner.ID, m.ID, link.ID, models.Terms{EndsAt: &end}))
		expect := func(want int) {
			k.t.Helper()
			list, err := k.Links.List(ctx, anna.ID, models.LinkAccepted)
			k.must(err)
			people, err := k.People.List(ctx, owner.ID, m.ID, 0, 10)
			k.must(err)
			mine, err := k.Servers.Mine(ctx, owner.ID)
			k.must(err)
			checked, byServer := 0, 0
			if _, err := k.Agents.Check(ctx, m.Server, models.ShownKey{Hash: secret.Sum(link.AccessKey)}); err == nil {
				checked = 1
			}
			if _, err := k.Links.ByServer(ctx, anna.ID, m.ID); err == nil {
				byServer = 1
			}
			got := map[string]int{
				"locate": len(k.located(anna, models.LinkAccepted)), "list": len(list), "people": len(people), "mine": mine[0].People,
				"detail": len(k.detail(owner, m).Links), "agent": len(k.agentLinks(m)), "wire": len(k.authorizations(m)), "check": checked, "by server": byServer,
			}
			for what, n := range got {
				if n != want {
					k.t.Errorf("%s: %d links, want %d", what, n, want)
				}
			}
		}
		rows := func() int { return len(k.texts("SELECT id FROM links WHERE id = ?", link.ID)) }
		k.clock.Advance(time.Hour - time.Millisecond)
		k.must(k.Sweep(ctx))
		expect(1)
		if rows() != 1 {
			k.t.Error("the link is deleted before its end, want it kept")
		}
		k.clock.Advance(time.Millisecond)
		expect(0)
		if rows() != 1 {
			k.t.Error("a read deleted the link, want only a sweep to do that")
		}
		k.must(k.Sweep(ctx))
		if rows() != 0 {
			k.t.Error("the sweep kept the ended link, want it deleted")
		}
	})
}
