package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// deviceGrant is the grant_type of RFC 8628.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// oauth returns the OAuth settings of a television that uses an ordinary OAuth library.
func (s *site) oauth(style oauth2.AuthStyle) *oauth2.Config {
	return &oauth2.Config{ClientID: "Den TV", Scopes: []string{"anything"}, Endpoint: oauth2.Endpoint{
		DeviceAuthURL: s.URL + "/api/v1/device-codes", TokenURL: s.URL + "/api/v1/device-codes/token", AuthStyle: style,
	}}
}

// library returns a context that makes the OAuth library send its requests to the
// site. After the first poll for a token it calls next, unless next is nil.
func (s *site) library(t *testing.T, next func()) context.Context {
	t.Helper()
	transport := &afterPoll{RoundTripper: s.Client().Transport, next: next}
	return context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: transport})
}

// afterPoll calls next after the first answer of the token route.
type afterPoll struct {
	http.RoundTripper
	once sync.Once
	next func()
}

func (a *afterPoll) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := a.RoundTripper.RoundTrip(r)
	if a.next != nil && strings.HasSuffix(r.URL.Path, "/token") {
		a.once.Do(a.next)
	}
	return response, err
}

// An ordinary OAuth library signs a television in, in every way in which it may send
// the client's id. The person approves after the first poll, so the library has to
// read that it must ask again.
func TestAPIDeviceOAuthLibrary(t *testing.T) {
	t.Parallel()
	for name, style := range map[string]oauth2.AuthStyle{
		"parameters": oauth2.AuthStyleInParams, "header": oauth2.AuthStyleInHeader, "both in turn": oauth2.AuthStyleAutoDetect,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.browser(t).join("ann")
			phone, config := s.program(t).as(s.program(t).token("ann")), s.oauth(style)
			begun, err := config.DeviceAuth(s.library(t, nil))
			if err != nil {
				t.Fatal(err)
			}
			if begun.VerificationURI != s.URL+"/link" || begun.VerificationURIComplete == "" || begun.Interval != 5 || begun.Expiry.IsZero() {
				t.Errorf("got %+v, want the page /link, polls each 5 seconds and an end", begun)
			}
			var device map[string]string
			phone.is(phone.get("/device-codes/"+begun.UserCode), http.StatusOK, &device)
			if device["client"] != "Den TV" {
				t.Errorf("got the device %v, want the client id as the name of the app", device)
			}
			begun.Interval, begun.Expiry = 1, time.Time{} // the library waits in real time, and the service by the clock of the test
			ctx := s.library(t, func() {
				phone.is(phone.api(http.MethodPost, "/api/v1/device-codes/"+begun.UserCode+"/approve", nil), http.StatusNoContent, nil)
				s.Clock.Advance(time.Minute)
			})
			token, err := config.DeviceAccessToken(ctx, begun)
			if err != nil {
				t.Fatal(err)
			}
			var account struct{ Username string }
			own := s.program(t).as(token.AccessToken)
			own.is(own.get("/account"), http.StatusOK, &account)
			if account.Username != "ann" || token.Type() != "Bearer" || token.RefreshToken != "" {
				t.Errorf("token of type %s, account %+v; want a Bearer token of ann, without a refresh token", token.Type(), account)
			}
		})
	}
}

// The library reads the errors of RFC 8628 after which it must stop.
func TestAPIDeviceOAuthErrors(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.browser(t).join("ann")
	phone := s.program(t).as(s.program(t).token("ann"))
	config := s.oauth(oauth2.AuthStyleInParams)
	begin := func() *oauth2.DeviceAuthResponse {
		t.Helper()
		begun, err := config.DeviceAuth(s.library(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		begun.Interval = 1
		return begun
	}
	fails := func(begun *oauth2.DeviceAuthResponse, want string) {
		t.Helper()
		_, err := config.DeviceAccessToken(s.library(t, nil), begun)
		got, ok := errors.AsType[*oauth2.RetrieveError](err)
		if !ok || got.ErrorCode != want || got.ErrorDescription == "" {
			t.Errorf("got the error %v, want %s with a description", err, want)
		}
	}
	denied := begin()
	phone.is(phone.api(http.MethodPost, "/api/v1/device-codes/"+denied.UserCode+"/deny", nil), http.StatusNoContent, nil)
	fails(denied, "access_denied")
	late := begin()
	s.Clock.Advance(11 * time.Minute)
	late.Expiry = time.Time{} // the library would stop by itself
	fails(late, "expired_token")
	fails(&oauth2.DeviceAuthResponse{DeviceCode: "lkd_of-my-own-making", Interval: 1}, "expired_token")
}

// A form with a missing, repeated or malformed parameter gets an error of RFC 6749 as
// JSON, with a status of that RFC. A request that is not a form still gets the errors
// of the API.
func TestAPIDeviceForms(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.program(t)
	const form = "application/x-www-form-urlencoded"
	code := s.shows(t).DeviceCode
	for _, c := range []struct {
		name, path, body string
		status           int
		want             string // the member error; "" for success
	}{
		{"begin", "", "client_id=TV", 200, ""},
		{"begin with an id and unknown parameters", "", "client_id=TV&device_id=tv&device_name=Den&scope=a&audience=b", 200, ""},
		{"begin without a client", "", "scope=a", 400, "invalid_request"},
		{"begin with a blank client", "", "client_id=%20", 400, "invalid_request"},
		{"begin with two clients", "", "client_id=a&client_id=b", 400, "invalid_request"},
		{"begin with a broken form", "", "client_id=%zz", 400, "invalid_request"},
		{"begin with an id that is too long", "", "client_id=a&device_id=" + strings.Repeat("x", 256), 400, "invalid_request"},
		{"begin with too much", "", "client_id=a&x=" + strings.Repeat("x", 70_000), 413, "invalid_request"},
		{"ask", "/token", "client_id=TV&device_code=" + code + "&grant_type=" + url.QueryEscape(deviceGrant), 400, "authorization_pending"},
		{"ask at once", "/token", "client_id=TV&device_code=" + code + "&grant_type=" + url.QueryEscape(deviceGrant), 400, "slow_down"},
		{"ask without a client", "/token", "device_code=" + code + "&grant_type=" + url.QueryEscape(deviceGrant), 400, "invalid_request"},
		{"ask without a grant", "/token", "client_id=TV&device_code=" + code, 400, "invalid_request"},
		{"ask for another grant", "/token", "client_id=TV&grant_type=refresh_token&refresh_token=x", 400, "unsupported_grant_type"},
		{"ask without a code", "/token", "client_id=TV&grant_type=" + url.QueryEscape(deviceGrant), 400, "invalid_request"},
	} {
		a := p.do(http.MethodPost, "/api/v1/device-codes"+c.path, form, c.body)
		var got struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != c.status || got.Error != c.want || (got.Description == "") != (c.want == "") {
			t.Errorf("%s: status %d, %s, error %v; want %d and the error %q", c.name, a.status, a.body, err, c.status, c.want)
		}
		if a.header.Get("Content-Type") != "application/json;charset=UTF-8" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v, want JSON in UTF-8 that is not stored", c.name, a.header)
		}
	}
	p.isProblem(p.do(http.MethodPost, "/api/v1/device-codes", "text/plain", "client_id=TV"), http.StatusUnsupportedMediaType, "json_wanted")
}
