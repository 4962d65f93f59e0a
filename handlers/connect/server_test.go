package connect_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/models"
)

const post = "\nContent-Type: application/x-www-form-urlencoded\n\n"

// The test sends a request to every route for every sort of caller. A route without a
// row fails the test.
func TestRoutesCheckTheirCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.site
	s.person("gone", bobsPassword)
	_, goneToken := s.signIn("gone", bobsPassword)
	s.must(s.store.Operators.Disable(t.Context(), "gone"))
	_, endedToken := s.signIn("bob", bobsPassword)
	s.do("POST /service/user/logout\nX-Connect-UserToken: " + endedToken + "\n\n").is(http.StatusOK)
	user, server := "\nX-Connect-UserToken: ", "\nX-Connect-Token: "
	callers := []struct{ name, header string }{
		{"nobody", ""},
		{"person", user + w.bobToken},
		{"disabled", user + goneToken},
		{"ended", user + endedToken},
		{"malformed", user + w.bobToken[1:]},
		{"twice", user + w.bobToken + user + w.bobToken},
		{"cookie", "\nCookie: session=" + w.bobToken + "\nAuthorization: Bearer " + w.bobToken},
		{"server", server + w.emptyKey},
		{"malformed server", server + w.emptyKey + "x"},
		{"person as server", server + w.bobToken},
		{"server as person", user + w.emptyKey},
		{"both", user + w.bobToken + server + w.emptyKey},
	}
	all := func(status int) []int { return slices.Repeat([]int{status}, len(callers)) }
	rows := map[connect.Route][]int{
		{Method: "POST", Path: "/user/authenticate"}:           all(401),
		{Method: "POST", Path: "/register"}:                    all(400),
		{Method: "POST", Path: "/pin"}:                         all(400),
		{Method: "GET", Path: "/pin"}:                          all(404),
		{Method: "POST", Path: "/pin/authenticate"}:            all(404),
		{Method: "POST", Path: "/servers"}:                     all(400),
		{Method: "POST", Path: "/users/invite"}:                all(200),
		{Method: "GET", Path: "/ip"}:                           all(200),
		{Method: "GET", Path: "/user"}:                         {401, 200, 401, 401, 401, 401, 401, 404, 401, 401, 401, 404},
		{Method: "GET", Path: "/servers"}:                      {401, 200, 401, 401, 401, 401, 401, 401, 401, 401, 401, 200},
		{Method: "GET", Path: "/serverauthorizations"}:         {401, 401, 401, 401, 401, 401, 401, 200, 401, 401, 401, 200},
		{Method: "POST", Path: "/serverauthorizations"}:        {401, 401, 401, 401, 401, 401, 401, 404, 401, 401, 401, 404},
		{Method: "DELETE", Path: "/serverauthorizations"}:      {401, 404, 401, 401, 401, 401, 401, 404, 401, 401, 401, 404},
		{Method: "GET", Path: "/serverauthorizations/accept"}:  {401, 404, 401, 401, 401, 401, 401, 401, 401, 401, 401, 404},
		{Method: "POST", Path: "/serverauthorizations/accept"}: {401, 404, 401, 401, 401, 401, 401, 401, 401, 401, 401, 404},
		{Method: "POST", Path: "/user/logout"}:                 {401, 200, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401}, // the caller "person" ends the token, so the caller "both" gets 401
	}
	routes := w.server.Routes()
	last := connect.Route{Method: "POST", Path: "/user/logout"}
	routes = append(slices.DeleteFunc(routes, func(r connect.Route) bool { return r == last }), last)
	for _, route := range routes {
		want, found := rows[route]
		if !found {
			t.Errorf("%s %s has no row in the table, want one", route.Method, route.Path)
			continue
		}
		w.whoMay(t, route, callers, want)
	}
	if len(rows) != len(routes) {
		t.Errorf("%d rows, want %d, one for each route", len(rows), len(routes))
	}
}

func (w world) whoMay(t *testing.T, route connect.Route, callers []struct{ name, header string }, want []int) {
	t.Helper()
	for i, caller := range callers {
		w.clock.Advance(time.Minute) // lets wrong passwords be tried again
		a := w.do(route.Method + " /service" + route.Path + caller.header + post)
		if a.status != want[i] {
			t.Errorf("%s %s by %s: %d, want %d", route.Method, route.Path, caller.name, a.status, want[i])
		}
		if a.status >= 400 && a.body != "" && route.Path != "/register" {
			t.Errorf("%s %s by %s: error with the body %s, want no body", route.Method, route.Path, caller.name, a.body)
		}
	}
}

