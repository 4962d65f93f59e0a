// Package connect speaks the Emby Connect wire protocol: the calls of apps and of media
// servers to a Connect service. The protocol prescribes the form of everything: paths in
// any letter case, parameters in any encoding, PascalCase names, bare statuses. This is the
// only place where "pin" means device code. Section numbers refer to docs/emby-connect.md.
package connect

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/handlers/kinds"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/httperr"
	"github.com/latchkey-media/latchkey/internal/printable"
	"github.com/latchkey-media/latchkey/models"
)

// RegisterPolicy says how apps may register people.
type RegisterPolicy string

// The values of [RegisterPolicy].
const (
	RegisterCaptcha RegisterPolicy = "captcha" // only with a solved captcha; without one, people are sent to the sign-up page
	RegisterOpen    RegisterPolicy = "open"
	RegisterOff     RegisterPolicy = "off"
)

// Server answers everything under /service. All exported fields are required.
type Server struct {
	Store     *models.Store
	Troubles  *httperr.Troubles // logs the errors of requests
	PublicURL string
	Register  RegisterPolicy
	// Captcha checks the answer to a captcha, which a registration sends in its parameter
	// grecaptcha or altcha.
	Captcha func(ctx context.Context, params embywire.Params, address netip.Addr) error
	// Locale returns the language for a caller.
	Locale func(acceptLanguage string) string
	// Say returns the text of an error code in a language. The text may contain the time
	// that the caller has to wait.
	Say func(locale, code string, params map[string]string, wait time.Duration) string
	// Picture returns the address of the picture with a token, "" for no token.
	Picture func(token string) string
	// Pace reports whether a caller may poll now.
	Pace func(address netip.Addr) bool
	// RequestID returns the id by which the log names a request.
	RequestID func(r *http.Request) string

	fill  sync.Once
	table embywire.Table[route]
}

// Prefix is the path below which the protocol is served.
const Prefix = "/service"

// RequestIDHeader is the header in which an answer with an error has the id of the request.
const RequestIDHeader = "X-Request-Id"

// call is one request.
type call struct {
	*Server
	request *http.Request
	header  http.Header // of the answer
	params  embywire.Params
	address netip.Addr
	seen    func() models.Caller // the caller as its headers say; see caller
}

// endpoint answers a call with a value to write as JSON, or with an error.
type endpoint func(c *call) (any, error)

// apology returns the body of an error, for the only endpoint whose errors have a body.
type apology func(c *call, err error, wait time.Duration) any

// Route is one endpoint.
type Route struct {
	Method, Path string // the path after [Prefix], in lower case
}

type route struct {
	Route
	answer endpoint
	acts   bool    // a GET that changes something, so HEAD is not allowed
	refuse apology // the body of errors; nil for bare statuses
}

func (s *Server) routes() []route {
	plain := func(method, path string, answer endpoint) route {
		return route{Route: Route{method, path}, answer: answer}
	}
	return []route{
		plain(http.MethodPost, "/user/authenticate", authenticate),
		plain(http.MethodPost, "/user/logout", logout),
		plain(http.MethodGet, "/user", user),
		{Route: Route{http.MethodPost, "/register"}, answer: register, refuse: registrationFailed},
		plain(http.MethodPost, "/pin", beginPIN),
		plain(http.MethodGet, "/pin", pollPIN),
		plain(http.MethodPost, "/pin/authenticate", exchangePIN),
		plain(http.MethodGet, "/servers", servers),
		plain(http.MethodPost, "/servers", registerServer),
		plain(http.MethodGet, "/serverauthorizations", authorizations),
		plain(http.MethodPost, "/serverauthorizations", authorize),
		plain(http.MethodDelete, "/serverauthorizations", deauthorize),
		{Route: Route{http.MethodGet, "/serverauthorizations/accept"}, answer: accept, acts: true},
		plain(http.MethodPost, "/serverauthorizations/accept", accept), // the method that the GET should have had
		plain(http.MethodPost, "/users/invite", invite),
		plain(http.MethodGet, "/ip", ownAddress),
	}
}

// Routes returns all routes, for tests that need every route.
func (s *Server) Routes() []Route {
	var list []Route
	for _, r := range s.routes() {
		list = append(list, r.Route)
	}
	return list
}

// refuse returns an error that becomes a bare status.
func refuse(status int) error { return &httperr.RefusalError{Status: status} }

const maxBody = 64 << 10

// SetHeaders sets the headers that every answer has. They are the same for all answers, so
// the front door keeps them prepared, and [Server.Serve] does not set them again.
func SetHeaders(header http.Header) {
	embywire.AllowAll(header, embywire.CentralHeaders)
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	header.Set("Cache-Control", "no-store")
}

