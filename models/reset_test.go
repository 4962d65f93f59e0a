package models_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestResetSetsANewPassword(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("sets a password once and ends all sessions", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			link := k.resetSecret(a)
			if _, err := k.Sessions.Look(ctx, in.Token); err != nil {
				k.t.Errorf("asking for a reset ended the session with error %v, want no change", err)
			}
			info, err := k.Recovery.Look(ctx, link)
			k.must(err)
			if info.Username != a.Username || info.AccountID != a.ID {
				k.t.Errorf("got the link %+v, want the account", info)
			}
			k.is(k.Recovery.ResetPassword(ctx, link, "short", home), fieldError("password", "password_too_short"))
			k.is(k.Recovery.ResetPassword(ctx, link, a.Username+"1234", home), fieldError("password", "password_personal"))
			k.must(k.Recovery.ResetPassword(ctx, link, otherPassword, home))
			_, err = k.Sessions.Look(ctx, in.Token)
			k.is(err, models.ErrNoSession)
			if sessions := k.sessions(a.ID); len(sessions) != 0 {
				k.t.Errorf("%d sessions, want 0 because a reset signs nobody in", len(sessions))
			}
			_, err = k.trySignIn(a.Username, goodPassword)
			k.is(err, models.ErrSignInWrong)
			_, err = k.trySignIn(a.Username, otherPassword)
			k.must(err)
			k.is(k.Recovery.ResetPassword(ctx, link, goodPassword, home), models.ErrTokenSpent)
			_, err = k.Recovery.Look(ctx, link)
			k.is(err, models.ErrTokenSpent)
			k.only(k.letters(), models.MailPasswordChanged, a.Email)
		})
		k.run("finds the account by username or address in any case", func(k *kit) {
			a := k.account()
			for _, name := range []string{a.Username, " " + a.Email, "PERSON" + a.Email[len("person"):]} {
				k.clock.Advance(2 * time.Minute)
				k.must(k.Recovery.Request(ctx, name, home, false))
				k.letter(models.MailPasswordReset, a.Email)
			}
		})
		k.run("gives the same answer for unknown names and sends no mail", func(k *kit) {
			a := k.account()
			k.must(k.Operators.Disable(ctx, a.Username))
			for _, name := range []string{"nobody", "nobody@example.org", a.Username, a.Email, "a@example.org,b@example.org", "\x00", "%"} {
				k.must(k.Recovery.Request(ctx, name, home, false))
			}
			if letters := k.letters(); len(letters) != 0 {
				k.t.Errorf("got the mails %+v, want none", letters)
			}
			k.is(k.Recovery.Request(ctx, "  ", home, false), models.ErrNameOrEmailAbsent)
			if mails, err := k.Mail.List(ctx, 10); err != nil || len(mails) != 0 {
				k.t.Errorf("the queue has %+v, error %v; want no mail", mails, err)
			}
		})
		k.run("expires after an hour", func(k *kit) {
			a := k.account()
			link := k.resetSecret(a)
			k.clock.Advance(time.Hour - time.Millisecond)
			_, err := k.Recovery.Look(ctx, link)
			k.must(err)
			k.clock.Advance(time.Millisecond)
			k.is(k.Recovery.ResetPassword(ctx, link, otherPassword, home), models.ErrTokenSpent)
		})
		k.run("a new link ends the earlier one", func(k *kit) {
			a := k.account()
			first := k.resetSecret(a)
			second := k.resetSecret(a)
			k.is(k.Recovery.ResetPassword(ctx, first, otherPassword, home), models.ErrTokenSpent)
			k.must(k.Recovery.ResetPassword(ctx, second, otherPassword, home))
		})
		k.run("ends with a new password, together with the PIN link", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			reset, pin := k.resetSecret(a), k.pinResetSecret(a)
			_, err := k.Accounts.ChangePassword(ctx, in.Session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
			k.must(err)
			k.is(k.Recovery.ResetPassword(ctx, reset, goodPassword, home), models.ErrTokenSpent)
			k.is(k.PINs.ResetByMail(ctx, pin, "8305", home), models.ErrTokenSpent)
		})
		k.run("a mail that was asked for before a reset is not sent after it", func(k *kit) {
			a := k.account()
			k.must(k.Recovery.Request(ctx, a.Username, home, false))
			stuck, err := k.Mail.Claim(ctx, "a worker that dies", 10)
			k.must(err)
			if len(stuck) != 1 {
				k.t.Fatalf("got %d mails, want 1", len(stuck))
			}
			k.must(k.Recovery.ResetPassword(ctx, k.resetSecret(a), otherPassword, home))
			k.must(k.Mail.EndLease(ctx, k.lease()))
			if got := kinds(k.letters(), a.Email); len(got) != 1 || got[0] != models.MailPasswordChanged {
				k.t.Errorf("got the mails %v, want only the notice of the new password", got)
			}
		})
		k.run("confirms the address of a sign-up", func(k *kit) {
			name := newName()
			k.signUp(name)
			k.letters()
			k.must(k.Recovery.ResetPassword(ctx, k.resetSecret(k.byName(name)), otherPassword, home))
			_, err := k.trySignIn(addressOf(name), otherPassword)
			k.must(err)
		})
		k.run("is limited to one a minute, five an hour and ten a day for any name, and then to one an hour", func(k *kit) {
			a := k.account()
			asked := func() int {
				k.must(k.Recovery.Request(ctx, a.Username, home, false))
				k.must(k.Recovery.Request(ctx, a.Email, home, false)) // the name and the address share one counter
				k.must(k.Recovery.Request(ctx, "nobody-"+a.Username, home, false))
				mails, err := k.Mail.List(ctx, 100)
				k.must(err)
				k.letters()
				return len(mails)
			}
			k.letters()
			var got []int
			for range 6 {
				got = append(got, asked())
				k.clock.Advance(time.Minute)
			}
			k.clock.Advance(time.Hour)
			for range 6 {
				got = append(got, asked())
				k.clock.Advance(time.Minute)
			}
			k.clock.Advance(2 * time.Hour)
			got = append(got, asked())
			k.clock.Advance(24 * time.Hour)
			got = append(got, asked())
			want := []int{2, 2, 2, 2, 2, 0, 2, 2, 2, 2, 2, 0, 2, 2} // beyond the ten of a day, one an hour
			for i := range want {
				if got[i] != want[i] {
					k.t.Fatalf("mails owed %v, want %v", got, want)
				}
			}
		})
		k.run("reaches the owner once an hour, whatever strangers did", func(k *kit) {
			a := k.account()
			stranger := func(n int) models.Caller { return models.Caller{Address: fmt.Sprintf("198.51.100.%d", n)} }
			mails := func() (n int) {
				for _, letter := range k.letters() {
					if letter.Kind == models.MailPasswordReset && letter.To == a.Email {
						n++
					}
				}
				return n
			}
			k.letters()
			for n := range 10 {
				k.must(k.Recovery.Request(ctx, a.Username, stranger(n), false))
				k.clock.Advance(7 * time.Minute)
			}
			for n := range 100 {
				_, _ = k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: a.Username, Password: otherPassword}, stranger(n))
				k.clock.Advance(10 * time.Second)
			}
			mails()
			for hour := range 22 {
				k.clock.Advance(time.Hour)
				k.must(k.Recovery.Request(ctx, a.Username, home, false))
				k.clock.Advance(2 * time.Minute)
				k.must(k.Recovery.Request(ctx, a.Username, stranger(200), false)) // a second one in this hour
				usedUp := hour >= 2 && hour <= 20                                 // before it some of the day's ten are left, after it a new day begins
				if got := mails(); got < 1 || usedUp && got != 1 {
					k.t.Errorf("hour %d: %d reset mails, want 1", hour, got)
				}
			}
		})
		k.run("is limited to two an hour for a source without a captcha", func(k *kit) {
			from := models.Caller{Address: "198.51.100.7"}
			var names []string
			for range 4 { // requests for unknown names would share a few rows, sometimes even two of them
				names = append(names, k.account().Username)
			}
			k.letters()
			for _, name := range names {
				k.must(k.Recovery.Request(ctx, name, from, true))
			}
			if mails, err := k.Mail.List(ctx, 100); err != nil || len(mails) != 2 {
				k.t.Errorf("%d mails, %v, want 2", len(mails), err)
			}
			k.letters()
		})
	})
}
