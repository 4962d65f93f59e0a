package models_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/latchkey-media/latchkey/models"
)

func TestSignIn(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("works by username and by address", func(k *kit) {
			a := k.account()
			for _, name := range []string{a.Username, strings.ToUpper(a.Username), " " + a.Username + " ", a.Email, strings.ToUpper(a.Email)} {
				in, err := k.trySignIn(name, goodPassword)
				k.must(err)
				found, err := k.Sessions.Look(ctx, in.Token)
				k.must(err)
				opened := in.Session
				opened.Device, opened.Icon, opened.Address, opened.CreatedAt = "", "", "", time.Time{}
				if found != opened || found.AccountID != a.ID || found.Username != a.Username || found.Locale != "en" ||
					in.Session.Device != home.Device || in.Session.Address != home.Address || in.Session.Icon != home.Icon || found.Kind != models.SessionBrowser {
					k.t.Errorf("found the session %+v, want a browser's with device, address and icon; opened %+v", found, in.Session)
				}
			}
		})
		k.run("gives the same answer to every wrong input", func(k *kit) {
			a := k.account()
			waiting := newName()
			k.signUp(waiting)
			disabled := k.account()
			k.must(k.Operators.Disable(ctx, disabled.Username))
			for _, try := range [][2]string{
				{a.Username, otherPassword},
				{a.Username, ""},
				{a.Username, strings.ToUpper(goodPassword)},
				{a.Username, goodPassword + " "},
				{"nobody-at-all", goodPassword},
				{"", goodPassword},
				{"nobody@example.org", goodPassword},
				{waiting, otherPassword},
				{disabled.Username, otherPassword},
				{addressOf(waiting), goodPassword},
				{"%", goodPassword},
				{a.Username + "\x00", goodPassword},
				{a.Username, strings.Repeat("x", 100000)},
				{"1 OR 1=1", goodPassword},
				{"\xff", "\xff"},
			} {
				k.clock.Advance(4 * time.Second)
				in, err := k.trySignIn(try[0], try[1])
				k.is(err, models.ErrSignInWrong)
				if got := (*models.Error)(nil); in != (models.SignedIn{}) || !errors.As(err, &got) || len(got.Fields) != 0 {
					k.t.Errorf("%q: got %+v with error %v, want no session and an error that names no field", try[0], in, err)
				}
			}
		})
		k.run("only the owner learns that an account is unconfirmed or disabled", func(k *kit) {
			name := newName()
			k.signUp(name)
			k.letters()
			in, err := k.trySignIn(name, goodPassword)
			k.is(err, models.ErrConfirmFirst)
			if in.Token != "" || in.DeviceMark != "" {
				k.t.Errorf("signed in as %+v, want no token and no mark", in)
			}
			waiting, err := k.Emails.Pending(ctx, in.PendingSecret)
			k.must(err)
			if waiting.Username != name {
				k.t.Errorf("got the sign-up %+v, want the username", waiting)
			}
			a := k.account()
			k.must(k.Operators.Disable(ctx, a.Username))
			_, err = k.trySignIn(a.Username, goodPassword)
			k.is(err, models.ErrAccountDisabled)
		})
		k.run("ends the session that the browser had", func(k *kit) {
			a, b := k.account(), k.account()
			first := k.signIn(a)
			second, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: b.Username, Password: goodPassword, OldToken: first.Token}, home)
			k.must(err)
			_, err = k.Sessions.Look(ctx, first.Token)
			k.is(err, models.ErrNoSession)
			// The Store never adopts a token of the client, and a wrong token changes nothing.
			for _, old := range []string{"", "junk", strings.Repeat("x", 53), first.Token} {
				third, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: a.Username, Password: goodPassword, OldToken: old}, home)
				k.must(err)
				if third.Token == old {
					k.t.Error("the session has the token that the client sent, want a new one")
				}
			}
			_, err = k.Sessions.Look(ctx, second.Token)
			k.must(err)
			if sessions := k.sessions(a.ID); len(sessions) != 4 {
				k.t.Errorf("%d sessions, want 4", len(sessions))
			}
		})
		k.run("reports an unknown browser by mail", func(k *kit) {
			a := k.account()
			first := k.signIn(a)
			if letters := k.letters(); len(letters) != 0 {
				k.t.Errorf("the first sign-in sent the mails %+v, want none", letters)
			}
			_, err := k.Sessions.SignIn(ctx, models.SignIn{
				NameOrEmail: a.Username, Password: goodPassword, DeviceMarks: []string{"junk", first.DeviceMark},
			}, home)
			k.must(err)
			if letters := k.letters(); len(letters) != 0 {
				k.t.Errorf("a known browser sent the mails %+v, want none", letters)
			}
			k.signIn(a)
			letter := k.letter(models.MailNewDevice, a.Email)
			if letter.Facts.Device != home.Device || letter.Facts.Address != home.Address || letter.Secret == "" {
				k.t.Errorf("got the mail %+v, want the device, the network address and a secret", letter)
			}
		})
		k.run("takes a password in every Unicode form", func(k *kit) {
			name := newName()
			password := "Zoë's café is öpen"
			_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: name, Email: addressOf(name), Password: norm.NFC.String(password)}, home)
			k.must(err)
			k.must(k.Operators.Confirm(ctx, name))
			_, err = k.trySignIn(name, norm.NFD.String(password))
			k.must(err)
		})
		k.run("compares every byte of the password", func(k *kit) { // the hash does not cut the password, unlike bcrypt after 72 bytes
			name := newName()
			long := strings.Repeat("correct horse ", 18)
			_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: name, Email: addressOf(name), Password: long + "a"}, home)
			k.must(err)
			k.must(k.Operators.Confirm(ctx, name))
			_, err = k.trySignIn(name, long+"b")
			k.is(err, models.ErrSignInWrong)
			_, err = k.trySignIn(name, long[:72])
			k.is(err, models.ErrSignInWrong)
			_, err = k.trySignIn(name, long+"a")
			k.must(err)
		})
		k.run("records a success in the history and no failure", func(k *kit) {
			a := k.account()
			k.signIn(a)
			_, _ = k.trySignIn(a.Username, otherPassword) // no event is recorded, because it must cost the same as an unknown name
			events, err := k.History.List(ctx, a.ID, 10)
			k.must(err)
			var got []models.EventKind
			for _, e := range events {
				got = append(got, e.Kind)
			}
			want := []models.EventKind{models.EventSignedIn, models.EventConfirmed, models.EventSignedUp}
			if !slices.Equal(got, want) {
				k.t.Errorf("history %v, want %v", got, want)
			}
		})
	})
}

