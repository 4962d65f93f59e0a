package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

// An owner invites a guest without an account to two servers. Only invited
// people may sign up.
func TestInviteAGuest(t *testing.T) {
	t.Parallel()
	s := start(t, servicetest.Options{Adjust: func(o *models.Options) {
		limited(o)
		o.SignUp = models.SignUpInvite
	}}, func(c *handlers.Server) { c.SignUp = models.SignUpInvite })
	owner, guest, stranger := s.browser(t), s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	stranger.signIn(s.account(t, "mallory"))
	attic, cellar := owner.runsAttic(), owner.owns("Cellar")
	form := attic.page() + "/invite"
	owner.says(form, "Invite somebody to Attic", "Anna", "Bert &lt;b&gt;", "Films", "Music &amp; More", "Cellar", "14 days", "ends at midnight in UTC", "told us no libraries")
	owner.says(cellar.page()+"/invite", "does not tell us who is on it", "but not", "<select")
	owner.says(cellar.page()+"/people", "use the server’s own settings")
	owner.says(cellar.page()+"/settings", "but not", "People may link themselves")
	stranger.see(stranger.get(form), http.StatusNotFound)
	stranger.see(stranger.post("/invites", "server", attic.id(), "to", "ann", "server."+attic.id(), "on"), http.StatusNotFound)

	// Mistakes keep what was typed.
	note := "Come in!\n<script>alert(1)</script>"
	a := owner.post("/invites", "server", attic.id(), "to", "", "note", note, "ends_at", "2026-13-40", "server."+cellar.id(), "on", "library."+attic.id()+".f", "on")
	owner.wrong(a, "to")
	owner.see(a, http.StatusUnprocessableEntity, `id="ends_at-error"`, "Come in!\n&lt;script&gt;", `value="2026-13-40"`, `name="server.`+cellar.id()+`" type="checkbox" value="on" checked`)
	if strings.Contains(a.body, `name="server.`+attic.id()+`" type="checkbox" value="on" checked`) {
		t.Error("a box was ticked that was not")
	}
	owner.wrong(owner.post("/invites", "server", attic.id(), "to", "nobody-here", "server."+attic.id(), "on"), "to")
	owner.wrong(owner.post("/invites", "server", attic.id(), "to", "not@", "server."+attic.id(), "on"), "to")
	owner.wrong(owner.post("/invites", "server", attic.id(), "to", "gina@example.org", "ends_at", "2020-01-01", "server."+attic.id(), "on"), "ends_at")
	owner.see(owner.post("/invites", "server", attic.id(), "to", "gina@example.org"), http.StatusUnprocessableEntity, "at least one media server", "autofocus")
	owner.see(owner.post("/invites", "server", attic.id(), "to", "gina@example.org", "local_user_id", owner.localUser(attic, "Anna"), "server."+cellar.id(), "on"),
		http.StatusUnprocessableEntity, "A local user belongs to one server")

	// The form without mistakes works, and sending it twice makes one invite.
	last := s.Clock.Now().Add(30 * 24 * time.Hour).Format(time.DateOnly)
	fields := []string{
		"server", attic.id(), "key", owner.hidden(form, "key", "<form"), "to", "gina@example.org", "note", note, "ends_at", last, "local_user_id", "",
		"server." + attic.id(), "on", "server." + cellar.id(), "on", "library." + attic.id() + ".f", "on",
	}
	owner.led(owner.post("/invites", fields...), attic.page(), "The invitation is sent")
	owner.says(attic.page()+"/invites", "gina@example.org", "Also to:", "Cellar", "Films", "Come in!\n&lt;script&gt;")
	owner.led(owner.post("/invites", fields...), attic.page())
	if n := strings.Count(owner.get(attic.page()+"/invites").body, "gina@example.org"); n != 1 {
		t.Errorf("%d invites wait, want 1", n)
	}
	letter := s.letter(t, models.MailInvite, "gina@example.org")
	if letter.Facts.Person != "ann" || letter.Facts.Note == "" || letter.Facts.Server == "" {
		t.Errorf("facts %v, want person ann, some note, some server", letter.Facts)
	}

	// Another person who finds the mail cannot answer the invite.
	stranger.led(stranger.get("/invite?token="+letter.Secret), "/invite", "ann invites you", "signed in as mallory", "gina@example.org", "not the confirmed address")
	stranger.says("/invitations", "No invitation is waiting")

	// The guest signs up from the mail; the form cannot change the address.
	guest.says("/signup", "but not", `name="email"`)
	guest.led(guest.get("/invite?token="+letter.Secret), "/invite", "ann invites you", "Attic", "Cellar", "Films", "Come in!\n&lt;script&gt;", "You already have an account?", "Accept and come in", `value="gina"`)
	if policy := guest.get("/invite").header.Get("Referrer-Policy"); policy != "same-origin" {
		t.Errorf("the policy of the page is %q, want same-origin", policy)
	}
	guest.says("/invite", "gina@example.org", `action="/invite/signup"`, "Ends after 3 April 2026 (UTC)", "but not", `name="email"`)
	guest.wrong(guest.post("/invite/signup", "username", "", "password", goodPassword), "username")
	guest.wrong(guest.post("/invite/signup", "username", "gina", "password", goodPassword, "password_again", "another"), "password_again")
	guest.wrong(guest.post("/invite/signup", "username", "ann", "password", goodPassword), "username")
	owner.says(attic.page()+"/people", "but not", ">gina<")
	guest.led(guest.post("/invite/signup", "username", "gina", "email", "evil@example.net", "password", goodPassword),
		"/servers", "You are in", "Attic", "Cellar", "Run by ann", "Ends after")
	guest.says("/account", "gina@example.org", "but not", "evil@example.net")
	for _, l := range s.Mailbox.Letters(t) {
		if l.To == "gina@example.org" && l.Kind != models.MailInvite {
			t.Errorf("the guest gets a mail %s, want the invite's alone", l.Kind)
		}
	}
	guest.says("/invitations", "No invitation is waiting", "but not", `class="count"`)
	if links := guest.links("gina"); len(links) != 2 || links["Attic"].EndsAt.Format("2006-01-02T15:04:05.000") != last+"T23:59:59.999" {
		t.Errorf("links %+v, want two, the one to Attic until the end of %s", links, last)
	}
	owner.says(owner.person(attic, "gina"), "Guest", "Invited by ann", "Films", "but not", "gina@example.org")
	guest.see(guest.get("/invite"), http.StatusGone)
	stranger.led(stranger.get("/invite?token="+letter.Secret), "/invite")
	stranger.see(stranger.get("/invite"), http.StatusGone, "was answered or withdrawn", "/invitations")
	s.Clock.Advance(31 * 24 * time.Hour)
	if err := s.Store.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if links := guest.links("gina"); len(links) != 0 {
		t.Errorf("after their end: %+v, want no links", links)
	}
}

