package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// The stranger with a link gets in by one form and without a mail: the account may use the
// server at once, and nothing else needs to happen today.
func TestNewcomerGetsInAtOnce(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		_, link := k.inviteLink(owner, models.NewInvite{}, m)
		nina, out := k.newcomer(newName(), link)
		visitor, err := k.Sessions.LookVisitor(ctx, out.Token)
		k.must(err)
		if !visitor.Newcomer || out.DeviceMark == "" {
			k.t.Errorf("got the visitor %+v and the mark %q, want a newcomer and a mark", visitor, out.DeviceMark)
		}
		links := k.agentLinks(m)
		if len(links) != 1 || links[0].AccountID != nina.ID || !links[0].Active {
			k.t.Fatalf("got the links %+v, want an active one of the newcomer", links)
		}
		key := k.located(nina, models.LinkAccepted)[0].AccessKey
		if _, err := k.Agents.Check(ctx, m.Server, models.ShownKey{Hash: secret.Sum(key)}); err != nil {
			k.t.Errorf("the access key is refused with error %v, want the door open", err)
		}
		k.signIn(nina) // again, by the username
		own, err := k.Sessions.LookOwnAccount(ctx, out.Token)
		k.must(err)
		if own.Email != "" || own.PendingEmail != addressOf(nina.Username) {
			k.t.Errorf("got the account %+v, want the address waiting", own)
		}

		// In the browser of the account the confirmation changes nothing else.
		confirm := k.letter(models.MailEmailConfirm, addressOf(nina.Username)).Secret
		info, err := k.Emails.LookChange(ctx, confirm)
		k.must(err)
		if !info.Newcomer || info.Username != nina.Username || info.AccountID != nina.ID {
			k.t.Errorf("got the link %+v, want that of the newcomer", info)
		}
		reset, err := k.Emails.ConfirmChange(ctx, confirm, nina.ID, home)
		k.must(err)
		if reset != "" {
			k.t.Error("the own browser got the secret of a reset, want none")
		}
		if after := k.get(nina); after.Newcomer || after.Email != addressOf(nina.Username) {
			k.t.Errorf("got the account %+v, want one with its address", after)
		}
		if _, err := k.Sessions.Look(ctx, out.Token); err != nil {
			k.t.Errorf("the session is refused with error %v, want it to go on", err)
		}
		if _, err := k.trySignIn(addressOf(nina.Username), goodPassword); err != nil {
			k.t.Errorf("signing in by the address: error %v, want none", err)
		}
		k.must(k.Accounts.Delete(ctx, nina.ID, goodPassword, home)) // nothing could be undone, so nothing waits
	})
}

// A newcomer asks for the mail again, also after its link has ended, and only the latest link works.
func TestNewcomerIsAskedAgain(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		_, link := k.inviteLink(owner, models.NewInvite{}, m)
		nina, _ := k.newcomer(newName(), link)
		first := k.only(k.letters(), models.MailEmailConfirm, addressOf(nina.Username)).Secret
		k.must(k.Emails.ConfirmAgain(ctx, nina.ID, home))
		second := k.only(k.letters(), models.MailEmailConfirm, addressOf(nina.Username)).Secret
		k.is(k.confirmChange(first), models.ErrTokenSpent)
		k.must(k.confirmChange(second))
		if after := k.get(nina); after.Newcomer || after.Email != addressOf(nina.Username) {
			k.t.Errorf("got the account %+v, want the confirmed address", after)
		}
		k.is(k.Emails.ConfirmAgain(ctx, nina.ID, home), models.ErrNotFound)
		k.is(k.Emails.ConfirmAgain(ctx, owner.ID, home), models.ErrNotFound)
	})
}

