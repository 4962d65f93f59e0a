package handlers_test

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestChangePassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, other := s.browser(t), s.browser(t)
	p := b.join("ann")
	b.signIn(p)
	other.signIn(p)

	b.wrong(b.post("/account/password", "current_password", "no", "password", otherPassword, "password_again", otherPassword), "current_password")
	b.wrong(b.post("/account/password", "current_password", p.password, "password", otherPassword, "password_again", "x"), "password_again")
	b.wrong(b.post("/account/password", "current_password", p.password, "password", p.password, "password_again", p.password), "password")
	b.led(b.post("/account/password", "current_password", p.password, "password", otherPassword, "password_again", otherPassword),
		"/account", "Your password is changed")
	if !b.isSignedIn() || other.isSignedIn() {
		t.Error("want this session to go on and the other to end")
	}
	s.letter(t, models.MailPasswordChanged, p.email)
	other.see(other.post("/signin", "name_or_email", "ann", "password", p.password), http.StatusUnprocessableEntity)
	p.password = otherPassword
	other.signIn(p)

	if a := b.get("/.well-known/change-password"); a.status != http.StatusFound || a.location() != "/account/password" {
		t.Errorf("change-password: %d to %q, want status %d, location /account/password", a.status, a.location(), http.StatusFound)
	}
}
