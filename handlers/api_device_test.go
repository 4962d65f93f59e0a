package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A television is signed in from a phone, by all steps of RFC 8628 (R-63, R-65,
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
		t.Errorf("got %+v, want the page /link, the same with the code, 600 seconds and polls each 5 seconds", begun)
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
		t.Errorf("%+v, want ann", in)
	}
	p.is(p.as(in.Token).api(http.MethodGet, "/api/v1/account", nil), http.StatusOK, nil)
	grantError(poll(), "expired_token")
	// Nobody typed a password on the television, so it cannot sign other devices in.
	tv := p.as(in.Token)
	tv.isProblem(tv.api(http.MethodPost, "/api/v1/device-codes/BCDF-GHJK/approve", nil), http.StatusForbidden, "confirm_password")

	// Now the device is denied.
	p.is(p.api(http.MethodPost, "/api/v1/device-codes", map[string]string{"device_id": "tv"}), http.StatusCreated, &begun)
	phone.is(phone.api(http.MethodPost, "/api/v1/device-codes/"+begun.UserCode+"/deny", nil), http.StatusNoContent, nil)
	grantError(poll(), "access_denied")
}

// Wrong codes that are sent to the API and on the page count together. After too many of
// them, right codes are refused, too.
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
	for _, guess := range []string{"BCDF-GHJK", "bcdfghjk", "bcdf.ghjk", "%E2%80%8EBCDFGHJK", "nonsense", "%00"} { // the last two do not count as tries
		own.isProblem(decide(guess, "approve"), http.StatusNotFound, "user_code_wrong")
	}
	b.wrong(b.post("/link", "user_code", "BCDF-GHJK"), "user_code")
	right := s.shows(t).UserCode
	for _, act := range []string{"approve", "deny"} {
		a := decide(right, act)
		own.isProblem(a, http.StatusTooManyRequests, "throttled")
		if a.header.Get("Retry-After") == "" {
			t.Error("the answer has no Retry-After, want one")
		}
	}
	b.see(b.post("/link", "user_code", right), http.StatusTooManyRequests)
	s.Clock.Advance(11 * time.Minute)
	own.is(decide(s.shows(t).UserCode, "approve"), http.StatusNoContent, nil)
}

// The person who decides sees which device asks.
func TestAPILooksAtADevice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own := s.program(t).signedUp("ann")
	f := &fixture{program: own}
	f.begin()
	var device map[string]string
	own.is(own.get("/device-codes/"+strings.ToLower(f.code)), http.StatusOK, &device)
	want := map[string]string{
		"user_code": f.code, "client": "TV app", "device_name": "Living room", "address": "127.0.0.1",
		"created_at": "2026-03-04T05:06:07Z", "expires_at": "2026-03-04T05:16:07Z",
	}
	if diff := cmp.Diff(want, device); diff != "" {
		t.Errorf("device (-want +got):\n%s", diff)
	}
	own.refused(own.get("/device-codes/nonsense"), http.StatusNotFound, "user_code_wrong")
	for i := range 200 {
		if a := own.get("/device-codes/BCDF-GHJ" + "BCDFGHJKLM"[i%10:i%10+1]); a.status != http.StatusNotFound {
			own.refused(a, http.StatusTooManyRequests, "throttled")
			return
		}
	}
	t.Error("no wrong code was refused for too many guesses, want a limit")
}
