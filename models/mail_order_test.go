package models_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// Mails that were never tried come before mails that were tried, no matter which have been due
// longer. Only the places that the worker keeps for retries are an exception.
func TestMailsThatWereNeverTriedComeFirst(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		owe := func(n int) {
			for range n {
				k.clock.Advance(time.Millisecond)
				k.signUp(newName())
			}
		}
		owe(4)
		for _, owed := range k.claim("worker") {
			k.putOff(owed, "451 later", false)
		}
		k.clock.Advance(time.Hour)
		owe(3)
		room := func(string) int { return 9 }
		claimed, left, err := k.Mail.ClaimWithin(ctx, models.Claims{Owner: "worker", Most: 3, Retries: 1, Room: room})
		k.must(err)
		attempts := func(mails []models.Owed) (of []int) {
			for _, one := range mails {
				of = append(of, one.Attempts)
			}
			return of
		}
		if got := attempts(claimed); !slices.Equal(got, []int{2, 1, 1}) {
			k.t.Errorf("claimed mails with the attempts %v, want one that was tried before, and two new ones", got)
		}
		claimed, left, err = k.Mail.ClaimWithin(ctx, models.Claims{Owner: "worker", Most: 3, Room: room, Waiting: left})
		k.must(err)
		if got := attempts(claimed); !slices.Equal(got, []int{1, 2, 2}) || len(left) != 1 {
			k.t.Errorf("claimed mails with the attempts %v and left %d, want a new one, two that were tried before, and one left", got, len(left))
		}
		for i := 1; i < len(claimed); i++ {
			if claimed[i-1].ID == claimed[i].ID {
				k.t.Errorf("the mail %d was claimed twice, want once", claimed[i].ID)
			}
		}
	}, modelstest.Unlimited)
}

// While the mail server is away, each mail that waits says why it waits, and a single one of the
// mails that were put off can be made due.
func TestMailsThatWaitSayWhy(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		for range 2 {
			k.signUp(newName())
		}
		owed, err := k.Mail.Claim(ctx, "worker", 1)
		k.must(err)
		k.putOff(owed[0], "the port is closed", false)
		k.must(k.Mail.Explain(ctx, "the server is away"))
		causes := map[string]int{}
		for _, m := range k.queue() {
			causes[m.LastError]++
		}
		if causes["the port is closed"] != 1 || causes["the server is away"] != 1 {
			k.t.Errorf("the mails say %v, want the cause of its own for one and of the server for the other", causes)
		}
		if got := len(k.claim("worker")); got != 1 {
			k.t.Errorf("%d mails are due, want the one that was not tried", got)
		}
		k.must(k.Mail.HurryOne(ctx))
		if got := k.claim("worker"); len(got) != 1 || got[0].ID != owed[0].ID {
			k.t.Errorf("the mails %v are due, want the one that was put off", got)
		}
		k.must(k.Mail.HurryOne(ctx)) // nothing is left to hurry
	}, modelstest.Unlimited)
}
