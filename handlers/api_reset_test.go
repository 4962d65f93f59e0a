package handlers_test

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestAPIPasswordReset(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.program(t)
	own := p.signedUp("ann")
	p.wrong(p.post("/password-resets"), 422, "name_or_email", "name_or_email_missing")
	p.wrong(p.post("/password-resets", "name_or_email", "  "), 422, "name_or_email", "name_or_email_missing")
	p.mailed(p.post("/password-resets", "name_or_email", "nobody"))
	p.mailed(p.post("/password-resets", "name_or_email", "ann"))
	token := s.letter(t, models.MailPasswordReset, "ann@example.org").Secret
	redeem := func(token, password string) answer {
		return p.post("/password-resets/redeem", "token", token, "password", password)
	}
	p.wrong(redeem("", ""), 422, "token", "field_required", "password", "field_required")
	p.wrong(redeem(token, "short"), 422, "password", "password_too_short")
	p.refused(redeem("nonsense", otherPassword), http.StatusGone, "token_expired")
	a := redeem(token, otherPassword)
	p.done(a)
	if a.header.Get("Set-Cookie") != "" || a.header.Get("Location") != "" {
		t.Errorf("a reset signs in, or leads somewhere: %v, want no Set-Cookie, no Location", a.header)
	}
	p.refused(redeem(token, goodPassword), http.StatusGone, "token_expired")
	own.refused(own.get("/account"), http.StatusUnauthorized, "session_ended")
	p.is(p.post("/sessions", "name_or_email", "ann", "password", otherPassword), http.StatusCreated, nil)
}
