package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func fieldError(field, code string) error {
	return &models.Error{Code: "never", Fields: []models.FieldError{{Field: field, Code: code}}}
}

func TestEmailChangeNeedsConfirmation(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("mails a link to the new address and a notice to the old one", func(k *kit) {
			a := k.account()
			to := addressOf(newName())
			k.must(k.Emails.RequestChange(ctx, a.ID, " "+to, goodPassword, home))
			if k.get(a).Email != a.Email {
				k.t.Error("the address has changed without a confirmation, want the old one")
			}
			if waiting, err := k.Emails.Waiting(ctx, a.ID); err != nil || waiting != to {
				k.t.Errorf("the account waits for %q with error %v, want %q", waiting, err, to)
			}
			letters := k.letters()
			link := k.only(letters, models.MailEmailConfirm, to)
			asked := k.only(letters, models.MailEmailAsked, a.Email)
			want := models.MailFacts{
				Username: a.Username, DisplayName: a.Username, Email: "p…@example.org", Address: home.Address,
				Device: home.Device, At: k.clock.Now().Truncate(time.Second),
			}
			if diff := cmp.Diff(want, asked.Facts); diff != "" || asked.Secret != "" || len(letters) != 2 {
				k.t.Errorf("got %d mails, want 2; facts of the notice (-want +got): %s", len(letters), diff)
			}
			info, err := k.Emails.LookChange(ctx, link.Secret)
			k.must(err)
			if info.Email != to {
				k.t.Errorf("got the link %+v, want the new address", info)
			}
			k.must(k.confirmChange(link.Secret))
			if got := k.get(a).Email; got != to {
				k.t.Errorf("got the address %s, want %s", got, to)
			}
			letters = k.letters()
			changed := k.only(letters, models.MailEmailChanged, a.Email)
			if changed.Secret == "" || changed.Facts.Email != "p…@example.org" {
				k.t.Errorf("got the mail %+v, want a link to undo and the masked new address", changed)
			}
			k.only(letters, models.MailEmailArrived, to)
			k.is(k.confirmChange(link.Secret), models.ErrTokenSpent)
			_, err = k.trySignIn(to, goodPassword)
			k.must(err)
			_, err = k.trySignIn(a.Email, goodPassword)
			k.is(err, models.ErrSignInWrong)
		})
		k.run("refuses wrong input", func(k *kit) {
			a := k.account()
			k.is(k.Emails.RequestChange(ctx, a.ID, "x", goodPassword, home), fieldError("email", "email_invalid"))
			k.is(k.Emails.RequestChange(ctx, a.ID, a.Email, goodPassword, home), models.ErrSameEmail)
			k.is(k.Emails.RequestChange(ctx, a.ID, "new@example.org", otherPassword, home), models.ErrWrongPassword)
			k.is(k.Emails.RequestChange(ctx, 1, "new@example.org", goodPassword, home), models.ErrNotFound)
			for range 9 {
				k.is(k.Emails.RequestChange(ctx, a.ID, "new@example.org", otherPassword, home), models.ErrWrongPassword)
			}
			k.is(k.Emails.RequestChange(ctx, a.ID, "new@example.org", goodPassword, home), models.ErrThrottled)
			if letters := k.letters(); len(letters) != 0 {
				k.t.Errorf("got the mails %+v, want none", letters)
			}
		})
		k.run("a second request ends the first", func(k *kit) {
			a := k.account()
			one, two := addressOf(newName()), addressOf(newName())
			first := k.askChange(a, one)
			second := k.askChange(a, two)
			k.is(k.confirmChange(first), models.ErrTokenSpent)
			k.must(k.confirmChange(second))
			if got := k.get(a).Email; got != two {
				k.t.Errorf("address %s, want %s", got, two)
			}
		})
		k.run("a new password ends the request", func(k *kit) {
			a := k.account()
			link := k.askChange(a, addressOf(newName()))
			k.must(k.Recovery.ResetPassword(ctx, k.resetSecret(a), otherPassword, home))
			k.is(k.confirmChange(link), models.ErrTokenSpent)
			if waiting, err := k.Emails.Waiting(ctx, a.ID); err != nil || waiting != "" {
				k.t.Errorf("the account waits for %q with error %v, want no change", waiting, err)
			}
		})
		k.run("only the owner of a taken address learns of it", func(k *kit) {
			a, owner := k.account(), k.account()
			k.must(k.Emails.RequestChange(ctx, a.ID, owner.Email, goodPassword, home))
			letters := k.letters()
			k.only(letters, models.MailAlreadyRegistered, owner.Email)
			k.only(letters, models.MailEmailAsked, a.Email)
			if len(letters) != 2 {
				k.t.Errorf("got the mails %+v, want 2", letters)
			}
		})
		k.run("an address that was taken after the request is refused", func(k *kit) {
			a := k.account()
			name := newName()
			link := k.askChange(a, addressOf(name))
			k.signUp(name)
			k.must(k.Emails.Confirm(ctx, k.letter(models.MailConfirm, addressOf(name)).Secret, home))
			k.is(k.confirmChange(link), models.ErrEmailTaken)
			if got := k.get(a).Email; got != a.Email {
				k.t.Errorf("got the address %s, want %s", got, a.Email)
			}
			if until, err := k.Emails.UndoUntil(ctx, a.ID); err != nil || !until.IsZero() {
				k.t.Errorf("the change can be undone until %v, error %v; want no change", until, err)
			}
		})
		k.run("expires after a day", func(k *kit) {
			a := k.account()
			link := k.askChange(a, addressOf(newName()))
			k.clock.Advance(24 * time.Hour)
			k.is(k.confirmChange(link), models.ErrTokenSpent)
			if waiting, err := k.Emails.Waiting(ctx, a.ID); err != nil || waiting != "" {
				k.t.Errorf("the account waits for %q with error %v, want no change", waiting, err)
			}
		})
		k.run("changes only the case of the letters", func(k *kit) {
			a := k.account()
			to := "Person" + a.Email[len("person"):]
			undo := k.change(a, to)
			if got := k.get(a).Email; got != to {
				k.t.Errorf("got the address %s, want %s", got, to)
			}
			_, err := k.trySignIn(a.Email, goodPassword)
			k.must(err)
			_, err = k.Emails.Undo(ctx, undo, home)
			k.must(err)
			if got := k.get(a).Email; got != a.Email {
				k.t.Errorf("got the address %s, want %s", got, a.Email)
			}
		})
	})
}

