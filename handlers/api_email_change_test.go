package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestAPIEmail(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own := s.program(t).signedUp("ann")
	change := func(email, password string) answer {
		return own.post("/account/email", "email", email, "password", password)
	}
	own.wrong(change("", ""), 422, "email", "field_required", "password", "field_required")
	own.wrong(change("nonsense", goodPassword), 422, "email", "email_invalid")
	own.wrong(change("ann@example.org", goodPassword), 422, "email", "same_email")
	own.wrong(change("new@example.org", otherPassword), 422, "password", "current_password_wrong")
	own.mailed(change("new@example.org", goodPassword))
	var account struct {
		Email        string
		PendingEmail *string `json:"pending_email"`
	}
	own.is(own.get("/account"), http.StatusOK, &account)
	if account.Email != "ann@example.org" || account.PendingEmail == nil || *account.PendingEmail != "new@example.org" {
		t.Errorf("%+v, want email ann@example.org, some pending email, pending email new@example.org", account)
	}
	token := s.letter(t, models.MailEmailConfirm, "new@example.org").Secret
	anybody := s.program(t)
	anybody.wrong(anybody.post("/account/email/confirm"), 422, "token", "field_required")
	anybody.done(anybody.post("/account/email/confirm", "token", token))
	anybody.refused(anybody.post("/account/email/confirm", "token", token), http.StatusGone, "token_expired")
	own.is(own.get("/account"), http.StatusOK, &account)
	if account.Email != "new@example.org" || account.PendingEmail != nil {
		t.Errorf("%+v, want email new@example.org, no pending email", account)
	}

	undo := s.letter(t, models.MailEmailChanged, "ann@example.org").Secret
	anybody.wrong(anybody.post("/account/email/undo"), 422, "token", "field_required")
	var undone struct {
		ResetToken string `json:"reset_token"`
	}
	anybody.is(anybody.post("/account/email/undo", "token", undo), http.StatusOK, &undone)
	anybody.refused(anybody.post("/account/email/undo", "token", undo), http.StatusGone, "token_expired")
	own.refused(own.get("/account"), http.StatusUnauthorized, "session_ended")
	anybody.refused(anybody.post("/sessions", "name_or_email", "ann", "password", goodPassword), http.StatusUnauthorized, "sign_in_wrong")
	anybody.done(anybody.post("/password-resets/redeem", "token", undone.ResetToken, "password", otherPassword))
	anybody.is(anybody.post("/sessions", "name_or_email", "ann@example.org", "password", otherPassword), http.StatusCreated, nil)

	// Another person takes the address in the meantime.
	bob := anybody.signedUp("bob")
	bob.mailed(bob.post("/account/email", "email", "wanted@example.org", "password", goodPassword))
	link := s.letter(t, models.MailEmailConfirm, "wanted@example.org").Secret
	anybody.signedUp("wanted")
	anybody.refused(anybody.post("/account/email/confirm", "token", link), http.StatusConflict, "email_taken")

	s.Clock.Advance(25 * time.Hour)
	bob.refused(bob.post("/account/email", "email", "b@example.org", "password", goodPassword), http.StatusForbidden, "confirm_password")
	bob = bob.as(bob.token("bob"))
	for range 20 {
		if a := bob.post("/account/email", "email", "b@example.org", "password", goodPassword); a.status != http.StatusAccepted {
			bob.refused(a, http.StatusTooManyRequests, "throttled")
			return
		}
	}
	t.Error("no change of the address was refused, want a limit")
}
