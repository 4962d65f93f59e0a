// Package servicetest starts the whole service for a test: pages, API and Emby's
// wire over a real Store, as cmd/latchkey serves them. The workers do not run, so
// no mail is sent and no old row is deleted unless the test does it.
//
// It may import all other packages, and only tests import it. A package that needs
// more wraps [Service] in a type of its own. In short:
//
//	s := servicetest.New(t, servicetest.Options{})
//	ann := s.Join(t, "ann")               // a confirmed account, signed in
//	den := s.Register(t, ann, servicetest.Den()) // a media server of ann's
//	s.Clock.Advance(time.Hour)
//	s.Down()                              // every request fails until s.Up()
//
// Tests inside a package that servicetest imports cannot use it; tests in a package
// of their own, such as client_test, can. Tests of a Store alone use
// models/modelstest.
package servicetest

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/templates"
)

// Options say how a service differs from the usual one; the zero value is fine.
type Options struct {
	// Database is the address of the database, in the form of models.Options. The default is a new
	// and empty SQLite database.
	Database string
	// Store is an open Store to serve; then Database and Adjust are not used.
	Store *models.Store
	// Clock is the clock of the service and of its Store. The default is a new one.
	Clock *modelstest.Clock
	// Adjust changes the options of the Store before it is opened. All limits are switched off
	// then; to have them, assign models.ProductionLimits().
	Adjust modelstest.Adjust
	// Change changes the settings of the handlers before the service starts.
	Change func(*handlers.Server)
	// TLS makes the service speak HTTPS, as it does in production.
	TLS bool
	// FaultsFor limits faults to requests whose User-Agent begins with this text,
	// so that the test itself still reaches the service. The default is all requests.
	FaultsFor string
}

// Service is the whole service, running until the test ends. Only one
// goroutine at a time may call its methods; logs and clients are safe for many.
type Service struct {
	*httptest.Server
	Store         *models.Store
	Clock         *modelstest.Clock
	Config        *handlers.Server // the settings that the service was started with
	Log           *Log             // lines of the handlers, at every level
	StoreLog      *Log             // lines of the Store, at every level
	Mailbox       *Mailbox
	ClientOptions []client.Option // options of each client that NewClient makes

	options Options

	mu        sync.Mutex
	handler   http.Handler
	intercept Intercept        // answers instead of handler; nil without a fault
	flights   map[*flight]bool // requests without an answer so far, which a fault would cut off
}

// New starts a service and stops it when the test ends. The test fails if a handler has panicked.
func New(t testing.TB, options Options) *Service {
	t.Helper()
	if options.Clock == nil {
		options.Clock = modelstest.NewClock()
	}
	if options.Database == "" && options.Store == nil {
		options.Database = modelstest.SQLite(t)
	}
	s := &Service{
		Server: httptest.NewUnstartedServer(nil), Clock: options.Clock, Log: &Log{}, StoreLog: &Log{}, Mailbox: NewMailbox(nil), options: options,
		flights: map[*flight]bool{},
	}
	s.open(t)
	s.Server.Config = handlers.NewHTTPServer(http.HandlerFunc(s.serve))
	s.Server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if options.TLS {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(func() {
		s.CloseClientConnections() // ends the requests that wait for changes
		s.Close()
		if log := s.Log.String(); strings.Contains(log, "msg=panic") {
			t.Errorf("a handler panicked:\n%s", log)
		}
	})
	return s
}

// Reopen closes the Store and serves the database again with a new one. A test that replaces the
// file of the database, for example by an older copy, closes the Store itself before it replaces
// the file.
func (s *Service) Reopen(t testing.TB) {
	t.Helper()
	_ = s.Store.Close() // this fails if the test has closed it already
	s.open(t)
}

// open opens the database and begins to serve it.
func (s *Service) open(t testing.TB) {
	t.Helper()
	s.Store = s.options.Store
	if s.Store == nil {
		adjust := []modelstest.Adjust{modelstest.Unlimited, func(o *models.Options) { o.Log = s.StoreLog.Logger() }}
		if s.options.Adjust != nil {
			adjust = append(adjust, s.options.Adjust)
		}
		s.Store = modelstest.Open(t, s.options.Database, s.Clock, adjust...)
	}
	s.Mailbox.store = s.Store
	s.Config = Handlers(t, s.Store, s.Clock)
	s.Config.Log = s.Log.Logger()
	s.Config.PublicURL = "http://" + s.Listener.Addr().String()
	if s.options.TLS {
		s.Config.PublicURL = "https://" + s.Listener.Addr().String()
	}
	if s.options.Change != nil {
		s.options.Change(s.Config)
	}
	handler := Must(s.Config.Handler())(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = handler
}

// Database returns the address of the service's database, or "" if the test gave the service a
// Store.
func (s *Service) Database() string { return s.options.Database }

// The catalogue and the pages are read once for all services of a test program, because reading
// them takes most of the time of a start.
var (
	catalogue = sync.OnceValues(templates.NewCatalogue)
	pages     = sync.OnceValues(func() (*templates.Spoken, error) {
		texts, err := catalogue()
		return templates.NewSpoken(texts), err
	})
)

// Handlers returns settings of the handlers for a Store. The public URL is a name that does not
// exist, and there is no captcha. A test that serves no requests passes nil for store and clock.
func Handlers(t testing.TB, store *models.Store, clock *modelstest.Clock) *handlers.Server {
	t.Helper()
	return &handlers.Server{
		Store: store, Log: slog.New(slog.DiscardHandler), Catalogue: Must(catalogue())(t), Pages: Must(pages())(t), Static: templates.Static(),
		Captcha: captcha.Off{}, CaptchaKind: handlers.CaptchaOff, PublicURL: "https://id.example.org", ServiceName: "Latchkey",
		SecurityContact: "mailto:security@example.org", SignUp: models.SignUpOpen, PasswordMinLength: 10, Lives: models.DefaultLives(),
		Outside: Nowhere(), CursorKey: make([]byte, 32), Ready: store.Ready, Random: rand.Reader, Now: clock.Now,
	}
}