// A media server whose addresses have a path reports the path in url and localAddress, and
// apps get both addresses with this path, in the same form.
func TestServersBelowAPath(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.person("alice", alicesPassword)
	registered := s.do("POST /service/Servers" + post +
		"name=Den&url=https://Media.example.org.//emby/&systemId=1&localAddress=http://192.168.1.2:8096/jellyfin/").is(http.StatusOK)
	server := registered.object("Id", "Url", "Name", "AccessKey")
	id, key := registered.text(server, "Id"), registered.text(server, "AccessKey")
	alice, token := s.signIn("alice", alicesPassword)
	s.authorize(id, key, alice)
	s.do("GET /service/ServerAuthorizations/accept?serverId=" + id + "&userId=" + alice + "\nX-Connect-UserToken: " + token).is(http.StatusOK)
	told := func(far, near string) {
		t.Helper()
		entry := s.do("GET /service/servers?userId=" + alice + "\nX-Connect-UserToken: " + token).is(http.StatusOK).list()[0]
		if entry["Url"] != far || entry["LocalAddress"] != near || entry["LocalAddres"] != near {
			t.Errorf("the app is told %v, want Url %s and LocalAddress %s", entry, far, near)
		}
	}
	const near = "http://192.168.1.2:8096/jellyfin"
	told("https://media.example.org:443/emby", near)
	beat := func(address string) string {
		return "POST /service/Servers?id=" + id + "\nX-Connect-Token: " + key + "\nContent-Type: application/x-www-form-urlencoded\n\n" +
			"name=Den&systemId=1&localAddress=http://192.168.1.2:8096//jellyfin&url=" + address
	}
	s.do(beat("https://media.example.org/other")).is(http.StatusOK)
	told("https://media.example.org:443/other", near)
	s.do(beat("https://media.example.org/other/../emby")).is(http.StatusBadRequest)
	told("https://media.example.org:443/other", near)
}

func TestPathsMethodsAndCORS(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for _, path := range []string{"/service/ip", "/SERVICE/IP", "/service/Ip/", "/service//ip", "/service///Ip//"} {
		if a := s.do("GET " + path).is(http.StatusOK); a.body != home.Address {
			t.Errorf("%s: answered %q, want %s", path, a.body, home.Address)
		}
	}
	for _, path := range []string{"/service", "/service/", "/service/ip/x", "/service/user/authenticate/x"} {
		s.do("GET " + path).is(http.StatusNotFound)
	}
	for url, status := range map[string]int{ // the log of a media server shows a refusal
		"https://den.example.org/jellyfin?x": http.StatusBadRequest, "https://den.example.org/..": http.StatusBadRequest, "nonsense": http.StatusBadRequest,
		"https://den.example.org//jellyfin/": http.StatusOK, "https://den.example.org./": http.StatusOK, "http://[fe80::1%25eth0]:8096": http.StatusOK, "": http.StatusOK,
	} {
		for _, name := range []string{"url", "localAddress"} {
			s.do("POST /service/Servers" + post + "name=Den&systemId=1&" + name + "=" + encodeURIComponent(url)).is(status)
		}
	}
	if a := s.do("DELETE /service/servers").is(http.StatusMethodNotAllowed); a.header.Get("Allow") != "GET, HEAD, POST, OPTIONS" {
		t.Errorf("Allow is %q, want GET, HEAD, POST, OPTIONS", a.header.Get("Allow"))
	}
	for _, path := range []string{"/service/Servers", "/service/register", "/service/nowhere"} {
		a := s.do("OPTIONS " + path + "\nOrigin: https://app.example\nAccess-Control-Request-Method: POST\nAccess-Control-Request-Headers: x-application,x-connect-usertoken").is(http.StatusOK)
		if a.header.Get("Access-Control-Allow-Headers") == "" || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("OPTIONS %s: headers %v, want Allow-Headers and no Allow-Credentials", path, a.header)
		}
	}
	if a := s.do("HEAD /service/ip").is(http.StatusOK); a.body != "" || a.header.Get("Content-Length") != "10" {
		t.Errorf("HEAD: body %q and headers %v, want no body and Content-Length 10", a.body, a.header)
	}
}

