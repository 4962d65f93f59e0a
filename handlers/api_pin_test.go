package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

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
	s.Clock.Advance(25 * time.Hour) // from here on the PIN itself proves who the person is
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

	// The password allows a new PIN.
	replace := func(password, pin string) answer {
		return own.post("/account/pin/replace", "password", password, "pin", pin)
	}
	own.wrong(replace("", ""), 422, "password", "field_required", "pin", "field_required")
	own.wrong(replace(goodPassword, "0000"), 422, "pin", "pin_repeats")
	own.wrong(replace(otherPassword, first), 422, "password", "current_password_wrong")
	own.done(replace(goodPassword, first))
	has(true)

	// A link in a mail allows a new PIN, too.
	own.mailed(own.post("/account/pin/resets"))
	token := s.letter(t, models.MailPINReset, "ann@example.org").Secret
	own.mailed(own.post("/account/pin/resets")) // over the limit: no mail, and the same answer
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
		t.Errorf("the last try: %s, want it to contain %q", a.body, "either")
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
