package handlers_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

// inviteLink makes an invite with a link for one guest, and returns the path of its page and the
// link.
func (b *browser) inviteLink(m *runServer, more ...string) (page, link string) {
	b.t.Helper()
	a := b.post("/invites", append([]string{"server", m.id(), "link", "on", "server." + m.id(), "on"}, more...)...)
	page = a.header.Get("Location")
	link = regexp.MustCompile(`http[^<" ]*/i#lki_[A-Za-z0-9_-]+`).FindString(b.get(page).body)
	if link == "" {
		b.t.Fatalf("the page %q has no link, want one", page)
	}
	return page, link
}

// A stranger with the link can use the server after one form, without a mail.
func TestInviteByLink(t *testing.T) {
	t.Parallel()
	s := start(t, servicetest.Options{Adjust: func(o *models.Options) {
		limited(o)
		o.SignUp = models.SignUpInvite
	}})
	owner, guest, member := s.browser(t), s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	member.signIn(s.account(t, "bob"))
	attic := owner.runsAttic()
	page, link := owner.inviteLink(attic, "greeting", "Nina Berg")
	owner.says(page, "Send this link to Nina Berg", "used by 0 of 1", `class="qr"`)
	owner.says(attic.page()+"/invites", "Nina Berg", "Show the link and its code")
	member.see(member.get(page), http.StatusNotFound)

	guest.says("/i", `name="link"`, "but not", "Attic") // all that a scanner sees
	guest.wrong(guest.post("/i", "link", "https://example.org/"), "link")
	guest.led(guest.post("/i", "link", link), "/invite", "Hello Nina Berg!", "ann invites you", "Attic", `value="ninaberg"`, `name="email"`)
	owner.says(page, "used by 0 of 1")
	guest.wrong(guest.post("/invite/signup", "username", "nina", "email", "nobody", "password", goodPassword), "email")
	guest.led(guest.post("/invite/signup", "username", "nina", "email", "nina@example.org", "password", goodPassword), attic.page()+"/start", "You are in", "Attic")
	guest.says("/account/email", "nina@example.org waits to be confirmed")
	guest.says("/account", "Confirm your email address", `value="/account"`)
	guest.led(guest.post("/account/email/again", "return_to", "/servers"), "/servers", "the mail is on its way", "Send the mail again")
	member.says("/servers", "but not", "Send the mail again")

	member.see(member.post("/i", "link", link), http.StatusGone, "has been used", "ask ann")
	owner.see(owner.get(page), http.StatusNotFound)

	// A person who has an account presses one button.
	_, link = owner.inviteLink(attic, "uses", "2")
	owner.led(owner.post("/i", "link", link), "/invite")
	owner.see(owner.post("/invite/accept"), http.StatusConflict, "your own invitation")
	member.led(member.post("/i", "link", link), "/invite", "signed in as bob", "That is not you?")
	member.led(member.post("/invite/accept"), attic.page()+"/start", "Attic")
	member.led(member.post("/i", "link", link), "/invite")
	member.see(member.post("/invite/accept"), http.StatusConflict, "You are in already")
	guest.led(guest.post("/i", "link", link), "/invite")
	guest.see(guest.post("/invite/accept"), http.StatusForbidden, "First confirm your email address")
}

// A person who confirms the address elsewhere chooses a new password, and nobody else stays signed in.
func TestConfirmANewcomersAddressElsewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, guest, other := s.browser(t), s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	attic := owner.runsAttic()
	_, link := owner.inviteLink(attic)
	guest.led(guest.post("/i", "link", link), "/invite")
	guest.led(guest.post("/invite/signup", "username", "nina", "email", "nina@example.org", "password", goodPassword), attic.page()+"/start")
	secret := s.letter(t, models.MailEmailConfirm, "nina@example.org").Secret
	other.led(other.get("/account/email/confirm?token="+secret), "/account/email/confirm", "The account nina came by an invitation", "nina@example.org")
	other.led(other.post("/account/email/confirm"), "/reset", "choose a password that only you know")
	guest.see(guest.get("/account"), http.StatusSeeOther)
	other.led(other.post("/reset", "password", otherPassword, "password_again", otherPassword), "/signin")
}

// If a person can use the server already, each page of an invite says so, before and after the button is
// pressed, and no use of the invite is spent.
func TestInviteOfAMember(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, member := s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	member.signIn(s.account(t, "bob"))
	attic := owner.runsAttic()
	page, link := owner.inviteLink(attic, "uses", "2")
	member.led(member.post("/i", "link", link), "/invite", `action="/invite/accept"`)
	member.led(member.post("/invite/accept"), attic.page()+"/start")

	member.led(member.post("/i", "link", link), "/invite")
	member.says("/invite", "You are in already", attic.page()+"/start", "but not", `action="/invite/accept"`)
	member.see(member.post("/invite/accept"), http.StatusConflict, "You are in already")
	owner.says(page, "used by 1 of 2")

	owner.led(owner.post("/invites", "server", attic.id(), "to", "bob@example.org", "server."+attic.id(), "on"), attic.page())
	secret := s.letter(t, models.MailInvite, "bob@example.org").Secret
	member.led(member.get("/invite?token="+secret), "/invite")
	member.says("/invite", "You are in already", attic.page()+"/start", "but not", `action="/invites/accept"`)
	member.see(member.post("/invites/accept", "id", member.hidden("/invitations", "id", `action="/invites/accept"`)), http.StatusConflict, "You are in already")
	owner.says(attic.page()+"/invites", "bob@example.org", "but not", "declined on")
	member.led(member.post("/invites/decline", "id", member.hidden("/invitations", "id", `action="/invites/decline"`)), "/invitations")
	owner.says(attic.page(), "but not", "bob@example.org")
}
