package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPINOpensNothing sends a right PIN that is as long as a password in every place of a
// password. It also checks that a right PIN does not count as a recently given password
//
func TestPINOpensNothing(t *testing.T) {
	t.Parallel()
	const pin = "k7q2mx9w4t6z"
	s := newSite(t)
	own := s.program(t).signedUp("ann")
	own.done(own.send(http.MethodPut, "/account/pin", "pin", pin))
	sessions := func() int {
		t.Helper()
		var list struct{ Sessions []struct{ ID string } }
		own.is(own.get("/sessions"), http.StatusOK, &list)
		return len(list.Sessions)
	}
	before := sessions()
	if before == 0 {
		t.Error("got no session in the list, want at least one: this test shows nothing")
	}

	stranger, browser := s.program(t), s.browser(t)
	stranger.refused(stranger.post("/sessions", "name_or_email", "ann", "password", pin), http.StatusUnauthorized, "sign_in_wrong")
	stranger.is(stranger.form(http.MethodPost, "/service/user/authenticate", url.Values{"nameOrEmail": {"ann"}, "rawpw": {pin}}), http.StatusUnauthorized, nil)
	browser.see(browser.post("/signin", "name_or_email", "ann", "password", pin), http.StatusUnprocessableEntity)
	if browser.isSignedIn() {
		t.Error("the PIN opened a session of a browser, want none")
	}
	stranger.refused(stranger.post("/account/pin/verify", "pin", pin), http.StatusUnauthorized, "token_missing")

	for operation, typed := range map[string][]string{
		"POST /account/password":         {"current_password", pin, "password", otherPassword},
		"POST /account/email":            {"email", "stranger@example.org", "password", pin},
		"DELETE /account":                {"password", pin},
		"POST /account/pin/replace":      {"password", pin, "pin", "8305"},
		"POST /sessions/current/confirm": {"password", pin},
	} {
		s.Clock.Advance(time.Hour) // so that the wrong tries before do not count
		field := "password"
		if typed[0] == "current_password" {
			field = typed[0]
		}
		method, path, _ := strings.Cut(operation, " ")
		own.wrong(own.send(method, path, typed...), 422, field, "current_password_wrong")
	}

	s.Clock.Advance(25 * time.Hour) // now the password was typed too long ago
	answer := own.post("/account/pin/verify", "pin", pin)
	own.done(answer)
	if got := answer.header.Values("Set-Cookie"); len(got) > 0 {
		t.Errorf("a right PIN set the cookies %q, want none", got)
	}
	own.refused(own.post("/account/email", "email", "stranger@example.org", "password", goodPassword), http.StatusForbidden, "confirm_password")
	if got := sessions(); got != before {
		t.Errorf("%d sessions, want %d as before", got, before)
	}
}

// TestOnlyPINRoutesTakeAPIN finds operations that read a PIN. Before a new operation is
// added to this list, somebody must check what its PIN gives access to.
func TestOnlyPINRoutesTakeAPIN(t *testing.T) {
	t.Parallel()
	var got []string
	for _, o := range contractOf(t).operations {
		if o.RequestBody == nil {
			continue
		}
		for _, media := range o.RequestBody.Value.Content {
			for name := range media.Schema.Value.Properties {
				if (name == "pin" || strings.HasSuffix(name, "_pin")) && !slices.Contains(got, o.String()) && strings.Contains(o.path, belowV1) {
					got = append(got, o.String())
				}
			}
		}
	}
	want := []string{
		"DELETE /api/v1/account/pin", "POST /api/v1/account/pin/replace", "POST /api/v1/account/pin/resets/redeem",
		"POST /api/v1/account/pin/verify", "POST /api/v1/sessions/current/switch", "POST /api/v1/unlocks",
		"PUT /api/v1/account/pin", "PUT /api/v1/family/members/{id}/pin", "PUT /api/v1/holds/{id}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operations that take a PIN (-want +got):\n%s", diff)
	}
}