// the tries of strangers never keep out a browser that the owner has signed in with
// before.
func TestKnownDevice(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		attacker := models.Caller{Address: home.Address} // behind the same router
		fail := func(k *kit, name string) {
			k.t.Helper()
			for _, err := range parallel(20, func(int) error {
				_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: name, Password: otherPassword}, attacker)
				return err
			}) {
				if kind := models.KindOf(err); kind != models.KindUnauthenticated && kind != models.KindThrottled {
					k.t.Errorf("a stranger got error %v, want a refusal or a wait", err)
				}
			}
		}
		k.run("signs in while strangers are refused", func(k *kit) {
			a := k.account()
			mark := k.signIn(a).DeviceMark
			fail(k, a.Username)
			_, err := k.trySignIn(a.Username, goodPassword) // the right password does not help a stranger
			k.is(err, models.ErrThrottled)
			known := models.SignIn{NameOrEmail: a.Email, Password: goodPassword, DeviceMarks: []string{mark}}
			in, err := k.Sessions.SignIn(ctx, known, attacker)
			k.must(err)
			if strings.Split(in.DeviceMark, ".")[1] != strings.Split(mark, ".")[1] {
				k.t.Error("the mark belongs to another browser, want the same one")
			}
			_, err = k.trySignIn(a.Username, goodPassword) // a stranger with the right password is still refused
			k.is(err, models.ErrThrottled)
		})
		k.run("has its own limit", func(k *kit) {
			a := k.account()
			mark := k.signIn(a).DeviceMark
			try := func(password string) error {
				_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: a.Username, Password: password, DeviceMarks: []string{mark}}, home)
				return err
			}
			for range 10 {
				k.is(try(otherPassword), models.ErrSignInWrong)
			}
			k.is(try(goodPassword), models.ErrThrottled)
			_, err := k.trySignIn(a.Username, goodPassword) // the wait does not hold for other browsers
			k.must(err)
			k.clock.Advance(15 * time.Minute)
			k.must(try(goodPassword))
		})
		k.run("counts for its account and for a year", func(k *kit) {
			a, b := k.account(), k.account()
			mark := k.signIn(a).DeviceMark
			parts := strings.Split(mark, ".")
			forged := parts[0] + "." + parts[1] + ".9999999999." + parts[3]
			other := strings.Split(k.signIn(b).DeviceMark, ".")
			swapped := parts[0] + "." + strings.Join(other[1:], ".")
			fail(k, a.Username)
			for _, bad := range []string{"", "....", forged, swapped, strings.Join(other, "."), mark + "x", mark + ".", parts[0] + ".." + parts[2] + "." + parts[3]} {
				_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: a.Username, Password: goodPassword, DeviceMarks: []string{bad}}, home)
				k.is(err, models.ErrThrottled)
			}
			k.clock.Advance(365*24*time.Hour - time.Minute)
			fail(k, a.Username)
			known := models.SignIn{NameOrEmail: a.Username, Password: goodPassword, DeviceMarks: []string{mark}}
			_, err := k.Sessions.SignIn(ctx, known, home)
			k.must(err)
			k.clock.Advance(2 * time.Minute)
			fail(k, a.Username)
			_, err = k.Sessions.SignIn(ctx, known, home)
			k.is(err, models.ErrThrottled)
		})
		k.run("is also signed in after a reset by mail", func(k *kit) {
			a := k.account()
			fail(k, a.Username)
			link := k.resetSecret(a)
			fail(k, a.Username)
			k.must(k.Recovery.ResetPassword(ctx, link, otherPassword, home))
			_, err := k.trySignIn(a.Username, otherPassword)
			k.must(err)
		})
	})
}
