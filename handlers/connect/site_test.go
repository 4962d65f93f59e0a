package connect_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/httperr"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// Passwords as the captured clients have them, made long enough for our rules.
const (
	alicesPassword = "p@ss/w&rd!$ of old times"
	bobsPassword   = "hunter2hunter2 in the rye"
	newPassword    = "Sign&Up 1+1=2% of a kind"
)

func atHome() models.Caller { return home }

var home = models.Caller{Address: "192.0.2.10", Device: "Firefox on Windows", Icon: "computer"}

// site is a service over a real Store.
type site struct {
	t      testing.TB
	server *connect.Server
	store  *models.Store
	clock  *modelstest.Clock
	url    string
	log    *servicetest.Log
	mails  *servicetest.Mailbox
	slow   atomic.Bool // nobody may poll now
}

func loose(o *models.Options) {
	modelstest.Loose(o)
	plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
	for _, limit := range []*models.Limit{
		&o.Limits.RegisterSource, &o.Limits.RegisterNetwork, &o.Limits.RegisterService,
		&o.Limits.DeviceSource, &o.Limits.DeviceNetwork, &o.Limits.DeviceService,
	} {
		*limit = plenty
	}
}

// newSite starts a service on SQLite; change adjusts it before it answers.
func newSite(t testing.TB, change func(*connect.Server), adjust ...modelstest.Adjust) *site {
	t.Helper()
	return newSiteOn(t, modelstest.SQLite(t), change, adjust...)
}

func newSiteOn(t testing.TB, database string, change func(*connect.Server), adjust ...modelstest.Adjust) *site {
	t.Helper()
	clock := modelstest.NewClock()
	store := modelstest.Open(t, database, clock, append([]modelstest.Adjust{loose}, adjust...)...)
	s := &site{t: t, store: store, clock: clock, log: &servicetest.Log{}, mails: servicetest.NewMailbox(store)}
	s.server = &connect.Server{
		Store: store, Troubles: httperr.NewTroubles(s.log.Logger()), PublicURL: "https://latchkey.test", Register: connect.RegisterOpen,
		Captcha: func(_ context.Context, params embywire.Params, _ netip.Addr) error {
			if params["altcha"] != "solved" {
				return errors.New("not solved")
			}
			return nil
		},
		Locale: func(string) string { return "en" },
		Picture: func(token string) string {
			if token == "" {
				return ""
			}
			return "https://latchkey.test/pictures/" + token
		},
		Say: func(_, code string, _ map[string]string, wait time.Duration) string {
			if wait > 0 {
				return "text of " + code + ", " + wait.String()
			}
			return "text of " + code
		},
		Pace:      func(netip.Addr) bool { return !s.slow.Load() },
		RequestID: func(*http.Request) string { return "a request" },
	}
	if change != nil {
		change(s.server)
	}
	address := netip.MustParseAddr(home.Address)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connect.SetHeaders(w.Header())
		s.server.Serve(w, r, address, atHome)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	servicetest.NoError(s.t, err)
}

// answer is an answer of the site.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// do sends a request in the form in which the captured conversations have it: a line with
// method and target, headers, an empty line, the body.
func (s *site) do(captured string) answer {
	s.t.Helper()
	head, body, _ := strings.Cut(captured, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url, strings.NewReader(body))
	s.must(err)
	path, query, _ := strings.Cut(target, "?")
	r.URL = &url.URL{Scheme: "http", Host: r.URL.Host, Path: path, RawQuery: query}
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ":")
		if !found {
			s.t.Fatalf("the line %q is not a header: want name: value", line)
		}
		r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	response, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	s.must(err)
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	s.must(err)
	if got := response.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		s.t.Errorf("%s: Access-Control-Allow-Origin is %q, want *", lines[0], got)
	}
	if response.StatusCode >= http.StatusInternalServerError && s.store.Ready(s.t.Context()) == nil {
		s.t.Errorf("%s: status %d, want one below 500 while the database is there\n%s", lines[0], response.StatusCode, s.log)
	}
	return answer{s.t, response.StatusCode, response.Header, string(read)}
}