func TestUndoGivesTheOldAddressBack(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		// undone checks that a has its first address back and that the session of the change has ended.
		undone := func(k *kit, a models.Account, session, reset string, lost ...string) {
			k.t.Helper()
			if got := k.get(a).Email; got != a.Email {
				k.t.Errorf("address %s, want %s", got, a.Email)
			}
			_, err := k.Sessions.Look(ctx, session)
			k.is(err, models.ErrNoSession)
			for _, address := range append(lost, a.Username) {
				k.clock.Advance(time.Minute)
				_, err = k.trySignIn(address, goodPassword)
				k.is(err, models.ErrSignInWrong)
			}
			letter := k.letter(models.MailEmailUndone, a.Email)
			if letter.Secret != reset {
				k.t.Error("the mail and the page have different links, want the same link")
			}
			k.must(k.Recovery.ResetPassword(ctx, reset, otherPassword, home))
			k.clock.Advance(time.Minute)
			_, err = k.trySignIn(a.Email, otherPassword)
			k.must(err)
			for _, address := range lost { // anybody can use these addresses at once
				b := k.account()
				k.must(k.confirmChange(k.askChange(b, address)))
			}
			if until, err := k.Emails.UndoUntil(ctx, a.ID); err != nil || !until.IsZero() {
				k.t.Errorf("the change can be undone until %v, error %v; want no change", until, err)
			}
		}
		k.run("gives the first address back", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			lost := addressOf(newName())
			undo := k.change(a, lost)
			reset := k.resetSecret(k.get(a)) // the thief's reset, mailed to the new address
			info, err := k.Emails.LookUndo(ctx, undo)
			k.must(err)
			if info.Email != a.Email {
				k.t.Errorf("got the link %+v, want the old address", info)
			}
			secret, err := k.Emails.Undo(ctx, undo, home)
			k.must(err)
			k.is(k.Recovery.ResetPassword(ctx, reset, otherPassword, home), models.ErrTokenSpent)
			_, err = k.Emails.Undo(ctx, undo, home)
			k.is(err, models.ErrTokenSpent)
			undone(k, a, in.Token, secret, lost)
		})
		k.run("reverts later changes as well", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			y, z := addressOf(newName()), addressOf(newName())
			first := k.change(a, y)
			second := k.change(a, z)
			waiting := k.askChange(a, addressOf(newName()))
			secret, err := k.Emails.Undo(ctx, first, home)
			k.must(err)
			_, err = k.Emails.Undo(ctx, second, home)
			k.is(err, models.ErrTokenSpent)
			k.is(k.confirmChange(waiting), models.ErrTokenSpent)
			undone(k, a, in.Token, secret, y, z)
		})
		k.run("the later change and then the first one can be undone", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			y, z := addressOf(newName()), addressOf(newName())
			first := k.change(a, y)
			second := k.change(a, z)
			old, err := k.Emails.Undo(ctx, second, home)
			k.must(err)
			if got := k.get(a).Email; got != y {
				k.t.Errorf("address %s, want %s", got, y)
			}
			k.letters()
			secret, err := k.Emails.Undo(ctx, first, home)
			k.must(err)
			k.is(k.Recovery.ResetPassword(ctx, old, otherPassword, home), models.ErrTokenSpent)
			undone(k, a, in.Token, secret, y, z)
		})
		k.run("an address that was changed back can be undone", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			y := addressOf(newName())
			first := k.change(a, y)
			k.must(k.confirmChange(k.askChange(a, a.Email)))
			k.letters()
			secret, err := k.Emails.Undo(ctx, first, home)
			k.must(err)
			undone(k, a, in.Token, secret, y)
		})
		k.run("holds the address for three days", func(k *kit) {
			a := k.account()
			undo := k.change(a, addressOf(newName()))
			until := k.clock.Now().Add(72 * time.Hour)
			if got, err := k.Emails.UndoUntil(ctx, a.ID); err != nil || !got.Equal(until) {
				k.t.Errorf("undo until %v, %v, want %v", got, err, until)
			}
			b := k.account()
			k.must(k.Emails.RequestChange(ctx, b.ID, a.Email, goodPassword, home))
			if got := kinds(k.letters(), a.Email); len(got) != 0 {
				k.t.Errorf("the held address gets the mails %v, want none", got)
			}
			stranger := newName()
			_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: stranger, Email: a.Email, Password: goodPassword}, home)
			k.must(err)
			k.is(k.Operators.Confirm(ctx, stranger), models.ErrEmailTaken)
			k.letters()
			k.must(k.Recovery.Request(ctx, a.Email, home, false)) // the address finds no account
			if letters := k.letters(); len(letters) != 0 {
				k.t.Errorf("got the mails %+v, want none", letters)
			}
			err = k.Accounts.Delete(ctx, a.ID, goodPassword, home)
			k.is(err, models.ErrDeletionWaits)
			k.is(k.Operators.Delete(ctx, a.Username), models.ErrDeletionWaits)
			if _, err := k.Accounts.Get(ctx, a.ID); err != nil {
				k.t.Error(err)
			}
			k.clock.Advance(72*time.Hour - time.Millisecond)
			k.is(k.Accounts.Delete(ctx, a.ID, goodPassword, home), models.ErrDeletionWaits)
			_, err = k.Emails.LookUndo(ctx, undo)
			k.must(err)
			k.clock.Advance(time.Millisecond)
			_, err = k.Emails.LookUndo(ctx, undo)
			k.is(err, models.ErrTokenSpent)
			_, err = k.Emails.Undo(ctx, undo, home)
			k.is(err, models.ErrTokenSpent)
			k.must(k.Operators.Confirm(ctx, stranger)) // the address is free, whether the row has been swept or not
			k.must(k.Accounts.Delete(ctx, a.ID, goodPassword, home))
		})
		k.run("links in the old mailbox stop working", func(k *kit) {
			a := k.account()
			change := k.askChange(a, addressOf(newName()))
			reset, pin := k.resetSecret(a), k.pinResetSecret(a)
			k.must(k.confirmChange(change))
			k.is(k.Recovery.ResetPassword(ctx, reset, otherPassword, home), models.ErrTokenSpent)
			k.is(k.PINs.ResetByMail(ctx, pin, "8305", home), models.ErrTokenSpent)
			_, err := k.Recovery.Look(ctx, reset)
			k.is(err, models.ErrTokenSpent)
		})
	})
}
