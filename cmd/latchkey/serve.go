package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/heap"
	"github.com/latchkey-media/latchkey/internal/metrics"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

type serveCommand struct {
	Restored bool `name:"restored" help:"The database, or the folder with it, was restored from a backup: end all sessions, open invites, codes and mailed links, and replace all access keys. For one start only."`
}

// shutdownTime is the time that requests have to end when the service stops.
const shutdownTime = 15 * time.Second

// holdTime is how long new connections wait until the database is up to date. Usually they need not
// wait at all. After this time, callers are told that the service is starting.
const holdTime = 2 * time.Second

// Run serves until the program is told to stop.
func (s serveCommand) Run(p *program) error {
	if err := p.checked(); err != nil {
		return err
	}
	_, given := p.environment("GOMEMLIMIT")
	heap.Limit(p.settings.MemoryLimit, given)
	log, flush := p.servingLogger()
	defer flush()
	for _, warning := range p.loaded.Warnings {
		log.WarnContext(p.ctx, "settings", slog.String("problem", warning))
	}
	listener, err := p.listen()
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	if p.loaded.Origins["public-url"] == "development default" { // with port 0, the system has just chosen the port
		p.settings.PublicURL = "http://" + listener.Addr().String()
	}
	service, err := p.service(log)
	if err != nil {
		return err
	}
	defer func() { _ = service.store.Close() }()
	service.restored = s.Restored
	if service.measuring, err = p.listenMetrics(); err != nil {
		return err
	}
	if service.measuring != nil {
		defer func() { _ = service.measuring.Close() }()
	}
	if p.settings.Development {
		service.welcome = func() { p.sayWhereToLook(service.public) }
	}
	return service.run(p.ctx, listener, p.settings.DrainDelay)
}

// listen opens the port of the settings. If systemd has opened a port already (latchkey.socket),
// listen returns that one: such a port stays open while the service restarts, and connections wait
// there.
func (p *program) listen() (net.Listener, error) {
	given, err := activation.Listeners() // also removes the variables from the environment
	if err != nil {
		return nil, fmt.Errorf("take the socket of systemd: %w", err)
	}
	if len(given) == 1 && given[0] != nil {
		return keptOpen{given[0]}, nil
	}
	if len(given) > 0 {
		return nil, fmt.Errorf("systemd has handed over %d sockets, want one TCP socket: its unit has one ListenStream", len(given))
	}
	listener, err := listenPlain(p.ctx, p.settings.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w%s", err, p.otherPort("run"))
	}
	return listener, nil
}

// otherPort returns advice for a developer whose port is used by another program: how to start this
// program on a free port, directly or by the target of make. It returns "" in production.
func (p *program) otherPort(target string) string {
	if !p.settings.Development {
		return ""
	}
	return fmt.Sprintf(" (--listen=127.0.0.1:0 uses any free port; with make: make %s ARGS=--listen=127.0.0.1:0)", target)
}

// sayWhereToLook tells a developer who has just started the service how to go on.
func (p *program) sayWhereToLook(public string) {
	mails := "mails are sent through mail-url"
	if mailFolder(p.settings.MailURL) != "" {
		mails = "mails are not sent, read them at " + public + "/dev/mail"
	}
	_, _ = fmt.Fprintf(p.output, `
Latchkey runs for development.
  Open     %s   (sign up: every address will do)
  Mailbox  %s
  Stop     Ctrl-C; the data stays in %s
  Demo     make demo shows the service with a family and a media server

`, public, mails, p.settings.DataDir)
}

// service is everything that runs while the program serves.
type service struct {
	log      *slog.Logger
	store    *models.Store
	site     http.Handler
	mail     *jobs.Mail
	keeping  *jobs.Housekeeping
	stays    *jobs.Stays
	webhooks *jobs.Webhooks
	clocks   *jobs.Clocks
	backups  *jobs.Backups // nil if the settings want none
	watch    *restoreWatch
	restored bool          // the operator says that the database was restored
	prepared atomic.Bool   // the database is up to date
	stopping atomic.Bool   // the service reports that it is not ready
	leaving  chan struct{} // closed when the service begins to wait for the last requests
	public   string
	welcome  func() // called when the service serves; may be nil

	metrics   *metrics.Metrics // nil if the operator does not want them
	measuring net.Listener     // where Prometheus reads them; nil without metrics
}

