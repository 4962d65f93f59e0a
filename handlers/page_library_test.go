package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// A library that the media server no longer has keeps its name on the pages of the owner,
// which say since when it is gone and for whom. When other terms are saved, the choice
// keeps this library: otherwise no box would be ticked, and the person would see
// everything.
func TestPageNamesGoneLibraries(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, person := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	person.signIn(person.join("dora"))
	s.account(t, "carl")
	attic := owner.runsAttic()
	films := "library." + attic.id() + ".f"
	const gone, choose = "Films (gone since 4 March 2026)", "is no longer on the media server"
	for _, name := range []string{"dora", "carl"} {
		owner.led(owner.post("/invites", "server", attic.id(), "to", name, "server."+attic.id(), "on", films, "on"), attic.page())
	}
	owner.says(attic.page()+"/invites", "Libraries: Films", "but not", gone)
	attic.report(models.Registration{Name: "Attic", SystemID: "a-attic", Version: "1.0", Kind: models.ServerAgent}, "Music & More")
	owner.says(attic.page()+"/invites", "Libraries: "+gone, "but not", choose)
	owner.says(attic.page()+"/invite", "Music &amp; More", "but not", "Films")
	person.says("/invitations", gone)
	person.led(person.post("/invites/accept", "id", person.idIn("/invitations")), attic.page()+"/start")
	dora := owner.person(attic, "dora")
	owner.says(dora, "Libraries: "+gone, choose, `name="`+films+`"`)

	link := owner.hidden(dora, "id", `action="`+attic.page()+`/people/terms"`)
	terms := attic.page() + "/people/terms"
	owner.led(owner.post(terms, "id", link, "ends_was", "", "ends_at", "2026-03-09", "with_libraries", "on", films, "on"), dora, "Saved")
	owner.says(dora, "until 9 March 2026", "Libraries: "+gone, choose)
	owner.led(owner.post(terms, "id", link, "ends_was", "", "ends_at", "", "with_libraries", "on", "library."+attic.id()+".m", "on"), dora, "Saved")
	owner.says(dora, "Libraries: Music &amp; More", "but not", choose)
}

// The page of the owner asks whether a library that is gone is one of the new ones, and the
// button puts the new library in the place of the old one. If the button is pressed too
// late, it changes nothing, and the page says why. If the server has no new library, the
// page asks nothing.
func TestPageAsksWhetherALibraryWasRenamed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, person := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	person.signIn(person.join("dora"))
	attic := owner.runsAttic()
	owner.led(owner.post("/invites", "server", attic.id(), "to", "dora", "server."+attic.id(), "on", "library."+attic.id()+".f", "on"), attic.page())
	person.led(person.post("/invites/accept", "id", person.idIn("/invitations")), attic.page()+"/start")
	in := models.Registration{Name: "Attic", SystemID: "a-attic", Version: "1.0", Kind: models.ServerAgent}
	const asked, gone = "Does a library have another name now?", "Films (gone since 4 March 2026)"
	say := func(by string) answer {
		return owner.post(attic.page()+"/libraries/replace", "gone", "f", "by", by)
	}
	attic.report(in, "Music & More")
	owner.says(attic.page(), "but not", asked)
	owner.says(owner.person(attic, "dora"), gone)
	attic.report(in, "Music & More", "Videos")
	owner.says(attic.page(), asked, gone, "Is it “Videos” now?", "Yes, it is “Videos”", `name="gone" value="f"`, `name="by" value="v"`)
	attic.report(in, "Music & More", "Videos", "Old films")
	owner.says(attic.page(), asked, "Is it one of these now?", "Yes, it is “Videos”", "Yes, it is “Old films”")
	attic.report(in, "Music & More", "Old films")

	late := func(by, want string) {
		t.Helper()
		if a := say(by); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) {
			t.Errorf("status %d, want 422 and %q\n%s", a.status, want, summary(a.body))
		}
	}
	late("v", "no longer has the new library either")
	attic.report(in, "Music & More", "Old films", "Films")
	late("o", "has this library again")
	attic.report(in, "Music & More", "Old films")
	owner.led(say("o"), attic.page(), "Everybody who had the library has the new one now")
	owner.says(attic.page(), "but not", asked)
	owner.says(owner.person(attic, "dora"), "Libraries: Old films", "but not", gone)
	late("o", "Nobody has this library any longer")
	owner.says("/account/history", "another name now: Films → Old films (Attic).")
	if a := person.post(attic.page()+"/libraries/replace", "gone", "o", "by", "m"); a.status != http.StatusNotFound {
		t.Errorf("status %d for somebody else, want 404", a.status)
	}
}
