// Package jellyfintest is a Jellyfin to test against: 10.8, 10.9, 10.10, 10.11 or 12. It can do
// what an agent and signing-in clients need. It also behaves as Jellyfin does in points about which
// the published description says nothing: which headers count, the statuses of exceptions, one
// token for each user and device, codes that are kept in memory for ten minutes, policies that are
// replaced as a whole.
//
// Every request to the fake, and every answer of it, is compared with Jellyfin's own description. A
// difference is called drift and fails the test. See docs/adr/0010.
package jellyfintest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a fake Jellyfin, and an http.Handler.
type Server struct {
	URL    string // the address with its base path; "" for a fake of [NewHandler]
	APIKey string // a valid key

	*described
	version string
	base    string
	now     func() time.Time
	report  func(drift string)

	mu       sync.Mutex
	id, name string
	told     string // the version that it claims to have
	product  string
	ready    bool
	quick    bool // whether Quick Connect is on
	users    map[string]*user
	order    []string // ids of users
	folders  []library
	listed12 []library // only for version 12: the libraries that it listed at the time listedAt
	listedAt time.Time
	starting Start
	legacy   bool // EnableLegacyAuthorization: the old ways of showing a token are accepted
	keys     map[string]apiKey
	sessions map[string]*session // by token
	codes    map[string]*quickConnect
	signed   map[string]signedIn // by secret
	extra    map[string]bool
	counter  int
	messages []Message

	schedules int // the last id of an entry of AccessSchedules
	spoils    []*spoil
	before    map[string]func()
	seen      []Request
	drift     []string

	webServers []string // see [Server.SetWebServers]
}

// Request is a request that the fake received.
type Request struct {
	Operation string // "" if the fake has no such operation
	Method    string
	Path      string
	Header    http.Header
	Body      []byte
}

// Option changes a new fake.
type Option func(*Server)

// Base makes the fake answer below a path: "/jellyfin".
func Base(path string) Option { return func(s *Server) { s.base = path } }

// Clock sets the clock.
func Clock(now func() time.Time) Option { return func(s *Server) { s.now = now } }

// Fresh makes the fake a new server, whose wizard nobody has gone through: without a key
// and without libraries.
func Fresh() Option { return func(s *Server) { s.ready, s.APIKey = false, "" } }

// Report makes the fake call report with each drift, instead of failing the test.
func Report(report func(drift string)) Option { return func(s *Server) { s.report = report } }

// New starts a fake of a version on loopback, until the test ends.
func New(t testing.TB, version string, options ...Option) *Server {
	t.Helper()
	fail := func(drift string) { t.Errorf("jellyfintest: Jellyfin %s: %s", version, drift) }
	s, err := NewHandler(version, append([]Option{Report(fail)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(s)
	t.Cleanup(func() {
		served.CloseClientConnections()
		served.Close()
	})
	s.URL = served.URL + s.base
	return s
}

// NewHandler returns a fake of a version without a test. It keeps drift for [Server.Drift],
// unless the option [Report] is given.
func NewHandler(version string, options ...Option) (*Server, error) {
	d, err := describe(version)
	if err != nil {
		return nil, err
	}
	s := &Server{
		described: d, version: version, now: time.Now, id: random(16), name: "Living room", told: d.exact,
		product: "Jellyfin Server", ready: true, quick: true, legacy: d.takesLegacy, APIKey: random(16),
		users: map[string]*user{}, keys: map[string]apiKey{}, sessions: map[string]*session{},
		codes: map[string]*quickConnect{}, signed: map[string]signedIn{}, extra: map[string]bool{}, before: map[string]func(){},
	}
	s.report = func(drift string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.drift = append(s.drift, drift)
	}
	for _, option := range options {
		option(s)
	}
	if !s.ready {
		s.name = "vm"
		s.AddUser("root", "", true)
		return s, nil
	}
	s.keys[s.APIKey] = apiKey{app: "Latchkey", created: s.now()}
	s.AddUser("root", "root's password", true)
	s.AddLibrary("Films")
	s.AddLibrary("Shows")
	s.AddLibrary("Home videos")
	return s, nil
}

// exchange is one request that is being answered.
type exchange struct {
	*http.Request
	params   map[string]string
	identity map[string]string
	who      principal
	body     []byte
}

func (x *exchange) ask(name string) string { return ask(x.URL.Query(), name) }

// answer is an answer of the fake.
type answer struct {
	status int
	kind   string
	body   []byte
}

// ServeHTTP answers like that version of Jellyfin.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := s.below(r.URL.Path)
	if !ok {
		http.Redirect(w, r, s.base+"/web/", http.StatusFound) // as Jellyfin does
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if isWeb(path) {
		name, serve := s.note(nil, r, path, body), func(w http.ResponseWriter) { s.serveWeb(w, r, path) }
		if !s.spoiled(w, r, name, path, serve) {
			serve(w)
		}
		return
	}
	o, params, known := s.find(r.Method, path)
	name := s.note(o, r, path, body)
	if o != nil {
		s.check().request(o, params, r, body)
	}
	if s.spoiled(w, r, name, path, func(w http.ResponseWriter) { s.serve(w, r, o, params, body, known) }) {
		return
	}
	s.serve(w, r, o, params, body, known)
}

// below returns the rest of a path after the base, which may be in any letter case. It also removes
// the prefix that old apps put before each path, unless the version is Jellyfin 12, which does not
// know such prefixes. It returns false for a path outside of the base.
func (s *Server) below(path string) (string, bool) {
	if len(path) < len(s.base) || !strings.EqualFold(path[:len(s.base)], s.base) {
		return "", false
	}
	if path = path[len(s.base):]; path != "" && path[0] != '/' { // "/jellyfinx"
		return "", false
	}
	for _, prefix := range []string{"/emby/", "/mediabrowser/"} {
		if s.takesLegacy && len(path) > len(prefix) && strings.EqualFold(path[:len(prefix)], prefix) {
			return path[len(prefix)-1:], true
		}
	}
	return path, true
}

// note keeps a request for the test, and calls the function that the test has set to run
// before the answer. It returns the name of the operation.
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

func (s *Server) serve(w http.ResponseWriter, r *http.Request, o *operation, params map[string]string, body []byte, known bool) {
	if s.serveStarting(w, o) {
		return
	}
	if o == nil {
		// An agent asks this path on purpose, to see whether a proxy hands it to the agent. Jellyfin does not know it.
		if !strings.HasSuffix(r.URL.Path, "/Connect/Pending") {
			s.report(fmt.Sprintf("request %s %s: there is no such operation", r.Method, r.URL.Path))
		}
		status := http.StatusNotFound
		if known {
			status = http.StatusMethodNotAllowed
		}
		w.WriteHeader(status)
		return
	}
	a := s.answer(o, &exchange{Request: r, params: params, body: body})
	s.check().answer(o, a)
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body)
	}
}

// answer refuses senders that the operation does not allow, and answers the others.
func (s *Server) answer(o *operation, x *exchange) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.identity = s.identify(x.Request)
	x.who = s.authenticate(x.identity)
	switch {
	case o.needs == "" || o.needs == "setup" && !s.ready:
	case !x.who.known():
		return answer{status: http.StatusUnauthorized}
	case x.who.user != nil && !o.atAnyHour && s.outsideHours(x.who.user):
		return answer{status: http.StatusForbidden}
	case (o.needs == "administrator" || o.needs == "setup") && !x.who.administrator():
		return answer{status: http.StatusForbidden}
	}
	for name := range x.params {
		if strings.HasSuffix(name, "Id") && name != "sessionId" && checkUUID(x.params[name]) != nil {
			return invalid(object{name: []string{"The value '" + x.params[name] + "' is not valid."}})
		}
	}
	return s.handler(o.OperationID)(x)
}