// A HEAD request changes nothing.
func TestHeadAcceptsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	target := " /service/ServerAuthorizations/accept?serverId=" + w.serverID + "\nX-Connect-UserToken: " + w.bobToken
	if a := w.do("HEAD" + target).is(http.StatusMethodNotAllowed); a.header.Get("Allow") != "GET, POST, OPTIONS" {
		t.Errorf("Allow is %q, want GET, POST, OPTIONS", a.header.Get("Allow"))
	}
	servers := func() int {
		return len(w.do("GET /service/servers\nX-Connect-UserToken: " + w.bobToken).is(http.StatusOK).list())
	}
	if n := servers(); n != 0 {
		t.Errorf("%d servers after HEAD accept, want 0", n)
	}
	w.do("POST" + target + post).is(http.StatusOK)
	if n := servers(); n != 1 {
		t.Errorf("%d servers after POST accept, want 1", n)
	}
}

func TestListsHaveATag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := func(more string) answer {
		return w.do("GET /service/servers\nX-Connect-UserToken: " + w.aliceToken + more)
	}
	tag := list("").is(http.StatusOK).header.Get("ETag")
	for _, sent := range []string{tag, "W/" + tag, `"x", ` + tag} {
		if a := list("\nIf-None-Match: " + sent).is(http.StatusNotModified); a.body != "" {
			t.Errorf("304 with the body %s, want no body", a.body)
		}
	}
	list("\nIf-None-Match: \"x\"").is(http.StatusOK)
	if a := w.do("HEAD /service/servers\nX-Connect-UserToken: " + w.aliceToken).is(http.StatusOK); a.header.Get("ETag") != tag {
		t.Errorf("HEAD has the tag %q, want %q", a.header.Get("ETag"), tag)
	}
	links := "GET /service/ServerAuthorizations\nX-Connect-Token: " + w.key
	w.do(links + "\nIf-None-Match: " + w.do(links).is(http.StatusOK).header.Get("ETag")).is(http.StatusNotModified)
	// Answers that may be given only once, or that are about one person, are not kept in
	// any cache.
	for _, request := range []string{"GET /service/user\nX-Connect-UserToken: " + w.aliceToken, "GET /service/pin?deviceId=tv&pin=" + w.fresh, "GET /service/ip"} {
		if a := w.do(request).is(http.StatusOK); a.header.Get("ETag") != "" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%.20s: headers %v, want no ETag and Cache-Control no-store", request, a.header)
		}
	}
	w.do("POST /service/Servers?id=" + w.serverID + "\nX-Connect-Token: " + w.key + post + "name=Attic").is(http.StatusOK)
	if a := list("\nIf-None-Match: " + tag).is(http.StatusOK); a.list()[0]["Name"] != "Attic" {
		t.Errorf("the list is %s, want the new name Attic", a.body)
	}
}

// A disabled server must not work, and must not register again under a new id.
func TestDisabledServerIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number, err := strconv.ParseInt(w.serverID, 10, 64)
	w.must(err)
	w.must(w.store.OperatedServers.Disable(t.Context(), models.CommandLine, number))
	key := "\nX-Connect-Token: " + w.key
	for _, request := range []string{
		"POST /service/Servers?id=" + w.serverID + key + post + "name=Den",
		"GET /service/ServerAuthorizations?serverId=" + w.serverID + key,
		"POST /service/ServerAuthorizations" + key + post + "userId=" + w.alice,
		"DELETE /service/ServerAuthorizations" + key + post + "userId=" + w.alice,
		"GET /service/user?nameOrEmail=alice" + key,
	} {
		w.do(request).is(http.StatusForbidden)
	}
	w.must(w.store.OperatedServers.Enable(t.Context(), models.CommandLine, number))
	w.do("POST /service/Servers?id=" + w.serverID + key + post + "name=Den").is(http.StatusOK)
}

// While the database is away nothing is answered as if it were empty, and no
// server is told that it is unknown.
func TestNothingIsAnsweredWithoutDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.site
	s.must(s.store.Close())
	for _, one := range w.samples() {
		a := s.do(one.request)
		switch {
		case one.name == "ip", one.name == "nowhere", one.name == "wrong_method", strings.HasSuffix(one.name, "_empty") && a.status == http.StatusBadRequest:
		case strings.Contains(one.request, "bogus"), one.name == "register_md5", one.name == "register_weak", one.name == "invite_empty",
			one.name == "pin_poll_unknown": // refused before the database is asked
		case a.status < http.StatusInternalServerError:
			t.Errorf("%s: answered %d %s, want a status from 500", one.name, a.status, a.body)
		case strings.HasPrefix(one.name, "register") && a.status >= http.StatusInternalServerError: // apps read this one
			if object := a.object("Status", "Message", "Validated"); object["Status"] != "INTERNAL" || object["Message"] == "" {
				t.Errorf("%s: answered %d %s, want INTERNAL with a message", one.name, a.status, a.body)
			}
		case a.body != "":
			t.Errorf("%s: answered %s, want no body", one.name, a.body)
		}
	}
}

