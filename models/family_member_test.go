package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
	"github.com/latchkey-media/latchkey/models"
)

// A guardian sees the servers and sessions of a member, ends sessions, and sets and removes password and PIN.
func TestGuardianLooksAfter(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian := k.t.Context(), k.account()
		kim := k.child(guardian)
		k.must(k.Members.SetPassword(ctx, guardian.ID, kim.ID, goodPassword, home))
		in, err := k.trySignIn(kim.Username, goodPassword)
		k.must(err)
		detail, err := k.Members.Get(ctx, guardian.ID, kim.ID)
		k.must(err)
		if len(detail.Sessions) != 1 || detail.Sessions[0].ID != in.Session.ID || !detail.HasPassword {
			k.t.Errorf("got %+v, want the session and a password", detail)
		}
		k.is(k.Members.EndSession(ctx, guardian.ID, kim.ID, k.signIn(guardian).Session.ID, home), models.ErrNotFound)
		k.must(k.Members.EndSession(ctx, guardian.ID, kim.ID, in.Session.ID, home))
		_, err = k.Sessions.Look(ctx, in.Token)
		k.is(err, models.ErrNoSession)

		k.hasField(k.Members.SetPIN(ctx, guardian.ID, kim.ID, "1234", home), "pin", "pin_sequence")
		k.is(k.Members.SetPIN(ctx, guardian.ID, kim.ID, "", home), models.ErrPINNotSet)
		k.must(k.Members.SetPIN(ctx, guardian.ID, kim.ID, "8305", home))
		k.must(k.PINs.Verify(ctx, kim.ID, "8305", home))
		k.exec("UPDATE accounts SET pin_off_at = confirmed_at WHERE id = ?", kim.ID)
		k.must(k.Members.SetPIN(ctx, guardian.ID, kim.ID, "7295", home))
		k.must(k.PINs.Verify(ctx, kim.ID, "7295", home))
		k.must(k.Members.SetPIN(ctx, guardian.ID, kim.ID, "", home))
		k.is(k.PINs.Verify(ctx, kim.ID, "7295", home), models.ErrPINNotSet)

		in, err = k.trySignIn(kim.Username, goodPassword)
		k.must(err)
		k.hasField(k.Members.SetPassword(ctx, guardian.ID, kim.ID, "short", home), "password", "password_too_short")
		k.must(k.Members.SetPassword(ctx, guardian.ID, kim.ID, "", home))
		_, err = k.Sessions.Look(ctx, in.Token)
		k.is(err, models.ErrNoSession)
		for _, password := range []string{"", goodPassword} {
			_, err = k.trySignIn(kim.Username, password)
			k.is(err, models.ErrSignInWrong)
		}
		for _, kind := range []models.EventKind{
			models.EventPasswordChanged, models.EventPINSet, models.EventPINChanged, models.EventPINRemoved, models.EventSessionEnded,
		} {
			if e := k.eventOf(kim.ID, kind); e.By != guardian.Username {
				k.t.Errorf("%s was done by %q, want %q", kind, e.By, guardian.Username)
			}
		}
		k.is(k.Accounts.Delete(ctx, kim.ID, goodPassword, home), models.ErrWrongPassword) // it has none
		k.must(k.Members.Delete(ctx, guardian.ID, kim.ID))
		k.is(k.Members.Delete(ctx, guardian.ID, kim.ID), models.ErrNotFound)
		if rows := k.rowsOf(kim.ID); len(rows) != 0 {
			k.t.Errorf("the deleted member has left %v, want nothing", rows)
		}
	})
}

