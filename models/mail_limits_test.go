package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// addresses that differ by a tag behind a plus are one mailbox.
func TestPlusAddressesAreOneMailbox(t *testing.T) {
	each(t, func(k *kit) {
		name := newName()
		signUp := func(tag string) {
			k.clock.Advance(time.Minute)
			_, err := k.Accounts.SignUp(k.t.Context(), models.SignUp{
				Username: newName(), Email: name + tag + "@example.org", Password: goodPassword,
			}, home)
			k.must(err)
		}
		for i := range 30 {
			signUp(fmt.Sprintf("+%d", i))
		}
		signUp("")
		got := 0
		for _, letter := range k.letters() {
			if strings.HasPrefix(letter.To, name) {
				got++
			}
		}
		if want := 10; got != want {
			k.t.Errorf("%d mails to one mailbox on a day, want %d", got, want)
		}
		other := name + "x"
		k.signUp(other)
		k.letter(models.MailConfirm, addressOf(other))
	})
}

// An operator's password reset reaches the person even after strangers have used up the
// mails of the day and the extra reset of the hour.
func TestOperatorsResetAlwaysPasses(t *testing.T) {
	each(t, func(k *kit) {
		ctx, victim := k.t.Context(), k.account()
		for range 12 {
			k.clock.Advance(time.Minute)
			_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: newName(), Email: victim.Email, Password: goodPassword}, home)
			k.must(err)
		}
		k.must(k.Recovery.Request(ctx, victim.Username, home, false))
		k.letters()
		k.clock.Advance(2 * time.Minute)
		k.must(k.Recovery.Request(ctx, victim.Username, home, false))
		if got := kinds(k.letters(), victim.Email); len(got) != 0 {
			k.t.Fatalf("got the mails %v, want the day and the hour used up", got)
		}
		k.must(k.Operators.SendReset(ctx, victim.Username))
		letter := k.letter(models.MailPasswordReset, victim.Email)
		k.must(k.Recovery.ResetPassword(ctx, letter.Secret, otherPassword, home))
	})
}
