package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
)

// serviceRow has the statuses of a route of the Emby Connect protocol, by caller. Each
// request is about something that belongs to ann, or is made in the name of the first
// server.
type serviceRow struct {
	header string // that carries the token; "" if no token counts
	params func(f *fixture) url.Values

	none      int // no token, a cookie alone, and malformed tokens
	other     int // another person, or another server
	disabled  int // a disabled account or server
	expired   int // an expired session or key
	wrongKind int // a server key on a route for people, or a session token on one for servers
}

const (
	userToken   = "X-Connect-UserToken"
	serverToken = "X-Connect-Token"
)

func pairs(list ...string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(list); i += 2 {
		values.Set(list[i], list[i+1])
	}
	return values
}

// serviceTable has a row for every route. " (…)" after the route distinguishes
// two uses of it.
func serviceTable() map[string]serviceRow {
	fixed := func(list ...string) func(*fixture) url.Values {
		return func(*fixture) url.Values { return pairs(list...) }
	}
	open := func(status int, params func(*fixture) url.Values) serviceRow {
		return serviceRow{"", params, status, status, status, status, status}
	}
	const no, missing, off = http.StatusUnauthorized, http.StatusNotFound, http.StatusForbidden
	waiting := func(f *fixture) url.Values { return pairs("serverId", f.second.id, "userId", f.annID) }
	link := func(f *fixture) url.Values { return pairs("serverId", f.first.id, "userId", f.annID) }
	return map[string]serviceRow{
		"POST /user/authenticate":            open(200, fixed("nameOrEmail", "ann", "rawpw", goodPassword)),
		"POST /user/authenticate (disabled)": open(401, fixed("nameOrEmail", "expelled", "rawpw", goodPassword)),
		"POST /user/authenticate (unknown)":  open(401, fixed("nameOrEmail", "nobody", "rawpw", goodPassword)),
		"POST /user/logout":                  {userToken, fixed(), no, 200, no, no, no},
		"GET /user":                          {userToken, func(f *fixture) url.Values { return pairs("id", f.annID) }, no, missing, no, no, no},
		"GET /user (by a server)":            {serverToken, fixed("nameOrEmail", "ann"), no, 200, off, no, no},
		"GET /user (address, by a server)":   {serverToken, fixed("nameOrEmail", "bob@example.org"), no, missing, off, no, no},
		"POST /register":                     open(400, fixed("userName", "x", "email", "x@example.org", "rawpw", goodPassword)),
		"POST /pin":                          open(200, fixed("deviceId", "tv-2")),
		"POST /pin (no device)":              open(400, fixed()),
		"GET /pin":                           open(404, fixed("deviceId", "tv-2", "pin", "BCDF-GHJK")),
		"POST /pin/authenticate":             open(404, fixed("deviceId", "tv-2", "pin", "BCDF-GHJK")),
		"GET /servers":                       {userToken, func(f *fixture) url.Values { return pairs("userId", f.annID) }, no, no, no, no, no},
		"POST /servers":                      open(200, fixed("name", "Shed", "url", "http://198.51.100.2:8096", "systemId", "5ed")),
		"POST /servers (no name)":            open(400, fixed("url", "http://198.51.100.2:8096", "systemId", "5ed")),
		// A server that gets 401 or 404 here registers again; a disabled server
		// must not.
		"POST /servers (update)": {serverToken, func(f *fixture) url.Values {
			return pairs("id", f.first.id, "name", "Den", "url", "http://198.51.100.2:8096", "systemId", "5ed")
		}, no, missing, off, missing, missing},
		"GET /serverauthorizations":               {serverToken, func(f *fixture) url.Values { return pairs("serverId", f.first.id) }, no, no, off, no, no},
		"POST /serverauthorizations":              {serverToken, link, no, no, off, no, no},
		"DELETE /serverauthorizations":            {userToken, link, no, no, no, no, no},
		"DELETE /serverauthorizations (a server)": {serverToken, link, no, no, off, no, no},
		"GET /serverauthorizations/accept":        {userToken, waiting, no, no, no, no, no},
		"POST /serverauthorizations/accept":       {userToken, waiting, no, no, no, no, no},
		"GET /serverauthorizations/accept (of another)": {userToken, func(f *fixture) url.Values {
			return pairs("id", f.pending)
		}, no, missing, no, no, no},
		"POST /users/invite": open(200, fixed("email", "new@example.org", "requesterUserName", "ann")),
		"GET /ip":            open(200, fixed()),
	}
}

