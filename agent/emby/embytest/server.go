// Package embytest is an Emby server 4.8 to test against. It can do what an agent and apps that
// sign in need.
//
// Every request to the fake, and every answer of it, is compared with the description that Emby
// publishes. A difference is called drift and fails the test: a path, a parameter or a member that the
// description does not know, or a status that it does not have. The description says little about
// behaviour, and nothing here was seen at a running Emby. So where Emby may behave in one way or in
// another one, the fake can do both: see [KeepTokens], [SameToken] and [NoContent].
package embytest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a fake Emby, and an http.Handler.
type Server struct {
	URL    string // the address
	APIKey string // a valid key

	*described
	now        func() time.Time
	report     func(drift string)
	keepTokens bool
	sameToken  bool
	emptyIs    int // the status of an answer without a body

	mu       sync.Mutex
	id, name string
	told     string // the version that it claims to have
	users    map[string]*user
	order    []string // ids of users
	folders  []*library
	sessions map[string]*session // by token
	before   map[string]func()   // by operation
	lost     map[string]int      // answers of an operation that get lost, by operation
	seen     []Request
	drift    []string
}

// Request is a request that the fake received.
type Request struct {
	Operation string // "" if the description has no such operation
	Method    string
	Path      string
	Header    http.Header
	Body      []byte
}

// Option changes a new fake.
type Option func(*Server)

// Clock sets the clock.
func Clock(now func() time.Time) Option { return func(s *Server) { s.now = now } }

// Report makes the fake call report with each drift, instead of failing the test.
func Report(report func(drift string)) Option { return func(s *Server) { s.report = report } }

// KeepTokens makes the fake keep the tokens of a local user whose password changes, and those of a
// local user who is disabled and enabled again. Without it such tokens end.
func KeepTokens() Option { return func(s *Server) { s.keepTokens = true } }

// SameToken makes the fake give a local user who signs in once more on a device the same token again.
// Without it the former token ends.
func SameToken() Option { return func(s *Server) { s.sameToken = true } }

// NoContent makes the fake answer with the status 204 in the place of an empty answer with the status
// 200. The description has only 200.
func NoContent() Option { return func(s *Server) { s.emptyIs = http.StatusNoContent } }

// New starts a fake on loopback, until the test ends.
func New(t testing.TB, options ...Option) *Server {
	t.Helper()
	d, err := describe()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		described: d, now: time.Now, report: func(drift string) { t.Errorf("embytest: %s", drift) }, emptyIs: http.StatusOK,
		id: random(), name: "Attic", told: d.exact, APIKey: random(), users: map[string]*user{},
		sessions: map[string]*session{}, before: map[string]func(){}, lost: map[string]int{},
	}
	for _, option := range options {
		option(s)
	}
	s.AddUser("root", "root's password", true)
	s.AddLibrary("Films", "movies")
	s.AddLibrary("Shows", "tvshows", "Cartoons", "Crime")
	served := httptest.NewServer(s)
	t.Cleanup(func() {
		served.CloseClientConnections()
		served.Close()
	})
	s.URL = served.URL
	return s
}

// exchange is one request that is being answered.
type exchange struct {
	*http.Request
	params map[string]string
	device map[string]string // how the device describes itself
	who    principal
	body   []byte
}

// answer is an answer of the fake.
type answer struct {
	status int
	kind   string
	body   []byte
}

// ServeHTTP answers like Emby.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	path := r.URL.Path
	if len(path) > len("/emby/") && strings.EqualFold(path[:len("/emby/")], "/emby/") {
		path = path[len("/emby"):]
	}
	o, params := s.find(r.Method, path)
	name := s.note(o, r, path, body)
	if o == nil {
		s.drifted(fmt.Sprintf("request %s %s: there is no such operation", r.Method, r.URL.Path))
		w.WriteHeader(http.StatusNotFound)
		return
	}
	check := checker{s.described, s.drifted}
	check.request(o, r, body)
	a := s.answer(o, &exchange{Request: r, params: params, body: body})
	check.answer(o, a)
	if s.loses(name) {
		hangUp(w)
		return
	}
	if a.status == http.StatusOK && len(a.body) == 0 {
		a.status = s.emptyIs
	}
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// drifted keeps and reports a difference from the description.
func (s *Server) drifted(what string) {
	s.locked(func() { s.drift = append(s.drift, what) })
	s.report(what)
}

// note keeps a request for the test, and calls the function that the test has set to run before the
// answer. It returns the name of the operation.
func (s *Server) note(o *operation, r *http.Request, path string, body []byte) string {
	name := ""
	if o != nil {
		name = o.OperationID
	}
	s.mu.Lock()
	s.seen = append(s.seen, Request{Operation: name, Method: r.Method, Path: path, Header: r.Header.Clone(), Body: body})
	act := s.before[name]
	delete(s.before, name)
	s.mu.Unlock()
	if act != nil {
		act()
	}
	return name
}

// loses reports whether the answer of an operation gets lost.
func (s *Server) loses(operation string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost[operation] == 0 {
		return false
	}
	s.lost[operation]--
	return true
}

func hangUp(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if connection, _, err := h.Hijack(); err == nil {
			_ = connection.Close()
		}
	}
}

// answer refuses senders that the operation does not allow, and answers the others.
func (s *Server) answer(o *operation, x *exchange) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.device = deviceOf(x.Request)
	x.who = s.authenticate(x.Request, x.device)
	switch o.needs() {
	case "administrator":
		if !x.who.known() {
			return refusal(http.StatusUnauthorized)
		}
		if !x.who.administrator() {
			return refusal(http.StatusForbidden)
		}
	case "user":
		if !x.who.known() {
			return refusal(http.StatusUnauthorized)
		}
	}
	return s.handler(o.OperationID)(x)
}

// handler returns the function that answers an operation.
func (s *Server) handler(name string) func(*exchange) answer {
	return map[string]func(*exchange) answer{
		"getSystemInfoPublic": s.publicInfo, "getSystemInfo": s.systemInfo, "getSystemPing": s.ping, "postSystemPing": s.ping, "headSystemPing": s.ping,
		"getUsersQuery": s.listUsers, "getUsersPublic": s.listPublic, "getUsersById": s.getUser, "postUsersById": s.updateUser,
		"postUsersNew": s.createUser, "postUsersByIdPassword": s.updatePassword, "postUsersByIdPolicy": s.updatePolicy, "deleteUsersById": s.deleteUser,
		"postUsersAuthenticatebyname": s.byName, "postSessionsLogout": s.logout, "getSessions": s.listSessions,
		"getDevices": s.listDevices, "deleteDevices": s.deleteDevice,
		"getLibraryMediafolders": s.mediaFolders, "getLibrarySelectablemediafolders": s.selectableFolders, "getLocalizationParentalratings": s.ratings,
	}[name]
}

func (s *Server) publicInfo(*exchange) answer {
	return answerJSON(object{"Id": s.id, "ServerName": s.name, "Version": s.told, "LocalAddress": "http://192.168.1.2:8096"})
}

func (s *Server) systemInfo(*exchange) answer {
	return answerJSON(object{"Id": s.id, "ServerName": s.name, "Version": s.told, "OperatingSystem": "Linux"})
}

func (s *Server) ping(*exchange) answer { return answer{status: http.StatusOK} }
