package handlers_test

import (
	"net/http"
	"regexp"
	"testing"
)

// Two owners put their servers into a circle; a person gets in with one link, is let in, refused and allowed again.
func TestCirclePages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, bob, eve, kim := s.browser(t), s.browser(t), s.browser(t), s.browser(t)
	ann.signIn(s.account(t, "ann"))
	bob.signIn(s.account(t, "bob"))
	eve.signIn(s.account(t, "eve"))
	kim.signIn(s.account(t, "kim"))
	attic := ann.runsAttic()
	theirs := bob.runsAttic()
	eve.says("/circles", "You are in no circle yet", "Only people who run a media server")
	ann.wrong(ann.post("/circles", "name", "", "server_id", attic.id(), "people_most", "5"), "name")
	ann.wrong(ann.post("/circles", "name", "Friends", "server_id", attic.id(), "people_most", "many"), "people_most")
	page := ann.post("/circles", "name", "Friends", "server_id", attic.id(), "people_most", "5").location()
	if !regexp.MustCompile(`^/circles/\d+$`).MatchString(page) {
		t.Fatalf("led to %q, want the page of the circle", page)
	}
	ann.says(page, "The circle is made", "This is your server", "End the circle")
	bob.see(bob.get(page), http.StatusNotFound)
	ann.wrong(ann.post(page+"/owners", "username", "nobody.here"), "username")
	ann.led(ann.post(page+"/owners", "username", "bob"), page, "The person is asked")
	bob.says("/circles", "ann asks you to bring a server")
	bob.says(page, "You are asked to bring a server", "Belongs to ann", "but not", "Invite a person")
	bob.led(bob.post(page+"/servers", "server_id", theirs.id(), "people_most", "5", "ask_first", "on"), page, "Your server is in the circle")
	bob.led(bob.post(page+"/rename", "name", "Film friends"), page, "Saved", "Circle “Film friends”")
	bob.wrong(bob.post(page+"/rename", "name", ""), "name")
	eve.see(eve.post(page+"/rename", "name", "Mine"), http.StatusNotFound)
	ann.led(ann.post(page+"/rename", "name", "Friends"), page, "Circle “Friends”")
	ann.says(page, "You can ask to use it", "but not", "End the circle")
	ann.see(ann.post(page+"/servers/terms", "server", theirs.id(), "people_most", "500"), http.StatusNotFound)
	ann.led(ann.post(page+"/servers/terms", "server", attic.id(), "people_most", "7", "link_days", "30", "library."+attic.id()+".f", "on"), page, "Saved", `value="7"`, `value="30"`)
	ann.see(ann.post(page+"/servers/terms", "server", attic.id(), "people_most", "0"), http.StatusUnprocessableEntity, "from 1 to 500")

	made := ann.post(page+"/invites", "link", "on", "greeting", "Eve").location()
	link := regexp.MustCompile(`http[^<" ]*/i#lki_[A-Za-z0-9_-]+`).FindString(ann.get(made).body)
	eve.led(eve.post("/i", "link", link), "/invite", "circle of friends “Friends”", "Belongs to ann", "Belongs to bob", "Its owner answers")
	eve.led(eve.post("/invite/accept"), page, "You can use this server", "Its owner has to say yes first")
	eve.see(eve.post(page+"/owners", "username", "kim"), http.StatusNotFound)
	kim.see(kim.post(page+"/leave"), http.StatusNotFound)
	bob.says(page, "Waiting for your answer", "came through ann")
	account := bob.hidden(page, "account", "/people/admit")
	ann.see(ann.post(page+"/people/admit", "server", theirs.id(), "account", account), http.StatusNotFound)
	bob.led(bob.post(page+"/people/admit", "server", theirs.id(), "account", account), page, "The person is in")
	bob.led(bob.post(page+"/people/refuse", "server", theirs.id(), "account", account), page, "refused at this server", "Refused at Attic")
	eve.says(page, "Its door is shut", "You can use this server")
	bob.led(bob.post(page+"/people/allow", "server", theirs.id(), "account", account), page, "Saved")
	eve.led(eve.post(page+"/servers/take", "server", theirs.id()), page, "The owner is asked")
	eve.led(eve.post(page+"/leave"), "/circles", "You have left the circle")
	ann.says(page, "but not", "Refuse eve at")
	bob.led(bob.post(page+"/servers/take-out", "server", theirs.id()), "/circles", "out of the circle")
	ann.led(ann.post(page+"/dissolve"), "/circles", "The circle has ended")
	ann.see(ann.get(page), http.StatusNotFound)
}
