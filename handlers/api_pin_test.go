package handlers_test

import (
	"net/http"
	"strings"
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
		t.Errorf("%+v", account)
	}
	token := s.letter(t, models.MailEmailConfirm, "new@example.org").Secret
	anybody := s.program(t)
	anybody.wrong(anybody.post("/account/email/confirm"), 422, "token", "field_required")
	anybody.done(anybody.post("/account/email/confirm", "token", token))
	anybody.refused(anybody.post("/account/email/confirm", "token", token), http.StatusGone, "token_expired")
	own.is(own.get("/account"), http.StatusOK, &account)
	if account.Email != "new@example.org" || account.PendingEmail != nil {
		t.Errorf("%+v", account)
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

	// An address that somebody else took meanwhile.
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
	t.Error("addresses may be asked for without end")
}

// Two sign-ups with one address: the first that confirms has it.
func TestAPIConfirmTaken(t *testing.T) {
	t.Parallel()
	p := newSite(t).program(t)
	var links []string
	for _, name := range []string{"first", "second"} {
		p.is(p.post("/accounts", "username", name, "email", "ann@example.org", "password", goodPassword), http.StatusAccepted, nil)
		links = append(links, p.letter(t, models.MailConfirm, "ann@example.org").Secret)
	}
	p.done(p.post("/accounts/confirm", "token", links[0]))
	p.refused(p.post("/accounts/confirm", "token", links[1]), http.StatusConflict, "email_taken")
}

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
	t.Error("a password may be guessed without end")
}

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
		t.Errorf("a reset signs in, or leads somewhere: %v", a.header)
	}
	p.refused(redeem(token, goodPassword), http.StatusGone, "token_expired")
	own.refused(own.get("/account"), http.StatusUnauthorized, "session_ended")
	p.is(p.post("/sessions", "name_or_email", "ann", "password", otherPassword), http.StatusCreated, nil)
}

func TestAPIPIN(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own := s.program(t).signedUp("ann")
	set := func(pairs ...string) answer { return own.send(http.MethodPut, "/account/pin", pairs...) }
	remove := func(pin string) answer { return own.send(http.MethodDelete, "/account/pin", "current_pin", pin) }
	verify := func(pin string) answer { return own.post("/account/pin/verify", "pin", pin) }
	has := func(want bool) {
		t.Helper()
		var account struct {
			HasPIN bool `json:"has_pin"`
		}
		own.is(own.get("/account"), http.StatusOK, &account)
		if account.HasPIN != want {
			t.Errorf("has_pin %t, want %t", account.HasPIN, want)
		}
	}
	const first, second = "8305", "k7q2m"
	own.refused(verify(first), http.StatusNotFound, "pin_not_set")
	own.refused(remove(first), http.StatusNotFound, "pin_not_set")
	own.wrong(set(), 422, "pin", "field_required")
	own.wrong(set("pin", "1234"), 422, "pin", "pin_sequence")
	s.Clock.Advance(25 * time.Hour)
	own.refused(set("pin", first), http.StatusForbidden, "confirm_password") // the first one needs a recent password
	own = own.as(own.token("ann"))
	own.done(set("pin", first))
	has(true)
	s.letter(t, models.MailPINChanged, "ann@example.org")
	s.Clock.Advance(25 * time.Hour) // from now on the PIN itself proves who asks
	own.done(verify(first))
	own.wrong(verify(""), 422, "pin", "field_required")
	own.wrong(verify("9999"), 422, "pin", "current_pin_wrong")
	own.wrong(set("pin", second), 422, "current_pin", "field_required")
	own.wrong(set("pin", second, "current_pin", "9999"), 422, "current_pin", "current_pin_wrong")
	own.done(set("pin", second, "current_pin", first))
	own.done(verify(second))
	own.wrong(remove(""), 422, "current_pin", "field_required")
	own.wrong(remove(first), 422, "current_pin", "current_pin_wrong")
	own.done(remove(second))
	has(false)

	// The password opens a new one.
	replace := func(password, pin string) answer {
		return own.post("/account/pin/replace", "password", password, "pin", pin)
	}
	own.wrong(replace("", ""), 422, "password", "field_required", "pin", "field_required")
	own.wrong(replace(goodPassword, "0000"), 422, "pin", "pin_repeats")
	own.wrong(replace(otherPassword, first), 422, "password", "current_password_wrong")
	own.done(replace(goodPassword, first))
	has(true)

	// So does a mail.
	own.mailed(own.post("/account/pin/resets"))
	token := s.letter(t, models.MailPINReset, "ann@example.org").Secret
	own.mailed(own.post("/account/pin/resets")) // over the limit: no mail, nothing said
	if again := s.letter(t, models.MailPINReset, "ann@example.org").Secret; again != token {
		t.Error("a mail went out over the limit")
	}
	anybody := s.program(t)
	redeem := func(token, pin string) answer {
		return anybody.post("/account/pin/resets/redeem", "token", token, "pin", pin)
	}
	anybody.wrong(redeem("", ""), 422, "token", "field_required", "pin", "field_required")
	anybody.wrong(redeem(token, "1234"), 422, "pin", "pin_sequence")
	anybody.refused(redeem("nonsense", second), http.StatusGone, "token_expired")
	anybody.done(redeem(token, second))
	anybody.refused(redeem(token, second), http.StatusGone, "token_expired")
	own.done(verify(second))
	for range 4 {
		own.wrong(verify("9999"), 422, "pin", "current_pin_wrong")
	}
	if a := verify("9999"); !strings.Contains(a.body, "either") {
		t.Errorf("the last try: %s", a.body)
	}
	own.refused(verify(second), http.StatusTooManyRequests, "pin_throttled")
	own.refused(set("pin", first, "current_pin", second), http.StatusTooManyRequests, "pin_throttled")
	s.Clock.Advance(16 * time.Minute)
	for range 5 {
		verify("9999")
	}
	s.Clock.Advance(16 * time.Minute)
	own.refused(verify(second), http.StatusForbidden, "pin_off")
	own.refused(remove(second), http.StatusForbidden, "pin_off")
}
