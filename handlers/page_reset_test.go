package handlers_test

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, thief := s.browser(t), s.browser(t)
	p := b.join("ann")
	thief.signIn(p)

	b.wrong(b.post("/forgot", "name_or_email", " "), "name_or_email")
	b.led(b.post("/forgot", "name_or_email", "ann"), "/forgot/sent", "Look into your mail")
	token := s.letter(t, models.MailPasswordReset, p.email).Secret
	b.led(b.get("/reset?token="+token), "/reset", "ann")
	b.wrong(b.post("/reset", "password", otherPassword, "password_again", "x"), "password_again")
	b.wrong(b.post("/reset", "password", "short", "password_again", "short"), "password")
	b.led(b.post("/reset", "password", otherPassword, "password_again", otherPassword), "/signin", "Your new password is saved")
	if b.held("__Host-latchkey-link-reset") != "" {
		t.Error("the browser still holds the token")
	}
	if b.isSignedIn() || thief.isSignedIn() {
		t.Error("a reset must end all sessions and sign nobody in")
	}
	b.see(b.post("/reset", "password", goodPassword, "password_again", goodPassword), http.StatusGone)
	b.see(b.get("/reset?token="+token), http.StatusSeeOther)
	b.see(b.get("/reset"), http.StatusGone, `href="/forgot"`)
	p.password = otherPassword
	newDevices := func() (n int) {
		for _, l := range s.Mailbox.Deliver(t) {
			if l.Kind == models.MailNewDevice {
				n++
			}
		}
		return n
	}
	newDevices() // forgets the mails about the sign-ins before the reset
	b.signIn(p)
	if n := newDevices(); n != 0 {
		t.Errorf("%d mails about a sign-in in the browser that has just reset the password, want none", n)
	}
	s.browser(t).signIn(p)
	if n := newDevices(); n != 1 {
		t.Errorf("%d mails about a sign-in in another browser, want 1", n)
	}
}