func TestSignInAcceptsFormsAndJSON(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.person("alice", alicesPassword)
	s.unconfirmed("sleepy", bobsPassword)
	in := func(contentType, body string) answer {
		s.clock.Advance(time.Minute)
		return s.do("POST /service/user/authenticate\nContent-Type: " + contentType + "\n\n" + body)
	}
	document, err := json.Marshal(map[string]string{"NameOrEmail": "Alice", "rawpw": alicesPassword})
	s.must(err)
	in("application/json", "\ufeff"+string(document)).is(http.StatusOK)
	in("application/x-www-form-urlencoded", "username=alice&rawpw="+encodeURIComponent(alicesPassword)+"&").is(http.StatusOK)
	// The legacy forms are off unless they are switched on.
	in("application/x-www-form-urlencoded", "nameOrEmail=alice&password="+md5Of(alicesPassword)).is(http.StatusUnauthorized)
	in("application/x-www-form-urlencoded", "nameOrEmail=alice&password="+encodeURIComponent(alicesPassword)).is(http.StatusUnauthorized)
	in("application/x-www-form-urlencoded", "nameOrEmail=sleepy&rawpw="+encodeURIComponent(bobsPassword)).is(http.StatusUnauthorized)
	s.must(s.store.Operators.Disable(t.Context(), "alice"))
	in("application/json", string(document)).is(http.StatusUnauthorized)
	in("application/json", strings.Repeat("x", 70_000)).is(http.StatusRequestEntityTooLarge)
}

func TestTooFrequentCallsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slow.Store(true)
	for _, request := range []string{
		"GET /service/pin?deviceId=tv&pin=" + w.fresh, "POST /service/pin/authenticate" + post + "deviceId=tv&pin=" + w.approved,
	} {
		if a := w.do(request).is(http.StatusTooManyRequests); a.header.Get("Retry-After") == "" {
			t.Errorf("429 without Retry-After for %.30s, want one", request)
		}
	}
	for range 4 {
		w.do("POST /service/user/authenticate" + post + "nameOrEmail=bob&rawpw=wrong").is(http.StatusUnauthorized)
	}
	if a := w.do("POST /service/user/authenticate" + post + "nameOrEmail=bob&rawpw=wrong").is(http.StatusTooManyRequests); a.header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After after wrong passwords, want one")
	}
}

// X-Application names the app to the owner of the session. Whatever text the header has,
// the name is safe to show.
func TestApplicationNameIsCleaned(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.person("alice", alicesPassword)
	for sent, want := range map[string]string{
		"Roku/4%2E1%2E3":                "Roku 4.1.3",
		"Emby for Kodi Next Gen/9.4":    "Emby for Kodi Next Gen 9.4",
		"50% off/1":                     "50% off 1",
		"TV%0D%0A\u202egpj.exe\u200b/1": "TVgpj.exe 1",
		strings.Repeat("é", 100):        strings.Repeat("é", 80),
		"\u009b31mred":                  "31mred",
		"😀 TV/1":                        "😀 TV 1",
	} {
		s.clock.Advance(time.Minute)
		s.do("POST /service/user/authenticate\nX-Application: " + sent + post + "nameOrEmail=alice&rawpw=" + encodeURIComponent(alicesPassword)).is(http.StatusOK)
		page, err := s.store.Sessions.Page(t.Context(), s.alicesBrowser().AccountID, models.SessionPlace{}, 100)
		s.must(err)
		if !slices.ContainsFunc(page.Sessions, func(one models.Session) bool { return one.Device == want }) {
			t.Errorf("%q is not shown as %q: %+v", sent, want, page.Sessions)
		}
		var code struct{ Pin string }
		s.do("POST /service/pin\nX-Application: " + sent + post + "deviceId=tv").is(http.StatusOK).json(&code)
		device, err := s.store.Devices.LookCode(t.Context(), s.alicesBrowser(), code.Pin, home)
		s.must(err)
		if device.Client != want {
			t.Errorf("%q asks as %q, want %q", sent, device.Client, want)
		}
	}
}