// service makes all parts of the service and joins them.
func (p *program) service(log *slog.Logger) (*service, error) {
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		return nil, err
	}
	mail, err := p.mailer(catalogue)
	if err != nil {
		return nil, err
	}
	store, err := p.store(log, catalogue)
	if err != nil {
		return nil, err
	}
	s := &service{
		log: log, store: store, public: p.settings.PublicURL, leaving: make(chan struct{}),
		mail:    &jobs.Mail{Store: store, Mailer: mail, Log: log, Owner: owner(), Parallel: 8, Interval: 500 * time.Millisecond, Now: p.now},
		keeping: &jobs.Housekeeping{Store: store, Log: log, Sweep: 10 * time.Minute, Flush: time.Minute},
		stays:   &jobs.Stays{Store: store, Log: log, Every: time.Minute},
		clocks:  &jobs.Clocks{Store: store, Log: log, Every: 10 * time.Second},
	}
	s.webhooks = p.webhooks(store, catalogue, log)
	if s.backups, err = p.backups(store, log); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s.watch = p.newRestoreWatch(store, log)
	site := &handlers.Server{
		Store: store, Log: log, Catalogue: catalogue, Pages: templates.NewSpoken(catalogue), Static: templates.Static(),
		PublicURL: p.settings.PublicURL, ServiceName: p.settings.ServiceName, OperatorName: p.settings.OperatorName, SecurityContact: p.settings.SecurityContact,
		SignUp: models.SignUpPolicy(p.settings.SignUp), PasswordMinLength: p.settings.PasswordMinLength, Lives: p.lives(),
		ConnectRegister: connect.RegisterPolicy(p.settings.ConnectRegister),
		Outside:         p.outside(),
		TrustedProxies:  p.settings.TrustedPrefixes(), Dev: p.settings.Development, MailFolder: mailFolder(p.settings.MailURL),
		Ready: s.ready, Stopping: s.leaving, Random: rand.Reader, Now: p.now,
		Version: version, WriteMail: jobs.Preview(mail),
	}
	for _, one := range p.loaded.InForce() {
		site.Settings = append(site.Settings, handlers.Setting(one))
	}
	if err = p.secrets(site, store); err == nil {
		s.metrics = p.measure(site, store)
		s.site, err = site.Handler()
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return s, nil
}

// secrets gives the site the keys that are derived from the secret key, and the
// captcha.
func (p *program) secrets(site *handlers.Server, store *models.Store) error {
	keys, err := p.keys()
	if err != nil {
		return err
	}
	site.CursorKey = keys.Derive("cursor")
	return p.captcha(site, store, keys)
}

// captcha gives the site the captcha that the settings choose.
func (p *program) captcha(site *handlers.Server, store *models.Store, keys secret.Keys) error {
	site.CaptchaKind = p.settings.Captcha
	switch p.settings.Captcha {
	case handlers.CaptchaOff:
		site.Captcha = captcha.Off{}
	case handlers.CaptchaRecaptcha:
		public, err := url.Parse(p.settings.PublicURL)
		if err != nil {
			return fmt.Errorf("public-url: %w", err)
		}
		site.RecaptchaSiteKey = p.settings.RecaptchaSiteKey
		site.Captcha = captcha.NewRecaptcha(p.settings.RecaptchaSecret, public.Hostname(), captcha.RecaptchaOptions{
			Now: time.Now, Remember: store.Throttle.Remember, // the clock of the machine is enough: Google itself accepts an answer only once, too
		})
	default:
		work := &captcha.ProofOfWork{
			Key: keys.Derive("captcha"), Now: store.Now, Remember: store.Throttle.Remember, Life: p.settings.CaptchaLife,
		}
		site.Captcha = work
		site.Challenge = func() (any, error) { return work.Challenge() }
	}
	return nil
}

