package models_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestOperatorsActOnAccounts(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("create an account without a password", func(k *kit) {
			name := newName()
			a, err := k.Operators.Create(ctx, models.SignUp{Username: name, Email: addressOf(name), Locale: "de"})
			k.must(err)
			_, err = k.trySignIn(name, "no password is set, only a mailed link sets one")
			k.is(err, models.ErrSignInWrong)
			_, err = k.trySignIn(name, "")
			k.is(err, models.ErrSignInWrong)
			link := k.letter(models.MailAccountCreated, addressOf(name))
			k.must(k.Recovery.ResetPassword(ctx, link.Secret, otherPassword, home))
			if got := k.get(a); got.ConfirmedAt.IsZero() || link.Locale != "de" {
				k.t.Errorf("got the account %+v and the mail %+v, want a confirmed account and a mail in German", got, link)
			}
			_, err = k.trySignIn(addressOf(name), otherPassword)
			k.must(err)
			_, err = k.Operators.Create(ctx, models.SignUp{Username: name, Email: "new@example.org", Locale: "en"})
			k.is(err, models.ErrUsernameTaken)
			_, err = k.Operators.Create(ctx, models.SignUp{Username: newName(), Email: "nonsense", Locale: "en"})
			k.is(err, fieldError("email", "email_invalid"))
			_, err = k.Operators.Create(ctx, models.SignUp{Username: newName(), Email: "new@example.org", Locale: "xx"})
			k.is(err, models.ErrLanguageInvalid)
			k.letters()
		})
		k.run("create an account with a password", func(k *kit) {
			name := newName()
			_, err := k.Operators.Create(ctx, models.SignUp{Username: name, Email: addressOf(name), Password: goodPassword, Locale: "en"})
			k.must(err)
			_, err = k.trySignIn(name, goodPassword)
			k.is(err, models.ErrConfirmFirst)
			k.must(k.Emails.Confirm(ctx, k.letter(models.MailConfirm, addressOf(name)).Secret, home))
			_, err = k.trySignIn(name, goodPassword)
			k.must(err)
		})
		k.run("confirm an address", func(k *kit) {
			name := newName()
			k.signUp(name)
			k.is(k.Operators.Confirm(ctx, addressOf(name)), models.ErrNotFound) // an address belongs to no account until it is confirmed
			k.must(k.Operators.Confirm(ctx, name))
			k.is(k.Operators.Confirm(ctx, name), models.ErrTokenSpent)
			k.is(k.Operators.Confirm(ctx, "nobody"), models.ErrNotFound)
			if letters := k.letters(); len(letters) != 0 {
				k.t.Errorf("got the mails %+v, want none", letters)
			}
		})
		k.run("start a reset without seeing its secret", func(k *kit) {
			a := k.account()
			k.must(k.Operators.SendReset(ctx, a.Email))
			k.must(k.Recovery.ResetPassword(ctx, k.letter(models.MailPasswordReset, a.Email).Secret, otherPassword, home))
			k.is(k.Operators.SendReset(ctx, "nobody"), models.ErrNotFound)
		})
		k.run("list accounts by the beginning of name or address", func(k *kit) {
			prefix := newName() + "-"
			var names []string
			for _, rest := range []string{"a", "b", "c"} {
				k.signUp(prefix + rest)
				names = append(names, prefix+rest)
			}
			_, err := k.Operators.Create(ctx, models.SignUp{Username: "z" + prefix + "d", Email: prefix + "x@example.org", Locale: "en"})
			k.must(err)
			names = append(names, "z"+prefix+"d")
			var got []string
			after := ""
			for {
				page, err := k.Operators.List(ctx, "P"+prefix[1:], after, 3)
				k.must(err)
				for _, a := range page {
					got = append(got, a.Username)
				}
				if len(page) < 3 {
					break
				}
				after = got[len(got)-1]
			}
			if !slices.Equal(got, names) {
				k.t.Errorf("listed %v, want %v", got, names)
			}
			if page, err := k.Operators.List(ctx, "%", "", 10); err != nil || len(page) != 0 {
				k.t.Errorf("%d accounts begin with a percent sign, error %v; want 0", len(page), err)
			}
		})
	})
}