// For everybody who is not its guardian, an account is answered like one that does not exist.
func TestNotLookedAfter(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian, other := k.t.Context(), k.account(), k.account()
		kim, theirs := k.child(guardian), k.child(other)
		picture := picturetest.PNG(k.t, 2, 2)
		for what, pair := range map[string][2]int64{
			"a stranger": {other.ID, kim.ID}, "a member itself": {kim.ID, kim.ID}, "another member": {theirs.ID, kim.ID},
			"a grown person": {guardian.ID, other.ID}, "nobody": {guardian.ID, 7},
		} {
			who, id := pair[0], pair[1]
			_, err := k.Members.Get(ctx, who, id)
			for i, err := range []error{
				err, k.Members.EndSession(ctx, who, id, 1, home), k.Members.EndSessions(ctx, who, id, home),
				k.Members.SetPassword(ctx, who, id, goodPassword, home), k.Members.SetPIN(ctx, who, id, "8305", home),
				k.Members.Delete(ctx, who, id), k.Members.LetGo(ctx, who, id, "new@example.org", home),
				k.Members.AcceptLink(ctx, who, id, 1, home), k.Members.RemoveLink(ctx, who, id, 1, home),
				k.Members.AcceptInvite(ctx, who, id, 1, home), k.Members.DeclineInvite(ctx, who, id, 1, home),
				k.Members.TakeBackLetGo(ctx, who, id, home), k.Members.SetPicture(ctx, who, id, picture, home), k.Members.RemovePicture(ctx, who, id, home),
			} {
				if models.KindOf(err) != models.KindNotFound {
					k.t.Errorf("%s, operation %d: got error %v, want not found", what, i, err)
				}
			}
		}
	})
}

// A guardian lets a member go: the address is confirmed, a password is chosen, and nobody is its guardian.
func TestLetGo(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian := k.t.Context(), k.account()
		kim := k.child(guardian)
		k.must(k.Members.SetPassword(ctx, guardian.ID, kim.ID, goodPassword, home))
		k.must(k.Members.SetPIN(ctx, guardian.ID, kim.ID, "8305", home))
		in, err := k.trySignIn(kim.Username, goodPassword)
		k.must(err)
		// The member cannot free itself.
		k.is(k.Emails.RequestChange(ctx, kim.ID, "own@example.org", goodPassword, home), models.ErrLookedAfter)
		k.is(k.Accounts.Delete(ctx, kim.ID, goodPassword, home), models.ErrLookedAfter)
		k.letters()
		k.hasField(k.Members.LetGo(ctx, guardian.ID, kim.ID, "nowhere", home), "email", "email_invalid")
		own := addressOf(newName())
		k.must(k.Members.LetGo(ctx, guardian.ID, kim.ID, addressOf(newName()), home))
		k.must(k.Members.LetGo(ctx, guardian.ID, kim.ID, own, home))
		detail, err := k.Members.Get(ctx, guardian.ID, kim.ID)
		if k.must(err); detail.Leaving != own {
			k.t.Errorf("the address %q waits, want %q", detail.Leaving, own)
		}
		letters := k.letters()
		if len(letters) != 1 {
			k.t.Errorf("got the mails %+v, want the last one alone", letters)
		}
		secret := k.only(letters, models.MailEmailConfirm, own).Secret
		info, err := k.Emails.LookChange(ctx, secret)
		if k.must(err); !info.Newcomer || info.Email != own {
			k.t.Errorf("the link is about %+v, want the first address of the account", info)
		}
		reset, err := k.Emails.ConfirmChange(ctx, secret, kim.ID, home)
		k.must(err)
		_, err = k.Sessions.Look(ctx, in.Token)
		k.is(err, models.ErrNoSession)
		_, err = k.trySignIn(kim.Username, goodPassword)
		k.is(err, models.ErrSignInWrong)
		k.must(k.Recovery.ResetPassword(ctx, reset, otherPassword, home))
		if _, err = k.trySignIn(own, otherPassword); err != nil {
			k.t.Errorf("the former member cannot sign in by the new address: %v", err)
		}
		k.is(k.PINs.Verify(ctx, kim.ID, "8305", home), models.ErrPINNotSet)
		k.is(k.Members.SetPIN(ctx, guardian.ID, kim.ID, "8305", home), models.ErrNotFound)
		if e := k.eventOf(kim.ID, models.EventLetGo); e.Subject == "" {
			k.t.Error("the event has no subject, want a part of the address")
		}
		k.must(k.Accounts.Delete(ctx, kim.ID, otherPassword, home))
	})
}

