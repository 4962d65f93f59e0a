package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
)

// linkOn returns the link of an invite that a page shows.
func linkOn(t *testing.T, body string) string {
	t.Helper()
	_, rest, found := strings.Cut(body, `/i#`)
	if !found {
		t.Fatalf("the page shows no link:\n%s", body)
	}
	secret, _, _ := strings.Cut(rest, "<")
	return secret
}

// An operator makes an invite to sign up by mail and as a link. Both lead to an account: the mail at once, the link after a
// confirmation by mail.
func TestConsoleInvites(t *testing.T) {
	t.Parallel()
	s, rita, bob, _ := consoleSite(t, func(h *handlers.Server) { h.SignUp = models.SignUpInvite })
	bob.see(bob.get("/admin/invites"), http.StatusNotFound)
	bob.see(bob.post("/admin/invites", "link", "on"), http.StatusNotFound)
	rita.says("/admin/invites", "No invite fits.")
	rita.see(rita.get("/admin/invites?state=x"), http.StatusNotFound)
	rita.see(rita.post("/admin/invites", "to", ""), http.StatusUnprocessableEntity, "to-error")
	rita.see(rita.post("/admin/invites", "to", "anna"), http.StatusUnprocessableEntity, "to-error")
	rita.see(rita.post("/admin/invites", "link", "on", "uses", "0"), http.StatusUnprocessableEntity, "uses-error")

	sent := rita.post("/admin/invites", "to", "gina@example.org")
	mailedAt := sent.header.Get("Location")
	rita.led(sent, mailedAt, "gina@example.org", "Open")
	gina := s.browser(t)
	gina.led(gina.get("/invite?token="+s.letter(t, models.MailInviteSignUp, "gina@example.org").Secret), "/invite", "You get an account at", "gina@example.org")
	gina.led(gina.post("/invite/signup", "username", "gina", "password", goodPassword), "/servers")
	rita.says(mailedAt, "used up on", "gina came in")

	made := rita.post("/admin/invites", "link", "on", "uses", "2", "greeting", "Nina")
	page := made.header.Get("Location")
	rita.led(made, page, "Nina", "used by 0 of 2")
	link := linkOn(t, rita.get(page).body)
	nina := s.browser(t)
	nina.led(nina.post("/i", "link", link), "/invite", "Hello Nina!", "You get an account at")
	nina.led(nina.post("/invite/signup", "username", "nina", "email", "nina@example.org", "password", goodPassword), "/signup/sent", "nina@example.org")
	s.letter(t, models.MailConfirm, "nina@example.org")
	bob.led(bob.post("/i", "link", link), "/invite", "You are in already")
	rita.led(rita.post(page+"/withdraw"), "/admin/invites", "It is written down")
	rita.see(rita.post(page+"/withdraw"), http.StatusNotFound)
	rita.says("/admin/invites", "withdrawn on")
	rita.says("/admin/invites?state=pending", "No invite fits.")
	late := s.browser(t)
	late.see(late.post("/i", "link", link), http.StatusGone, "taken this invitation back")
	rita.says("/admin/history", "Invite to sign up made", "Invite to sign up withdrawn")
}

// A program of an operator does the same.
func TestAPIOperatesInvites(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, name := range []string{"bob", "rita"} {
		s.browser(t).join(name)
	}
	p := s.program(t)
	bob, op := p.as(p.token("bob")), p.operator("rita")
	bob.refused(bob.get("/operator/invites"), http.StatusForbidden, "operators_only")
	op.wrong(op.post("/operator/invites", "to", "anna"), 422, "to", "email_invalid")
	type link struct{ Secret, URL string }
	var made struct {
		ID, Status, From string
		Link             *link
	}
	op.is(op.api(http.MethodPost, v1+"/operator/invites", map[string]any{"link": true, "greeting": "Nina"}), http.StatusCreated, &made)
	if made.Link == nil || made.Status != "pending" || made.From == "rita" {
		t.Fatalf("made %+v, want an invite of the service with a link", made)
	}
	at := "/operator/invites/" + made.ID
	var again link
	op.is(op.get(at+"/link"), http.StatusOK, &again)
	if again != *made.Link {
		t.Errorf("the link is %v later, want %v", again, *made.Link)
	}
	anybody := p.as("")
	anybody.refused(anybody.post("/invites/sign-up", signUpMembers("nina", "invite", again.Secret)...), http.StatusConflict, "invite_sign_up")
	anybody.is(anybody.post("/accounts", signUpMembers("nina", "invite", again.Secret)...), http.StatusAccepted, nil)
	var one struct {
		Status string
		UsedBy []struct{ Username string } `json:"used_by"`
	}
	op.is(op.get(at), http.StatusOK, &one)
	if one.Status != "accepted" || len(one.UsedBy) != 1 || one.UsedBy[0].Username != "nina" {
		t.Errorf("the invite is %+v, want accepted by nina", one)
	}
	op.refused(op.api(http.MethodDelete, v1+at, nil), http.StatusNotFound, "not_found")
	op.is(op.post("/operator/invites", "to", "gina@example.org"), http.StatusCreated, &made)
	op.done(op.api(http.MethodDelete, v1+"/operator/invites/"+made.ID, nil))
	var list struct{ Items []struct{ Status string } }
	op.is(op.get("/operator/invites"), http.StatusOK, &list)
	if len(list.Items) != 2 || list.Items[0].Status != "withdrawn" {
		t.Errorf("listed %+v, want both, the newest first", list.Items)
	}
	op.wrong(op.get("/operator/invites?state=x"), 422, "state", "parameter_invalid")
}
