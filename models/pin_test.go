package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestPINIsSetVerifiedAndReset(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		withPIN := func(k *kit) models.Account {
			k.t.Helper()
			a := k.account()
			k.must(k.PINs.Set(ctx, a.ID, "", "8305", home))
			k.letters()
			return k.get(a)
		}
		k.run("are set, changed and removed, each with a mail", func(k *kit) {
			a := k.account()
			k.is(k.PINs.Verify(ctx, a.ID, "8305", home), models.ErrPINNotSet)
			k.is(k.PINs.Remove(ctx, a.ID, "8305", home), models.ErrPINNotSet)
			step := func(what string, has bool, err error) {
				k.t.Helper()
				k.must(err)
				got := k.get(a)
				if got.HasPIN != has || !got.PINChangedAt.Equal(k.clock.Now()) {
					k.t.Errorf("after %s: got the account %+v, want the right state of its PIN and the time of now", what, got)
				}
				if letter := k.letter(models.MailPINChanged, a.Email); letter.Facts.What != what {
					k.t.Errorf("mail says %q, want %q", letter.Facts.What, what)
				}
				k.clock.Advance(time.Minute)
			}
			step("set", true, k.PINs.Set(ctx, a.ID, "", "K7w2", home))
			k.must(k.PINs.Verify(ctx, a.ID, " k7W2 ", home))
			step("changed", true, k.PINs.Set(ctx, a.ID, "k7w2", "8305", home))
			k.is(k.PINs.Verify(ctx, a.ID, "k7w2", home), models.ErrWrongPIN)
			k.is(k.PINs.Set(ctx, a.ID, "k7w2", "9413", home), models.ErrWrongPIN)
			k.is(k.PINs.Remove(ctx, a.ID, "", home), models.ErrPINImpossible)
			k.is(k.PINs.Set(ctx, a.ID, "8305", "1234", home), fieldError("pin", "pin_sequence"))
			step("removed", false, k.PINs.Remove(ctx, a.ID, "8305", home))
			k.is(k.PINs.Verify(ctx, a.ID, "8305", home), models.ErrPINNotSet)
			k.is(k.PINs.Verify(ctx, a.ID, "", home), models.ErrPINNotSet)
			k.is(k.PINs.Verify(ctx, 1, "8305", home), models.ErrNotFound)
		})
		k.run("are reset by mail", func(k *kit) {
			a := withPIN(k)
			link := k.pinResetSecret(a)
			info, err := k.PINs.LookReset(ctx, link)
			k.must(err)
			if info.Username != a.Username {
				k.t.Errorf("got the link %+v, want the username", info)
			}
			k.is(k.PINs.ResetByMail(ctx, link, "1234", home), fieldError("pin", "pin_sequence"))
			k.must(k.PINs.ResetByMail(ctx, link, "9413", home))
			k.is(k.PINs.ResetByMail(ctx, link, "7264", home), models.ErrTokenSpent)
			k.must(k.PINs.Verify(ctx, a.ID, "9413", home))
			if sessions := k.sessions(a.ID); len(sessions) != 0 {
				k.t.Errorf("%d sessions, want 0", len(sessions))
			}
			k.must(k.PINs.ResetByMail(ctx, k.pinResetSecret(a), "", home))
			if k.get(a).HasPIN {
				k.t.Error("the account still has a PIN, want none")
			}
			link = k.pinResetSecret(a)
			k.clock.Advance(time.Hour)
			k.is(k.PINs.ResetByMail(ctx, link, "9413", home), models.ErrTokenSpent)
			link = k.pinResetSecret(a)
			k.must(k.PINs.Set(ctx, a.ID, "", "7264", home)) // a change of the PIN ends the reset link
			k.is(k.PINs.ResetByMail(ctx, link, "9413", home), models.ErrTokenSpent)
		})
		k.run("are reset with the password", func(k *kit) {
			a := withPIN(k)
			k.is(k.PINs.ResetByPassword(ctx, a.ID, otherPassword, "9413", home), models.ErrWrongPassword)
			k.is(k.PINs.ResetByPassword(ctx, a.ID, goodPassword, "9999", home), fieldError("pin", "pin_repeats"))
			k.must(k.PINs.ResetByPassword(ctx, a.ID, goodPassword, "9413", home))
			k.must(k.PINs.Verify(ctx, a.ID, "9413", home))
			k.must(k.PINs.ResetByPassword(ctx, a.ID, goodPassword, "", home))
			k.is(k.PINs.Verify(ctx, a.ID, "9413", home), models.ErrPINNotSet)
		})
		k.run("are reset by at most one mail a minute", func(k *kit) {
			a := withPIN(k)
			for range 3 {
				k.must(k.PINs.RequestReset(ctx, a.ID))
			}
			k.letter(models.MailPINReset, a.Email)
		})
		// Guesses at a PIN are limited.
		k.run("have five tries in a quarter of an hour and ten a day", func(k *kit) {
			a := withPIN(k)
			for left := 4; left >= 0; left-- {
				err := k.PINs.Verify(ctx, a.ID, "0000", home)
				k.is(err, models.ErrWrongPIN)
				known, _ := errors.AsType[*models.Error](err)
				if got := known.Fields[0].Params["Left"]; got != string(rune('0'+left)) {
					k.t.Errorf("%s tries left, want %d", got, left)
				}
			}
			err := k.PINs.Verify(ctx, a.ID, "8305", home)
			k.is(err, models.ErrPINThrottled)
			if known, _ := errors.AsType[*models.Error](err); known.RetryAfter != 15*time.Minute {
				k.t.Errorf("retry after %v, want 15m0s", known.RetryAfter)
			}
			k.is(k.PINs.Set(ctx, a.ID, "8305", "9413", home), models.ErrPINThrottled) // all ways to give the PIN share one counter
			k.clock.Advance(15 * time.Minute)
			for range 4 {
				k.is(k.PINs.Verify(ctx, a.ID, "0000", home), models.ErrWrongPIN)
			}
			k.is(k.PINs.Verify(ctx, a.ID, "0000", home), models.ErrPINOff)
			k.clock.Advance(48 * time.Hour)
			k.is(k.PINs.Verify(ctx, a.ID, "8305", home), models.ErrPINOff)
			k.is(k.PINs.Set(ctx, a.ID, "8305", "9413", home), models.ErrPINOff)
			k.is(k.PINs.Remove(ctx, a.ID, "8305", home), models.ErrPINOff)
			if got := k.get(a); !got.PINOff || !got.HasPIN {
				k.t.Errorf("got the account %+v, want a PIN that is switched off", got)
			}
			k.must(k.PINs.ResetByMail(ctx, k.pinResetSecret(a), "9413", home))
			if k.get(a).PINOff {
				k.t.Error("the PIN is still switched off, want it on")
			}
			for range 4 {
				k.is(k.PINs.Verify(ctx, a.ID, "0000", home), models.ErrWrongPIN)
			}
			k.must(k.PINs.Verify(ctx, a.ID, "9413", home)) // a success clears the counter
			for range 4 {
				k.is(k.PINs.Verify(ctx, a.ID, "0000", home), models.ErrWrongPIN)
			}
		})
		k.run("get five verdicts for 200 wrong ones at once", func(k *kit) {
			a := withPIN(k)
			verdicts := 0
			for _, err := range parallel(200, func(int) error { return k.PINs.Verify(ctx, a.ID, "0000", home) }) {
				switch {
				case errors.Is(err, models.ErrWrongPIN):
					verdicts++
				case !errors.Is(err, models.ErrPINThrottled):
					k.t.Errorf("got error %v, want a throttled one", err)
				}
			}
			if verdicts != 5 {
				k.t.Errorf("%d verdicts, want 5", verdicts)
			}
		})
		k.run("are old after twelve months", func(k *kit) {
			a := withPIN(k)
			now := k.clock.Now()
			for at, want := range map[time.Duration]bool{0: false, 364 * 24 * time.Hour: false, 366 * 24 * time.Hour: true} {
				if got := a.PINOld(now.Add(at)); got != want {
					k.t.Errorf("after %v: the PIN is old: %t, want %t", at, got, want)
				}
			}
			if k.account().PINOld(now.Add(9999 * time.Hour)) {
				k.t.Error("an account without a PIN has an old one, want none")
			}
		})
		k.run("do not work for a disabled account", func(k *kit) {
			a := withPIN(k)
			k.must(k.Operators.Disable(ctx, a.Username))
			k.is(k.PINs.Verify(ctx, a.ID, "8305", home), models.ErrAccountDisabled)
			k.is(k.PINs.Set(ctx, a.ID, "8305", "9413", home), models.ErrAccountDisabled)
			k.is(k.PINs.Remove(ctx, a.ID, "8305", home), models.ErrAccountDisabled)
			k.is(k.PINs.ResetByPassword(ctx, a.ID, goodPassword, "9413", home), models.ErrNoSession)
		})
	})
}

// If many devices of a person send the right PIN at the same time, all of them succeed, and
// the PIN is not turned off.
func TestManyRightPINs(t *testing.T) {
	t.Parallel()
	patient(t, func(k *kit) {
		a := k.account()
		k.must(k.PINs.Set(k.t.Context(), a.ID, "", "8305", home))
		for range 3 {
			for _, err := range parallel(12, func(int) error { return k.PINs.Verify(k.t.Context(), a.ID, "8305", home) }) {
				k.must(err)
			}
		}
	})
}
