package models_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// The pages of a history together hold the same events as the whole list, and no events of
// another account.
func TestHistoryPagesAreComplete(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a, other := k.account(), k.account()
		for _, name := range []string{"One", "Two", "Three"} {
			k.must(k.Accounts.SetProfile(ctx, a.ID, models.Profile{Username: a.Username, DisplayName: name, Locale: "en"}, home))
			k.must(k.Accounts.SetProfile(ctx, other.ID, models.Profile{Username: other.Username, DisplayName: name, Locale: "en"}, home))
		}
		want, err := k.History.List(ctx, a.ID, 100)
		k.must(err)
		var got []models.Event
		var before int64
		for range 100 {
			page, err := k.History.Page(ctx, a.ID, before, 2)
			k.must(err)
			if len(page) == 0 {
				break
			}
			for _, one := range page {
				if before != 0 && one.ID >= before {
					k.t.Errorf("event %d follows event %d, want the newest first", one.ID, before)
				}
				before = one.ID
				got = append(got, one.Event)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) < 4 {
			k.t.Errorf("history (-at once +by pages):\n%s", diff)
		}
	})
}

// Operators' programs find accounts by their ids.
func TestOperatorsFindAccountsByID(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a, other := k.account(), k.account()
		k.letters()
		k.must(k.OperatedAccounts.Disable(ctx, models.CommandLine, a.ID))
		if k.get(a).DisabledAt.IsZero() || !k.get(other).DisabledAt.IsZero() {
			k.t.Error("the wrong account was disabled, want only the named one")
		}
		_, err := k.trySignIn(a.Username, goodPassword)
		k.is(err, models.ErrAccountDisabled)
		k.must(k.OperatedAccounts.Enable(ctx, models.CommandLine, a.ID))
		_, err = k.trySignIn(a.Username, goodPassword)
		k.must(err)
		k.must(k.OperatedAccounts.SendReset(ctx, models.CommandLine, a.ID))
		k.must(k.Recovery.ResetPassword(ctx, k.letter(models.MailPasswordReset, a.Email).Secret, otherPassword, home))
		for _, do := range []error{
			k.OperatedAccounts.Disable(ctx, models.CommandLine, 1), k.OperatedAccounts.Enable(ctx, models.CommandLine, 1), k.OperatedAccounts.SendReset(ctx, models.CommandLine, 1),
		} {
			k.is(do, models.ErrNotFound)
		}
	})
}

// Events that are older than the time for which they are kept are not shown, even if no
// sweep has deleted them yet.
func TestHistoryEndsWithItsLife(t *testing.T) {
	each(t, func(k *kit) {
		a := k.account()
		k.clock.Advance(models.DefaultLives().History)
		k.must(k.Accounts.SetLocale(k.t.Context(), a.ID, "de"))
		page, err := k.History.Page(k.t.Context(), a.ID, 0, 100)
		k.must(err)
		list, err := k.History.List(k.t.Context(), a.ID, 100)
		k.must(err)
		if len(page) != 0 || len(list) != 0 {
			k.t.Errorf("got the events %+v and %+v after their life, want none", page, list)
		}
	})
}
