package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// Strangers use up the resets of the whole service, and those of the owner's own network,
// all day. Each confirmed account still gets one reset an hour, and sign-ups still get
// their confirmation. Only the tries of the caller's own address are a limit.
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
