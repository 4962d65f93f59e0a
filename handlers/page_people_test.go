package handlers_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
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
	owner.says(attic.page(), all, "but not", command, "Waits for your yes") // nobody is linked yet
	anna := owner.localUser(attic, "Anna O&#39;Neill")
	owner.led(owner.post("/invites", "server", attic.id(), "to", "dora", "local_user_id", anna, "server."+attic.id(), "on"), attic.page())
	owner.says(attic.page(), all, "but not", command) // an invite is not a link
	dora.led(dora.post("/invites/accept", "id", dora.idIn("/invitations")), attic.page()+"/start")
	page := owner.get(attic.page())
	if n := strings.Count(page.body, command); n != 2 || strings.Count(page.body, "Waits for your yes") != 2 {
		t.Errorf("the command stands %d times on the page, want 2: beside the person and beside the local user\n%s", n, summary(page.body))
	}
	dora.says("/servers", "has to allow your user there once")
	report(false)
	dora.says("/servers", "Attic", "but not", "has to allow your user there once")
	owner.says(attic.page(), "dora", "but not", command, "Waits for your yes", all)
}

// The people of a server with many people are shown page by page.
func TestManyPeopleComeInPages(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	owner := s.browser(t)
	owner.signIn(owner.join("ann"))
	den := owner.owns("Den")
	names := slices.Collect(func(yield func(string) bool) {
		for i := range 103 {
			if !yield("p" + strings.Repeat("x", i%20) + string(rune('a'+i/20)) + "z") {
				return
			}
		}
	})
	for _, name := range names {
		s.account(t, name)
		den.ask(name, models.LinkLinked)
	}
	first := owner.get(den.page())
	more := regexp.MustCompile(`href="(/servers/\d+\?people=\d+)"`).FindStringSubmatch(first.body)
	if more == nil || strings.Count(first.body, `id="person-`) != 100 {
		t.Fatalf("%d people on the first page, want 100 and a link to more", strings.Count(first.body, `id="person-`))
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+more[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	if rest := owner.send(request); strings.Count(rest.body, `id="person-`) != 3 {
		t.Errorf("%d people on the second page, want 3", strings.Count(rest.body, `id="person-`))
	}
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
		owner.says(attic.page(), tell.owner)
		dora.says("/servers", tell.guest)
	}
}
