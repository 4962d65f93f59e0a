package handlers_test

import (
	"net/http"
	"testing"
	"time"
)

// An owner saves the choices of an invite as a profile, and fills the next form with them by one
// tap. The profile holds numbers of days, so the dates in the form depend on the day on which
// the form is filled.
func TestInviteProfile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, stranger := s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	stranger.signIn(s.account(t, "bob"))
	attic := owner.runsAttic()
	form := attic.page() + "/invite"
	in := func(days int) string { return s.Clock.Now().AddDate(0, 0, days).Format(time.DateOnly) }
	owner.says(form, "Save these choices as a profile", "but not", "Fill the form")
	choices := func(name string) []string {
		return []string{
			"server", attic.id(), "server." + attic.id(), "on", "profile_name", name, "uses", "5", "expires_at", in(6), "ends_at", in(364),
			"library." + attic.id() + ".f", "on",
		}
	}
	owner.wrong(owner.post(form+"/profiles", choices("")...), "profile_name")
	owner.wrong(owner.post(form+"/profiles", "profile_name", "Old", "ends_at", "2020-01-01"), "ends_at")
	owner.wrong(owner.post(form+"/profiles", "profile_name", "Old", "expires_at", "2020-01-01"), "expires_at")
	filled := owner.post(form+"/profiles", choices("Family")...).header.Get("Location")
	owner.says(filled, "The profile is saved", "Fill the form with a profile", "5 people", "7 days to accept", "ends after 365 days", "Libraries: Films")
	owner.wrong(owner.post(form+"/profiles", choices("family")...), "profile_name")
	stranger.see(stranger.get(filled), http.StatusNotFound)
	owner.see(owner.get(form+"?profile=7"), http.StatusNotFound)

	s.Clock.Advance(48 * time.Hour)
	owner.says(filled, `aria-current="true">Family`, `value="5"`, `value="`+in(6)+`"`, `value="`+in(364)+`"`, `name="library.`+attic.id()+`.f" type="checkbox" value="on" checked`)

	id := owner.hidden(form, "id", "/invite/profiles/rename")
	owner.wrong(owner.post(form+"/profiles/rename", "id", id, "name", ""), "name-"+id)
	owner.led(owner.post(form+"/profiles/rename", "id", id, "name", "Club"), form, "The profile is saved", "Club", "Libraries: Films")
	owner.says(form, "but not", "Family<")
	stranger.see(stranger.post(form+"/profiles/delete", "id", id), http.StatusNotFound)
	owner.led(owner.post(form+"/profiles/delete", "id", id), form, "The profile is deleted")
	owner.says(form, "but not", "Club")
	owner.see(owner.post(form+"/profiles/delete", "id", id), http.StatusNotFound, "no longer there")
}
