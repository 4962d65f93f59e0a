package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestPIN(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	p := b.join("ann")
	b.signIn(p)

	b.wrong(b.post("/account/pin", "do", "set", "pin", "1234", "pin_again", "1234"), "pin")
	b.wrong(b.post("/account/pin", "do", "set", "pin", "", "pin_again", ""), "pin")
	b.wrong(b.post("/account/pin", "do", "set", "pin", "k7m2x", "pin_again", "k7m2"), "pin_again")
	b.see(b.post("/account/pin", "do", "else", "pin", "k7m2x", "pin_again", "k7m2x"), http.StatusBadRequest)
	b.led(b.post("/account/pin", "do", "set", "pin", "k7m2x", "pin_again", "k7m2x"), "/account", "Your PIN is set")
	b.see(b.get("/account/pin"), http.StatusOK, `name="current_pin"`)
	b.wrong(b.post("/account/pin", "do", "set", "current_pin", "wrong", "pin", "p9q4r", "pin_again", "p9q4r"), "current_pin")
	b.led(b.post("/account/pin", "do", "set", "current_pin", "k7m2x", "pin", "p9q4r", "pin_again", "p9q4r"), "/account", "Your PIN is changed")
	b.wrong(b.post("/account/pin", "do", "remove", "current_pin", "k7m2x"), "remove_current_pin")

	// A forgotten PIN is replaced by mail, also in a browser that is not signed
	// in.
	b.led(b.post("/account/pin/mail"), "/account/pin/forgot", "mailed you a link")
	token := s.letter(t, models.MailPINReset, p.email).Secret
	other := s.browser(t)
	other.led(other.get("/account/pin/reset?token="+token), "/account/pin/reset", "ann")
	other.wrong(other.post("/account/pin/reset", "do", "set", "pin", "9999", "pin_again", "9999"), "pin")
	if a := other.post("/account/pin/reset", "do", "set", "pin", "z3x8c", "pin_again", "z3x8c"); a.status != http.StatusSeeOther {
		t.Fatalf("reset: %d %s, want %d", a.status, summary(a.body), http.StatusSeeOther)
	}
	if other.isSignedIn() {
		t.Error("a PIN reset opened a session")
	}
	// With the password of the account, a person can also set a new PIN.
	b.wrong(b.post("/account/pin/forgot", "do", "set", "current_password", "no", "pin", "a2w3c8d", "pin_again", "a2w3c8d"), "current_password")
	b.led(b.post("/account/pin/forgot", "do", "set", "current_password", p.password, "pin", "a2w3c8d", "pin_again", "a2w3c8d"), "/account", "Your PIN is")
	b.led(b.post("/account/pin", "do", "remove", "current_pin", "a2w3c8d"), "/account", "Your PIN is removed")
	s.letter(t, models.MailPINChanged, p.email)

	// After a year the page reminds the person to change the PIN.
	b.led(b.post("/account/pin", "do", "set", "pin", "k7m2x", "pin_again", "k7m2x"), "/account")
	for range 61 {
		b.Clock.Advance(6 * 24 * time.Hour)
		if !b.isSignedIn() {
			b.signIn(p)
		}
		if err := s.Store.Sessions.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.see(b.get("/account"), http.StatusOK, "More than a year ago")
}

func TestMissingPINCannotBeRemoved(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	b.signIn(b.join("ann"))
	b.see(b.post("/account/pin", "do", "remove"), http.StatusNotFound, "<h1>You have no PIN</h1>", `class="button" href="/account/pin"`)
}

func TestPINTriesRunOut(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	b.signIn(b.join("ann"))
	b.led(b.post("/account/pin", "do", "set", "pin", "k7m2x", "pin_again", "k7m2x"), "/account")
	var last answer
	for range 6 {
		last = b.post("/account/pin", "do", "remove", "current_pin", "wrong1")
	}
	b.see(last, http.StatusTooManyRequests, "reset the PIN")
	if last.header.Get("Retry-After") == "" {
		t.Error("the answer has no Retry-After, want one")
	}
}
