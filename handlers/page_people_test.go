package handlers_test

import (
	"strconv"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// TestPageSaysWhoWaitsForAYes links an account to a local user that the agent has not
// allowed yet. The page of the server then shows the owner the command that allows the
// local user, beside the linked person and beside the local user.
func TestPageSaysWhoWaitsForAYes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.browser(t)
	owner.signIn(owner.join("ann"))
	attic := owner.runsAttic()
	dora := s.browser(t)
	dora.signIn(s.account(t, "dora"))
	const command, all = "<code>sudo latchkey agent allow &#39;Anna O&#39;\\&#39;&#39;Neill&#39;</code>", "<code>sudo latchkey agent allow --listed</code>"
	report := func(notAllowed bool) {
		t.Helper()
		_, err := s.Store.Agents.Report(t.Context(), attic.look(), models.Report{
			Registration: models.Registration{Name: "Attic", SystemID: "a-attic", Version: "1.0", Kind: models.ServerAgent},
			LocalUsers:   []models.LocalUser{{ExternalID: "u1", Name: "Anna O'Neill", NotAllowed: notAllowed}, {ExternalID: "u2", Name: "Ben"}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	report(true)
	people := attic.page() + "/people"
	owner.says(people, "Anna O&#39;Neill", "but not", command, "Waits for your yes") // nobody is linked yet
	anna := owner.localUser(attic, "Anna O&#39;Neill")
	owner.led(owner.post("/invites", "server", attic.id(), "to", "dora", "local_user_id", anna, "server."+attic.id(), "on"), attic.page())
	owner.says(attic.page(), "but not", all) // an invite is not a link
	owner.says(people+"/"+anna, "dora", "no answer yet", "but not", command)
	dora.led(dora.post("/invites/accept", "id", dora.idIn("/invitations")), attic.page()+"/start")
	owner.says(attic.page(), all, "Somebody waits for your yes")
	owner.says(people, "Waits for your yes")
	owner.says(people+"/"+anna, command, "Waits for your yes")
	dora.says("/servers", "has to allow your user there once")
	report(false)
	dora.says("/servers", "Attic", "but not", "has to allow your user there once")
	owner.says(attic.page(), "but not", all)
	owner.says(people+"/"+anna, "dora", "but not", command, "Waits for your yes")
}

// TestPageSaysWhyAGuestWaits lets the agent report the reason why it creates no local user
// for a guest. The page of the server tells its owner what to do. The page and the API tell
// the guest the reason, until the agent no longer reports it.
func TestPageSaysWhyAGuestWaits(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, dora := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	attic := owner.runsAttic()
	dora.signIn(s.account(t, "dora"))
	owner.led(owner.post("/invites", "server", attic.id(), "to", "dora", "type", models.LinkGuest, "server."+attic.id(), "on"), attic.page())
	dora.led(dora.post("/invites/accept", "id", dora.idIn("/invitations")), attic.page()+"/start")
	link := dora.links("dora")["Attic"].ID
	for _, tell := range []struct{ reason, owner, guest string }{
		{models.WaitGuestsOff, "“create-users” is off", "creates none for guests now"},
		{models.WaitLimit, "as many guests as “guest-limit” allows", "as many guests as it may have"},
		{models.WaitHourly, "You do not need to do anything", "within some hours"},
		{models.WaitRefused, "because the media server refuses it", "refuses to create it"},
		{models.WaitNameTaken, "refuses every name like theirs", "refuses every name like yours"},
		{"", "“latchkey agent status” there says why", "is being created"},
	} {
		if err := s.Store.Changes.TellWaiting(t.Context(), attic.look(), map[int64]string{link: tell.reason}); err != nil {
			t.Fatal(err)
		}
		owner.says(attic.page()+"/people/"+strconv.FormatInt(link, 10), tell.owner)
		dora.says("/servers", tell.guest)
	}
}
