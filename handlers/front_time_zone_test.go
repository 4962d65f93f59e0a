package handlers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// livesIn gives an account a time zone, as the browser does at the sign-in, and returns the account.
func (s *site) livesIn(t *testing.T, username, zone string) models.Account {
	t.Helper()
	found, err := s.Store.Operators.List(t.Context(), username, "", 1)
	if err != nil || len(found) != 1 {
		t.Fatalf("accounts %v, error %v; want one", found, err)
	}
	profile := models.Profile{Username: username, DisplayName: found[0].DisplayName, Locale: "en", TimeZone: &zone}
	if err := s.Store.Accounts.SetProfile(t.Context(), found[0].ID, profile, models.Caller{}); err != nil {
		t.Fatal(err)
	}
	return found[0]
}

// A last day that an owner types is a day where the owner lives, in every form, and everybody reads
// it as a day or as a moment where they live. No page of an owner who lives somewhere names UTC.
func TestLastDaysAreDaysOfTheReader(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, guest := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	attic := owner.runsAttic()
	guest.signIn(s.account(t, "dorothy"))
	form := attic.page() + "/invite"
	owner.says(form, "ends at midnight in UTC")
	account := s.livesIn(t, "ann", "Pacific/Auckland")
	auckland, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	owner.says(form, "until midnight where you are", "but not", "UTC")

	last := time.Date(s.Store.Now().Year()+1, time.January, 31, 0, 0, 0, 0, auckland)
	end, day := last.AddDate(0, 0, 1).Add(-time.Millisecond), last.Format(time.DateOnly)
	owner.led(owner.post("/invites", "server", attic.id(), "to", "dorothy", "ends_at", day, "server."+attic.id(), "on"), attic.page())
	owner.says(attic.page()+"/invites", last.Format("2 January 2006"), "but not", "UTC")
	guest.says("/invitations", end.UTC().Format("2 January 2006, 15:04 UTC")) // nobody knows where the guest lives
	s.livesIn(t, "dorothy", "America/New_York")
	guest.says("/invitations", "5:59 (time in New York)", "but not", "UTC")
	guest.led(guest.post("/invites/accept", "id", guest.idIn("/invitations")), attic.page()+"/start")
	people, err := s.Store.People.List(t.Context(), account.ID, attic.look().ID, 0, 9)
	if err != nil || len(people) != 1 || !people[0].EndsAt.Equal(end) {
		t.Fatalf("people %v, error %v; want one whose link ends at %s", people, err, end)
	}
	row := attic.page() + "/people/" + models.FormatID(people[0].ID)
	for _, page := range []string{attic.page(), attic.page() + "/people", row, row + "/stay", "/servers"} {
		if body := owner.get(page).body; strings.Contains(body, "UTC") {
			t.Errorf("%s names UTC, want the time where the owner lives", page)
		}
	}
	owner.says(row, `value="`+day+`"`, last.Format("2 January 2006"))

	// The last day of a profile is also counted in the time zone of the owner.
	profile, err := s.Store.InviteProfiles.Make(t.Context(), account.ID, models.InviteProfile{ServerID: attic.look().ID, Name: "Fortnight", Uses: 1, InviteDays: 14, LinkDays: 14})
	if err != nil {
		t.Fatal(err)
	}
	twoWeeks := s.Store.Now().In(auckland).AddDate(0, 0, 13).Format(time.DateOnly)
	owner.says(form+"?profile="+models.FormatID(profile.ID), `name="ends_at" type="date" value="`+twoWeeks+`"`)
}
