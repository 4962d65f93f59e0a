package handlers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// An owner invites a whole family; the guardian's mail leads to the page on which one answer counts for all.
func TestInviteForTheFamilyPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, ann, bob := s.browser(t), s.browser(t), s.browser(t)
	owner.signIn(owner.join("olga"))
	ann.signIn(ann.join("ann"))
	bob.signIn(bob.join("bob"))
	den := owner.owns("Den")
	for _, name := range []string{"kim", "lou"} {
		ann.led(ann.post("/family/members", "username", name), "/family")
	}
	wrong := owner.post("/invites", "server", den.id(), "server."+den.id(), "on", "link", "on", "family", "on")
	owner.see(wrong, http.StatusUnprocessableEntity, "is sent to one person")
	owner.see(owner.get(den.page()+"/invite"), http.StatusOK, `name="family"`)
	for _, to := range []string{"ann", "bob"} {
		owner.led(owner.post("/invites", "server", den.id(), "server."+den.id(), "on", "to", to, "family", "on"), den.page())
	}
	owner.says(den.page()+"/invites", "For the whole family")
	bob.see(bob.get("/invitations"), http.StatusOK, `action="/invites/accept"`) // he looks after nobody

	letter := s.letter(t, models.MailInvite, "ann@example.org")
	page := ann.get("/invite?token=" + letter.Secret)
	for page.status == http.StatusSeeOther {
		page = ann.get(page.header.Get("Location"))
	}
	ann.see(page, http.StatusOK, "Who gets in?", "ann (you)", "kim", "lou")
	path := regexp.MustCompile(`/invites/\d+/family`).FindString(page.body)
	ann.see(ann.get("/invitations"), http.StatusOK, `href="`+path+`"`)
	boxes := regexp.MustCompile(`name="(account\.\d+)"`).FindAllStringSubmatch(page.body, -1)
	if len(boxes) != 3 || strings.Count(page.body, " checked") != 3 {
		t.Fatalf("the page has the boxes %v, want three that are ticked", boxes)
	}
	ann.see(ann.post(path), http.StatusUnprocessableEntity, "Choose at least one person.")
	bob.see(bob.get(path), http.StatusNotFound)
	bob.see(bob.post(path, boxes[1][1], "on"), http.StatusNotFound)
	ann.led(ann.post(path, boxes[1][1], "on"), "/family", "Accepted")
	owner.says(den.page()+"/people", "kim", "but not", "lou")
	ann.see(ann.get(path), http.StatusNotFound)

	owner.led(owner.post("/invites", "server", den.id(), "server."+den.id(), "on", "to", "ann", "family", "on"), den.page())
	page = ann.get("/invitations")
	path = regexp.MustCompile(`/invites/\d+/family`).FindString(page.body)
	ann.see(ann.get(path), http.StatusOK, "kim is in already.")
	ann.led(ann.post(path, boxes[0][1], "on", boxes[2][1], "on"), "/servers", "Accepted")
	owner.says(den.page()+"/people", "kim", "lou", "ann")
}