// A guardian takes back that a member is let go: the link opens nothing, and a mail that was not sent yet
// is not sent.
func TestLetGoIsTakenBack(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian := k.t.Context(), k.account()
		kim, own := k.child(guardian), addressOf(newName())
		k.letters()
		k.is(k.Members.TakeBackLetGo(ctx, guardian.ID, kim.ID, home), models.ErrNotFound)
		k.must(k.Members.LetGo(ctx, guardian.ID, kim.ID, own, home))
		secret := k.only(k.letters(), models.MailEmailConfirm, own).Secret
		k.must(k.Members.TakeBackLetGo(ctx, guardian.ID, kim.ID, home))
		detail, err := k.Members.Get(ctx, guardian.ID, kim.ID)
		if k.must(err); detail.Leaving != "" {
			k.t.Errorf("the address %q waits, want none", detail.Leaving)
		}
		_, err = k.Emails.ConfirmChange(ctx, secret, 0, home)
		k.is(err, models.ErrTokenSpent)
		if e := k.eventOf(kim.ID, models.EventLetGoTakenBack); e.By != guardian.Username || e.Subject == "" || e.Subject == own {
			k.t.Errorf("got the event %+v, want one by the guardian with a part of the address", e)
		}
		k.must(k.Members.LetGo(ctx, guardian.ID, kim.ID, own, home))
		k.must(k.Members.TakeBackLetGo(ctx, guardian.ID, kim.ID, home))
		if letters := k.letters(); len(letters) != 0 {
			k.t.Errorf("got the mails %+v, want none", letters)
		}
		k.must(k.Members.LetGo(ctx, guardian.ID, kim.ID, own, home))
		k.clock.Advance(30 * 24 * time.Hour)
		k.is(k.Members.TakeBackLetGo(ctx, guardian.ID, kim.ID, home), models.ErrNotFound) // it has run out by itself
	})
}

// Either the address is confirmed, or the letting-go is taken back: never both, and never none.
func TestRaceOfLettingGoAndTakingBack(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian := k.t.Context(), k.account()
		for range 8 {
			kim, own := k.child(guardian), addressOf(newName())
			k.must(k.Members.LetGo(ctx, guardian.ID, kim.ID, own, home))
			secret := k.only(k.letters(), models.MailEmailConfirm, own).Secret
			results := parallel(2, func(i int) error {
				if i == 0 {
					return k.Members.TakeBackLetGo(ctx, guardian.ID, kim.ID, home)
				}
				_, err := k.Emails.ConfirmChange(ctx, secret, 0, home)
				return err
			})
			k.oneWinner(results, models.ErrNotFound, models.ErrTokenSpent)
			free := len(k.texts("SELECT id FROM accounts WHERE id = ? AND guardian_id IS NULL", kim.ID)) == 1
			if free != (results[1] == nil) {
				k.t.Errorf("the results are %v, and the account has no guardian: %v", results, free)
			}
		}
	})
}

// A guardian gives a member a picture, and removes it.
func TestPictureOfAMember(t *testing.T) {
	each(t, func(k *kit) {
		ctx, guardian := k.t.Context(), k.account()
		kim := k.child(guardian)
		k.hasField(k.Members.SetPicture(ctx, guardian.ID, kim.ID, []byte("no picture"), home), "picture", "picture_invalid")
		k.must(k.Members.SetPicture(ctx, guardian.ID, kim.ID, picturetest.PNG(k.t, 2, 2), home))
		token := k.family(guardian).Members[0].Picture
		_, err := k.Pictures.Read(ctx, token)
		k.must(err)
		if e := k.eventOf(kim.ID, models.EventProfileChanged); e.By != guardian.Username {
			k.t.Errorf("the picture was set by %q, want %q", e.By, guardian.Username)
		}
		k.must(k.Members.RemovePicture(ctx, guardian.ID, kim.ID, home))
		_, err = k.Pictures.Read(ctx, token)
		k.is(err, models.ErrNotFound)
		if got := k.family(guardian).Members[0].Picture; got != "" {
			k.t.Errorf("the member has the picture %q, want none", got)
		}
	})
}