// Serve answers a request, and returns the pattern of the route that it met, or "". The
// parameters address and caller describe the client; Serve calls the function caller only
// if an operation needs its result. The path may be in any letter case. The headers of
// [SetHeaders] must be set already.
func (s *Server) Serve(w http.ResponseWriter, r *http.Request, address netip.Addr, caller func() models.Caller) (pattern string) {
	header := w.Header()
	path := embywire.Path(r.URL.Path)
	row, pattern, status := s.find(r.Method, path, header)
	if row.answer == nil {
		if status >= http.StatusBadRequest {
			header.Set(RequestIDHeader, s.RequestID(r))
		}
		bare(w, status)
		return pattern
	}
	c := &call{Server: s, request: r, header: header, address: address, seen: caller}
	value, err := c.run(row.answer, strings.TrimPrefix(path, Prefix))
	if err != nil {
		c.fail(w, row, err)
		return pattern
	}
	c.write(w, http.StatusOK, value)
	return pattern
}

// find returns the route of a request, or an error whose status says why no
// route matches.
func (s *Server) find(method, path string, header http.Header) (row route, pattern string, status int) {
	match := s.routeTable().Find(method, path)
	switch {
	case match.OK, method == http.MethodOptions:
		return match.Value, match.Pattern, http.StatusOK
	case len(match.Allowed) == 0:
		return route{}, match.Pattern, http.StatusNotFound
	default:
		header.Set("Allow", strings.Join(append(match.Allowed, http.MethodOptions), ", "))
		return route{}, match.Pattern, http.StatusMethodNotAllowed
	}
}

// routeTable returns the routes in a table that finds them by path.
func (s *Server) routeTable() *embywire.Table[route] {
	s.fill.Do(func() {
		for _, row := range s.routes() {
			if row.acts {
				s.table.AddActing(row.Method, Prefix+row.Path, row)
			} else {
				s.table.Add(row.Method, Prefix+row.Path, row)
			}
		}
	})
	return &s.table
}

func (c *call) run(answer endpoint, path string) (any, error) {
	options := embywire.Options{MaxBody: maxBody}
	switch path { // some clients send a name or a password without encoding it (§1.2)
	case "/servers":
		options.JoinInto = "name"
		options.Known = []string{"name", "url", "systemid", "localaddress", "id", "format", "claimcode"}
	case "/register":
		options.JoinInto, options.Encoded = "password", "rawpw"
		options.Known = []string{"password", "username", "email", "grecaptcha", "altcha", "format"}
	}
	params, err := embywire.Read(c.request, options)
	if errors.Is(err, embywire.ErrTooLarge) {
		return nil, refuse(http.StatusRequestEntityTooLarge)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest)
	}
	c.params = params
	return answer(c)
}

// caller returns the caller for operations. If the header X-Application is there, its value
// ("Name/Version") is the name of the caller. Only calls that change something need it.
func (c *call) caller() models.Caller {
	caller := c.seen()
	if client := c.client(); client != "" {
		caller.Device, caller.Icon = client, "device"
	}
	const longest = 80
	caller.Device = printable.Cut(caller.Device, longest)
	return caller
}

// application returns the name and version in X-Application. The header is
// optional, and some clients encode it (§1.1).
func (c *call) application() (name, version string) {
	text := c.request.Header.Get("X-Application")
	if decoded, err := url.PathUnescape(text); err == nil {
		text = decoded
	}
	name, version, _ = strings.Cut(printable.Text(text), "/")
	return strings.TrimSpace(name), strings.TrimSpace(version)
}

// client returns the name of an app as people read it.
func (c *call) client() string {
	name, version := c.application()
	return strings.TrimSpace(name + " " + version)
}

// plainText is an answer that is not JSON.
type plainText string

// taggedList is an answer with an entity tag, so that an unchanged list needs
// no body.
type taggedList struct {
	entries any
	tag     string // without quotes; "" for a digest of the body
}

// sameList is the answer to a client that has the list with this tag already.
type sameList struct{ tag string }

