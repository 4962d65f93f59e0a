package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestReauthentication(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	p := b.join("ann")
	b.signIn(p)
	b.see(b.get("/account/export"), http.StatusOK)
	b.Clock.Advance(25 * time.Hour)
	for _, path := range []string{"/account/export", "/account/email", "/account/pin"} {
		b.led(b.get(path), "/account/confirm-password?return_to="+url.QueryEscape(path), "Your password, please")
	}
	b.led(b.post("/account/sessions/end-others"), "/account/confirm-password?return_to=%2Faccount%2Fsessions")
	b.led(b.post("/account/email", "email", "x@example.org", "current_password", p.password), "/account/confirm-password?return_to=%2Faccount%2Femail")
	b.led(b.post("/account/pin", "do", "set", "pin", "k7m2x", "pin_again", "k7m2x"), "/account/confirm-password?return_to=%2Faccount%2Fpin")
	b.see(b.get("/account"), http.StatusOK)
	b.wrong(b.post("/account/confirm-password", "current_password", "no", "return_to", "/account/email"), "current_password")
	before := b.token()
	b.led(b.post("/account/confirm-password", "current_password", p.password, "return_to", "/account/email"), "/account/email", "new address")
	if before == b.token() {
		t.Error("the token did not change")
	}
}
