package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func TestSessionsAreListedAndEnd(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		gone := func(k *kit, token string) {
			k.t.Helper()
			_, err := k.Sessions.Look(ctx, token)
			k.is(err, models.ErrNoSession)
		}
		lives := func(k *kit, token string) {
			k.t.Helper()
			_, err := k.Sessions.Look(ctx, token)
			k.must(err)
		}
		k.run("are listed, the latest used first", func(k *kit) {
			a := k.account()
			first := k.signIn(a)
			k.clock.Advance(10 * time.Minute)
			second := k.signIn(a)
			k.clock.Advance(10 * time.Minute)
			lives(k, first.Token)
			list := k.sessions(a.ID)
			one, two := first.Session, second.Session
			one.LastSeenAt = k.clock.Now()
			for _, s := range []*models.Session{&one, &two} {
				s.Username, s.DisplayName, s.Locale = "", "", ""
			}
			if diff := cmp.Diff([]models.Session{one, two}, list); diff != "" { // although that use is not written yet
				k.t.Errorf("sessions (-want +got): %s", diff)
			}
			k.must(k.Sessions.Flush(ctx))
			list = k.sessions(a.ID)
			if diff := cmp.Diff([]models.Session{one, two}, list); diff != "" {
				k.t.Errorf("sessions (-want +got): %s", diff)
			}
		})
		k.run("last use is written at most every five minutes", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			k.clock.Advance(5*time.Minute - time.Millisecond)
			lives(k, in.Token)
			k.must(k.Sessions.Flush(ctx))
			seen := func() time.Time {
				s, err := k.Sessions.Look(ctx, in.Token)
				k.must(err)
				return s.LastSeenAt
			}
			if got := seen(); !got.Equal(in.Session.LastSeenAt) {
				k.t.Errorf("the use is written as %v after less than five minutes, want it not written", got)
			}
			k.clock.Advance(time.Millisecond)
			lives(k, in.Token)
			k.must(k.Sessions.Flush(ctx))
			if got := seen(); !got.Equal(k.clock.Now()) {
				k.t.Errorf("seen at %v, want %v", got, k.clock.Now())
			}
		})
		k.run("of a browser end after a week unused and a month", func(k *kit) {
			a := k.account()
			idle, used := k.signIn(a), k.signIn(a)
			for day := range 30 {
				lives(k, used.Token)
				if day < 7 {
					lives(k, idle.Token) // a use that is not written does not keep the session alive
				}
				k.must(k.Sessions.Flush(ctx))
				if day == 0 {
					idle = k.signIn(a)
				}
				k.clock.Advance(24*time.Hour - time.Second)
			}
			lives(k, used.Token)
			k.must(k.Sessions.Flush(ctx))
			k.clock.Advance(30*time.Second - time.Millisecond)
			lives(k, used.Token)
			k.clock.Advance(time.Millisecond)
			gone(k, used.Token)
			other := k.signIn(a)
			k.clock.Advance(7*24*time.Hour - time.Millisecond)
			lives(k, other.Token)
			k.clock.Advance(time.Millisecond)
			gone(k, other.Token)
			if list := k.sessions(a.ID); len(list) != 0 {
				k.t.Errorf("%d sessions, want 0", len(list))
			}
		})
		k.run("end one by one, by their owner only", func(k *kit) {
			a, b := k.account(), k.account()
			one, two, theirs := k.signIn(a), k.signIn(a), k.signIn(b)
			k.is(k.Sessions.End(ctx, a.ID, theirs.Session.ID, home), models.ErrNotFound)
			k.is(k.Sessions.End(ctx, a.ID, 12345, home), models.ErrNotFound)
			k.must(k.Sessions.End(ctx, a.ID, one.Session.ID, home))
			k.is(k.Sessions.End(ctx, a.ID, one.Session.ID, home), models.ErrNotFound)
			gone(k, one.Token)
			lives(k, two.Token)
			lives(k, theirs.Token)
		})
		k.run("end all others, or all", func(k *kit) {
			a, b := k.account(), k.account()
			one, two, theirs := k.signIn(a), k.signIn(a), k.signIn(b)
			k.must(k.Sessions.EndOthers(ctx, one.Session, home))
			gone(k, two.Token)
			lives(k, one.Token)
			k.must(k.Sessions.EndAll(ctx, a.ID, home))
			gone(k, one.Token)
			lives(k, theirs.Token)
		})
		k.run("end by signing out, twice if need be", func(k *kit) {
			a := k.account()
			one, two := k.signIn(a), k.signIn(a)
			k.must(k.Sessions.SignOut(ctx, one.Token, home))
			k.must(k.Sessions.SignOut(ctx, one.Token, home))
			k.must(k.Sessions.SignOut(ctx, "junk", home))
			gone(k, one.Token)
			lives(k, two.Token)
		})
		k.run("get a new token with the password", func(k *kit) {
			a := k.account()
			in := k.signIn(a)
			k.clock.Advance(25 * time.Hour)
			session, err := k.Sessions.Look(ctx, in.Token)
			k.must(err)
			_, err = k.Sessions.ConfirmPassword(ctx, session, otherPassword, home)
			k.is(err, models.ErrWrongPassword)
			lives(k, in.Token)
			token, err := k.Sessions.ConfirmPassword(ctx, session, goodPassword, home)
			k.must(err)
			gone(k, in.Token)
			session, err = k.Sessions.Look(ctx, token)
			k.must(err)
			if !session.ConfirmedAt.Equal(k.clock.Now()) || session.ID != in.Session.ID {
				k.t.Errorf("got the session %+v, want the same one, confirmed now", session)
			}
			k.must(k.Sessions.EndAll(ctx, a.ID, home))
			_, err = k.Sessions.ConfirmPassword(ctx, session, goodPassword, home)
			k.is(err, models.ErrNoSession)
		})
		k.run("end by the link in the mail about a new device", func(k *kit) {
			a := k.account()
			link, token := k.notMeSecret(a)
			info, err := k.Sessions.LookNotMe(ctx, link)
			k.must(err)
			if want := (models.NotMe{Device: home.Device, Address: home.Address, At: k.clock.Now()}); info != want {
				k.t.Errorf("link %+v, want %+v", info, want)
			}
			lives(k, token)
			k.must(k.Sessions.NotMe(ctx, link, home))
			gone(k, token)
			k.is(k.Sessions.NotMe(ctx, link, home), models.ErrTokenSpent)
			_, err = k.Sessions.LookNotMe(ctx, link)
			k.is(err, models.ErrTokenSpent)
		})
		k.run("end together with their mailed link", func(k *kit) {
			a := k.account()
			link, token := k.notMeSecret(a)
			k.must(k.Sessions.SignOut(ctx, token, home))
			_, err := k.Sessions.LookNotMe(ctx, link)
			k.is(err, models.ErrTokenSpent)
			k.is(k.Sessions.NotMe(ctx, link, home), models.ErrTokenSpent)
		})
	})
}