// write writes an answer: JSON in UTF-8, with the charset in the Content-Type, because
// clients expect that (§6.3).
func (c *call) write(w http.ResponseWriter, status int, value any) {
	if text, ok := value.(plainText); ok {
		c.header.Set("Content-Type", "text/plain; charset=utf-8")
		c.send(w, status, []byte(text))
		return
	}
	if refused, ok := value.(refusedRegistration); ok {
		status = http.StatusBadRequest
		value = registration(refused)
	}
	tagged, isList := value.(taggedList)
	if isList {
		value = tagged.entries
	}
	if same, ok := value.(sameList); ok {
		c.unchanged(same.tag)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body, err := json.Marshal(value)
	if err != nil {
		c.fail(w, route{}, err)
		return
	}
	if isList && tagged.tag == "" {
		sum := sha256.Sum256(body)
		tagged.tag = base64.RawURLEncoding.EncodeToString(sum[:12])
	}
	if isList && c.unchanged(tagged.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	c.header.Set("Content-Type", "application/json; charset=utf-8")
	c.send(w, status, body)
}

// unchanged sets the entity tag of a list, and reports whether the client has
// that list already.
func (c *call) unchanged(tag string) bool {
	c.header.Set("ETag", `"`+tag+`"`)
	c.header.Set("Cache-Control", "private, no-cache")
	return c.holds(tag)
}

// holds reports whether the client has a list with that tag.
func (c *call) holds(tag string) bool {
	return strings.Contains(c.request.Header.Get("If-None-Match"), `"`+tag+`"`)
}

func (c *call) send(w http.ResponseWriter, status int, body []byte) {
	c.header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if c.request.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// fail answers with a bare status, because several generations of clients fail
// on JSON in an error (§1.3). Faults of this service are logged, and never
// become an empty list.
func (c *call) fail(w http.ResponseWriter, row route, err error) {
	status, id := statusOf(err), c.RequestID(c.request)
	c.header.Set(RequestIDHeader, id)
	if status >= http.StatusInternalServerError {
		reason := ""
		if known, ok := errors.AsType[*models.Error](err); ok && status == http.StatusServiceUnavailable {
			reason = known.Code
		}
		c.Troubles.Log(c.request, reason, err, slog.String("route", Prefix+row.Path), slog.String("request", id))
	}
	var wait time.Duration
	if known, ok := errors.AsType[*models.Error](err); ok && known.RetryAfter > 0 {
		wait = httperr.SetRetryAfter(c.header, known.RetryAfter, 5*time.Second)
	}
	if row.refuse != nil {
		c.write(w, status, row.refuse(c, err, wait))
		return
	}
	bare(w, status)
}

func bare(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

func statusOf(err error) int {
	if known, ok := errors.AsType[*models.Error](err); ok {
		return kinds.WireStatus(known.Kind)
	}
	return httperr.Status(err)
}

// one returns the value of a header that must not appear twice.
func (c *call) one(name string) string {
	values := c.request.Header.Values(name)
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// person returns the session of the user token. A server key, a cookie or
// another Authorization header is not accepted.
func (c *call) person() (models.Session, error) {
	return c.Store.Sessions.Look(c.request.Context(), c.one("X-Connect-UserToken"))
}

// watcher returns the session of the user token, as person does. It also accepts a switched
// session, see [models.OpenToSwitched].
func (c *call) watcher() (models.Session, error) {
	return c.Store.Sessions.Look(c.open(), c.one("X-Connect-UserToken"))
}

// open returns the context of a request that a switched session may make: listing the servers,
// reading its own name, and signing the device out.
func (c *call) open() context.Context { return models.ForSwitched(c.request.Context()) }

// self returns the session of the user token, as person does. If there is a parameter
// userId, it must be the person's own.
func (c *call) self() (models.Session, error) {
	session, err := c.person()
	if err == nil {
		err = c.mine(session.AccountID)
	}
	return session, err
}

// mine refuses a parameter userId that is not the account's.
func (c *call) mine(accountID int64) error {
	if c.params["userid"] != "" && c.params["userid"] != models.FormatID(accountID) {
		return refuse(http.StatusUnauthorized)
	}
	return nil
}

// server returns the media server of the server key. If there is a parameter
// serverId, it must be the server's own. A disabled server gets 403, because a
// server that seems unknown would register again under a new id.
func (c *call) server() (models.Server, error) {
	server, err := c.Store.ServerKeys.Look(c.request.Context(), c.one("X-Connect-Token"))
	if errors.Is(err, models.ErrServerDisabled) {
		return server, refuse(http.StatusForbidden)
	}
	// An agent reads and sets links by /api/v1, where it never sees an access key. With the
	// agent's server key, nobody may read or set them here.
	if err == nil && server.Kind == models.ServerAgent {
		return server, refuse(http.StatusForbidden)
	}
	if err == nil && c.params["serverid"] != "" && c.params["serverid"] != models.FormatID(server.ID) {
		return server, refuse(http.StatusUnauthorized)
	}
	return server, err
}
