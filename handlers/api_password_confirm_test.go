package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// To approve a device, the password must have been given within a day.
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
		t.Errorf("got %s, want a mistake in the field password", wrong.body)
	}
	var renewed struct{ Token string }
	p.is(confirm(old, goodPassword), http.StatusOK, &renewed)
	p.plant(renewed.Token)
	p.isProblem(p.as(old).api(http.MethodGet, "/api/v1/account", nil), http.StatusUnauthorized, "session_ended")
	p.is(p.as(renewed.Token).api(http.MethodPost, approve, nil), http.StatusNoContent, nil)
	p.is(p.as(renewed.Token).api(http.MethodDelete, "/api/v1/sessions/current", nil), http.StatusNoContent, nil)
	p.isProblem(p.as(renewed.Token).api(http.MethodGet, "/api/v1/account", nil), http.StatusUnauthorized, "session_ended")
}