// Until an address is confirmed, a newcomer may use the servers of its invite and no others.
func TestNewcomerWaitsForItsAddress(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, other := k.agent(owner), k.agent(owner)
		_, link := k.inviteLink(owner, models.NewInvite{}, m)
		_, second := k.inviteLink(owner, models.NewInvite{}, other)
		nina, _ := k.newcomer(newName(), link)
		k.is(k.InviteLinks.Accept(ctx, nina.ID, second, home), models.ErrAddressFirst)
		named := k.invite(owner, nina.Username, other)
		k.is(k.Invites.Accept(ctx, nina.ID, named.ID, home), models.ErrAddressFirst)
		k.is(k.Invites.AcceptServer(ctx, nina.ID, other.ID, home), models.ErrAddressFirst)
		k.must(k.Invites.AcceptServer(ctx, nina.ID, m.ID, home)) // that is accepted already
		asked, err := k.Agents.AskFor(ctx, other.Server, models.AskLink{Username: nina.Username})
		k.must(err)
		k.is(k.Links.Accept(ctx, nina.ID, asked.ID, home), models.ErrAddressFirst)
		_, _, err = k.Registrations.NewClaimCode(ctx, nina.ID)
		k.is(err, models.ErrAddressFirst)
		k.is(k.Registrations.Claim(ctx, nina.ID, other.ID, other.key, home), models.ErrAddressFirst)
		k.must(k.Servers.Change(ctx, owner.ID, other.ID, models.ServerChange{SelfService: new(true)}))
		_, err = k.Proofs.Start(ctx, nina.ID, other.ID)
		k.is(err, models.ErrAddressFirst)
		k.isKind(k.Servers.HandOver(ctx, owner.ID, other.ID, nina.Username, home), models.KindInvalid)

		// No reset and no invite that goes to the address finds the account.
		mailed := k.letters()
		before := len(mailed)
		k.must(k.Recovery.Request(ctx, nina.Username, home, false))
		k.must(k.Recovery.Request(ctx, addressOf(nina.Username), home, false))
		if letters := k.letters(); len(letters) != 0 {
			k.t.Errorf("got the mails %+v after %d others, want no reset", letters, before)
		}
		k.invite(owner, addressOf(nina.Username), other)
		if n, err := k.Invites.Waiting(ctx, nina.ID); err != nil || n != 1 {
			k.t.Errorf("%d invites wait with error %v, want only the one by the username", n, err)
		}

		k.must(k.confirmChange(k.only(mailed, models.MailEmailConfirm, addressOf(nina.Username)).Secret))
		if n, err := k.Invites.Waiting(ctx, nina.ID); err != nil || n != 2 {
			k.t.Errorf("%d invites wait with error %v, want the one to the address as well", n, err)
		}
		k.must(k.InviteLinks.Accept(ctx, nina.ID, second, home))
	})
}

// Nobody can prepare an account for the owner of an address and then use it together with that
// person: a person who confirms the address in another browser gets the account alone.
func TestConfirmingANewcomerElsewhere(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, other := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		_, link := k.inviteLink(owner, models.NewInvite{}, m)
		mallory, in := k.newcomer(newName(), link)
		k.must(k.PINs.Set(ctx, mallory.ID, "", "8305", home))
		key := k.located(mallory, models.LinkAccepted)[0].AccessKey
		code := k.beginAPI("dev-1")
		k.must(k.Devices.Approve(ctx, in.Session, code.UserCode, home))
		letter := k.letter(models.MailEmailConfirm, addressOf(mallory.Username))
		before := k.last(m)

		reset, err := k.Emails.ConfirmChange(ctx, letter.Secret, other.ID, home)
		k.must(err)
		_, err = k.Sessions.Look(ctx, in.Token)
		k.is(err, models.ErrNoSession)
		_, err = k.trySignIn(mallory.Username, goodPassword)
		k.is(err, models.ErrSignInWrong)
		if _, err := k.Devices.Exchange(ctx, code.DeviceCode, tv); err == nil {
			k.t.Error("the approved device gets in, want it refused")
		}
		if _, err := k.Agents.Check(ctx, m.Server, models.ShownKey{Hash: secret.Sum(key)}); err == nil {
			k.t.Error("the former access key opens the door, want another")
		}
		if kinds := k.changeKinds(m, before); len(kinds) == 0 {
			k.t.Error("the agent heard of nothing, want the devices ended")
		}
		after := k.get(mallory)
		if after.HasPIN || after.Newcomer || after.Email != letter.To {
			k.t.Errorf("got the account %+v, want one with its address and no PIN", after)
		}
		k.must(k.Recovery.ResetPassword(ctx, reset, otherPassword, home))
		if _, err := k.trySignIn(letter.To, otherPassword); err != nil {
			k.t.Errorf("the owner of the address signs in: error %v, want none", err)
		}
		_, err = k.trySignIn(mallory.Username, goodPassword)
		k.is(err, models.ErrSignInWrong)
	})
}

