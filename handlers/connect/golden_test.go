package connect_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/handlers/connect"
)

var update = flag.Bool("update", false, "write the golden answers")

// sample is one call whose answer is kept in testdata.
type sample struct {
	name    string
	route   connect.Route
	request string
}

// placeholders replaces texts that are new in every run. The same text always gets the
// same placeholder.
type placeholders struct {
	patterns *regexp.Regexp
	names    map[string]string
	count    map[string]int
}

func newPlaceholders() *placeholders {
	return &placeholders{
		patterns: regexp.MustCompile(`lk[a-z]_[\w-]{49}|\b[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}\b|\b\d{15,19}\b`),
		names:    map[string]string{}, count: map[string]int{},
	}
}

func (p *placeholders) replace(text string) string {
	return p.patterns.ReplaceAllStringFunc(text, func(found string) string {
		if p.names[found] == "" {
			kind := "ID"
			switch {
			case strings.HasPrefix(found, "lk"):
				kind = "TOKEN"
			case strings.Contains(found, "-"):
				kind = "CODE"
			}
			p.count[kind]++
			p.names[found] = fmt.Sprintf("%s%d", kind, p.count[kind])
		}
		return p.names[found]
	})
}

// written returns an answer in the form that testdata has: status, type, body.
func (a answer) written() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\nContent-Type: %s\n", a.status, a.header.Get("Content-Type"))
	if a.header.Get("Retry-After") != "" {
		fmt.Fprintf(&b, "Retry-After: %s\n", a.header.Get("Retry-After"))
	}
	b.WriteString("\n")
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		var value any
		decoder := json.NewDecoder(strings.NewReader(a.body))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			a.t.Fatal(err)
		}
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			a.t.Fatal(err)
		}
		b.Write(text)
	} else {
		b.WriteString(a.body)
	}
	b.WriteString("\n")
	return b.String()
}

// world is a service with data of every sort.
type world struct {
	*site
	alice, aliceToken, bob, bobToken, serverID, key, emptyID, emptyKey string
	fresh, approved                                                    string // pins of the device "tv"
}

func newWorld(t *testing.T) world {
	t.Helper()
	s := newSite(t, nil)
	s.person("alice", alicesPassword)
	s.person("bob", bobsPassword)
	w := world{site: s}
	w.alice, w.aliceToken = s.signIn("alice", alicesPassword)
	w.bob, w.bobToken = s.signIn("bob", bobsPassword)
	w.serverID, w.key = s.media("383ceec546a24889be99de692f6b7b09")
	w.emptyID, w.emptyKey = s.media("00000000000000000000000000000002")
	s.authorize(w.serverID, w.key, w.alice)
	s.authorize(w.serverID, w.key, w.bob)
	s.do("GET /service/ServerAuthorizations/accept?serverId=" + w.serverID + "\nX-Connect-UserToken: " + w.aliceToken).is(http.StatusOK)
	w.fresh, w.approved = w.pin(), w.pin()
	s.must(s.store.Devices.Approve(t.Context(), s.alicesBrowser(), w.approved, home))
	return w
}

func (w world) pin() string {
	w.t.Helper()
	var object struct{ Pin string }
	w.do("POST /service/pin\nX-Application: TV/1\n\ndeviceId=tv").is(http.StatusOK).json(&object)
	return object.Pin
}

