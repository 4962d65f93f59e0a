package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// Deleting erases every row of an account, whether the person or an operator does it.
func TestDeleteErasesTheAccount(t *testing.T) {
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
					k.t.Errorf("the test fills no row in %s, want one or more", table)
				}
			}
			k.is(k.Accounts.Delete(ctx, a.ID, otherPassword, home), models.ErrWrongPassword)
			k.is(k.Accounts.Delete(ctx, a.ID, goodPassword, home), models.ErrMembersFirst)
			k.exec("UPDATE accounts SET guardian_id = NULL WHERE id = ?", b.ID)
			k.must(k.Accounts.Delete(ctx, a.ID, goodPassword, home))
			if diff := cmp.Diff(map[string]string{}, k.rowsOf(a.ID)); diff != "" {
				k.t.Errorf("rows of the deleted account (-want +got): %s", diff)
			}
			for _, one := range owed { // a worker has leased these mails
				if _, send, err := k.Mail.Prepare(ctx, one); err != nil || send {
					k.t.Errorf("mail %s: it is still sent or failed with error %v, want it dropped", one.Kind, err)
				}
			}
			if diff := cmp.Diff(map[string]string{}, k.rowsOf(a.ID)); diff != "" {
				k.t.Errorf("rows of the deleted account after the worker ran (-want +got): %s", diff)
			}
			letters := k.letters()
			goodbye := k.only(letters, models.MailAccountDeleted, a.Email)
			if goodbye.Locale != "de" || goodbye.Facts.Username != a.Username || len(letters) != 1 {
				k.t.Errorf("got the mails %+v, want one goodbye in German with the username", letters)
			}
			_, err = k.Sessions.Look(ctx, in.Token)
			k.is(err, models.ErrNoSession)
			_, err = k.Accounts.Get(ctx, a.ID)
			k.is(err, models.ErrNotFound)
			k.is(k.Accounts.Delete(ctx, a.ID, goodPassword, home), models.ErrNotFound)
			k.signUp(a.Username) // the username and the address are free again
			k.letters()
			c := newName()
			_, err = k.Accounts.SignUp(ctx, models.SignUp{Username: c, Email: a.Email, Password: goodPassword}, home)
			k.must(err)
			k.must(k.Operators.Confirm(ctx, c))
			if got := k.get(b); got.ID != b.ID {
				k.t.Errorf("got the other account %+v, want it unchanged", got)
			}
		})
		k.run("deletes for an operator, too", func(k *kit) {
			a := k.account()
			k.must(k.Operators.Disable(ctx, a.Username))
			k.must(k.Operators.Delete(ctx, a.Email))
			k.is(k.Operators.Delete(ctx, a.Username), models.ErrNotFound)
			k.only(k.letters(), models.MailAccountDeleted, a.Email)
			name := newName()
			k.signUp(name)
			k.must(k.Operators.Delete(ctx, name)) // the address was never confirmed, so it gets no mail
			if letters := k.letters(); len(letters) != 0 {
				k.t.Errorf("got the mails %+v, want none to an unconfirmed address", letters)
			}
		})
		k.run("succeeds once of many at the same time", func(k *kit) {
			a := k.account()
			k.oneWinner(parallel(8, func(int) error { return k.Operators.Delete(ctx, a.Username) }), models.ErrNotFound)
			k.only(k.letters(), models.MailAccountDeleted, a.Email)
		})
	})
}

// The feeds keep the id of a deleted account until their agents have read the change. They
// keep neither its name nor its devices.
func TestDeletedAccountLeavesOnlyItsNumber(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m, theirs := k.agent(owner), k.agent(anna)
		k.must(k.Invites.Accept(ctx, anna.ID, k.invite(owner, anna.Username, m).ID, home))
		k.must(k.Invites.Accept(ctx, owner.ID, k.invite(anna, owner.Username, theirs).ID, home))
		device := k.deviceOf(anna)
		k.must(k.Sessions.End(ctx, anna.ID, device.ID, home))
		k.must(k.Accounts.Delete(ctx, anna.ID, goodPassword, home))
		k.letters()
		for _, c := range k.changes(m, 0) {
			if c.AccountID != anna.ID || c.DeviceID != "" || c.Link != nil {
				k.t.Errorf("got the change %+v, want only the id of the account", c)
			}
		}
		dump := k.dump()
		for what, text := range map[string]string{"username": anna.Username, "device": "dev-9"} {
			if strings.Contains(dump, text) {
				k.t.Errorf("the dump contains the %s of a deleted account, want only its id", what)
			}
		}
		k.must(k.Changes.Acknowledge(ctx, m.Server, k.last(m)))
		k.clock.Advance(8 * 24 * time.Hour)
		k.must(k.Sweep(ctx))
		if left := k.changes(m, 0); len(left) != 0 {
			k.t.Errorf("after the acknowledgement: got the changes %+v, want none", left)
		}
	})
}
