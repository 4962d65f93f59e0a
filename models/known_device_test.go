package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// knownTry tries to sign in from a browser with some device marks.
func (k *kit) knownTry(a models.Account, password string, marks ...string) (models.SignedIn, error) {
	return k.Sessions.SignIn(k.t.Context(), models.SignIn{NameOrEmail: a.Username, Password: password, DeviceMarks: marks}, home)
}

// A mark has no effect after a new password: somebody who once knew the old password
// has no more tries than a stranger. The browser that changed it gets a new mark.
func TestDeviceMarksEndWithThePassword(t *testing.T) {
	each(t, func(k *kit) {
		a := k.account()
		stranger, owner := k.signIn(a), k.signIn(a)
		k.clock.Advance(time.Minute)
		renewed, err := k.Accounts.ChangePassword(k.t.Context(), owner.Session,
			models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
		k.must(err)
		k.letters()

		verdicts := 0
		for range 20 {
			if _, err := k.knownTry(a, "wrong", stranger.DeviceMark); errors.Is(err, models.ErrSignInWrong) {
				verdicts++
			}
		}
		if limit := 4; verdicts > limit {
			t.Errorf("an old mark gave %d verdicts, want %d as for a stranger", verdicts, limit)
		}
		_, err = k.knownTry(a, otherPassword, renewed.DeviceMark)
		k.must(err)
		if kinds := kinds(k.letters(), a.Email); len(kinds) != 0 {
			t.Errorf("the browser that changed the password is reported by %v, want no mail", kinds)
		}
	})
}

// The browser that reset the password is known: its sign-in is not reported. A sign-in from any
// other browser is reported, although it has the same name and address, or a mark from before the
// reset.
func TestTheBrowserThatResetThePasswordIsKnown(t *testing.T) {
	each(t, func(k *kit) {
		a := k.account()
		before := k.signIn(a).DeviceMark
		link := k.resetSecret(a)
		k.clock.Advance(time.Minute)
		mark, err := k.Recovery.ResetInBrowser(k.t.Context(), link, otherPassword, home)
		k.must(err)
		k.letters()
		for _, tt := range []struct {
			browser string
			marks   []string
			mails   int
		}{{"that reset it", []string{mark}, 0}, {"without a mark", nil, 1}, {"known before", []string{before}, 1}} {
			_, err = k.knownTry(a, otherPassword, tt.marks...)
			k.must(err)
			if kinds := kinds(k.letters(), a.Email); len(kinds) != tt.mails {
				k.t.Errorf("a sign-in in the browser %s owes the mails %v, want %d", tt.browser, kinds, tt.mails)
			}
		}
		_, err = k.Recovery.ResetInBrowser(k.t.Context(), link, goodPassword, home)
		k.is(err, models.ErrTokenSpent)
	})
}

// All device marks of one account together have a hundred tries a day.
func TestDeviceMarksCountTogether(t *testing.T) {
	each(t, func(k *kit) {
		a := k.account()
		var marks []string
		for range 15 {
			marks = append(marks, k.signIn(a).DeviceMark)
		}
		verdicts := 0
		for _, mark := range marks {
			for range 10 {
				if _, err := k.knownTry(a, "wrong", mark); errors.Is(err, models.ErrSignInWrong) {
					verdicts++
				}
			}
		}
		if want := 104; verdicts > want { // after that a mark has the four tries of a stranger
			t.Errorf("15 marks gave %d verdicts, want %d at the most", verdicts, want)
		}
	})
}

// If the first sign-in comes from the browser that confirmed the address, no mail reports
// it. A first sign-in from another browser is reported, because that browser may belong to
// a stranger who signed up with the address of another person.
func TestFirstSignInFromAnotherBrowserIsReported(t *testing.T) {
	each(t, func(k *kit) {
		elsewhere := models.Caller{Address: "198.51.100.9", Device: "Chrome on Linux", Icon: "computer"}
		for _, test := range []struct {
			name  string
			from  models.Caller
			mails int
		}{{"where it was confirmed", home, 0}, {"elsewhere", elsewhere, 1}} {
			a := k.account()
			_, err := k.Sessions.SignIn(k.t.Context(), models.SignIn{NameOrEmail: a.Username, Password: goodPassword}, test.from)
			k.must(err)
			if got := kinds(k.letters(), a.Email); len(got) != test.mails {
				t.Errorf("%s: mails %v, want %d", test.name, got, test.mails)
			}
		}
	})
}