// Clients compare the id letter by letter with the id that the server itself reports.
func TestSystemIDIsKept(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.person("alice", alicesPassword)
	alice, token := s.signIn("alice", alicesPassword)
	const own = "383CEEC5-46a2-4889-BE99-de692f6b7b09"
	serverID, key := s.media(own)
	s.authorize(serverID, key, alice)
	s.do("GET /service/ServerAuthorizations/accept?serverId=" + serverID + "\nX-Connect-UserToken: " + token).is(http.StatusOK)
	if a := s.do("GET /service/servers\nX-Connect-UserToken: " + token).is(http.StatusOK); a.list()[0]["SystemId"] != own {
		t.Errorf("the server is listed as %s, want the system id %s", a.body, own)
	}
}

// A client that has left causes no error in the log.
func TestClientsThatLeaveAreNotLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/service/servers", nil)
	r.Header.Set("X-Connect-UserToken", w.aliceToken)
	recorder := httptest.NewRecorder()
	w.server.Serve(recorder, r, netip.MustParseAddr(home.Address), atHome)
	if recorder.Code < http.StatusInternalServerError || w.log.Count("level=") != w.log.Count("level=DEBUG") {
		t.Errorf("status %d with the log %q, want 500 or more and only lines for debugging", recorder.Code, w.log)
	}
}

// A server can register only if the policy allows it.
func TestServersRegisterByPolicy(t *testing.T) {
	t.Parallel()
	for policy, want := range map[models.ServersPolicy]int{models.ServersOpen: 200, models.ServersClaimed: 403, models.ServersOff: 403} {
		s := newSite(t, nil, func(o *models.Options) { o.Servers = policy })
		s.do("POST /service/Servers" + post + "name=Den&url=http://a:1&systemId=x").is(want)
	}
}

// Guessing the code of a device ends the code; then the device asks for another code
//
func TestGuessesEndACode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	exchange := func(pin string) answer {
		return w.do("POST /service/pin/authenticate" + post + "deviceId=tv&pin=" + pin)
	}
	for range 5 {
		exchange("BCDF-GHJK").is(http.StatusNotFound)
	}
	if a := exchange("BCDF-GHJK").is(http.StatusTooManyRequests); a.header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After after guesses, want one")
	}
	for _, pin := range []string{w.approved, w.fresh} {
		if a := exchange(pin); a.status == http.StatusOK {
			t.Errorf("the code %s after the guesses: answered %d %s, want an error", pin, a.status, a.body)
		}
		if a := w.do("GET /service/pin?deviceId=tv&pin=" + pin); a.status == http.StatusOK {
			t.Errorf("the poll with %s after the guesses: answered %d %s, want an error", pin, a.status, a.body)
		}
	}
	w.do("GET /service/pin?deviceId=tv&pin=" + w.pin()).is(http.StatusOK)
}

// A session that was opened by an MD5 does not prove that the person knows the
// password.
func TestMD5SignInConfirmsNoPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil, func(o *models.Options) { o.LegacyMD5 = true })
	s.person("alice", alicesPassword)
	confirmed := func(field, value string) time.Time {
		t.Helper()
		var in struct{ AccessToken string }
		s.do("POST /service/user/authenticate" + post + "nameOrEmail=alice&" + field + "=" + encodeURIComponent(value)).is(http.StatusOK).json(&in)
		session, err := s.store.Sessions.Look(t.Context(), in.AccessToken)
		s.must(err)
		return session.ConfirmedAt
	}
	if at := confirmed("rawpw", alicesPassword); !at.Equal(s.clock.Now()) {
		t.Errorf("the password counts as confirmed at %v, want %v", at, s.clock.Now())
	}
	if at := confirmed("password", md5Of(alicesPassword)); at.Unix() != 0 {
		t.Errorf("after a sign-in by MD5 the password counts as confirmed at %v, want never", at)
	}
}

// Apps expect a text even for a person without an address.
func TestUserWithoutAddressHasEmptyText(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(connect.UserOf(models.Account{ID: 7, Username: "kid", DisplayName: "Kid"}))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Id":"7","Name":"kid","DisplayName":"Kid","Email":"","IsActive":"false","ImageUrl":""}`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}