// ready returns nil if the service can answer requests, and otherwise the reason
// why not.
func (s *service) ready(ctx context.Context) error {
	if s.stopping.Load() {
		return errors.New("the service is stopping")
	}
	return s.store.Ready(ctx)
}

// ServeHTTP passes requests to the site. Until the database is up to date, it answers that the
// program runs but cannot serve yet. While the service stops, each answer ends its connection, so
// that a proxy sends no further request on it.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.stopping.Load() {
		w.Header().Set("Connection", "close")
	}
	switch {
	case s.prepared.Load():
		s.site.ServeHTTP(w, r)
	case r.URL.Path == "/livez":
		_, _ = io.WriteString(w, "ok\n")
	default:
		handlers.Starting(w, r)
	}
}

// run serves until ctx ends, and then stops in this order: it reports that it is not ready, so that
// a proxy sends requests elsewhere; it waits until requests have ended; and it waits for mails that
// are being sent.
func (s *service) run(ctx context.Context, listener net.Listener, drain time.Duration) error {
	server := handlers.NewHTTPServer(s)
	server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	door := newDoor(listener)
	server.ConnState = door.noteState
	failed := make(chan error, 1)
	// Until this is called, the system holds new connections, so that no request fails while the
	// service starts.
	accept := sync.OnceFunc(func() { go func() { failed <- server.Serve(door) }() })
	defer func() { _ = server.Close() }()
	address := slog.String("address", listener.Addr().String())
	s.log.InfoContext(ctx, "listening", address)
	held := time.AfterFunc(holdTime, accept)
	defer held.Stop()
	if err := prepare(ctx, s.store, s.log, func(ctx context.Context) error { return s.watch.begin(ctx, s.restored) }); err != nil {
		if ctx.Err() != nil {
			return nil // the program was told to stop before it had started
		}
		return err
	}
	s.prepared.Store(true)
	accept()
	jobsCtx, stopJobs := context.WithCancel(context.WithoutCancel(ctx))
	defer stopJobs()
	var working sync.WaitGroup
	working.Go(func() { s.mail.Run(jobsCtx) })
	working.Go(func() { s.keeping.Run(jobsCtx) })
	working.Go(func() { s.stays.Run(jobsCtx) })
	working.Go(func() { s.webhooks.Run(jobsCtx) })
	working.Go(func() { s.clocks.Run(jobsCtx) })
	working.Go(func() { heap.Manage(jobsCtx, hashing().AtOnce()) })
	working.Go(func() { s.watch.run(jobsCtx) })
	defer s.tellMetrics(ctx)()
	if s.backups != nil {
		working.Go(func() { s.backups.Run(jobsCtx) })
	}
	s.log.InfoContext(ctx, "serving", address, slog.String("public_url", s.public), slog.String("version", version))
	if s.welcome != nil {
		s.welcome()
	}

	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		s.log.InfoContext(ctx, "stopping")
		s.stopping.Store(true)
		time.Sleep(drain)
		stopJobs()
		close(s.leaving) // without this, the stop would wait for agents that wait for changes
		door.closeAndWait(lastRequestTime)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if err = server.Shutdown(last); err != nil {
			err = fmt.Errorf("some requests did not end in time: %w", err)
		}
	}
	stopJobs()
	working.Wait()
	s.log.InfoContext(context.WithoutCancel(ctx), "stopped")
	return err
}

type healthcheckCommand struct{}

// Run asks the running service whether it is ready.
func (healthcheckCommand) Run(p *program) error {
	return askReady(p.ctx, p.output, p.settings.Listen, "service")
}

// askReady asks a program on this machine whether it is ready.
func askReady(ctx context.Context, output io.Writer, listen, what string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if address := net.ParseIP(host); host == "" || address.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		return fmt.Errorf("the %s does not answer: %w", what, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		const longest = 1000
		why, _ := io.ReadAll(io.LimitReader(response.Body, longest))
		return fmt.Errorf("the %s is not ready: %s: %s", what, response.Status, bytes.TrimSpace(why))
	}
	_, err = fmt.Fprintln(output, "ready")
	return err
}
