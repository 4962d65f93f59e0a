package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// A device that says which one it is has one session.
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
		t.Error(a.body)
	}
}

// The token of a device opens no page: a browser signs in for itself.
func TestDeviceTokensOpenNoPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	p := s.program(t)
	token := p.token("ann")
	for _, path := range []string{"/account", "/servers", "/account/export"} {
		if a := p.with("Cookie", "__Host-latchkey-session="+token).do(http.MethodGet, path, "", ""); a.status != http.StatusSeeOther {
			t.Errorf("%s with a device's token as cookie: %d", path, a.status)
		}
		if a := p.as(token).do(http.MethodGet, path, "", ""); a.status != http.StatusSeeOther {
			t.Errorf("%s with a bearer token: %d", path, a.status)
		}
	}
	p.is(p.as(token).api(http.MethodGet, "/api/v1/account", nil), http.StatusOK, nil) // it lives
}

// A television is signed in from a phone, through the whole of RFC 8628 (R-63,
//
func TestAPIDeviceCode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.browser(t).join("ann")
	p := s.program(t)
	phone := p.as(p.token("ann"))
	var begun struct {
		DeviceCode string `json:"device_code"`
		UserCode   string `json:"user_code"`
		Page       string `json:"verification_uri"`
		Filled     string `json:"verification_uri_complete"`
		ExpiresIn  int    `json:"expires_in"`
		Interval   int    `json:"interval"`
	}
	p.is(p.api(http.MethodPost, "/api/v1/device-codes", map[string]string{"client": "TV app", "device_name": "Living room", "device_id": "tv"}),
		http.StatusCreated, &begun)
	p.plant(begun.DeviceCode)
	if begun.Page != s.URL+"/link" || begun.Filled != s.URL+"/link?user_code="+begun.UserCode || begun.ExpiresIn != 600 || begun.Interval != 5 {
		t.Errorf("%+v", begun)
	}
	poll := func() answer {
		return p.api(http.MethodPost, "/api/v1/device-codes/token", map[string]string{"device_code": begun.DeviceCode})
	}
	grantError := func(a answer, code string) {
		t.Helper()
		p.isProblem(a, http.StatusBadRequest, code)
		var got struct{ Error string }
		p.is(a, http.StatusBadRequest, &got)
		if got.Error != code {
			t.Errorf("error %q, want %q", got.Error, code)
		}
	}
	grantError(poll(), "authorization_pending")
	grantError(poll(), "slow_down")
	s.Clock.Advance(11 * time.Second)
	grantError(poll(), "authorization_pending")

	phone.isProblem(phone.api(http.MethodPost, "/api/v1/device-codes/BCDF-GHJX/approve", nil), http.StatusNotFound, "user_code_wrong")
	typed := strings.ToLower(strings.Replace(begun.UserCode, "-", "", 1))
	phone.is(phone.api(http.MethodPost, "/api/v1/device-codes/"+typed+"/approve", nil), http.StatusNoContent, nil)
	s.Clock.Advance(time.Minute)
	var in struct {
		Token   string
		Account struct{ Username string }
	}
	p.is(poll(), http.StatusOK, &in)
	p.plant(in.Token)
	if in.Account.Username != "ann" {
		t.Errorf("%+v", in)
	}
	p.is(p.as(in.Token).api(http.MethodGet, "/api/v1/account", nil), http.StatusOK, nil)
	grantError(poll(), "expired_token")
	// Nobody typed a password on the television: it cannot let others in.
	tv := p.as(in.Token)
	tv.isProblem(tv.api(http.MethodPost, "/api/v1/device-codes/BCDF-GHJK/approve", nil), http.StatusForbidden, "confirm_password")

	// Denied.
	p.is(p.api(http.MethodPost, "/api/v1/device-codes", map[string]string{"device_id": "tv"}), http.StatusCreated, &begun)
	phone.is(phone.api(http.MethodPost, "/api/v1/device-codes/"+begun.UserCode+"/deny", nil), http.StatusNoContent, nil)
	grantError(poll(), "access_denied")
}

