package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

// A device that gives its id has one session.
func TestAPISignInOfADevice(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	p := s.program(t)
	signIn := func(deviceID string) string {
		var in struct{ Token string }
		p.is(p.api(http.MethodPost, "/api/v1/sessions", map[string]string{
			"name_or_email": "ann", "password": goodPassword, "device_name": "Den\u202eTV", "client": "Example <b> 2", "device_id": deviceID,
		}), http.StatusCreated, &in)
		p.plant(in.Token)
		return in.Token
	}
	first, other, again := signIn("tv-1"), signIn("tv-2"), signIn("tv-1")
	p.isProblem(p.as(first).api(http.MethodGet, "/api/v1/account", nil), http.StatusUnauthorized, "session_ended")
	for _, token := range []string{other, again} {
		p.is(p.as(token).api(http.MethodGet, "/api/v1/account", nil), http.StatusOK, nil)
	}
	a := b.get("/account/export")
	for _, text := range []string{`"device_id": "tv-1"`, `"device_id": "tv-2"`, `"DenTV"`} {
		if strings.Count(a.body, text) == 0 {
			t.Errorf("the export does not say %s:\n%s", text, a.body)
		}
	}
	if strings.Count(a.body, `"device_id": "tv-1"`) != 1 || strings.Contains(a.body, "\u202e") {
		t.Errorf("got %s, want the device tv-1 once and no invisible characters", a.body)
	}
}

// The token of a device opens no page: a browser has to sign in by itself.
func TestDeviceTokensOpenNoPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	p := s.program(t)
	token := p.token("ann")
	for _, path := range []string{"/account", "/servers", "/account/export"} {
		if a := p.with("Cookie", "__Host-latchkey-session="+token).do(http.MethodGet, path, "", ""); a.status != http.StatusSeeOther {
			t.Errorf("%s with a device's token as cookie: %d, want %d", path, a.status, http.StatusSeeOther)
		}
		if a := p.as(token).do(http.MethodGet, path, "", ""); a.status != http.StatusSeeOther {
			t.Errorf("%s with a bearer token: %d, want %d", path, a.status, http.StatusSeeOther)
		}
	}
	p.is(p.as(token).api(http.MethodGet, "/api/v1/account", nil), http.StatusOK, nil) // the token is valid
}

// Wrong passwords that are sent to the API and on the page count together.
func TestAPIWrongPasswords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	ann := b.join("ann")
	p := s.program(t)
	for _, name := range []string{"ann", "ANN", ann.email, " Ann@Example.org"} {
		p.isProblem(p.api(http.MethodPost, "/api/v1/sessions", map[string]string{"name_or_email": name, "password": otherPassword}),
			http.StatusUnauthorized, "sign_in_wrong")
	}
	a := p.api(http.MethodPost, "/api/v1/sessions", map[string]string{"name_or_email": "ann", "password": goodPassword})
	p.isProblem(a, http.StatusTooManyRequests, "throttled")
	if a.header.Get("Retry-After") == "" {
		t.Error("the answer has no Retry-After, want one")
	}
	b.see(s.browser(t).post("/signin", "name_or_email", "ann", "password", goodPassword), http.StatusTooManyRequests)
	nobody := p.api(http.MethodPost, "/api/v1/sessions", map[string]string{"name_or_email": "nobody", "password": otherPassword})
	p.isProblem(nobody, http.StatusUnauthorized, "sign_in_wrong")
}