func (s *Server) check() *checker {
	s.mu.Lock()
	extra, legacy := maps.Clone(s.extra), s.legacy
	s.mu.Unlock()
	return &checker{described: s.described, extra: extra, legacy: legacy, report: s.report, isKey: func(token string) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, ok := s.keys[token]
		return ok
	}}
}

// handler returns the function that answers an operation.
func (s *Server) handler(name string) func(*exchange) answer {
	handlers := map[string]func(*exchange) answer{
		"GetPublicSystemInfo": s.publicInfo, "GetSystemInfo": s.systemInfo, "GetPingSystem": s.ping, "PostPingSystem": s.ping,
		"GetUsers": s.listUsers, "GetPublicUsers": s.listPublic, "GetCurrentUser": s.me, "GetUserById": s.getUser,
		"CreateUserByName": s.createUser, "UpdateUserPolicy": s.updatePolicy, "UpdateUserPassword": s.updatePassword, "DeleteUser": s.deleteUser,
		"GetUserImage": s.getImage, "HeadUserImage": s.getImage, "PostUserImage": s.postImage, "DeleteUserImage": s.deleteImage,
		"AuthenticateUserByName": s.byName, "AuthenticateWithQuickConnect": s.withQuickConnect,
		"GetQuickConnectEnabled": s.quickEnabled, "InitiateQuickConnect": s.initiate, "GetQuickConnectState": s.quickState,
		"AuthorizeQuickConnect": s.authorize,
		"GetSessions":           s.listSessions, "ReportSessionEnded": s.logout,
		"GetKeys": s.listKeys, "CreateKey": s.createKey, "RevokeKey": s.revokeKey,
		"GetDevices": s.listDevices, "DeleteDevice": s.deleteDevice, "GetMediaFolders": s.mediaFolders,
		"UpdateUser": s.updateUser, "GetParentalRatings": s.ratings, "UpdateUserPasswordLegacy": s.updatePassword,
		"GetHealth": s.health, "GetFirstUser": s.firstUser, "UpdateStartupUser": s.setFirstUser, "UpdateInitialConfiguration": s.setFirstNames,
		"SetRemoteAccess": s.setRemoteAccess, "CompleteWizard": s.endWizard,
		"GetVirtualFolders": s.virtualFolders, "AddVirtualFolder": s.addVirtualFolder, "RemoveVirtualFolder": s.removeVirtualFolder,
		"RenameVirtualFolder": s.renameVirtualFolder, "GetUserViews": s.userViews, "GetVideoStream": s.unguarded("video/mp4", "film"),
		"GetItem": s.getItem, "GetItemLegacy": s.getItem, "GetItems": s.listItems, "GetItemsByUserIdLegacy": s.listItems,
		"GetPlaybackInfo": s.playbackInfo, "GetPostedPlaybackInfo": s.playbackInfo, "GetItemImage": s.unguarded("image/jpeg", "picture"),
		"GetDownload": s.guarded("video/mp4", "film"), "GetMasterHlsVideoPlaylist": s.guarded("application/x-mpegURL", "#EXTM3U"),
		"GetConfiguration": s.getConfiguration, "UpdateConfiguration": s.setConfiguration,
		"SendMessageCommand": s.sendMessage, "SendPlaystateCommand": s.sendPlaystate, "GetQueryFiltersLegacy": s.filters,
	}
	return handlers[name]
}