// What would be mailed to a member without an address goes to its guardians, each in their language.
func TestMailsOfMembers(t *testing.T) {
	each(t, func(k *kit) {
		ctx, first := k.t.Context(), k.account()
		kim := k.child(first)
		second := k.second(first)
		k.must(k.Accounts.SetLocale(ctx, second.ID, "de"))
		k.letters()
		k.must(k.Members.SetPassword(ctx, first.ID, kim.ID, goodPassword, home))
		k.must(k.PINs.RequestReset(ctx, kim.ID))
		letters := k.letters()
		for _, want := range []struct {
			to     models.Account
			locale string
		}{{first, "en"}, {second, "de"}} {
			got := k.only(letters, models.MailPasswordChanged, want.to.Email)
			if got.Locale != want.locale || !got.ToGuardian || got.Secret != "" || got.Facts.Username != kim.Username {
				k.t.Errorf("got the mail %+v, want one about the member in the language %s", got, want.locale)
			}
		}
		if len(letters) != 2 {
			k.t.Errorf("got %d mails, want 2", len(letters))
		}
		_, err := k.trySignIn(kim.Username, goodPassword)
		k.must(err)
		if got := k.only(k.letters(), models.MailNewDevice, first.Email); got.Secret != "" {
			k.t.Errorf("the mail to a guardian has the secret %q, want none", got.Secret)
		}
		k.must(k.Members.SetPIN(ctx, first.ID, kim.ID, "8305", home))
		k.must(k.Families.Remove(ctx, first.ID, second.ID, home))
		k.must(k.Operators.Disable(ctx, first.Username))
		if got := k.letters(); len(got) != 0 {
			k.t.Errorf("got the mails %+v, want none to a removed and to a disabled guardian", got)
		}
		k.must(k.PINs.Verify(ctx, kim.ID, "8305", home)) // the members of a disabled guardian stay usable
		_, err = k.trySignIn(kim.Username, goodPassword)
		k.must(err)
	})
}

// A guardian answers the links and the invites of a member.
func TestGuardianAnswers(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, guardian, owner := k.t.Context(), k.account(), k.account()
		kim := k.child(guardian)
		m, n := k.agent(owner), k.agent(owner)
		k.letters()
		asked := k.invite(owner, kim.Username, m)
		if got := k.letter(models.MailInvite, guardian.Email); !got.ToGuardian || got.Secret != "" {
			k.t.Errorf("got the mail %+v, want one to the guardian without a secret", got)
		}
		k.must(k.Members.AcceptInvite(ctx, guardian.ID, kim.ID, asked.ID, home))
		link := k.ask(n, k.accountOf(kim))
		other := k.invite(owner, kim.Username, k.agent(owner))
		detail, err := k.Members.Get(ctx, guardian.ID, kim.ID)
		if k.must(err); len(detail.Links) != 2 || len(detail.Invites) != 1 {
			k.t.Errorf("the guardian sees %d links and %d invites, want 2 and 1", len(detail.Links), len(detail.Invites))
		}
		k.must(k.Members.AcceptLink(ctx, guardian.ID, kim.ID, link.ID, home))
		k.must(k.Members.RemoveLink(ctx, guardian.ID, kim.ID, link.ID, home))
		k.must(k.Members.DeclineInvite(ctx, guardian.ID, kim.ID, other.ID, home))
		for _, kind := range []models.EventKind{models.EventLinkAccepted, models.EventLinkLeft, models.EventInviteDeclined} {
			if e := k.eventOf(kim.ID, kind); e.By != guardian.Username {
				k.t.Errorf("%s was done by %q, want %q", kind, e.By, guardian.Username)
			}
		}
		k.clock.Advance(time.Minute)
	})
}

// A member who has a password cannot free itself from its guardians: neither by an address of its own, whose
// confirmation would let it go, nor by deleting the account.
func TestMemberCannotLetItselfGo(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		guardian := k.account()
		kim := k.child(guardian)
		k.must(k.Members.SetPassword(ctx, guardian.ID, kim.ID, otherPassword, home))
		k.is(k.Emails.RequestChange(ctx, kim.ID, addressOf(newName()), otherPassword, home), models.ErrLookedAfter)
		k.is(k.Accounts.Delete(ctx, kim.ID, otherPassword, home), models.ErrLookedAfter)
		k.is(k.Accounts.DeleteWithMembers(ctx, kim.ID, otherPassword, home), models.ErrLookedAfter)
		if got := k.family(guardian).Members; len(got) != 1 || got[0].ID != kim.ID || got[0].Leaving != "" {
			k.t.Errorf("the guardian looks after %+v, want the member alone, who is not leaving", got)
		}
	})
}