func TestEveryServiceRoute(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	f := newFixture(t, s)
	rows := serviceTable()
	met := map[string]bool{}
	for _, route := range handlers.ServiceRoutes(s.Config) {
		met[route.Method+" "+route.Path] = true
		if _, ok := rows[route.Method+" "+route.Path]; !ok {
			t.Errorf("%s %s has no row: add one to serviceTable, in handlers/wire_routes_test.go", route.Method, route.Path)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		plain, _, _ := strings.Cut(name, " (")
		if !met[plain] {
			t.Errorf("there is no route %s: remove its row from serviceTable, in handlers/wire_routes_test.go", plain)
			continue
		}
		t.Run(name, func(t *testing.T) { f.checkService(t, plain, rows[name]) })
	}
	// After all requests, ann's links are unchanged.
	f.link(f.annToken, "pending")
	f.link(f.annToken, "accepted")
}

// checkService sends the request as every caller who must not make it.
func (f *fixture) checkService(t *testing.T, route string, row serviceRow) {
	t.Helper()
	method, path, _ := strings.Cut(route, " ")
	path = "/service" + path
	ask := func(who, header, value string, want int) {
		t.Helper()
		p := f.site.program(t)
		if header != "" {
			p = p.with(header, value)
		}
		a := p.form(method, path, row.params(f))
		if a.status != want {
			t.Errorf("%s as %s: %d, want %d", route, who, a.status, want)
		}
		checkServiceAnswer(t, path, a)
	}
	ask("nobody", "", "", row.none)
	ask("a cookie", "Cookie", "__Host-latchkey-session="+f.annToken, row.none)
	header, other, expired, disabled, wrong := row.header, f.token("bob"), f.expired, f.disabled, f.first.key
	if header == serverToken {
		other, expired, disabled, wrong = f.second.key, f.replaced, f.third.key, f.annToken
	}
	if header == "" {
		header = userToken
	}
	ask("another", header, other, row.other)
	ask("disabled", header, disabled, row.disabled)
	ask("expired", header, expired, row.expired)
	ask("the wrong kind", header, wrong, row.wrongKind)
	ask("an Authorization header", "Authorization", "Bearer "+f.annToken, row.none)
	for _, text := range malformed(f.annToken) {
		want := row.none
		if route == "POST /servers" && row.header == serverToken && strings.TrimSpace(text) != "" {
			want = row.expired // a malformed key is treated as an unknown one
		}
		ask("malformed "+text[:min(len(text), 12)], header, text, want)
	}
	twice := f.site.program(t)
	own := f.annToken
	if header == serverToken {
		own = f.first.key
	}
	if row.header != "" {
		twice.header[header] = []string{own, own}
		if a := twice.form(method, path, row.params(f)); a.status != row.none {
			t.Errorf("%s with the header twice: %d, want %d", route, a.status, row.none)
		}
	}
}

// checkServiceAnswer checks the rules for every answer below /service.
func checkServiceAnswer(t *testing.T, path string, a answer) {
	t.Helper()
	h := a.header
	if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "X-Connect-UserToken") ||
		!strings.Contains(h.Get("Access-Control-Allow-Methods"), "DELETE") || len(h.Values("Vary")) != 1 {
		t.Errorf("%s: %d without the headers of CORS: %v", path, a.status, h)
	}
	if h.Get("Set-Cookie") != "" || h.Get("Content-Security-Policy") != "" || h.Get("Location") != "" {
		t.Errorf("%s: %d with headers of pages: %v", path, a.status, h)
	}
	if a.status >= 400 && a.body != "" && !strings.HasSuffix(path, "/register") {
		t.Errorf("%s: status %d with the body %q, want no body", path, a.status, a.body)
	}
}

