package handlers_test

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestAPIPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own := s.program(t).signedUp("ann")
	other := own.as(own.token("ann"))
	change := func(current, password string) answer {
		return own.post("/account/password", "current_password", current, "password", password)
	}
	own.wrong(change("", ""), 422, "current_password", "field_required", "password", "field_required")
	own.wrong(change(otherPassword, otherPassword), 422, "current_password", "current_password_wrong")
	own.wrong(change(goodPassword, "short"), 422, "password", "password_too_short")
	own.wrong(change(goodPassword, goodPassword), 422, "password", "password_same")
	var renewed struct{ Token string }
	own.is(change(goodPassword, otherPassword), http.StatusOK, &renewed)
	own.plant(renewed.Token)
	own.refused(own.get("/account"), http.StatusUnauthorized, "session_ended")
	other.refused(other.get("/account"), http.StatusUnauthorized, "session_ended")
	own = own.as(renewed.Token)
	own.is(own.get("/account"), http.StatusOK, nil)
	s.letter(t, models.MailPasswordChanged, "ann@example.org")
	for range 20 {
		if a := change(goodPassword, "a third one, not yet used"); a.status != 422 {
			own.refused(a, http.StatusTooManyRequests, "throttled")
			return
		}
	}
	t.Error("the password was never refused for too many guesses, want a limit")
}