func TestLinkALocalUser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, person := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	dora := person.join("dora")
	person.signIn(dora)
	attic := owner.runsAttic()
	anna := owner.localUser(attic, "Anna")
	owner.says(attic.page()+"/invite?local_user="+anna, `<option value="`+anna+`" selected`)
	owner.led(owner.post("/invites", "server", attic.id(), "to", "DORA", "local_user_id", anna, "server."+attic.id(), "on"), attic.page(), "The invitation is sent")
	owner.says(owner.person(attic, "Anna"), "no answer yet", "dora", "but not", "local_user="+anna)
	letter := s.letter(t, models.MailInvite, dora.email)
	person.led(person.get("/invite?token="+letter.Secret), "/invite", "Accept", "Decline", "local user Anna")
	id := person.hidden("/invite", "id", "ann invites you")
	person.led(person.post("/invites/accept", "id", id), attic.page()+"/start", "Attic")
	page := owner.person(attic, "dora")
	owner.says(page, "Account: dora", "<strong>Anna</strong>", "but not", "local_user="+anna)
	owner.says(attic.page()+"/people/"+anna, "Account: dora") // by the id of the local user, too

	// The terms change: an end and libraries. The rest stays.
	link := owner.hidden(page, "id", `action="`+attic.page()+`/people/terms"`)
	day := s.Clock.Now().Add(48 * time.Hour).Format(time.DateOnly)
	terms := attic.page() + "/people/terms"
	owner.wrongTerms(owner.post(terms, "id", link, "ends_was", "", "ends_at", "2020-01-01"))
	owner.led(owner.post(terms, "id", link, "ends_was", "", "ends_at", day, "with_libraries", "on", "library."+attic.id()+".f", "on"), page, "Saved", "until 6 March 2026", "Libraries: Films")
	owner.led(owner.post(terms, "id", link, "ends_was", day, "ends_at", day, "with_libraries", "on"), page, "until 6 March 2026")
	owner.says(page, "but not", "Libraries: Films")
	person.says("/servers", "Ends after 6 March 2026 (UTC)")
	owner.led(owner.post(terms, "id", link, "ends_was", day, "ends_at", ""), page, "Saved")
	owner.says(page, "but not", "until 6 March 2026")
	owner.see(owner.post(terms, "id", "7", "ends_was", "", "ends_at", day), http.StatusNotFound, "no longer there")

	// A second invite for the same local user is refused, and a declined one no
	// longer waits.
	owner.see(owner.post("/invites", "server", attic.id(), "to", "dora", "local_user_id", anna), http.StatusUnprocessableEntity, "linked with somebody else already")
	owner.led(owner.post("/invites", "server", attic.id(), "to", "dora", "server."+attic.id(), "on"), attic.page())
	person.led(person.post("/invites/decline", "id", person.hidden("/invitations", "id", "ann invites you")), "/invitations", "Declined")
	owner.says(attic.page(), "but not", "Waiting for an answer")
}

func TestInvitesThatEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, guest, signedOut := s.browser(t), s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	gina := guest.join("gina")
	attic := owner.runsAttic()
	invite := func() string {
		owner.led(owner.post("/invites", "server", attic.id(), "to", gina.email, "server."+attic.id(), "on"), attic.page())
		return s.letter(t, models.MailInvite, gina.email).Secret
	}
	withdrawn := invite()
	signedOut.led(signedOut.get("/invite?token="+withdrawn), "/invite", "I have an account")
	signedOut.led(signedOut.post("/invites/accept", "id", "1"), "/signin?return_to="+url.QueryEscape("/invitations"))
	id := owner.hidden(attic.page()+"/invites", "id", "/invites/withdraw")
	owner.led(owner.post(attic.page()+"/invites/withdraw", "id", id), attic.page(), "withdrawn")
	owner.see(owner.post(attic.page()+"/invites/withdraw", "id", id), http.StatusNotFound, "no longer there")
	signedOut.led(signedOut.get("/invite?token="+withdrawn), "/invite")
	signedOut.see(signedOut.get("/invite"), http.StatusGone, "was answered or withdrawn")
	signedOut.led(signedOut.get("/invite?token="+withdrawn), "/invite")
	signedOut.see(signedOut.post("/invite/signup", "username", "gina2", "password", goodPassword), http.StatusGone, "was answered or withdrawn")
	late := invite()
	s.Clock.Advance(14 * 24 * time.Hour)
	signedOut.led(signedOut.get("/invite?token="+late), "/invite")
	signedOut.see(signedOut.get("/invite"), http.StatusGone)
	guest.led(guest.post("/signin", "name_or_email", "gina", "password", goodPassword), "/servers")
	guest.says("/invitations", "No invitation is waiting")

	// After signing in, the person comes back to the invite.
	owner.signIn(person{"ann", "ann@example.org", goodPassword})
	again := invite()
	guest.led(guest.post("/signout"), "/")
	guest.led(guest.get("/invite?token="+again), "/invite")
	guest.led(guest.post("/signin", "name_or_email", "gina", "password", goodPassword, "return_to", "/invite"), "/invite", "Accept")
}