// The callers who may make the requests succeed.
func TestServiceAnswersPermittedCallers(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	f := newFixture(t, s)
	person := f.with(userToken, f.annToken)
	server := f.with(serverToken, f.first.key)
	for _, tt := range []struct {
		who          *program
		method, path string
		params       url.Values
	}{
		{person, http.MethodGet, "/service/user", pairs("id", f.annID)},
		{person, http.MethodGet, "/service/servers", pairs("userId", f.annID)},
		{person, http.MethodGet, "/service/servers", pairs("status", "Waiting")},
		{person, http.MethodGet, "/service/ServerAuthorizations/accept", pairs("serverId", f.second.id, "userId", f.annID)},
		{server, http.MethodGet, "/service/user", pairs("nameOrEmail", "ann")},
		{server, http.MethodGet, "/service/ServerAuthorizations", pairs("serverId", f.first.id)},
		{server, http.MethodPost, "/service/ServerAuthorizations", pairs("serverId", f.first.id, "userId", f.annID, "userType", "Linked")},
		{server, http.MethodPost, "/service/Servers?id=" + f.first.id, pairs("name", "Den", "url", "http://198.51.100.2:8096")},
		{server, http.MethodDelete, "/service/ServerAuthorizations", pairs("serverId", f.first.id, "userId", f.annID)},
		{person, http.MethodDelete, "/service/ServerAuthorizations", pairs("serverId", f.second.id, "userId", f.annID)},
		{person, http.MethodPost, "/service/user/logout", nil},
	} {
		a := tt.who.form(tt.method, tt.path, tt.params)
		f.is(a, http.StatusOK, nil)
		checkServiceAnswer(t, tt.path, a)
	}
	f.is(person.form(http.MethodGet, "/service/user", nil), http.StatusUnauthorized, nil)
}

// Whatever the status of the answer is, a web page may read it, and no answer is a
// redirect.
func TestServiceAllowsEveryOrigin(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	f := newFixture(t, s)
	own := f.with(userToken, f.annToken)
	long := strings.Repeat("a=1&", 30000)
	for _, tt := range []struct {
		name         string
		who          *program
		method, path string
		body         string
		want         int
	}{
		{"capitals", own, "GET", "/SERVICE/Servers?userId=" + f.annID, "", 200},
		{"trailing slash", own, "GET", "/Service/servers/", "", 200},
		{"HEAD", own, "HEAD", "/service/servers", "", 200},
		{"preflight", f.program, "OPTIONS", "/service/servers", "", 200},
		{"preflight of nothing", f.program, "OPTIONS", "/Service/nothing", "", 200},
		{"nothing", own, "GET", "/service/nothing", "", 404},
		{"the prefix", own, "GET", "/service", "", 404},
		{"the prefix with a slash", own, "GET", "/Service/", "", 404},
		{"wrong method", own, "PUT", "/service/servers", "", 405},
		{"unknown method", own, "BREW", "/service/servers", "", 405},
		{"too large", f.program, "POST", "/service/user/authenticate", long, 413},
		{"query too long", own, "GET", "/service/servers?" + long[:4000], "", 400},
		{"another host", f.with("Host", "evil.example.org"), "GET", "/service/ip", "", 421},
		{"HEAD of what acts", own, "HEAD", "/service/ServerAuthorizations/accept?serverId=" + f.second.id, "", 405},
		{"a slash twice", own, "GET", "/service//servers", "", 200},
	} {
		a := tt.who.do(tt.method, tt.path, "", tt.body)
		if a.status != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, a.status, tt.want)
		}
		checkServiceAnswer(t, tt.path, a)
		if tt.method == "HEAD" && a.status == 200 && (a.body != "" || a.header.Get("Content-Length") == "") {
			t.Errorf("HEAD: body %q with %v, want no body and its length", a.body, a.header)
		}
	}
	log := s.Log.String()
	for _, want := range []string{"route=/service/servers ", "route=unmatched "} {
		if !strings.Contains(log, want) {
			t.Errorf("the log names no %s", want)
		}
	}
	if strings.Contains(log, f.annID+" ") || strings.Contains(log, "userId") {
		t.Error("the log holds what was asked")
	}
}

// An unchanged list has no body; a changed list has one.
func TestServiceListTag(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	f := newFixture(t, s)
	own := f.with(userToken, f.annToken)
	first := own.form(http.MethodGet, "/service/servers", nil)
	tag := first.header.Get("ETag")
	if first.status != 200 || tag == "" || !strings.Contains(first.body, f.annAccessKey) {
		t.Fatalf("%d %q %s, want status 200, some tag, with %q", first.status, tag, first.body, f.annAccessKey)
	}
	again := own.with("If-None-Match", tag).form(http.MethodGet, "/service/servers", nil)
	if again.status != http.StatusNotModified || again.body != "" || again.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("again: %d %q, want status %d, no body, Access-Control-Allow-Origin *", again.status, again.body, http.StatusNotModified)
	}
	f.is(own.form(http.MethodGet, "/service/serverauthorizations/accept", pairs("serverId", f.second.id)), 200, nil)
	if a := own.with("If-None-Match", tag).form(http.MethodGet, "/service/servers", nil); a.status != 200 {
		t.Errorf("a changed list: %d, want 200", a.status)
	}
}
