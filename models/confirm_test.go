package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestConfirmLinkWorksOnce(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("works once", func(k *kit) {
			name := newName()
			pending := k.signUp(name)
			link := k.letter(models.MailConfirm, addressOf(name)).Secret
			for range 3 { // a mail scanner opens the link and changes nothing
				info, err := k.Emails.LookConfirm(ctx, link)
				k.must(err)
				if info.Username != name || info.Email != addressOf(name) {
					k.t.Errorf("got the link %+v, want the username and address of the sign-up", info)
				}
			}
			_, err := k.trySignIn(name, goodPassword)
			k.is(err, models.ErrConfirmFirst)
			_, err = k.trySignIn(addressOf(name), goodPassword) // an unconfirmed account signs in by its username only
			k.is(err, models.ErrSignInWrong)
			k.must(k.Emails.Confirm(ctx, link, home))
			if got := k.byName(name).ConfirmedAt; !got.Equal(k.clock.Now()) {
				k.t.Errorf("confirmed at %v, want %v", got, k.clock.Now())
			}
			k.is(k.Emails.Confirm(ctx, link, home), models.ErrTokenSpent)
			_, err = k.Emails.LookConfirm(ctx, link)
			k.is(err, models.ErrTokenSpent)
			_, err = k.Emails.Pending(ctx, pending)
			k.is(err, models.ErrTokenSpent)
			k.is(k.Emails.Resend(ctx, pending, home), models.ErrTokenSpent)
			k.is(k.Emails.Correct(ctx, pending, "new@example.org", home), models.ErrTokenSpent)
			_, err = k.trySignIn(addressOf(name), goodPassword)
			k.must(err)
		})
		k.run("works only for its own purpose", func(k *kit) {
			a := k.account()
			name := newName()
			pending := k.signUp(name)
			confirm := k.letter(models.MailConfirm, addressOf(name)).Secret
			reset, pin := k.resetSecret(a), k.pinResetSecret(a)
			change := k.askChange(a, addressOf(newName()))
			notMe, session := k.notMeSecret(a)
			all := map[string]string{
				"confirm": confirm, "reset": reset, "pin": pin, "change": change, "not me": notMe, "session": session, "pending": pending,
				"nothing": "", "null": "null", "zero": "0", "list": "[]", "space": confirm + " ", "cut": confirm[:len(confirm)-1],
				"upper": "LKM" + confirm[3:], "longer": confirm + "a", "nul": confirm + "\x00", "percent": "%",
			}
			doors := map[string]func(string) error{
				"confirm": func(s string) error { return k.Emails.Confirm(ctx, s, home) },
				"reset":   func(s string) error { return k.Recovery.ResetPassword(ctx, s, otherPassword, home) },
				"pin":     func(s string) error { return k.PINs.ResetByMail(ctx, s, "8305", home) },
				"change":  func(s string) error { return k.confirmChange(s) },
				"undo":    func(s string) error { _, err := k.Emails.Undo(ctx, s, home); return err },
				"not me":  func(s string) error { return k.Sessions.NotMe(ctx, s, home) },
				"pending": func(s string) error { return k.Emails.Resend(ctx, s, home) },
				"session": func(s string) error { _, err := k.Sessions.Look(ctx, s); return err },
			}
			for door, open := range doors {
				for of, text := range all {
					want := models.ErrTokenSpent
					if door == "session" {
						want = models.ErrNoSession
					}
					if of != door {
						k.is(open(text), want)
					}
				}
			}
			for _, door := range []string{"session", "not me", "change", "confirm"} { // the secrets still work for their own purpose
				k.must(doors[door](all[door]))
			}
			// The change of the address ended these two links, because they are in the old
			// mailbox.
			k.is(doors["reset"](reset), models.ErrTokenSpent)
			k.is(doors["pin"](pin), models.ErrTokenSpent)
			k.letters()
		})
		k.run("gives the address to the first account that confirms it", func(k *kit) {
			one, two := newName(), newName()
			k.signUp(one)
			_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: two, Email: addressOf(one), Password: goodPassword}, home)
			k.must(err)
			letters := k.letters()
			var links []string
			for _, l := range letters {
				if l.Kind != models.MailConfirm || l.To != addressOf(one) {
					k.t.Fatalf("got the mail %+v, want a confirmation to the shared address", l)
				}
				links = append(links, l.Secret)
			}
			reset := k.resetSecret(k.byName(one))
			k.must(k.Emails.Confirm(ctx, links[1], home))
			k.is(k.Emails.Confirm(ctx, links[0], home), models.ErrEmailTaken)
			// A reset does not give the second account the address either. A later request sends a
			// mail to the owner of the address instead.
			k.is(k.Recovery.ResetPassword(ctx, reset, otherPassword, home), models.ErrEmailTaken)
			if !k.byName(one).ConfirmedAt.IsZero() {
				k.t.Error("the second account with the address is confirmed, want it unconfirmed")
			}
			_, err = k.trySignIn(addressOf(one), goodPassword)
			k.must(err)
			k.clock.Advance(2 * time.Minute)
			k.must(k.Recovery.Request(ctx, one, home, false))
			if letter := k.letter(models.MailAlreadyRegistered, addressOf(one)); letter.Secret != "" || letter.Facts.Username != two {
				k.t.Errorf("got the mail %+v, want no secret and the username of the owner", letter)
			}
		})
		k.run("expires after a week", func(k *kit) {
			name := newName()
			k.signUp(name)
			link := k.letter(models.MailConfirm, addressOf(name)).Secret
			k.clock.Advance(7*24*time.Hour - time.Millisecond)
			_, err := k.Emails.LookConfirm(ctx, link)
			k.must(err)
			k.clock.Advance(time.Millisecond)
			_, err = k.Emails.LookConfirm(ctx, link)
			k.is(err, models.ErrTokenSpent)
			k.is(k.Emails.Confirm(ctx, link, home), models.ErrTokenSpent)
		})
	})
}

