package models_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// sessions returns all valid sessions of an account, the most recently used first.
func (k *kit) sessions(accountID int64) []models.Session {
	k.t.Helper()
	page, err := k.Sessions.Page(k.t.Context(), accountID, models.SessionPlace{}, 1000)
	k.must(err)
	if page.Next != (models.SessionPlace{}) {
		k.t.Fatalf("got a next page at %+v, want all sessions on one page", page.Next)
	}
	return page.Sessions
}

// pagesOf reads a page of every kind: the first page, a page in the middle, and a page with
// sessions that were used after the first page was read.
func (k *kit) pagesOf(accountID int64) error {
	now := k.clock.Now()
	for _, place := range []models.SessionPlace{
		{}, {Begun: now, LastUse: now.Add(-time.Hour), After: 7}, {Begun: now.Add(-time.Hour), LastUse: now, After: 7},
	} {
		if _, err := k.Sessions.Page(k.t.Context(), accountID, place, 2); err != nil {
			return err
		}
	}
	return nil
}

// turn reads the sessions of an account page by page and returns the devices of each page.
// It calls the function between after the first page.
func (k *kit) turn(accountID int64, n int, between func()) (pages []string) {
	k.t.Helper()
	var place models.SessionPlace
	for range 100 {
		page, err := k.Sessions.Page(k.t.Context(), accountID, place, n)
		k.must(err)
		var devices []string
		for _, s := range page.Sessions {
			devices = append(devices, s.Device)
		}
		pages = append(pages, strings.Join(devices, " "))
		if place = page.Next; place == (models.SessionPlace{}) {
			return pages
		}
		if len(pages) == 1 {
			between()
		}
	}
	k.t.Fatal("got 100 pages, want an end")
	return nil
}

// signInOn signs a person in on a browser with this name, and returns its token.
func (k *kit) signInOn(a models.Account, device string) string {
	k.t.Helper()
	in, err := k.Sessions.SignIn(k.t.Context(), models.SignIn{NameOrEmail: a.Username, Password: goodPassword}, models.Caller{Device: device})
	k.must(err)
	return in.Token
}

// useSessions uses each session once, and stores the times of their last use.
func (k *kit) useSessions(tokens ...string) {
	k.t.Helper()
	k.clock.Advance(10 * time.Minute)
	for _, token := range tokens {
		_, err := k.Sessions.Look(k.t.Context(), token)
		k.must(err)
	}
	k.must(k.Sessions.Flush(k.t.Context()))
}

// The pages together have each session of the account once, even sessions that began at the
// same moment, and no session of another account.
func TestSessionPagesAreComplete(t *testing.T) {
	each(t, func(k *kit) {
		a, other := k.account(), k.account()
		for _, device := range []string{"g", "f", "e", "d", "c", "b", "a"} {
			if !slices.Contains([]string{"e", "b"}, device) { // f and e, c and b at the same moment
				k.clock.Advance(time.Minute)
			}
			k.signInOn(a, device)
			k.signInOn(other, "x")
		}
		for n, want := range map[int][]string{
			1: {"a", "b", "c", "d", "e", "f", "g"}, 2: {"a b", "c d", "e f", "g"}, 6: {"a b c d e f", "g"}, 7: {"a b c d e f g"},
		} {
			if diff := cmp.Diff(want, k.turn(a.ID, n, func() {})); diff != "" {
				k.t.Errorf("pages of %d (-want +got):\n%s", n, diff)
			}
		}
		if n, err := k.Sessions.Count(k.t.Context(), a.ID); n != 7 || err != nil {
			k.t.Errorf("counted %d sessions with error %v, want 7", n, err)
		}
	})
}

// No page misses a session because it is used while the list is read. The sessions that
// were used or opened after the first page was read come at the end of the list, and all
// others keep their place.
func TestSessionPagesWhileSessionsAreUsed(t *testing.T) {
	each(t, func(k *kit) {
		a := k.account()
		tokens := map[string]string{}
		for _, device := range []string{"f", "e", "d", "c", "b", "a"} {
			k.clock.Advance(time.Minute)
			tokens[device] = k.signInOn(a, device)
		}
		again := false
		got := k.turn(a.ID, 2, func() {
			k.useSessions(tokens["a"], tokens["d"], tokens["f"])
			k.signInOn(a, "new")
			again = true
		})
		// On one page the latest use comes first: "new" and "a" are later than "e".
		want := []string{"a b", "c e", "new a", "d f"}
		if diff := cmp.Diff(want, got); diff != "" || !again {
			k.t.Errorf("pages (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"new a d f", "b c e"}, []string{
			k.turn(a.ID, 4, func() {})[0], k.turn(a.ID, 4, func() {})[1],
		}); diff != "" {
			k.t.Errorf("pages that are read anew (-want +got):\n%s", diff)
		}
	})
}

// A page of sessions costs one statement, and so does their count.
func TestSessionPagesCostOneRead(t *testing.T) {
	each(t, func(k *kit) {
		a := k.account()
		for range 4 {
			k.clock.Advance(time.Minute)
			k.signIn(a)
		}
		var place models.SessionPlace
		said := k.listen()
		for name, read := range map[string]func() error{
			"page": func() error {
				page, err := k.Sessions.Page(k.t.Context(), a.ID, place, 1)
				place = page.Next
				return err
			},
			"count": func() error { _, err := k.Sessions.Count(k.t.Context(), a.ID); return err },
		} {
			for range 2 {
				k.must(read())
				if got := said.take(); len(got) != 1 || !strings.HasPrefix(got[0].text, "SELECT ") {
					k.t.Errorf("%s: got the statements %+v, want one that reads", name, got)
				}
			}
		}
	})
}

// The session of a device ends after 180 days without use, and after a year in any case.
func TestSessionsOfDevicesEnd(t *testing.T) {
	each(t, func(k *kit) {
		const day, step = 24 * time.Hour, time.Millisecond
		a := k.account()
		signIn := func() string {
			k.t.Helper()
			in, err := k.Sessions.SignIn(k.t.Context(), models.SignIn{
				NameOrEmail: a.Username, Password: goodPassword, Kind: models.SessionDevice, Client: "App", DeviceID: newName(),
			}, home)
			k.must(err)
			return in.Token
		}
		look := func(token string, want error) {
			k.t.Helper()
			_, err := k.Sessions.Look(k.t.Context(), token)
			k.is(err, want)
		}
		unused, used := signIn(), signIn()
		k.clock.Advance(180*day - step)
		look(used, nil)
		k.must(k.Sessions.Flush(k.t.Context()))
		look(unused, nil) // this use is not written, so it does not count
		k.clock.Advance(step)
		look(unused, models.ErrNoSession)
		if got := k.sessions(a.ID); len(got) != 1 || got[0].ID != k.idOf(used) {
			k.t.Errorf("got the sessions %+v, want the one that was used", got)
		}
		for range 2 {
			k.clock.Advance(90 * day)
			look(used, nil)
			k.must(k.Sessions.Flush(k.t.Context()))
		}
		k.clock.Advance(5*day - step)
		look(used, nil)
		k.clock.Advance(step)
		look(used, models.ErrNoSession)
		if n, err := k.Sessions.Count(k.t.Context(), a.ID); n != 0 || err != nil {
			k.t.Errorf("counted %d sessions with error %v after a year, want 0", n, err)
		}
	})
}

// idOf returns the id of the session with this token.
func (k *kit) idOf(token string) int64 {
	k.t.Helper()
	s, err := k.Sessions.Look(k.t.Context(), token)
	k.must(err)
	return s.ID
}