// TestDisabledAccountsSessionIsRefused disables an account without ending its sessions, as
// if a session had been missed, and looks it up.
func TestDisabledAccountsSessionIsRefused(t *testing.T) {
	each(t, func(k *kit) {
		person, other := k.account(), k.account()
		in, others := k.signIn(person), k.signIn(other)
		look := func(token string, want error) {
			k.t.Helper()
			if _, err := k.Sessions.Look(k.t.Context(), token); !errors.Is(err, want) {
				k.t.Errorf("looking up the session gave error %v, want %v", err, want)
			}
		}
		k.exec("UPDATE accounts SET disabled_at = created_at WHERE id = ?", person.ID)
		look(in.Token, models.ErrNoSession)
		look(others.Token, nil)
		k.exec("UPDATE accounts SET disabled_at = NULL WHERE id = ?", person.ID)
		look(in.Token, nil) // the row was there all the time
	})
}

// The number of sessions of an account is limited. If a further one begins, the session ends
// that was not used for the longest time. Browsers and devices have separate limits, and a
// device without an id never ends the session of a device that has one.
func TestSessionsOfAnAccountAreLimited(t *testing.T) {
	each(t, func(k *kit) {
		ctx, a := k.t.Context(), k.account()
		in := func(kind, deviceID string) string {
			k.t.Helper()
			k.clock.Advance(time.Minute)
			signed, err := k.Sessions.SignIn(ctx, models.SignIn{
				NameOrEmail: a.Username, Password: goodPassword, Kind: kind, Client: "App", DeviceID: deviceID,
			}, home)
			k.must(err)
			return signed.Token
		}
		lives := func(token string, want bool) {
			k.t.Helper()
			_, err := k.Sessions.Look(ctx, token)
			if got := err == nil; got != want {
				k.t.Errorf("the session lives: %v (%v), want %v", got, err, want)
			}
		}
		tv := in(models.SessionDevice, "tv-1")
		oldest, used := in(models.SessionBrowser, ""), in(models.SessionBrowser, "")
		third := in(models.SessionBrowser, "")
		k.clock.Advance(10 * time.Minute)
		lives(oldest, true) // a use counts, not the sign-in
		lives(third, true)
		k.must(k.Sessions.Flush(ctx))
		fourth := in(models.SessionBrowser, "")
		lives(used, false)
		for _, token := range []string{oldest, third, fourth, tv} {
			lives(token, true)
		}
		if got := k.events(a)[models.EventSessionSurplus]; got != 1 {
			k.t.Errorf("%d events of a surplus, want 1", got)
		}
		var last string
		for range 5 {
			last = in(models.SessionDevice, "")
		}
		lives(tv, true)
		lives(last, true)
		for _, id := range []string{"tv-2", "tv-3", "tv-4"} {
			last = in(models.SessionDevice, id)
		}
		lives(tv, false) // now three others that name themselves were used later
		lives(last, true)
	}, func(o *models.Options) { o.SessionsMost = 3 })
}