// a disabled account is refused at once by every operation. When the account is
// enabled again, everything is as before.
func TestDisabledAccountIsRefusedEverywhere(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a := k.account()
		mark := k.signIn(a).DeviceMark
		in := k.signIn(a)
		notMe := k.letter(models.MailNewDevice, a.Email).Secret
		k.must(k.PINs.Set(ctx, a.ID, "", "8305", home))
		k.must(k.confirmChange(k.askChange(a, addressOf(newName()))))
		undo := k.letter(models.MailEmailChanged, a.Email).Secret
		a = k.get(a)
		change := k.askChange(a, addressOf(newName()))
		reset, pin := k.resetSecret(a), k.pinResetSecret(a)
		waiting := newName()
		pending := k.signUp(waiting)
		confirm := k.letter(models.MailConfirm, addressOf(waiting)).Secret
		k.clock.Advance(2 * time.Minute)
		k.must(k.Recovery.Request(ctx, a.Username, home, false)) // a mail that is not sent yet

		k.must(k.Operators.Disable(ctx, a.Email))
		k.must(k.Operators.Disable(ctx, waiting))
		k.is(k.Operators.Disable(ctx, "nobody"), models.ErrNotFound)
		if k.get(a).DisabledAt.IsZero() {
			k.t.Error("the account is not disabled, want it disabled")
		}
		refused := map[string]struct{ got, want error }{}
		add := func(path string, got, want error) { refused[path] = struct{ got, want error }{got, want} }
		_, err := k.Sessions.Look(ctx, in.Token)
		add("session", err, models.ErrNoSession)
		_, err = k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: a.Username, Password: goodPassword, DeviceMarks: []string{mark}}, home)
		add("sign-in", err, models.ErrAccountDisabled)
		_, err = k.trySignIn(a.Username, otherPassword)
		add("wrong sign-in", err, models.ErrSignInWrong)
		_, err = k.Sessions.ConfirmPassword(ctx, in.Session, goodPassword, home)
		add("confirm password", err, models.ErrNoSession)
		_, err = k.Accounts.ChangePassword(ctx, in.Session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
		add("change password", err, models.ErrNoSession)
		add("reset", k.Recovery.ResetPassword(ctx, reset, otherPassword, home), models.ErrTokenSpent)
		_, err = k.Recovery.Look(ctx, reset)
		add("look at reset", err, models.ErrTokenSpent)
		add("PIN", k.PINs.Verify(ctx, a.ID, "8305", home), models.ErrAccountDisabled)
		add("PIN reset", k.PINs.ResetByMail(ctx, pin, "9413", home), models.ErrTokenSpent)
		add("PIN by password", k.PINs.ResetByPassword(ctx, a.ID, goodPassword, "9413", home), models.ErrNoSession)
		add("email change", k.confirmChange(change), models.ErrTokenSpent)
		add("email request", k.Emails.RequestChange(ctx, a.ID, "new@example.org", goodPassword, home), models.ErrNoSession)
		_, err = k.Emails.Undo(ctx, undo, home)
		add("undo", err, models.ErrTokenSpent)
		_, err = k.Sessions.LookNotMe(ctx, notMe)
		add("not me", err, models.ErrTokenSpent)
		add("confirm", k.Emails.Confirm(ctx, confirm, home), models.ErrTokenSpent)
		add("resend", k.Emails.Resend(ctx, pending, home), models.ErrTokenSpent)
		add("correct", k.Emails.Correct(ctx, pending, "new@example.org", home), models.ErrTokenSpent)
		add("delete", k.Accounts.Delete(ctx, a.ID, goodPassword, home), models.ErrNoSession)
		for path, r := range refused {
			k.t.Run(path, func(t *testing.T) { (&kit{t: t}).is(r.got, r.want) })
		}
		k.clock.Advance(2 * time.Minute)
		k.must(k.Recovery.Request(ctx, a.Username, home, false))
		k.must(k.PINs.RequestReset(ctx, a.ID))
		if letters := k.letters(); len(letters) != 0 {
			k.t.Errorf("got the mails %+v, want none", letters)
		}

		k.must(k.Operators.Enable(ctx, a.Username))
		k.is(k.Operators.Enable(ctx, "nobody"), models.ErrNotFound)
		k.clock.Advance(time.Minute)
		_, err = k.Sessions.Look(ctx, in.Token)
		k.is(err, models.ErrNoSession) // the session does not come back
		k.is(k.Recovery.ResetPassword(ctx, reset, otherPassword, home), models.ErrTokenSpent)
		_, err = k.trySignIn(a.Username, goodPassword)
		k.must(err)
		k.must(k.PINs.Verify(ctx, a.ID, "8305", home))
	})
}

func TestSetOperator(t *testing.T) {
	each(t, func(k *kit) {
		ctx, a, b := k.t.Context(), k.account(), k.account()
		k.is(k.Operators.SetOperator(ctx, "nobody-at-all", true), models.ErrNotFound)
		if k.get(a).Operator {
			k.t.Error("a new account is an operator, want an ordinary account")
		}
		session := k.signIn(a)
		is := func(want bool) {
			k.t.Helper()
			if got := k.get(a).Operator; got != want {
				k.t.Errorf("operator %t, want %t", got, want)
			}
			if k.get(b).Operator {
				k.t.Error("another account is an operator, want only the named one")
			}
		}
		k.must(k.Operators.SetOperator(ctx, strings.ToUpper(a.Username), true))
		is(true)
		k.must(k.Operators.SetOperator(ctx, a.Email, true)) // repeated, and found by the address
		is(true)
		k.must(k.Operators.SetOperator(ctx, a.Username, false))
		is(false)
		if _, err := k.Sessions.Look(ctx, session.Token); err != nil {
			k.t.Errorf("the session is refused with error %v, want it to go on", err)
		}
		events := k.events(a)
		if events[models.EventOperatorOn] != 2 || events[models.EventOperatorOff] != 1 {
			k.t.Errorf("got the events %v, want two of becoming an operator and one of the end", events)
		}
		// A disabled account does not count as an operator.
		k.must(k.Operators.SetOperator(ctx, a.Username, true))
		k.must(k.Operators.Disable(ctx, a.Username))
		_, err := k.trySignIn(a.Username, goodPassword)
		k.is(err, models.ErrAccountDisabled)
	})
}
