package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
)

// apiRow says how a route of the API answers, by who asks. Each asks for what
// is ann's.
type apiRow struct {
	body  map[string]any
	none  int // nobody, a cookie alone, a server key, tokens that are over or malformed
	other int // another person
}

func apiTable() map[string]apiRow {
	const no, missing = http.StatusUnauthorized, http.StatusNotFound
	return map[string]apiRow{
		"POST /api/v1/sessions":                        {map[string]any{"name_or_email": "expelled", "password": goodPassword}, 403, 403},
		"DELETE /api/v1/sessions/current":              {nil, no, 204},
		"POST /api/v1/sessions/current/confirm":        {map[string]any{"password": "not this one"}, no, 422},
		"GET /api/v1/account":                          {nil, no, 200},
		"HEAD /api/v1/account":                         {nil, no, 200},
		"POST /api/v1/device-codes":                    {map[string]any{"device_id": "tv-3"}, 201, 201},
		"POST /api/v1/device-codes/token":              {map[string]any{"device_code": "x"}, 400, 400},
		"POST /api/v1/device-codes/:user_code/approve": {nil, no, 204}, // the code belongs to nobody yet
		"POST /api/v1/device-codes/:user_code/deny":    {nil, no, 204},
		"GET /api/v1/servers":                          {nil, no, 200},
		"HEAD /api/v1/servers":                         {nil, no, 200},
		"POST /api/v1/servers":                         {map[string]any{"name": "", "system_id": "5ed"}, 422, 422},
		"POST /api/v1/servers/claim-codes":             {nil, no, 201},
		"GET /api/v1/links":                            {nil, no, 200},
		"HEAD /api/v1/links":                           {nil, no, 200},
		"POST /api/v1/links/:id/accept":                {nil, no, missing},
		"POST /api/v1/links/:id/decline":               {nil, no, missing},
		"DELETE /api/v1/links/:id":                     {nil, no, missing},
	}
}

func TestEveryAPIRoute(t *testing.T) {
	t.Parallel()
	eachBusySite(t, everyAPIRoute)
}

func everyAPIRoute(t *testing.T, s *site) {
	f := newFixture(t, s)
	rows := apiTable()
	routes, err := handlers.Routes(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	met := map[string]bool{}
	for _, route := range routes {
		name := route.Method + " " + route.Path
		if !strings.HasPrefix(route.Path, "/api/") {
			continue
		}
		met[name] = true
		row, ok := rows[name]
		if !ok {
			t.Errorf("%s has no row", name)
			continue
		}
		t.Run(name, func(t *testing.T) { f.checkAPI(t, route.Method, route.Path, row) })
	}
	for name := range rows {
		if !met[name] {
			t.Errorf("there is no route %s", name)
		}
	}
	f.link(f.annToken, "pending")
	f.link(f.annToken, "accepted")
}

func (f *fixture) checkAPI(t *testing.T, method, path string, row apiRow) {
	t.Helper()
	ask := func(who, header, value string, want int) {
		t.Helper()
		if strings.Contains(path, ":user_code") {
			f.begin()
		}
		p := f.site.program(t)
		if header != "" {
			p = p.with(header, value)
		}
		to := strings.NewReplacer(":user_code", f.code, ":id", f.pending).Replace(path)
		var a answer
		if row.body == nil {
			a = p.api(method, to, nil)
		} else {
			a = p.api(method, to, row.body)
		}
		if a.status != want {
			t.Errorf("%s %s as %s: %d, want %d: %s", method, path, who, a.status, want, a.body)
		}
		checkAPIAnswer(t, a)
		if known := strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`); known != (want == http.StatusUnauthorized && header == "Authorization") {
			t.Errorf("%s %s as %s: WWW-Authenticate %q", method, path, who, a.header.Get("WWW-Authenticate"))
		}
	}
	const header = "Authorization"
	ask("nobody", "", "", row.none)
	ask("a cookie", "Cookie", "__Host-latchkey-session="+f.annToken, row.none)
	ask("a header of the Emby wire", "X-Connect-UserToken", f.annToken, row.none)
	ask("another", header, "Bearer "+f.token("bob"), row.other)
	ask("another, in small letters", header, "bearer "+f.token("bob"), row.other)
	ask("disabled", header, "Bearer "+f.disabled, row.none)
	ask("expired", header, "Bearer "+f.expired, row.none)
	ask("a server key", header, "Bearer "+f.first.key, row.none)
	ask("another scheme", header, "Basic "+f.annToken, row.none)
	ask("no scheme", header, f.annToken, row.none)
	for _, text := range malformed(f.annToken) {
		ask("malformed "+text[:min(len(text), 12)], header, "Bearer "+text, row.none)
	}
	if row.none == http.StatusUnauthorized {
		twice := f.site.program(t)
		twice.header[header] = []string{"Bearer " + f.annToken, "Bearer " + f.annToken}
		to := strings.NewReplacer(":user_code", f.code, ":id", f.pending).Replace(path)
		if a := twice.api(method, to, nil); a.status != row.none {
			t.Errorf("%s with the header twice: %d", path, a.status)
		}
	}
}

func checkAPIAnswer(t *testing.T, a answer) {
	t.Helper()
	h := a.header
	if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("%s: %d without the headers of CORS: %v", a.path, a.status, h)
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Set-Cookie") != "" {
		t.Errorf("%s: headers %v", a.path, h)
	}
	if (a.status == http.StatusUnauthorized) != strings.HasPrefix(h.Get("WWW-Authenticate"), `Bearer realm="latchkey"`) {
		t.Errorf("%s: %d and WWW-Authenticate %q", a.path, a.status, h.Get("WWW-Authenticate"))
	}
	if a.status >= 400 && h.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d as %s", a.path, a.status, h.Get("Content-Type"))
	}
	if a.status == http.StatusNoContent && a.body != "" {
		t.Errorf("%s: 204 with %q", a.path, a.body)
	}
}
