package models_test

import (
	"crypto/rand"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// mailedInvite invites an address to a server and returns the secret of the mail.
func (k *kit) mailedInvite(owner models.Account, m media, email string) string {
	k.t.Helper()
	k.invite(owner, email, m)
	return k.letter(models.MailInvite, email).Secret
}

// The secret of an invite's mail proves the address, so one form makes an account that is
// confirmed, linked and signed in.
func TestSignUpWithAnInvite(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		mailed := k.mailedInvite(owner, m, "gina@example.net")
		in := models.SignUp{Username: "gina", Email: "gina@example.net", Password: goodPassword, Locale: "en", Invite: mailed}
		other := in
		other.Email = "mallory@example.net"
		if _, err := k.Invites.SignUp(ctx, other, home); models.KindOf(err) != models.KindInvalid {
			k.t.Errorf("another address: error %v, want one about the field email", err)
		}
		taken := in
		taken.Username = owner.Username
		_, err := k.Invites.SignUp(ctx, taken, home)
		k.is(err, models.ErrUsernameTaken)
		wrong := in
		wrong.Invite, err = secret.NewToken(secret.MailToken, rand.Reader)
		k.must(err)
		_, err = k.Invites.SignUp(ctx, wrong, home)
		k.is(err, models.ErrTokenSpent)

		out, err := k.Invites.SignUp(ctx, in, home)
		k.must(err)
		session, err := k.Sessions.Look(ctx, out.Token)
		k.must(err)
		links, err := k.Links.List(ctx, session.AccountID, models.LinkAccepted)
		k.must(err)
		if len(links) != 1 || links[0].ServerID != m.ID || out.DeviceMark == "" || session.Username != "gina" {
			k.t.Errorf("got the session %+v, the mark %q and the links %+v, want one link to the server", session, out.DeviceMark, links)
		}
		k.letter(models.MailLinkAccepted, owner.Email)
		again := in
		again.Username = "gina2"
		_, err = k.Invites.SignUp(ctx, again, home)
		k.is(err, models.ErrTokenSpent)

		// A person whose address has an account signs in and answers the invite there.
		mailed = k.mailedInvite(owner, k.agent(owner), "gina@example.net")
		again.Invite = mailed
		if has, err := k.Invites.HasAccount(ctx, mailed); err != nil || !has {
			k.t.Errorf("the address has an account: %t with the error %v, want true", has, err)
		}
		_, err = k.Invites.SignUp(ctx, again, home)
		k.is(err, models.ErrEmailTaken)
		if waiting, err := k.Invites.Waiting(ctx, session.AccountID); err != nil || waiting != 1 {
			k.t.Errorf("%d invites wait with the error %v, want the one that was not answered", waiting, err)
		}
	})
}

// If several people sign up with one secret at once, one of them gets in, and nothing is
// left of the others.
func TestRaceOfSignUpsWithOneInvite(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		mailed := k.mailedInvite(owner, m, "gina@example.net")
		const racers = 6
		var wait sync.WaitGroup
		errs := make([]error, racers)
		for i := range racers {
			wait.Go(func() {
				_, errs[i] = k.Invites.SignUp(ctx, models.SignUp{
					Username: "gina" + string(rune('a'+i)), Email: "gina@example.net", Password: goodPassword, Locale: "en", Invite: mailed,
				}, home)
			})
		}
		wait.Wait()
		in := 0
		for _, err := range errs {
			switch models.KindOf(err) {
			case models.KindExpired, models.KindConflict:
			default:
				k.must(err)
				in++
			}
		}
		people, err := k.People.List(ctx, owner.ID, m.ID, 0, 10)
		k.must(err)
		if in != 1 || len(people) != 1 {
			k.t.Errorf("%d got in, and the server has the people %+v, want one", in, people)
		}
		for i, err := range errs {
			if err == nil {
				continue
			}
			if _, err := k.Accounts.SignUp(ctx, models.SignUp{
				Username: "gina" + string(rune('a'+i)), Email: "other" + string(rune('a'+i)) + "@example.net", Password: goodPassword, Locale: "en",
			}, home); err != nil {
				k.t.Errorf("the name of racer %d: error %v, want it free", i, err)
			}
		}
	})
}

func TestProposeUsername(t *testing.T) {
	eachInvite(t, func(k *kit) {
		for email, want := range map[string]string{
			"Gina.Berg+films@example.org": "gina.berg", "o'neil@example.org": "oneil", "x@example.org": "", "\u00fc\u00f6\u00e4@example.org": "",
			"latchkey@example.org": "", "_a__b_@example.org": "a__b",
		} {
			if got := k.Invites.ProposeUsername(email); got != want {
				k.t.Errorf("%s proposes %q, want %q", email, got, want)
			}
		}
	})
}
