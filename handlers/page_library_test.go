package handlers_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// A library that the media server no longer has keeps its name on the pages of the owner,
// which say since when it is gone and for whom. Saving other terms keeps it: otherwise no
// box would be ticked, and the person would see everything.
func TestPageNamesGoneLibraries(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, person := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	person.signIn(person.join("dora"))
	s.account(t, "carl")
	attic := owner.runsAttic()
	films := "library." + attic.id() + ".f"
	const gone, choose = "Films (gone since 4 March 2026)", "no longer has every library"
	for _, name := range []string{"dora", "carl"} {
		owner.led(owner.post("/invites", "server", attic.id(), "to", name, "server."+attic.id(), "on", films, "on"), attic.page())
	}
	owner.says(attic.page(), "Libraries: Films", "but not", gone)
	attic.report(models.Registration{Name: "Attic", SystemID: "a-attic", Version: "1.0", Kind: models.ServerAgent}, "Music & More")
	owner.says(attic.page(), "Libraries: "+gone, "but not", choose) // of the invites
	owner.says(attic.page()+"/invite", "Music &amp; More", "but not", "Films")
	person.says("/invitations", gone)
	person.led(person.post("/invites/accept", "id", person.idIn("/invitations")), "/servers")
	owner.says(attic.page(), "Libraries: "+gone, choose, `name="`+films+`"`)

	link := owner.hidden(attic.page(), "id", `action="`+attic.page()+`/people/terms"`)
	terms := attic.page() + "/people/terms"
	owner.led(owner.post(terms, "id", link, "ends_was", "", "ends_at", "2026-03-09", "with_libraries", "on", films, "on"), attic.page(), "Saved")
	owner.says(attic.page(), "Ends after", "Libraries: "+gone, choose)
	owner.led(owner.post(terms, "id", link, "ends_was", "", "ends_at", "", "with_libraries", "on", "library."+attic.id()+".m", "on"), attic.page(), "Saved")
	owner.says(attic.page(), "Libraries: Music &amp; More", "but not", choose)
}