// samples returns calls of every endpoint, with and without data, in their order.
func (w world) samples() []sample {
	alice, bob, server, empty := "\nX-Connect-UserToken: "+w.aliceToken, "\nX-Connect-UserToken: "+w.bobToken, "\nX-Connect-Token: "+w.key, "\nX-Connect-Token: "+w.emptyKey
	route := func(method, path string) connect.Route { return connect.Route{Method: method, Path: path} }
	post := "\nContent-Type: application/x-www-form-urlencoded\n\n"
	return []sample{
		{"authenticate", route("POST", "/user/authenticate"), "POST /service/user/authenticate" + post + "nameOrEmail=alice@example.test&rawpw=" + encodeURIComponent(alicesPassword)},
		{"authenticate_wrong", route("POST", "/user/authenticate"), "POST /service/user/authenticate" + post + "nameOrEmail=bob&rawpw=wrong"},
		{"authenticate_nobody", route("POST", "/user/authenticate"), "POST /service/user/authenticate" + post + "nameOrEmail=nobody&rawpw=wrong"},
		{"authenticate_empty", route("POST", "/user/authenticate"), "POST /service/user/authenticate" + post},
		{"user_own", route("GET", "/user"), "GET /service/user?id=" + w.alice + alice},
		{"user_other", route("GET", "/user"), "GET /service/user?id=" + w.bob + alice},
		{"user_for_server", route("GET", "/user"), "GET /service/user?nameOrEmail=bob" + server},
		{"user_for_server_by_address", route("GET", "/user"), "GET /service/user?name=alice@example.test" + server},
		{"user_for_server_by_address_not_linked", route("GET", "/user"), "GET /service/user?nameOrEmail=bob@example.test" + server},
		{"user_for_server_nobody", route("GET", "/user"), "GET /service/user?nameOrEmail=nobody" + server},
		{"register", route("POST", "/register"), "POST /service/register" + post + "email=carol@example.test&userName=carol&rawpw=" + encodeURIComponent(newPassword)},
		{"register_email_in_use", route("POST", "/register"), "POST /service/register" + post + "email=alice@example.test&userName=dave&rawpw=" + encodeURIComponent(newPassword)},
		{"register_username_in_use", route("POST", "/register"), "POST /service/register" + post + "email=eve@example.test&userName=Alice&rawpw=" + encodeURIComponent(newPassword)},
		{"register_weak", route("POST", "/register"), "POST /service/register" + post + "email=eve@example.test&userName=eve&rawpw=short"},
		{"register_md5", route("POST", "/register"), "POST /service/register" + post + "email=eve@example.test&userName=eve&password=84cde2b80d1da93d478d7c170e6b60c8"},
		{"register_empty", route("POST", "/register"), "POST /service/register" + post},
		{"pin_begin", route("POST", "/pin"), "POST /service/pin?deviceId=Dev%201" + post + "deviceId=Dev%201"},
		{"pin_begin_empty", route("POST", "/pin"), "POST /service/pin" + post},
		{"pin_poll", route("GET", "/pin"), "GET /service/pin?pin=" + w.fresh + "&deviceId=tv"},
		{"pin_poll_approved", route("GET", "/pin"), "GET /service/pin?pin=" + w.approved + "&deviceId=tv"},
		{"pin_poll_unknown", route("GET", "/pin"), "GET /service/pin?pin=09751&deviceId=tv"},
		{"pin_exchange_early", route("POST", "/pin/authenticate"), "POST /service/pin/authenticate" + post + "deviceId=tv&pin=" + w.fresh},
		{"pin_exchange", route("POST", "/pin/authenticate"), "POST /service/pin/authenticate" + post + "deviceId=tv&pin=" + w.approved},
		{"pin_exchange_again", route("POST", "/pin/authenticate"), "POST /service/pin/authenticate" + post + "deviceId=tv&pin=" + w.approved},
		{"servers", route("GET", "/servers"), "GET /service/servers?userId=" + w.alice + alice},
		{"servers_empty", route("GET", "/servers"), "GET /service/servers" + bob},
		{"servers_waiting", route("GET", "/servers"), "GET /service/servers?status=Waiting" + bob},
		{"servers_waiting_empty", route("GET", "/servers"), "GET /service/servers?status=waiting" + alice},
		{"servers_of_another", route("GET", "/servers"), "GET /service/servers?userId=" + w.bob + alice},
		{"server_register", route("POST", "/servers"), "POST /service/Servers" + post + `name=Den & Co + 50% "Server"&url=http://127.0.0.1:8096&systemId=d3ea&localAddress=http://127.0.0.1:18096`},
		{"server_register_empty", route("POST", "/servers"), "POST /service/Servers" + post},
		{"server_update", route("POST", "/servers"), "POST /service/Servers?id=" + w.serverID + server + post + "name=Den&url=http://[::1]:8096&systemId=383ceec546a24889be99de692f6b7b09"},
		{"server_update_unknown", route("POST", "/servers"), "POST /service/Servers?id=424242\nX-Connect-Token: bogus" + post + "name=Den"},
		{"server_update_of_another", route("POST", "/servers"), "POST /service/Servers?id=" + w.emptyID + server + post + "name=Den"},
		{"authorizations", route("GET", "/serverauthorizations"), "GET /service/ServerAuthorizations?serverId=" + w.serverID + server},
		{"authorizations_empty", route("GET", "/serverauthorizations"), "GET /service/ServerAuthorizations?serverId=" + w.emptyID + empty},
		{"authorizations_of_another", route("GET", "/serverauthorizations"), "GET /service/ServerAuthorizations?serverId=" + w.emptyID + server},
		{"authorize", route("POST", "/serverauthorizations"), "POST /service/ServerAuthorizations" + empty + post + "serverId=" + w.emptyID + "&userId=" + w.bob + "&userType=Guest&accessToken=30e983b8410f42bc883a3d7ecc6f95bd&requesterUserName=alice"},
		{"authorize_nobody", route("POST", "/serverauthorizations"), "POST /service/ServerAuthorizations" + empty + post + "serverId=" + w.emptyID + "&userId=1&userType=Guest&accessToken=30e983b8410f42bc883a3d7ecc6f95bd"},
		{"authorize_bad_key", route("POST", "/serverauthorizations"), "POST /service/ServerAuthorizations" + empty + post + "serverId=" + w.emptyID + "&userId=" + w.bob + "&accessToken=short"},
		{"accept", route("GET", "/serverauthorizations/accept"), "GET /service/ServerAuthorizations/accept?serverId=" + w.emptyID + bob},
		{"accept_again", route("GET", "/serverauthorizations/accept"), "GET /service/ServerAuthorizations/accept?serverId=" + w.emptyID + bob},
		{"accept_nothing", route("GET", "/serverauthorizations/accept"), "GET /service/ServerAuthorizations/accept?serverId=1" + bob},
		{"accept_by_post", route("POST", "/serverauthorizations/accept"), "POST /service/ServerAuthorizations/accept" + bob + post + "serverId=" + w.serverID},
		{"accept_by_post_nothing", route("POST", "/serverauthorizations/accept"), "POST /service/ServerAuthorizations/accept" + bob + post},
		{"deauthorize_by_server", route("DELETE", "/serverauthorizations"), "DELETE /service/ServerAuthorizations" + empty + post + "serverId=" + w.emptyID + "&userId=" + w.bob},
		{"deauthorize_by_server_nobody", route("DELETE", "/serverauthorizations"), "DELETE /service/ServerAuthorizations" + empty + post + "serverId=" + w.emptyID + "&userId=" + w.bob},
		{"deauthorize_by_person", route("DELETE", "/serverauthorizations"), "DELETE /service/serverAuthorizations?serverId=" + w.serverID + alice},
		{"deauthorize_by_person_nothing", route("DELETE", "/serverauthorizations"), "DELETE /service/serverAuthorizations?serverId=" + w.serverID + alice},
		{"invite", route("POST", "/users/invite"), "POST /service/users/invite" + post + "email=new@example.test&requesterUserName=alice"},
		{"invite_empty", route("POST", "/users/invite"), "POST /service/users/invite" + post},
		{"ip", route("GET", "/ip"), "GET /service/ip"},
		{"logout", route("POST", "/user/logout"), "POST /service/user/logout" + alice + post},
		{"logout_again", route("POST", "/user/logout"), "POST /service/user/logout" + alice + post},
		{"nowhere", connect.Route{}, "GET /service/registrationInfo?userId=1&feature=x" + bob},
		{"wrong_method", connect.Route{}, "PUT /service/servers" + bob},
	}
}

// Golden answers of every endpoint; go test -update writes them.
func TestAnswersAreGolden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := newPlaceholders()
	met := map[connect.Route]bool{}
	known := map[string]bool{}
	for _, one := range w.samples() {
		met[one.route] = true
		file := filepath.Join("testdata", one.name+".golden")
		known[file] = true
		got := names.replace(w.do(one.request).written())
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", one.name, diff)
		}
	}
	for _, route := range w.server.Routes() {
		if !met[route] {
			t.Errorf("%s %s has no golden answer, want one", route.Method, route.Path)
		}
	}
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !known[file] {
			t.Errorf("%s belongs to no sample, want only files of samples", file)
		}
	}
}