// is checks the status; an error must come without JSON, unless it is a
// refused registration.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if status >= http.StatusBadRequest && a.body != "" {
		a.t.Fatalf("error with the body %s, want no body", a.body)
	}
	return a
}

// object returns the JSON object of an answer, and fails the test if it does not have
// exactly these members.
func (a answer) object(names ...string) map[string]any {
	a.t.Helper()
	var object map[string]any
	a.json(&object)
	a.members(object, names...)
	return object
}

func (a answer) members(object map[string]any, names ...string) {
	a.t.Helper()
	var have []string
	for name := range object {
		have = append(have, name)
	}
	slices.Sort(have)
	slices.Sort(names)
	if !slices.Equal(have, names) {
		a.t.Fatalf("members are %v, want %v", have, names)
	}
}

func (a answer) json(into any) {
	a.t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		a.t.Fatalf("Content-Type %q, want application/json; charset=utf-8", got)
	}
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		a.t.Fatalf("got %s, want JSON: %v", a.body, err)
	}
}

// list returns the JSON array of an answer.
func (a answer) list() []map[string]any {
	a.t.Helper()
	var list []map[string]any
	a.json(&list)
	if list == nil {
		a.t.Fatalf("got %s, want a list", a.body)
	}
	return list
}

// text returns a member that must be a text.
func (a answer) text(object map[string]any, name string) string {
	a.t.Helper()
	text, ok := object[name].(string)
	if !ok {
		a.t.Fatalf("%s is %#v, want a text", name, object[name])
	}
	return text
}

func (s *site) confirm(email string) {
	s.t.Helper()
	s.must(s.store.Emails.Confirm(s.t.Context(), s.mails.Letter(s.t, models.MailConfirm, email).Secret, home))
}

// person signs somebody up and confirms them.
func (s *site) person(name, password string) {
	s.t.Helper()
	s.unconfirmed(name, password)
	s.confirm(name + "@example.test")
}

func (s *site) unconfirmed(name, password string) {
	s.t.Helper()
	_, err := s.store.Accounts.SignUp(s.t.Context(), models.SignUp{Username: name, Email: name + "@example.test", Password: password, Locale: "en"}, home)
	s.must(err)
}

// signIn signs somebody in over the wire.
func (s *site) signIn(name, password string) (id, token string) {
	s.t.Helper()
	a := s.do("POST /service/user/authenticate\nContent-Type: application/x-www-form-urlencoded\n\nnameOrEmail=" + name +
		"&rawpw=" + url.QueryEscape(password)).is(http.StatusOK)
	object := a.object("AccessToken", "User")
	user, ok := object["User"].(map[string]any)
	if !ok {
		s.t.Fatalf("User is %#v, want an object", object["User"])
	}
	return a.text(user, "Id"), a.text(object, "AccessToken")
}

// alicesBrowser returns a session in which alice may approve devices and claim servers.
func (s *site) alicesBrowser() models.Session {
	s.t.Helper()
	in, err := s.store.Sessions.SignIn(s.t.Context(), models.SignIn{NameOrEmail: "alice", Password: alicesPassword}, home)
	s.must(err)
	return in.Session
}

// media registers a media server over the wire.
func (s *site) media(systemID string) (id, key string) {
	s.t.Helper()
	a := s.do("POST /service/Servers\nX-Application: Emby Server/3.2.0.0\nContent-Type: application/x-www-form-urlencoded\n\n" +
		"name=Den&url=http://203.0.113.9:8096&systemId=" + systemID + "&localAddress=http://192.168.1.2:8096").is(http.StatusOK)
	object := a.object("Id", "Url", "Name", "AccessKey")
	return a.text(object, "Id"), a.text(object, "AccessKey")
}

// authorize asks a person for a link, over the wire.
func (s *site) authorize(serverID, key, userID string) {
	s.t.Helper()
	s.do("POST /service/ServerAuthorizations\nX-Connect-Token: " + key + "\nContent-Type: application/x-www-form-urlencoded\n\nserverId=" +
		serverID + "&userId=" + userID + "&userType=Linked&accessToken=92946949b56f4c5e831d072ba4929de0").is(http.StatusOK)
}
