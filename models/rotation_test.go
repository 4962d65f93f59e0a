package models_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		const first, second, third = modelstest.Key, "the second secret key, for the next year", "the third secret key, nobody's so far"
		clock := modelstest.NewClock()
		ctx := t.Context()
		open := func(current, previous string) *kit {
			store := modelstest.Open(t, address, clock, modelstest.Loose, withKeys(t, current, previous))
			models.Impatient(store)
			return &kit{store, t, clock}
		}
		refused := func(current, previous string) {
			t.Helper()
			options, err := modelstest.Options(address, clock)
			if err != nil {
				t.Fatal(err)
			}
			withKeys(t, current, previous)(&options)
			store, err := models.New(options)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			if _, err := store.Prepare(ctx, "test"); !errors.Is(err, models.ErrWrongKey) {
				t.Errorf("the key %.10q after %.10q gave error %v, want wrong key", current, previous, err)
			}
		}
		k := open(first, "")
		ada, ben := k.account(), k.account()
		in := k.signIn(ada)
		for _, a := range []models.Account{ada, ben} {
			k.must(k.PINs.Set(ctx, a.ID, "", "8305", home))
		}
		k.letters()
		name := newName()
		k.signUp(name)
		one := k.claimOne("worker")
		link := k.prepared(one).Secret
		k.must(k.Mail.Release(ctx, "worker"))
		late := newName()
		k.signUp(late)

		refused(third, "")
		refused(third, second)
		k = open(second, first)
		if _, err := k.Sessions.Look(ctx, in.Token); err != nil {
			t.Errorf("the session is refused with error %v, want it to go on", err)
		}
		var again string
		for _, o := range k.claim("worker") {
			if o.ID == one.ID {
				again = k.prepared(o).Secret
			}
		}
		if again != link {
			t.Error("the secret of a mail changed with the key, want the same one")
		}
		k.must(k.Emails.Confirm(ctx, link, home))
		k.must(k.Mail.Release(ctx, "worker"))
		hashes := func(a models.Account) (both [2]string) {
			row := k.query("SELECT password_hash, pin_hash FROM accounts WHERE id = ?", a.ID)[0]
			return [2]string{row.text(0), row.text(1)}
		}
		before := hashes(ada)
		// The known browser is still known, so the tries of strangers do not delay it.
		parallel(8, func(int) error { _, err := k.trySignIn(ada.Username, otherPassword); return err })
		_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: ada.Username, Password: goodPassword, DeviceMarks: []string{in.DeviceMark}}, home)
		k.must(err)
		k.must(k.PINs.Verify(ctx, ada.ID, "8305", home))
		after := hashes(ada)
		for i := range after {
			if before[i] == after[i] || strings.Split(before[i], "$")[0] == strings.Split(after[i], "$")[0] {
				t.Errorf("hash %d was %.20s and is %.20s, want it made again with the new key", i, before[i], after[i])
			}
		}
		clock.Advance(time.Hour)
		k.must(k.PINs.Verify(ctx, ada.ID, "8305", home))
		if hashes(ada) != after {
			t.Error("hashes were made again without need, want them unchanged")
		}

		refused(first, "")    // newer hashes could not be checked
		refused(third, first) // only the newest key can be replaced by another
		k = open(second, "")
		_, err = k.trySignIn(ada.Username, goodPassword)
		k.must(err)
		k.must(k.PINs.Verify(ctx, ada.ID, "8305", home))
		// Ben did not sign in while both keys were set. His password is refused as wrong, and a reset helps.
		_, err = k.trySignIn(ben.Username, goodPassword)
		k.is(err, models.ErrSignInWrong)
		k.is(k.PINs.Verify(ctx, ben.ID, "8305", home), models.ErrWrongPIN)
		for _, l := range k.letters() {
			if l.Kind == models.MailConfirm {
				t.Errorf("got the mail %+v, want it dropped because its key is gone", l)
			}
		}
		k.must(k.Recovery.ResetPassword(ctx, k.resetSecret(ben), otherPassword, home))
		_, err = k.trySignIn(ben.Username, otherPassword)
		k.must(err)
		k.must(k.PINs.ResetByPassword(ctx, ben.ID, otherPassword, "9413", home))
		k.must(k.PINs.Verify(ctx, ben.ID, "9413", home))

		// The first key can be set again in the same way.
		k = open(first, second)
		_, err = k.trySignIn(ada.Username, goodPassword)
		k.must(err)
		refused(second, "")
		open(first, "")
		open(third, first)
	})
}
