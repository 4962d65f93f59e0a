package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// The API reads bodies strictly.
func TestAPIReadsStrictly(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	s.browser(t).join("ann")
	p := s.program(t)
	const path, media = "/api/v1/sessions", "application/json"
	good := `{"name_or_email":"ann","password":"` + goodPassword + `"}`
	for _, tt := range []struct {
		name, media, body string
		status            int
		code              string
	}{
		{"a form", "application/x-www-form-urlencoded", "name_or_email=ann", 415, "json_wanted"},
		{"no type", "", good, 415, "json_wanted"},
		{"text", "text/plain", good, 415, "json_wanted"},
		{"another charset", "application/json; charset=latin1", good, 415, "json_wanted"},
		{"nothing", media, "", 400, "json_invalid"},
		{"null", media, "null", 400, "json_invalid"},
		{"a list", media, "[" + good + "]", 400, "json_invalid"},
		{"two values", media, good + good, 400, "json_invalid"},
		{"a rest", media, good + "}", 400, "json_invalid"},
		{"cut off", media, good[:20], 400, "json_invalid"},
		{"unknown member", media, `{"name_or_email":"ann","password":"x","admin":true}`, 400, "json_invalid"},
		{"member twice", media, `{"name_or_email":"bob","name_or_email":"ann","password":"x"}`, 400, "json_invalid"},
		{"member twice in another case", media, `{"NAME_or_email":"bob","name_or_email":"ann","password":"x"}`, 400, "json_invalid"},
		{"member in other letters", media, strings.ToUpper(good[:16]) + good[16:], 400, "json_invalid"},
		{"member in letters that fold to ours", media, strings.Replace(good, "password", "pa\u017f\u017fword", 1), 400, "json_invalid"},
		{"a list for a text", media, `{"name_or_email":["ann"],"password":"x"}`, 400, "json_invalid"},
		{"not UTF-8", media, "{\"name_or_email\":\"a\xff\",\"password\":\"x\"}", 400, "json_invalid"},
		{"deep", media, strings.Repeat(`{"a":`, 12000), 400, "json_invalid"},
		{"too large", media, `{"name_or_email":"` + strings.Repeat("a", 65<<10) + `"}`, 413, "body_too_large"},
		{"empty members", media, `{"name_or_email":"","password":null}`, 422, "invalid"},
		{"wrong password", media, `{"name_or_email":"ann","password":"x"}`, 401, "sign_in_wrong"},
		{"a device id that is too long", media, strings.Replace(good, "{", `{"device_id":"`+strings.Repeat("x", 256)+`",`, 1), 422, "invalid"},
		{"NUL", media, `{"name_or_email":"ann\u0000","password":"x"}`, 401, "sign_in_wrong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := s.program(t)
			a := p.do(http.MethodPost, path, tt.media, tt.body)
			p.isProblem(a, tt.status, tt.code)
			checkAPIAnswer(t, a)
		})
	}
	p.isProblem(p.with("Content-Encoding", "gzip").do(http.MethodPost, path, media, good), http.StatusUnsupportedMediaType, "json_wanted")
	p.is(p.do(http.MethodPost, path, "Application/JSON; charset=UTF-8", good), http.StatusCreated, nil)
	p.is(p.do(http.MethodPost, path, media, "\ufeff"+good), http.StatusCreated, nil) // the Emby wire and the agent read the mark, too
	p.isProblem(p.do(http.MethodPost, path, media, "\ufeff\ufeff"+good), http.StatusBadRequest, "json_invalid")
	var invalid struct {
		Errors []struct{ Field, Code, Detail string }
	}
	a := p.with("Accept-Language", "de").do(http.MethodPost, path, media, `{}`)
	p.is(a, http.StatusUnprocessableEntity, &invalid)
	if len(invalid.Errors) != 2 || invalid.Errors[0].Field != "name_or_email" || invalid.Errors[0].Code != "field_required" ||
		!strings.Contains(invalid.Errors[0].Detail, "Bitte") {
		t.Errorf("answer %+v, want the mistake in German", invalid)
	}
}

