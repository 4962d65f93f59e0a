package handlers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
)

// memberPage returns the address of the first member on the page of the family.
func memberPage(a answer) string {
	return regexp.MustCompile(`/family/members/\d+`).FindString(a.body)
}

// A guardian adds a member and looks after it; a second guardian joins, and a stranger sees nothing.
func TestFamilyPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, bob, eve := s.browser(t), s.browser(t), s.browser(t)
	ann.signIn(ann.join("ann"))
	bob.signIn(bob.join("bob"))
	eve.signIn(eve.join("eve"))
	ann.see(ann.get("/family"), http.StatusOK, "So far there is only you.", "Add a member")
	ann.see(ann.post("/family/members", "username", "_"), http.StatusUnprocessableEntity)
	ann.led(ann.post("/family/members", "username", "kim", "display_name", "Kim"), "/family", "The member is added.")
	page := memberPage(ann.get("/family"))
	ann.see(ann.get(page), http.StatusOK, "Kim", "Set the PIN")
	ann.led(ann.post(page+"/pin", "do", "set", "pin", "8305"), page, "Done.")
	ann.see(ann.post(page+"/pin", "do", "set", "pin", "1234"), http.StatusUnprocessableEntity)
	ann.led(ann.post(page+"/password", "do", "set", "password", "seven slow tigers nap"), page)
	ann.led(ann.post(page+"/password", "do", "remove"), page)
	ann.led(ann.post(page+"/sessions/end-all"), page)
	ann.led(ann.post(page+"/let-go", "email", "kim@example.org"), page, "We have sent a link to that address.")
	ann.see(ann.get(page), http.StatusOK, "This waits until Kim confirms kim@example.org")
	ann.led(ann.post(page+"/let-go/back"), page, "The link does not work any longer.")
	if a := ann.get(page); strings.Contains(a.body, "kim@example.org") {
		t.Error("the page still names the address, want nothing about it")
	}
	ann.see(ann.post(page+"/let-go/back"), http.StatusNotFound)

	ann.see(ann.get(page), http.StatusOK, "Set a picture")
	ann.see(ann.upload(page+"/picture", "picture", []byte("no picture")), http.StatusUnprocessableEntity)
	ann.led(ann.upload(page+"/picture", "picture", picturetest.PNG(t, 2, 2)), page, "The picture is saved.")
	ann.see(ann.get(page+"/picture"), http.StatusOK, "Picture of Kim", "Remove the picture")
	if pictureIn(ann.get("/family")) == "" {
		t.Error("the family shows no picture of Kim, want one")
	}
	eve.see(eve.get(page+"/picture"), http.StatusNotFound)
	eve.see(eve.upload(page+"/picture", "picture", picturetest.PNG(t, 2, 2)), http.StatusNotFound)
	ann.led(ann.post(page+"/picture/remove"), page, "The picture is removed.")

	ann.led(ann.post("/family/people", "username", "bob", "role", "guardian"), "/family", "The person is asked.")
	ann.see(ann.post("/family/people", "username", "eve", "role", "guardian"), http.StatusUnprocessableEntity, "second guardian already")
	eve.see(eve.get(page), http.StatusNotFound)
	eve.see(eve.post(page+"/delete"), http.StatusNotFound)
	family := regexp.MustCompile(`name="id" value="(\d+)"`).FindStringSubmatch(bob.get("/family").body)
	if len(family) != 2 {
		t.Fatal("bob sees no invitation, want one")
	}
	bob.led(bob.post("/family/accept", "id", family[1]), "/family", "You belong to the family now.")
	bob.see(bob.get(page), http.StatusOK, "Kim")
	ann.see(ann.get("/account/delete"), http.StatusOK, "handed over to bob")
	bob.led(bob.post("/family/leave"), "/family", "You have left the family.")
	ann.see(ann.get("/account/delete"), http.StatusOK, "Delete the members of my family, too")
	ann.led(ann.post(page+"/delete"), "/family", "The member is deleted.")
	ann.see(ann.get(page), http.StatusNotFound)
}