// approving needs a proof of the password that is not older than a day.
func TestAPIConfirmPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.browser(t).join("ann")
	p := s.program(t)
	old := p.token("ann")
	s.Clock.Advance(25 * time.Hour)
	f := &fixture{program: p}
	f.begin()
	approve := "/api/v1/device-codes/" + f.code + "/approve"
	p.isProblem(p.as(old).api(http.MethodPost, approve, nil), http.StatusForbidden, "confirm_password")
	confirm := func(token, password string) answer {
		return p.as(token).api(http.MethodPost, "/api/v1/sessions/current/confirm", map[string]string{"password": password})
	}
	wrong := confirm(old, otherPassword)
	p.isProblem(wrong, http.StatusUnprocessableEntity, "invalid")
	if !strings.Contains(wrong.body, `"field":"password"`) {
		t.Error(wrong.body)
	}
	var renewed struct{ Token string }
	p.is(confirm(old, goodPassword), http.StatusOK, &renewed)
	p.plant(renewed.Token)
	p.isProblem(p.as(old).api(http.MethodGet, "/api/v1/account", nil), http.StatusUnauthorized, "session_ended")
	p.is(p.as(renewed.Token).api(http.MethodPost, approve, nil), http.StatusNoContent, nil)
	p.is(p.as(renewed.Token).api(http.MethodDelete, "/api/v1/sessions/current", nil), http.StatusNoContent, nil)
	p.isProblem(p.as(renewed.Token).api(http.MethodGet, "/api/v1/account", nil), http.StatusUnauthorized, "session_ended")
}

// codes that are guessed here and codes that are guessed on the page count
// together, and right ones are refused as well from then on.
func TestAPIWrongUserCodes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	p := s.program(t)
	own := p.as(p.token("ann"))
	decide := func(code, act string) answer {
		return own.api(http.MethodPost, "/api/v1/device-codes/"+code+"/"+act, nil)
	}
	for _, guess := range []string{"BCDF-GHJK", "bcdfghjk", "nonsense", "%00"} {
		own.isProblem(decide(guess, "approve"), http.StatusNotFound, "user_code_wrong")
	}
	b.wrong(b.post("/link", "user_code", "BCDF-GHJK"), "user_code")
	right := s.shows(t).UserCode
	for _, act := range []string{"approve", "deny"} {
		a := decide(right, act)
		own.isProblem(a, http.StatusTooManyRequests, "throttled")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	b.see(b.post("/link", "user_code", right), http.StatusTooManyRequests)
	s.Clock.Advance(11 * time.Minute)
	own.is(decide(s.shows(t).UserCode, "approve"), http.StatusNoContent, nil)
}

// passwords that are guessed here count with those of the page.
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
		t.Error("no Retry-After")
	}
	b.see(s.browser(t).post("/signin", "name_or_email", "ann", "password", goodPassword), http.StatusTooManyRequests)
	nobody := p.api(http.MethodPost, "/api/v1/sessions", map[string]string{"name_or_email": "nobody", "password": otherPassword})
	p.isProblem(nobody, http.StatusUnauthorized, "sign_in_wrong")
}

// the owner hears of a new device, and whoever was not it ends its session.
func TestAPIDeviceNotMe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	ann := b.join("ann")
	b.signIn(ann)
	code := s.shows(t)
	p := s.program(t)
	p.is(p.as(p.token("ann")).api(http.MethodPost, "/api/v1/device-codes/"+code.UserCode+"/approve", nil), http.StatusNoContent, nil)
	s.deliver(t)
	before := len(s.letters)
	var in struct{ Token string }
	p.is(p.api(http.MethodPost, "/api/v1/device-codes/token", map[string]string{"device_code": code.DeviceCode}), http.StatusOK, &in)
	p.plant(in.Token)
	letter := s.letter(t, models.MailNewDevice, ann.email)
	if len(s.letters) != before+1 || letter.Facts["device"] != "Living <room> · Example for TV 4.2" {
		t.Fatalf("%d mails, of %v", len(s.letters)-before, letter.Facts)
	}
	mail := s.browser(t)
	mail.get("/account/sessions/not-me?token=" + letter.Secret)
	p.is(p.as(in.Token).api(http.MethodGet, "/api/v1/account", nil), http.StatusOK, nil) // opening the link ends nothing
	if a := mail.post("/account/sessions/not-me"); a.status != http.StatusSeeOther {
		t.Errorf("not me: %d", a.status)
	}
	p.isProblem(p.as(in.Token).api(http.MethodGet, "/api/v1/account", nil), http.StatusUnauthorized, "session_ended")
}
