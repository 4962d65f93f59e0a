package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestChangePassword(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		change := func(k *kit, s models.Session, from, to string) (string, error) {
			renewed, err := k.Accounts.ChangePassword(ctx, s, models.ChangePassword{Current: from, Password: to}, home)
			return renewed.Token, err
		}
		k.run("ends the other sessions and sends a mail", func(k *kit) {
			a := k.account()
			in, other := k.signIn(a), k.signIn(a)
			k.letters()
			k.clock.Advance(time.Hour)
			token, err := change(k, in.Session, goodPassword, otherPassword)
			k.must(err)
			for _, old := range []string{in.Token, other.Token} {
				_, err = k.Sessions.Look(ctx, old)
				k.is(err, models.ErrNoSession)
			}
			session, err := k.Sessions.Look(ctx, token)
			k.must(err)
			if session.ID != in.Session.ID {
				k.t.Errorf("got the session %+v, want the one that changed the password", session)
			}
			if got := k.get(a).PasswordChangedAt; !got.Equal(k.clock.Now()) {
				k.t.Errorf("the password was changed at %v, want %v", got, k.clock.Now())
			}
			letter := k.letter(models.MailPasswordChanged, a.Email)
			if letter.Facts.Device != home.Device || letter.Facts.Address != home.Address {
				k.t.Errorf("got the mail %+v, want the device and address of the change", letter)
			}
			_, err = k.trySignIn(a.Username, goodPassword)
			k.is(err, models.ErrSignInWrong)
			_, err = k.trySignIn(a.Username, otherPassword)
			k.must(err)
		})
		k.run("refuses wrong input", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			_, err := change(k, in.Session, otherPassword, "a fine new password")
			k.is(err, models.ErrWrongPassword)
			_, err = change(k, in.Session, goodPassword, "password12")
			k.is(err, fieldError("password", "password_common"))
			_, err = change(k, in.Session, goodPassword, goodPassword)
			k.is(err, models.ErrSamePassword)
			for range 10 {
				_, err = change(k, in.Session, "", otherPassword)
				k.is(err, models.ErrWrongPassword)
			}
			_, err = change(k, in.Session, goodPassword, otherPassword)
			k.is(err, models.ErrThrottled)
			k.clock.Advance(15 * time.Minute)
			_, err = change(k, in.Session, goodPassword, otherPassword)
			k.must(err)
		})
		k.run("is possible while strangers try to sign in", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			parallel(20, func(int) error { _, err := k.trySignIn(a.Username, otherPassword); return err })
			_, err := change(k, in.Session, goodPassword, otherPassword)
			k.must(err)
		})
		k.run("needs a session", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			k.must(k.Sessions.EndAll(ctx, a.ID, home))
			_, err := change(k, in.Session, goodPassword, otherPassword)
			k.is(err, models.ErrNoSession)
			_, err = k.trySignIn(a.Username, goodPassword) // the password has not changed either
			k.must(err)
			in = k.signIn(a)
			k.must(k.Operators.Disable(ctx, a.Username))
			_, err = change(k, in.Session, goodPassword, otherPassword)
			k.is(err, models.ErrNoSession)
		})
	})
}