// A person who has an account with the address hears of it by mail alone, and a newcomer cannot take
// the address from them.
func TestNewcomerNamesATakenAddress(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		_, link := k.inviteLink(owner, models.NewInvite{Uses: 2}, k.agent(owner))
		in := byLink(newName(), link)
		in.Email = anna.Email
		_, err := k.Invites.SignUp(ctx, in, home)
		k.must(err)
		k.letter(models.MailAlreadyRegistered, anna.Email)

		// Two newcomers name the same free address: the first to confirm it has it.
		nina, _ := k.newcomer(newName(), link)
		confirm := k.letter(models.MailEmailConfirm, addressOf(nina.Username)).Secret
		late := k.account()
		k.change(late, addressOf(nina.Username))
		k.is(k.confirmChange(confirm), models.ErrEmailTaken)
		if after := k.get(nina); !after.Newcomer || after.Email != "" {
			k.t.Errorf("got the account %+v, want a newcomer still", after)
		}
	})
}

// A newcomer corrects a mistyped address with the password; the first mail does nothing then.
func TestNewcomerCorrectsItsAddress(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		_, link := k.inviteLink(owner, models.NewInvite{}, k.agent(owner))
		nina, _ := k.newcomer(newName(), link)
		first := k.letter(models.MailEmailConfirm, addressOf(nina.Username)).Secret
		right := addressOf(newName())
		second := k.askChange(nina, right)
		k.is(k.confirmChange(first), models.ErrTokenSpent)
		reset, err := k.Emails.ConfirmChange(ctx, second, 0, home)
		k.must(err)
		if after := k.get(nina); after.Newcomer || after.Email != right || reset == "" {
			k.t.Errorf("got the account %+v and the reset %q, want the right address and a reset", after, reset)
		}
	})
}

// A newcomer lives as long as its link, and a confirmed account outlives it.
func TestSweepOfNewcomers(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		end := k.Now().Add(10 * 24 * time.Hour)
		in := models.NewInvite{Link: true, Type: models.LinkGuest, Uses: 3, Servers: []models.InviteServer{{ServerID: m.ID, EndsAt: end}}}
		_, link := k.inviteLink(owner, in)
		gone, _ := k.newcomer(newName(), link)
		kept, _ := k.newcomer(newName(), link)
		left, out := k.newcomer(newName(), link)
		reset, err := k.Emails.ConfirmChange(ctx, k.letter(models.MailEmailConfirm, addressOf(kept.Username)).Secret, 0, home)
		k.must(err)
		k.must(k.Recovery.ResetPassword(ctx, reset, otherPassword, home))
		pending, err := k.Agents.AskFor(ctx, k.agent(owner).Server, models.AskLink{Username: left.Username})
		k.must(err)
		k.must(k.Sweep(ctx))
		k.get(gone)
		for _, one := range k.agentLinks(m) {
			if one.AccountID == left.ID {
				k.must(k.Links.Remove(ctx, left.ID, one.ID, home))
			}
		}
		k.must(k.Sweep(ctx))
		_, err = k.Accounts.Get(ctx, left.ID)
		k.is(err, models.ErrNotFound)
		_, err = k.Sessions.Look(ctx, out.Token)
		k.is(err, models.ErrNoSession)
		if rows := k.query("SELECT id FROM links WHERE id = " + models.FormatID(pending.ID)); len(rows) != 0 {
			k.t.Error("the pending link of the swept newcomer is there, want none")
		}
		k.clock.Advance(10 * 24 * time.Hour)
		k.must(k.Sweep(ctx))
		_, err = k.Accounts.Get(ctx, gone.ID)
		k.is(err, models.ErrNotFound)
		k.get(kept)
	})
}