func TestResendAndCorrectReplaceTheLink(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("resend replaces the link", func(k *kit) {
			name := newName()
			pending := k.signUp(name)
			first := k.letter(models.MailConfirm, addressOf(name)).Secret
			k.clock.Advance(time.Minute)
			k.must(k.Emails.Resend(ctx, pending, home))
			k.is(k.Emails.Confirm(ctx, first, home), models.ErrTokenSpent) // the old link ends at once, before the next mail is sent
			second := k.letter(models.MailConfirm, addressOf(name)).Secret
			k.is(k.Emails.Confirm(ctx, first, home), models.ErrTokenSpent)
			k.must(k.Emails.Confirm(ctx, second, home))
		})
		k.run("resend over the limit keeps the link", func(k *kit) {
			name := newName()
			pending := k.signUp(name)
			k.must(k.Emails.Resend(ctx, pending, home))
			link := k.letter(models.MailConfirm, addressOf(name)).Secret
			k.must(k.Emails.Resend(ctx, pending, home)) // it is too soon: the call succeeds but sends nothing
			if letters := k.letters(); len(letters) != 0 {
				k.t.Errorf("got the mails %+v, want none above the limit", letters)
			}
			k.must(k.Emails.Confirm(ctx, link, home))
		})
		k.run("correct moves the sign-up to another mailbox", func(k *kit) {
			name, mended := newName(), newName()
			pending := k.signUp(name)
			letters := k.letters()
			old := k.only(letters, models.MailConfirm, addressOf(name)).Secret
			k.is(k.Emails.Correct(ctx, pending, "nonsense", home), &models.Error{Fields: []models.FieldError{{Field: "email", Code: "email_invalid"}}})
			k.must(k.Emails.Correct(ctx, pending, mended+"@EXAMPLE.org", home))
			k.is(k.Emails.Confirm(ctx, old, home), models.ErrTokenSpent)
			waiting, err := k.Emails.Pending(ctx, pending)
			k.must(err)
			if waiting.Email != addressOf(mended) {
				k.t.Errorf("the sign-up waits for %s, want %s", waiting.Email, addressOf(mended))
			}
			link := k.letter(models.MailConfirm, addressOf(mended)).Secret
			k.must(k.Emails.Confirm(ctx, link, home))
			if got := k.byName(name).Email; got != addressOf(mended) {
				k.t.Errorf("got the address %s, want %s", got, addressOf(mended))
			}
		})
		k.run("a mail on its way to the old address confirms nothing", func(k *kit) {
			name, victim := newName(), newName()
			pending := k.signUp(name)
			owed, err := k.Mail.Claim(ctx, "worker", 10)
			k.must(err)
			k.must(k.Emails.Correct(ctx, pending, addressOf(victim), home))
			for _, one := range owed {
				if _, send, err := k.Mail.Prepare(ctx, one); err != nil || send {
					k.t.Errorf("the mail to %s is still sent or failed with error %v, want it dropped", addressOf(name), err)
				}
			}
		})
		// a reset link mailed to one address must not confirm another address.
		k.run("a reset link confirms only the address it was mailed to", func(k *kit) {
			name, victim := newName(), newName()
			pending := k.signUp(name)
			link := k.resetSecret(k.byName(name))
			k.must(k.Emails.Correct(ctx, pending, addressOf(victim), home))
			k.is(k.Recovery.ResetPassword(ctx, link, otherPassword, home), models.ErrTokenSpent)
			if a := k.byName(name); !a.ConfirmedAt.IsZero() {
				k.t.Errorf("the account is confirmed with the address %s, want it unconfirmed without a mail to that address", a.Email)
			}
		})
		k.run("allows ten corrections a day", func(k *kit) {
			pending := k.signUp(newName())
			for range 10 {
				k.must(k.Emails.Correct(ctx, pending, addressOf(newName()), home))
			}
			k.is(k.Emails.Correct(ctx, pending, addressOf(newName()), home), models.ErrThrottled)
		})
	})
}
