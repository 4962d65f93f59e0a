package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// TestStayOnThePage changes the end of a stay, pauses it and resumes it on the page. The days are counted in the time
// zone of the owner.
func TestStayOnThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.browser(t)
	owner.signIn(owner.join("ann"))
	attic := owner.runsAttic()
	dora := s.browser(t)
	dora.signIn(s.account(t, "dorothy"))
	owner.led(owner.post("/invites", "server", attic.id(), "to", "dorothy", "server."+attic.id(), "on"), attic.page())
	dora.led(dora.post("/invites/accept", "id", dora.idIn("/invitations")), attic.page()+"/start")
	account, berlin := s.livesIn(t, "ann", "Europe/Berlin"), time.FixedZone("", 60*60)
	read := func() models.Person {
		t.Helper()
		people, err := s.Store.People.List(t.Context(), account.ID, attic.look().ID, 0, 9)
		if err != nil || len(people) != 1 {
			t.Fatalf("people %v, error %v; want one", people, err)
		}
		return people[0]
	}
	row := attic.page() + "/people/" + models.FormatID(read().ID)
	at := row + "/stay"
	owner.says(row, `href="`+at+`"`)
	owner.says(at, "There is no end.", "Comes back on")
	year := s.Store.Now().Year() + 1
	day := time.Date(year, time.January, 31, 0, 0, 0, 0, berlin)
	owner.led(owner.post(at+"/end", "ends_at", day.Format(time.DateOnly), "ends_was", ""), at)
	if got, want := read().EndsAt, day.AddDate(0, 0, 1).Add(-time.Millisecond); !got.Equal(want) {
		t.Errorf("the end is %s, want %s: the last moment of the day in the owner's zone", got, want)
	}
	owner.says(at, `value="`+day.Format(time.DateOnly)+`"`, "23:59")
	owner.led(owner.post(at+"/more"), at)
	if got, want := read().EndsAt, day.AddDate(0, 0, 15).Add(-time.Millisecond); !got.Equal(want) {
		t.Errorf("the end is %s, want %s", got, want)
	}
	owner.see(owner.post(at+"/end", "ends_at", "soon", "ends_was", ""), http.StatusUnprocessableEntity, "date")
	owner.led(owner.post(at+"/pause", "back_on", day.Format(time.DateOnly)), at)
	if got := read().Pause.Until; !got.Equal(day) {
		t.Errorf("the pause ends at %s, want %s: the beginning of the day", got, day)
	}
	owner.says(at, "Paused until", "the days of a pause count")
	dora.says("/servers", "Your access to this server is paused.", "can end the pause")
	dora.see(dora.get(attic.page()+"/open"), http.StatusForbidden, "has paused your access")
	owner.see(owner.post(at+"/pause", "back_on", "2001-01-01"), http.StatusUnprocessableEntity, "in the future")
	owner.led(owner.post(at+"/resume"), at)
	dora.says("/servers", "but not", "is paused")
	owner.led(owner.post(at+"/end", "do", "endless", "ends_at", "x", "ends_was", "x"), at)
	if got := read().EndsAt; !got.IsZero() {
		t.Errorf("the end is %s, want none", got)
	}
	if got := dora.get(at).status; got != http.StatusNotFound {
		t.Errorf("the page answers %d to somebody else, want 404", got)
	}
}
