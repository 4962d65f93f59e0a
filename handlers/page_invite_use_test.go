package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

// The owner sees every invite to the server: the open ones with their links, and the ended ones with the people who accepted them.
func TestInviteUses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, bob, eve := s.browser(t), s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	bob.signIn(s.account(t, "bob"))
	eve.signIn(s.account(t, "eve"))
	attic, cellar := owner.runsAttic(), owner.owns("Cellar")
	list := attic.page() + "/invites"
	owner.says(list, "Invitations to Attic", "No invitation is open.", "No invitation has ended yet.")
	owner.says(attic.page(), `href="`+list+`"`)
	shown, link := owner.inviteLink(attic, "greeting", "Nina Berg", "uses", "2")
	owner.says(list, "Nina Berg", "used by 0 of 2", `href="`+shown+`"`, "No invitation has ended yet.")
	bob.led(bob.post("/i", "link", link), "/invite")
	bob.led(bob.post("/invite/accept"), attic.page()+"/start")
	owner.says(list, "used by 1 of 2", "bob came in on 4 March 2026")
	owner.led(owner.post("/invites", "server", attic.id(), "to", "eve@example.org", "server."+attic.id(), "on", "server."+cellar.id(), "on"), attic.page())
	owner.says(list, "eve@example.org", "mailed on 4 March 2026", "Also to:", "Cellar")
	owner.led(owner.post(attic.page()+"/invites/withdraw", "id", shown[strings.LastIndexByte(shown, '/')+1:], "list", "on"), list, "withdrawn on 4 March 2026", "bob came in on")
	owner.says(list, "but not", `href="`+shown+`"`)
	eve.led(eve.post("/invites/accept", "id", eve.hidden("/invitations", "id", `action="/invites/accept"`)), "/servers")
	owner.says(list, "No invitation is open.", "used up on 4 March 2026", "eve came in on")
	owner.says(cellar.page()+"/invites", "used up on", "eve came in on", "but not", "bob")

	for range 31 {
		owner.led(owner.post("/invites", "server", attic.id(), "to", "bob", "server."+attic.id(), "on"), attic.page())
	}
	page := owner.get(list).body
	next := between(page, `rel="next" href="`, `"`)
	if n := strings.Count(page, `action="`+list+`/withdraw"`); n != 30 || !strings.HasPrefix(next, list+"?open=") {
		t.Errorf("the first page has %d open invites and goes on at %q, want 30 and a next page", n, next)
	}
	if n := strings.Count(owner.get(strings.ReplaceAll(next, "&amp;", "&")).body, `action="`+list+`/withdraw"`); n != 1 {
		t.Errorf("the second page has %d open invites, want 1", n)
	}
	owner.see(owner.get(list+"?before=nonsense"), http.StatusNotFound)
	eve.see(eve.get(list), http.StatusNotFound)
	eve.see(eve.post(attic.page()+"/invites/withdraw", "id", "1"), http.StatusNotFound)
}

// between returns the text between two others, or "".
func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}
