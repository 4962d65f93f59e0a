package handlers_test

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestEmailChangeAndUndo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, owner := s.browser(t), s.browser(t)
	p := b.join("ann")
	b.signIn(p)

	b.wrong(b.post("/account/email", "email", "new@example.org", "current_password", "no"), "current_password")
	b.wrong(b.post("/account/email", "email", p.email, "current_password", p.password), "email")
	b.led(b.post("/account/email", "email", "new@example.org", "current_password", p.password), "/account/email", "new@example.org")
	s.letter(t, models.MailEmailAsked, p.email)
	token := s.letter(t, models.MailEmailConfirm, "new@example.org").Secret
	b.led(b.get("/account/email/confirm?token="+token), "/account/email/confirm", "new@example.org")
	b.led(b.post("/account/email/confirm"), "/account", "Your email address is changed", "new@example.org")

	b.see(b.get("/account/delete"), http.StatusOK, "can be deleted from")
	b.see(b.post("/account/delete", "current_password", p.password), http.StatusUnprocessableEntity, "can be deleted from")

	undo := s.letter(t, models.MailEmailChanged, p.email).Secret
	owner.led(owner.get("/account/email/undo?token="+undo), "/account/email/undo", p.email)
	owner.led(owner.post("/account/email/undo"), "/reset", "New password")
	if b.isSignedIn() {
		t.Error("undo must end all sessions")
	}
	owner.led(owner.post("/reset", "password", otherPassword, "password_again", otherPassword), "/signin")
	p.password = otherPassword
	owner.signIn(p)
	owner.see(owner.get("/account"), http.StatusOK, p.email)
	owner.see(owner.get("/account/email/undo?token="+undo), http.StatusSeeOther)
	owner.see(owner.get("/account/email/undo"), http.StatusGone)
}
