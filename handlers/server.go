// Package handlers serves Latchkey over HTTP. A handler reads a request, calls one
// operation of models.Store and writes its result; it decides nothing else.
//
// The name of a file begins with its kind:
//
//   - server.go, routes.go and routes_api.go put everything together.
//   - front_* is the front door: what happens to every request before its handler
//     runs, and what a handler may ask about it: the address, the session, the
//     cookies, the language. The front door uses the answers only to refuse a request.
//   - form_* reads what people typed and tells them their mistakes. It uses the
//     front door and the answers.
//   - answer_* writes pages, problem details, JSON, redirects and notices. It uses
//     the front door.
//   - page_* has the pages of one feature: the struct that its template is given,
//     and the handlers that fill it. It uses all of the above, and the document
//     that the API gives for the same feature, but no route of the API.
//   - api_* has the JSON API of one feature. It uses the front door, the checks of
//     forms and the answers, and nothing of pages: no cookie, no notice.
//   - wire_* leads to handlers/connect, which speaks the Emby Connect protocol.
//   - view.go has what the structs of all pages share.
//
// TestKindsOfFiles holds these rules.
package handlers

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/health"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/httperr"
	"github.com/latchkey-media/latchkey/internal/limit"
	"github.com/latchkey-media/latchkey/internal/reach"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

// Kinds of captcha.
const (
	CaptchaProofOfWork = "pow"
	CaptchaRecaptcha   = "recaptcha"
	CaptchaOff         = "off"
)

// Server holds what the site needs. Every field is required unless its comment
// says otherwise.
type Server struct {
	Store     *models.Store
	Log       *slog.Logger
	Catalogue *templates.Catalogue
	Pages     *templates.Spoken
	Static    fs.FS

	Captcha          captcha.Verifier
	CaptchaKind      string
	RecaptchaSiteKey string              // for CaptchaRecaptcha alone
	Challenge        func() (any, error) // makes a task for CaptchaProofOfWork, which answers with it as JSON; required for that kind alone

	PublicURL         string // the address under which people find the service: scheme and host, and nothing else
	ServiceName       string
	OperatorName      string // the person or group that runs the service; with "" the pages do not say it
	SecurityContact   string // a mailto: or https: address for security.txt; "" for none
	SignUp            models.SignUpPolicy
	ConnectRegister   connect.RegisterPolicy // how apps may register people; "" for RegisterCaptcha
	PasswordMinLength int
	Lives             models.Lives // the same as in the Store: pages tell people about them

	TrustedProxies []netip.Prefix // the proxies whose X-Forwarded-For counts; may be empty
	Dev            bool           // during development any Host is accepted, and the mails in MailFolder are shown
	MailFolder     string         // for development; "" for none

	Outside *reach.Asker // asks the addresses of servers from outside; nil if the operator does not want that

	Version  string    // of the program, for operators
	Settings []Setting // that are in force, for operators; without secrets
	Desk     *Desk     // how operators change settings; nil if they cannot
	// OnlySetUp says that the service lacks settings: the site has nothing but the pages of the set-up, at any host.
	OnlySetUp bool
	// WriteMail writes a mail for an operator who looks at it: its subject and its plain text. With nil the pages and
	// the API show no text of mails.
	WriteMail func(models.Letter) (subject, text string, err error)

	Health     *health.Keeper // the checks that operators see
	ArrivalKey []byte         // the secret of the questions of health.Ask; with nil nobody is told how requests arrive

	CursorKey []byte // 32 secret bytes that sign the cursors of lists

	Ready    func(context.Context) error // returns an error while requests cannot be served
	Stopping <-chan struct{}             // closed when the program stops, so that nobody waits for a change any longer; nil for never
	Random   io.Reader                   // crypto/rand.Reader
	Now      func() time.Time            // measures how long something takes; times that are stored come from the Store

	// Served is told each request that was answered: its method or "other", the pattern of its route or "unmatched",
	// the status of the answer, and how long it took. It is nil if nobody wants to know.
	Served func(method, route string, status int, took time.Duration)
}

// Setting is a setting that the program uses.
type Setting struct {
	Name    string
	Value   string // a secret is masked
	Origin  string // where the value came from: a flag, the environment, the file, the console or the default
	Console bool   // an operator can set it on a page, and no stronger source has a value
	Own     bool   // an operator has set it on a page
	Secret  bool   // the value is a secret, or contains one
	Text    string // the value as it is written in a form; "" for a secret
	Choices []string
}