// An operation without a body refuses a body that has members, too.
func TestAPIRefusesUnknownBodies(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	f := newFixture(t, s)
	own, bob := f.as(f.annToken), f.as(f.bobToken)
	for _, route := range []struct {
		who          *program
		method, path string
		good         int
	}{
		{own, http.MethodPost, "/api/v1/device-codes/" + f.code + "/approve", 204},
		{own, http.MethodPost, "/api/v1/device-codes/" + s.shows(t).UserCode + "/deny", 204},
		{own, http.MethodPost, "/api/v1/servers/claim-codes", 201},
		{own, http.MethodPost, "/api/v1/links/" + f.pending + "/accept", 204},
		{own, http.MethodPost, "/api/v1/links/" + f.pending + "/decline", 404},
		{own, http.MethodDelete, "/api/v1/links/" + f.pending, 204},
		{bob, http.MethodDelete, "/api/v1/sessions/current", 204},
	} {
		own.isProblem(route.who.api(route.method, route.path, map[string]any{"id": "1"}), http.StatusBadRequest, "json_invalid")
		own.isProblem(route.who.do(route.method, route.path, "text/plain", "hello"), http.StatusUnsupportedMediaType, "json_wanted")
		a := route.who.api(route.method, route.path, map[string]any{})
		if a.status != route.good {
			t.Errorf("%s with an empty object: %d, want %d: %s", a.path, a.status, route.good, a.body)
		}
		for _, code := range regexp.MustCompile(`[A-Z]{4}-[A-Z]{4}`).FindAllString(a.body, -1) {
			s.plant(code)
		}
	}
}

// For any text that a program sends, the answer is one that the contract describes, on each
// engine, and the stored text does no harm.
func TestAPIHostileTexts(t *testing.T) {
	t.Parallel()
	eachBusySite(t, apiHostileTexts)
}

func apiHostileTexts(t *testing.T, s *site) {
	f := newFixture(t, s)
	own := f.as(f.annToken)
	texts := []string{
		"", " ", "\x00", "a\x00b", "\u202egnp.exe", "\u2066\u200b\ufeff", "\r\nBcc: eve@example.org", "<script>alert(1)</script>", "{{.}}",
		"' OR 1=1 --", "javascript:alert(1)", "\U0001f600", strings.Repeat("\U0001f600", 300), strings.Repeat("é", 2000), strings.Repeat("x", 60000),
		"\ud7ff\ue000\U0010ffff", "../../etc/passwd", "%00%0d%0a", "9223372036854775808", "null",
	}
	for _, try := range []struct {
		path    string
		members []string
		valid   func() map[string]any
	}{
		{"/api/v1/sessions", []string{"name_or_email", "password", "device_name", "client", "device_id"}, func() map[string]any {
			return map[string]any{"name_or_email": "ann", "password": goodPassword}
		}},
		{"/api/v1/sessions/current/confirm", []string{"password"}, func() map[string]any { return map[string]any{} }},
		{"/api/v1/device-codes", []string{"client", "device_name", "device_id"}, func() map[string]any { return map[string]any{"device_id": "tv"} }},
		{"/api/v1/device-codes/token", []string{"device_code"}, func() map[string]any { return map[string]any{} }},
		{"/api/v1/servers", []string{"claim_code", "name", "system_id", "version"}, func() map[string]any {
			return map[string]any{"name": "Den", "system_id": "5ed"}
		}},
	} {
		for _, member := range try.members {
			for _, text := range texts {
				in := try.valid()
				in[member] = text
				a := own.api(http.MethodPost, try.path, in)
				if a.status >= 500 || a.status == http.StatusNotFound {
					t.Errorf("%s with %s %.20q: status %d with %s, want one below 500 that is not 404", try.path, member, text, a.status, a.body)
				}
				checkAPIAnswer(t, a)
			}
		}
	}
	for _, text := range texts {
		for _, path := range []string{"/api/v1/device-codes/%s/approve", "/api/v1/device-codes/%s/deny", "/api/v1/links/%s/accept", "/api/v1/links/%s/decline"} {
			if len(text) > 4000 || strings.Trim(text, "./") == "" {
				continue
			}
			a := own.api(http.MethodPost, fmt.Sprintf(path, url.PathEscape(text)), nil)
			if a.status != http.StatusNotFound {
				t.Errorf("%s with %.20q: %d %s, want %d", path, text, a.status, a.body, http.StatusNotFound)
			}
			checkAPIAnswer(t, a)
		}
	}
	browser := s.browser(t)
	browser.led(browser.post("/signin", "name_or_email", "ann", "password", goodPassword), "/servers")
	var all strings.Builder
	for path := "/account/sessions"; path != ""; {
		a := browser.get(path)
		browser.see(a, http.StatusOK)
		all.WriteString(a.body)
		path = nextOf(a)
	}
	if body := all.String(); !strings.Contains(body, "gnp.exe") || strings.ContainsAny(body, "\x00\u202e\u2066\u200b\ufeff") || strings.Contains(body, "<script>alert") {
		t.Error("/account/sessions: got a text that hides or runs, or not that of a session; want all as plain text")
	}
}
