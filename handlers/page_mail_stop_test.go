package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// Opening the link of a mail changes nothing. The button on its page stops the mails, also for a
// person without an account, and another button starts them again.
func TestStopMails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, reader := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	attic := owner.runsAttic()
	invited := func() bool {
		t.Helper()
		owner.led(owner.post("/invites", "server", attic.id(), "to", "erna@example.net", "server."+attic.id(), "on"), attic.page(), "The invitation is sent")
		return slices.ContainsFunc(s.Mailbox.Deliver(t), func(l models.Letter) bool { return l.Kind == models.MailInvite })
	}
	owner.led(owner.post("/invites", "server", attic.id(), "to", "Erna@example.net", "server."+attic.id(), "on"), attic.page(), "The invitation is sent")
	token := s.letter(t, models.MailInvite, "Erna@example.net").Stop

	reader.led(reader.get("/mail/stop?token="+token), "/mail/stop", "Stop invitations by mail?", "erna@example.net")
	if !invited() {
		t.Fatal("the mails are stopped after a look at the page, want them stopped by its button alone")
	}
	reader.see(reader.get("/mail/stop/end"), http.StatusMethodNotAllowed)
	reader.see(reader.post("/mail/stop", "token", token), http.StatusOK, "No more invitations by mail", "Start again")
	reader.see(reader.get("/mail/stop"), http.StatusOK, "No more invitations by mail")
	if invited() {
		t.Error("an invitation is sent, want it dropped")
	}
	reader.see(s.browser(t).post("/mail/stop/end", "token", token), http.StatusOK, "Stop invitations by mail?")
	if !invited() {
		t.Error("no invitation is sent after the new start, want one")
	}
	for _, forged := range []string{"", "x", token + "A", strings.ToUpper(token)} {
		reader.see(reader.post("/mail/stop", "token", forged), http.StatusGone)
		reader.see(reader.post("/mail/stop/end", "token", forged), http.StatusGone)
	}
}

// oneClick posts the form of RFC 8058 as a mail provider does: without cookies and headers of a
// browser.
func (b *browser) oneClick(token, contentType, body string) answer {
	b.t.Helper()
	request := b.request(http.MethodPost, "/mail/stop?token="+token, body)
	request.Header.Set("Content-Type", contentType)
	return b.send(request)
}

func TestMailProgramsStopMails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.browser(t)
	owner.signIn(owner.join("ann"))
	attic := owner.runsAttic()
	owner.led(owner.post("/invites", "server", attic.id(), "to", "erna@example.net", "server."+attic.id(), "on"), attic.page())
	token := s.letter(t, models.MailInvite, "erna@example.net").Stop
	const form = "application/x-www-form-urlencoded"
	const parts = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
	for _, tt := range []struct {
		name, token, contentType, body string
		status                         int
		stopped                        bool
	}{
		{"form", token, form, "List-Unsubscribe=One-Click", http.StatusOK, true},
		{"parts", token, "multipart/form-data; boundary=x", parts, http.StatusOK, true},
		{"empty", token, form, "", http.StatusBadRequest, false},
		{"another form", token, form, "List-Unsubscribe=yes", http.StatusBadRequest, false},
		{"broken parts", token, "multipart/form-data; boundary=y", parts, http.StatusBadRequest, false},
		{"long, without parts", token, "multipart/form-data; boundary=x", strings.Repeat("a", 1<<20), http.StatusBadRequest, false},
		{"json", token, "application/json", "{}", http.StatusUnsupportedMediaType, false},
		{"forged", token + "A", form, "List-Unsubscribe=One-Click", http.StatusGone, false},
	} {
		if _, err := s.Store.MailStops.Look(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if err := s.Store.MailStops.Allow(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		a := s.browser(t).oneClick(tt.token, tt.contentType, tt.body)
		stop, err := s.Store.MailStops.Look(t.Context(), token)
		if a.status != tt.status || stop.Stopped != tt.stopped || err != nil {
			t.Errorf("%s: status %d, stopped %t, error %v; want status %d, stopped %t", tt.name, a.status, stop.Stopped, err, tt.status, tt.stopped)
		}
	}
}

// The person who has confirmed the address decides on the page of the account.
func TestAccountStopsInvitationsByMail(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	b.says("/account", "You get a mail when somebody invites you.")
	b.led(b.post("/account/invite-mails", "on", "no"), "/account", "Invitations no longer come by mail.", "Stopped: invitations wait")
	b.led(b.post("/account/invite-mails", "on", "yes"), "/account", "Invitations come by mail again.")
	b.see(b.post("/account/invite-mails", "on", "maybe"), http.StatusBadRequest)
	b.says("/account/history", "You stopped invitations by mail.", "You allowed invitations by mail again.")
}
