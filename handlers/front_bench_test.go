package handlers_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

// sink is an http.ResponseWriter that does not keep the body, like a connection.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

// front is a handler for measuring: the site, whose log is made as in production but read by
// nobody, and a person who is signed in.
type front struct {
	http.Handler
	url            string
	token, session string
	den            servicetest.MediaServer // a server of the person, with its agent
	emby           models.Registered       // a server that speaks the Emby Connect protocol
	account, key   string                  // the person's id, and the access key to the server emby
}

// newFront returns a front over a new service, whose person owns one server and may use
// three.
func newFront(t testing.TB) *front {
	t.Helper()
	s := servicetest.New(t, servicetest.Options{})
	ann := s.Join(t, "ann")
	den := s.Register(t, ann, servicetest.Den())
	accountID := accountOf(t, s, "ann")
	var emby models.Registered
	for i := range 3 {
		emby = linked(t, s, accountID, i+1)
	}
	config := *s.Config
	config.Log = slog.New(slog.NewJSONHandler(io.Discard, nil)) //nolint:sloglint // the lines are made as in production, and only then thrown away
	signedIn := func(kind string) string {
		in := models.SignIn{NameOrEmail: "ann", Password: servicetest.Password, Kind: kind}
		return servicetest.Must(s.Store.Sessions.SignIn(t.Context(), in, models.Caller{}))(t).Token
	}
	return &front{
		servicetest.Must(config.Handler())(t), config.PublicURL, signedIn(models.SessionDevice), signedIn(""), den, emby,
		models.FormatID(accountID), accessKey(t, s, accountID, emby.Server.ID),
	}
}

// accessKey returns the key of an account to a server.
func accessKey(t testing.TB, s *servicetest.Service, accountID, serverID int64) string {
	t.Helper()
	found, _, err := s.Store.Links.LocateTagged(t.Context(), models.Session{ID: 1, AccountID: accountID})
	servicetest.NoError(t, err)
	for _, one := range found {
		if one.ServerID == serverID {
			return one.AccessKey
		}
	}
	t.Fatalf("the account %d has no key to the server %d, want one", accountID, serverID)
	return ""
}

// accountOf returns the id of the account with that username.
func accountOf(t testing.TB, s *servicetest.Service, username string) int64 {
	t.Helper()
	return servicetest.Must(s.Store.Operators.List(t.Context(), username, "", 1))(t)[0].ID
}

// linked registers a server without an owner, and links the account to it.
func linked(t testing.TB, s *servicetest.Service, accountID int64, number int) models.Registered {
	t.Helper()
	in := models.Registration{Name: fmt.Sprintf("Server %d", number), SystemID: fmt.Sprintf("%032x", number), Version: "4.8", Kind: models.ServerEmby, WAN: []string{"https://media.example.org"}}
	made := servicetest.Must(s.Store.Registrations.Register(t.Context(), in, models.Caller{Address: "192.0.2.80"}))(t)
	ask := models.AskLink{AccountID: accountID, Type: models.LinkLinked, RequestedBy: "Bert"}
	servicetest.Must(s.Store.EmbyServers.Ask(t.Context(), made.Server, ask))(t)
	for _, link := range servicetest.Must(s.Store.Links.List(t.Context(), accountID, models.LinkPending))(t) {
		servicetest.NoError(t, s.Store.Links.Accept(t.Context(), accountID, link.ID, models.Caller{}))
	}
	return made
}

// request returns a request of a browser or program without a body. header has names and values.
func (f *front) request(t testing.TB, method, path string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, f.url+path, nil)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0")
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// routes returns a request for each hot route, by a name.
func (f *front) routes(t testing.TB) map[string]*http.Request {
	t.Helper()
	request := func(path string, header ...string) *http.Request {
		return f.request(t, http.MethodGet, path, header...)
	}
	return map[string]*http.Request{
		"robots":       request("/robots.txt"),
		"api-refused":  request("/api/v1/account"),
		"api-account":  request("/api/v1/account", "Authorization", "Bearer "+f.token),
		"wire-refused": request("/service/nothing"),
		"wire-ip":      request("/service/ip"),
		"wire-user":    request("/service/user", "X-Connect-UserToken", f.token),
		"css":          request("/static/css/latchkey.css"),
		"landing":      request("/"),
		"signin":       request("/signin"),
		"servers":      request("/servers", "Cookie", "latchkey-session="+f.session),
	}
}

// serve answers a request.
func (f *front) serve(r *http.Request) { f.ServeHTTP(&sink{header: http.Header{}}, r) }

func BenchmarkFront(b *testing.B) {
	f := newFront(b)
	for name, request := range f.routes(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.serve(request)
			}
		})
	}
}