// Desk is how the program checks settings that operators make on pages, and puts them in force. The parameter values has all
// values that operators have set on pages, by the names of the settings.
type Desk struct {
	// InForce returns the settings that the program would use with these values.
	InForce func(values map[string]string) []Setting
	// Check returns what is wrong with the values, in English, by the names of the settings.
	Check func(values map[string]string) map[string]string
	// Reload puts the values in force that the database has now. It returns when requests are answered with them.
	Reload func(ctx context.Context) error
	// TryMail sends the mail of the set-up with these values. Its errors say in English what the mail server said.
	TryMail func(ctx context.Context, values map[string]string, letter models.Letter) error
}

// Limits for one request.
const (
	maxBody       = 64 << 10
	maxQueryPairs = 100
	requestTime   = 10 * time.Second // to send a request, and from its headers to the end of the work, without the time that a client asked to wait
	writeTime     = 30 * time.Second // the same, and the time to write the answer
	lookTime      = 3 * time.Second  // to look a session up on a page that also works without one
)

// NewHTTPServer returns a server for h with limits, so that slow and large requests do not
// use up its memory. The caller sets its address and its logger.
func NewHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       requestTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

// Handler returns the whole site. It fails when PublicURL is not an origin,
// when CursorKey is too short, or when the static files cannot be read.
func (s *Server) Handler() (http.Handler, error) {
	site, err := s.site()
	if err != nil {
		return nil, err
	}
	return apiPaths(site.engine()), nil
}

// site is a Server with the values that are derived from its fields.
type site struct {
	*Server
	origin     string // of PublicURL
	host       string // of PublicURL, without a default port
	secure     bool   // whether PublicURL is https
	files      map[string]staticFile
	forgery    *http.CrossOriginProtection
	challenges *limit.Limiter[netip.Prefix] // limits the captcha tasks that a network gets
	polls      *limit.Limiter[netip.Prefix] // limits how often devices in a network ask whether they were approved
	waiters    *waiters                     // of agents, for changes
	connect    *connect.Server
	troubles   *httperr.Troubles
	ready      *readiness
	headers    preparedHeaders
	shared     sharedPages
	ids        *requestIDs
	zones      *timeZones
	manual     *manual // the help
}

func (s *Server) site() (*site, error) {
	public, err := url.Parse(s.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	if (public.Scheme != "http" && public.Scheme != "https") || public.Host == "" || strings.Trim(public.Path, "/") != "" {
		return nil, errors.New("public URL: want http or https and a host, and nothing after them")
	}
	if len(s.CursorKey) < sha256.Size {
		return nil, errors.New("the key of cursors is too short")
	}
	files, err := readStatic(s.Static)
	if err != nil {
		return nil, err
	}
	ids, err := newRequestIDs(s.Random)
	if err != nil {
		return nil, err
	}
	origin := public.Scheme + "://" + public.Host
	forgery := http.NewCrossOriginProtection()
	if err := forgery.AddTrustedOrigin(origin); err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	site := &site{
		Server:     s,
		origin:     origin,
		host:       bareHost(public.Host),
		secure:     public.Scheme == "https",
		files:      files,
		forgery:    forgery,
		challenges: limit.New[netip.Prefix](s.Now, challengesAtOnce, challengesRefill, networksMost),
		polls:      limit.New[netip.Prefix](s.Now, pollsAtOnce, pollsRefill, networksMost),
		waiters:    &waiters{of: map[int64]int{}},
		troubles:   httperr.NewTroubles(s.Log),
		ready:      &readiness{ask: s.Ready, now: s.Now},
		headers:    newPreparedHeaders(public.Scheme == "https"),
		ids:        ids,
		zones:      &timeZones{},
		manual:     &manual{origin: origin, service: s.ServiceName},
	}
	site.connect = site.connectServer()
	return site, nil
}

// engine returns the router, with the functions that every request passes.
func (s *site) engine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode) // for the whole process; the other modes only print more
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false // Gin would believe X-Forwarded-Prefix from anybody
	r.RedirectFixedPath = false
	r.Use(s.begin, s.logAccess, s.recoverPanic, s.checkHost, s.checkQuery, s.checkOrigin, s.dropStrayMarks)
	r.NoRoute(s.noRoute)
	r.NoMethod(s.noMethod)
	s.routes(r)
	return r
}
