package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func TestDelete(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("erases every row of the person", func(k *kit) {
			a, b := k.account(), k.account()
			k.must(k.Accounts.SetLocale(ctx, a.ID, "de"))
			k.change(a, addressOf(newName()))
			k.clock.Advance(73 * time.Hour)
			a = k.get(a)
			k.must(k.PINs.Set(ctx, a.ID, "", "8305", home))
			in := k.signIn(a)
			k.signIn(a)
			k.askChange(a, addressOf(newName()))
			k.resetSecret(a)
			k.clock.Advance(time.Hour)
			k.must(k.Recovery.Request(ctx, a.Username, home, false))
			owed, err := k.Mail.Claim(ctx, "worker", 10)
			k.must(err)
			k.exec("UPDATE accounts SET guardian_id = ? WHERE id = ?", a.ID, b.ID)
			for _, table := range []string{
				"accounts.id", "accounts.guardian_id", "emails.account_id", "email_changes.account_id",
				"sessions.account_id", "tokens.account_id", "history.account_id",
			} {
				if k.rowsOf(a.ID)[table] == "" {
					k.t.Errorf("the test leaves %s empty", table)
				}
			}
			k.is(k.Accounts.Delete(ctx, a.ID, otherPassword), models.ErrWrongPassword)
			k.must(k.Accounts.Delete(ctx, a.ID, goodPassword))
			if diff := cmp.Diff(map[string]string{}, k.rowsOf(a.ID)); diff != "" {
				k.t.Errorf("rows are left: %s", diff)
			}
			for _, one := range owed { // a worker that had its mails leased
				if _, send, err := k.Mail.Prepare(ctx, one); err != nil || send {
					k.t.Errorf("mail %s is sent to nobody, %v", one.Kind, err)
				}
			}
			if diff := cmp.Diff(map[string]string{}, k.rowsOf(a.ID)); diff != "" {
				k.t.Errorf("rows are back: %s", diff)
			}
			letters := k.letters()
			goodbye := k.only(letters, models.MailAccountDeleted, a.Email)
			if goodbye.Locale != "de" || goodbye.Facts.Username != a.Username || len(letters) != 1 {
				k.t.Errorf("letters %+v", letters)
			}
			_, err = k.Sessions.Look(ctx, in.Token)
			k.is(err, models.ErrNoSession)
			_, err = k.Accounts.Get(ctx, a.ID)
			k.is(err, models.ErrNotFound)
			k.is(k.Accounts.Delete(ctx, a.ID, goodPassword), models.ErrNotFound)
			k.signUp(a.Username) // both names are free
			k.letters()
			c := newName()
			_, err = k.Accounts.SignUp(ctx, models.SignUp{Username: c, Email: a.Email, Password: goodPassword}, home)
			k.must(err)
			k.must(k.Operators.Confirm(ctx, c))
			if got := k.get(b); got.ID != b.ID {
				k.t.Errorf("the other account %+v", got)
			}
		})
		k.run("by an operator", func(k *kit) {
			a := k.account()
			k.must(k.Operators.Disable(ctx, a.Username))
			k.must(k.Operators.Delete(ctx, a.Email))
			k.is(k.Operators.Delete(ctx, a.Username), models.ErrNotFound)
			k.only(k.letters(), models.MailAccountDeleted, a.Email)
			name := newName()
			k.signUp(name)
			k.must(k.Operators.Delete(ctx, name)) // nobody has confirmed that address: it is told nothing
			if letters := k.letters(); len(letters) != 0 {
				k.t.Errorf("letters %+v", letters)
			}
		})
		k.run("once", func(k *kit) {
			a := k.account()
			k.oneWinner(parallel(8, func(int) error { return k.Operators.Delete(ctx, a.Username) }), models.ErrNotFound)
			k.only(k.letters(), models.MailAccountDeleted, a.Email)
		})
	})
}
