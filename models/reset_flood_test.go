package models_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// All day, strangers use up the resets of the whole service and the resets of the owner's
// own network. Each confirmed account still gets one reset an hour, and sign-ups still get
// their confirmation. A request is refused only if the caller's own address has used up its
// tries.
func TestStrangersDoNotStopResets(t *testing.T) {
	strict(t, func(k *kit) {
		ctx, neighbour := k.t.Context(), models.Caller{Address: "203.0.113.40"}
		a, waiting := k.account(), newName()
		pending := k.signUp(waiting)
		k.letters()
		ask := func(from models.Caller, want int) {
			k.t.Helper()
			k.must(models.UseUpResets(ctx, k.Store, from.Address))
			k.must(k.Recovery.Request(ctx, a.Username, from, false))
			if got := kinds(k.letters(), a.Email); len(got) != want {
				k.t.Errorf("%v: got the mails %v, want %d with a reset", k.clock.Now(), got, want)
			}
		}
		for hour := range 23 {
			k.clock.Advance(time.Hour)
			ask(home, 1)
			k.clock.Advance(2 * time.Minute)
			ask(neighbour, 0)
			if hour < 5 {
				k.must(k.Emails.Resend(ctx, pending, home))
				k.letter(models.MailConfirm, addressOf(waiting))
			}
		}
		corrected := addressOf(newName())
		k.must(k.Emails.Correct(ctx, pending, corrected, home))
		k.letter(models.MailConfirm, corrected)
		k.clock.Advance(time.Hour)
		for range 5 {
			k.must(k.Recovery.Request(ctx, newName(), home, false))
		}
		ask(home, 0)
		ask(neighbour, 1)
	})
}

// Strangers with many addresses ask for resets of names that have no account: no matter how
// many names they try, only a few rows wait for the worker. One of these rows is the mail of a
// person who needs a reset.
func TestUnknownNamesLeaveFewMails(t *testing.T) {
	strict(t, func(k *kit) {
		ctx, a := k.t.Context(), k.account()
		k.letters()
		for i := range 300 {
			k.must(k.Recovery.Request(ctx, newName(), models.Caller{Address: fmt.Sprintf("2001:db8:%x::1", i)}, false))
		}
		k.must(k.Recovery.Request(ctx, a.Username, home, false))
		k.must(k.Recovery.Request(ctx, newName(), models.Caller{Address: "203.0.113.40"}, false))
		owed, err := k.Mail.Claim(ctx, "worker", 1000)
		k.must(err)
		const most = 64 + 1
		if len(owed) < 2 || len(owed) > most {
			k.t.Errorf("%d mails wait for the worker, want at least 2 and at most %d", len(owed), most)
		}
		k.must(k.Mail.Release(ctx, "worker"))
		k.letter(models.MailPasswordReset, a.Email)
		if n := k.texts("SELECT COUNT(*) FROM outbox")[0][0]; n != "0" {
			k.t.Errorf("%s mails are left when the worker has done its work, want none", n)
		}
	})
}
