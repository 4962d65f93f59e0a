package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// A notice that is dead after a day is sent when an operator retries it; a mail whose link
// has expired is not sent.
func TestRetrySendsNoticesButNoExpiredLinks(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a := k.account()
		in := k.signIn(a)
		_, err := k.Accounts.ChangePassword(ctx, in.Session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
		k.must(err)
		k.must(k.Recovery.Request(ctx, a.Username, home, false))
		k.clock.Advance(25 * time.Hour)
		owed, err := k.Mail.Claim(ctx, "worker", 10)
		k.must(err)
		for _, one := range owed {
			k.putOff(one, "the mail server was away", false)
		}
		queue, err := k.Mail.List(ctx, 10)
		k.must(err)
		if len(queue) != 2 {
			t.Fatalf("%d mails in the queue, want 2", len(queue))
		}
		for _, mail := range queue {
			err := k.Mail.Retry(ctx, mail.ID)
			if mail.Kind == models.MailPasswordReset {
				k.is(err, models.ErrTokenSpent)
				continue
			}
			k.must(err)
		}
		k.letter(models.MailPasswordChanged, a.Email)
	})
}

// A sign-up that is not yet confirmed has no right to the address of another account: if
// somebody asks for a reset of the sign-up, no mail is sent.
func TestResetOfAnUnconfirmedSignUpMailsNobody(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		owner := k.account()
		name := newName()
		_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: name, Email: owner.Email, Password: goodPassword, Locale: "en"}, home)
		k.must(err)
		k.letter(models.MailAlreadyRegistered, owner.Email)
		k.must(k.Recovery.Request(ctx, name, home, false))
		if got := kinds(k.letters(), owner.Email); len(got) != 1 || got[0] != models.MailAlreadyRegistered {
			t.Errorf("mails to the owner of the address: %v, want that there is an account already", got)
		}
	})
}

// An operator can create an account without a password even if the minimum length of passwords is
// large.
func TestOperatorsCreateWithLongPasswords(t *testing.T) {
	each(t, func(k *kit) {
		name := newName()
		_, err := k.Operators.Create(k.t.Context(), models.SignUp{Username: name, Email: addressOf(name), Locale: "en"})
		k.must(err)
		k.letter(models.MailAccountCreated, addressOf(name))
		_, err = k.Operators.Create(k.t.Context(), models.SignUp{Username: newName(), Email: addressOf(name), Locale: "xx"})
		k.is(err, models.ErrLanguageInvalid)
	}, func(o *models.Options) { o.PasswordMinLength = 64 })
}
