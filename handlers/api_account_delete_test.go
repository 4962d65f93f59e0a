package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestAPIDelete(t *testing.T) {
	t.Parallel()
	own := newSite(t).program(t).signedUp("ann")
	gone := func(pairs ...string) answer { return own.send(http.MethodDelete, "/account", pairs...) }
	own.wrong(gone(), 422, "password", "field_required")
	own.wrong(gone("password", otherPassword), 422, "password", "current_password_wrong")
	own.mailed(own.post("/account/email", "email", "new@example.org", "password", goodPassword))
	own.done(own.post("/account/email/confirm", "token", own.letter(t, models.MailEmailConfirm, "new@example.org").Secret))
	own.refused(gone("password", goodPassword), http.StatusConflict, "deletion_waits")
	own.Clock.Advance(73 * time.Hour)
	own.done(gone("password", goodPassword))
	own.refused(own.get("/account"), http.StatusUnauthorized, "session_ended")
	own.letter(t, models.MailAccountDeleted, "new@example.org")
	own.refused(own.post("/sessions", "name_or_email", "ann", "password", goodPassword), http.StatusUnauthorized, "sign_in_wrong")

	guessed := own.signedUp("bob")
	for range 20 {
		a := guessed.send(http.MethodDelete, "/account", "password", otherPassword)
		if a.status != 422 {
			guessed.refused(a, http.StatusTooManyRequests, "throttled")
			return
		}
	}
	t.Error("the password was never refused for too many guesses, want a limit")
}
