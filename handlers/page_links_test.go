package handlers_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestInvitation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, guest, stranger := s.browser(t), s.browser(t), s.browser(t)
	annsMail := owner.join("ann")
	owner.signIn(annsMail)
	carla := guest.join("carla")
	guest.signIn(carla)
	stranger.signIn(stranger.join("mallory"))
	den := owner.owns("Den")
	guest.says("/invitations", "No invitation is waiting")

	link := den.ask("carla", models.LinkGuest)
	id := strconv.FormatInt(link.ID, 10)
	if letter := s.letter(t, models.MailLinkAsked, carla.email); letter.Facts.Server != "Den" || letter.Facts.Person != "ann" {
		t.Errorf("facts %v, want server Den, person ann", letter.Facts)
	}
	guest.says("/servers", "1 invitation waits", `<strong class="count">1</strong>`, "but not", "/open")
	guest.says("/invitations", "Den", "Bert", "guest", `value="`+id+`"`, "but not", link.AccessKey)
	owner.says(den.page()+"/people", "carla", "Not answered yet</span>", "but not", link.AccessKey)
	owner.says(owner.person(den, "carla"), "No answer yet", "Asked by", "Bert", "but not", link.AccessKey)

	stranger.see(stranger.post("/invitations/accept", "id", id), http.StatusNotFound)
	owner.see(owner.post("/invitations/accept", "id", id), http.StatusNotFound)
	guest.see(guest.get(den.page()+"/open"), http.StatusNotFound)
	guest.led(guest.post("/invitations/accept", "id", id), den.page()+"/start", "Accepted", "You are in: Den")
	guest.led(guest.post("/invitations/accept", "id", id), den.page()+"/start", "Accepted") // sent twice: nothing changes
	stranger.see(stranger.post("/invitations/accept", "id", id), http.StatusNotFound)
	if letter := s.letter(t, models.MailLinkAccepted, annsMail.email); letter.Facts.Person != "carla" {
		t.Errorf("facts %v, want carla", letter.Facts)
	}
	owner.says(den.page()+"/people", "carla", "but not", "Not answered yet</span>")
	owner.says("/servers", "1 person uses it")

	// The owner removes her.
	stranger.see(stranger.post(den.page()+"/people/remove", "id", id), http.StatusNotFound)
	owner.see(owner.post(den.page()+"/people/remove", "id", den.id()), http.StatusNotFound)
	owner.led(owner.post(den.page()+"/people/remove", "id", id), den.page()+"/people", "can no longer use", "Nobody yet")
	s.letter(t, models.MailLinkEnded, carla.email)
	guest.says("/servers", "None yet", "but not", "Den")
	guest.see(guest.get(den.page()+"/open"), http.StatusNotFound)

	// When she is asked again, she declines. When she is asked a third time, she accepts,
	// and then leaves.
	again := den.ask("carla", models.LinkLinked)
	guest.led(guest.post("/invitations/decline", "id", strconv.FormatInt(again.ID, 10)), "/invitations", "Declined", "No invitation is waiting")
	// A form from an old page, or one that was sent twice, leads to a page with
	// the present state.
	for _, act := range []string{"accept", "decline"} {
		a := guest.post("/invitations/"+act, "id", strconv.FormatInt(again.ID, 10))
		guest.see(a, http.StatusNotFound, "<title>Problem: Invitations", `id="problem"`, "no longer there", "No invitation is waiting")
	}
	s.letter(t, models.MailLinkRemoved, annsMail.email)
	third := strconv.FormatInt(den.ask("carla", models.LinkLinked).ID, 10)
	guest.led(guest.post("/invitations/accept", "id", third), den.page()+"/start")
	stranger.see(stranger.post("/servers/leave", "id", third), http.StatusNotFound)
	guest.led(guest.post("/servers/leave", "id", third), "/servers", "You have left", "None yet")
	guest.see(guest.post("/servers/leave", "id", third), http.StatusNotFound, "<title>Problem: Servers", "no longer there", "None yet")
	owner.says(den.page()+"/people", "Nobody yet")
}

// A pending link tells the person who owns the server.
func TestPendingLinkTellsTheOwner(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, guest := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	guest.signIn(guest.join("gina"))
	den, lone := owner.owns("Den"), s.register(t, "Lone", "")
	den.ask("gina", models.LinkLinked)
	guest.says("/invitations", "Run by <strong>ann</strong>", "but not", "Nobody here has claimed")
	lone.ask("gina", models.LinkLinked)
	guest.says("/invitations", "Nobody here has claimed this server", `<strong class="count">2</strong>`)
}
