package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAPIProfile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.program(t)
	p.signedUp("bob")
	own := p.signedUp("ann")
	type profile struct {
		Username    string
		DisplayName string `json:"display_name"`
		Language    string
	}
	patch := func(pairs ...string) answer { return own.send(http.MethodPatch, "/account", pairs...) }
	for _, tt := range []struct {
		pairs []string
		want  profile
	}{
		{nil, profile{"ann", "ann", "en"}},
		{[]string{"display_name", "Ann B."}, profile{"ann", "Ann B.", "en"}},
		{[]string{"language", "de"}, profile{"ann", "Ann B.", "de"}},
		{[]string{"username", "Anna"}, profile{"Anna", "Ann B.", "de"}},
		{[]string{"display_name", ""}, profile{"Anna", "Anna", "de"}},
	} {
		var got profile
		own.is(patch(tt.pairs...), http.StatusOK, &got)
		if got != tt.want {
			t.Errorf("%q: %+v, want %+v", tt.pairs, got, tt.want)
		}
		own.is(own.get("/account"), http.StatusOK, &got)
		if got != tt.want {
			t.Errorf("after %q: %+v, want %+v", tt.pairs, got, tt.want)
		}
	}
	own.wrong(patch("username", "bob"), http.StatusConflict, "username", "username_taken")
	own.wrong(patch("username", "", "language", "xx"), 422, "username", "username_invalid", "language", "language_invalid")
	own.wrong(patch("display_name", strings.Repeat("x", 400)), 422, "display_name", "display_name_invalid")
	own.refused(patch("email", "x@example.org"), http.StatusBadRequest, "json_invalid")
	for range 100 {
		if a := patch("language", "en"); a.status != http.StatusOK {
			own.refused(a, http.StatusTooManyRequests, "throttled")
			return
		}
	}
	t.Error("no change of the profile was refused, want a limit")
}
