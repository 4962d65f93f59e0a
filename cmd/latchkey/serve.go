package main

import (
	"bytes"
	"context"
	"crypto/rand"
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
	"github.com/latchkey-media/latchkey/health"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/heap"
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
	p.makesKey = true
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
	f, err := newFront(p, log, listener.Addr().String())
	if err != nil {
		return err
	}
	f.restored = s.Restored
	if f.measuring, err = p.listenMetrics(); err != nil {
		return err
	}
	if f.measuring != nil {
		defer func() { _ = f.measuring.Close() }()
		f.metrics = f.measure()
	}
	if p.settings.Development {
		f.welcome = f.sayWhereToLook
	}
	return f.run(p.ctx, listener, p.settings.DrainDelay)
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
func (f *front) sayWhereToLook(s *service) {
	mails := "mails are sent through mail-url"
	if mailFolder(f.p.settings.MailURL) != "" {
		mails = "mails are not sent, read them at " + s.public + "/dev/mail"
	}
	_, _ = fmt.Fprintf(f.p.errors, `
Latchkey runs for development.
  Open     %s   (sign up: every address will do)
  Mailbox  %s
  Stop     Ctrl-C; the data stays in %s
  Demo     make demo shows the service with a family and a media server

`, s.public, mails, f.p.settings.DataDir)
}

// service is everything that works with one set of settings: the site and the workers.
type service struct {
	log      *slog.Logger
	store    *models.Store
	site     http.Handler
	mail     *jobs.Mail // nil in a service that only sets up
	keeping  *jobs.Housekeeping
	stays    *jobs.Stays    // nil in a service that only sets up
	messages *jobs.Messages // nil in a service that only sets up
	webhooks *jobs.Webhooks // nil in a service that only sets up
	clocks   *jobs.Clocks
	backups  *jobs.Backups // nil if the settings want none
	watch    *restoreWatch
	public   string

	values map[string]string // the settings that operators have set on pages
	setUp  bool              // a set-up is open

	busy     atomic.Int64    // requests that it answers
	leaving  chan struct{}   // closed when nobody is to wait for a change any longer
	leave    func()          // closes leaving
	jobs     context.Context //nolint:containedctx // within which the jobs of this service and of those after it run
	stopJobs func()
	working  sync.WaitGroup
}

// service makes all parts of a service on a store, and joins them. If alone is true, the site has nothing but the set-up.
func (p *program) service(f *front, store *models.Store, alone bool) (*service, error) {
	s := &service{
		log: f.log, store: store, public: p.settings.PublicURL, leaving: make(chan struct{}),
		keeping: &jobs.Housekeeping{Store: store, Log: f.log, Sweep: 10 * time.Minute, Flush: time.Minute},
		clocks:  &jobs.Clocks{Store: store, Log: f.log, Every: 10 * time.Second},
	}
	s.leave = sync.OnceFunc(func() { close(s.leaving) })
	s.watch = p.newRestoreWatch(store, f.log)
	site := &handlers.Server{
		Store: store, Log: f.log, Catalogue: f.catalogue, Pages: templates.NewSpoken(f.catalogue), Static: templates.Static(),
		PublicURL: p.settings.PublicURL, ServiceName: p.settings.ServiceName, OperatorName: p.settings.OperatorName, SecurityContact: p.settings.SecurityContact,
		SignUp: models.SignUpPolicy(p.settings.SignUp), PasswordMinLength: p.settings.PasswordMinLength, Lives: p.lives(),
		ConnectRegister: connect.RegisterPolicy(p.settings.ConnectRegister),
		Outside:         p.outside(),
		TrustedProxies:  p.settings.TrustedPrefixes(), Dev: p.settings.Development, MailFolder: mailFolder(p.settings.MailURL),
		Ready:    func(ctx context.Context) error { return f.ready(ctx, store) },
		Stopping: s.leaving, Random: rand.Reader, Now: p.now,
		Version: version, Desk: f.desk(), OnlySetUp: alone,
	}
	if alone {
		site.PublicURL = "http://" + f.address // any host will do; the address that people use is a part of the set-up
		s.public = site.PublicURL
	} else if err := p.work(f, s, site); err != nil {
		return nil, err
	}
	for _, one := range p.loaded.InForce() {
		site.Settings = append(site.Settings, handlers.Setting(one))
	}
	if err := p.secrets(site, store); err != nil {
		return nil, err
	}
	f.countSite(site)
	var err error
	s.site, err = site.Handler()
	return s, err
}

// work gives a service what needs all settings: the workers, and the checks for operators.
func (p *program) work(f *front, s *service, site *handlers.Server) (err error) {
	mail, err := p.mailer(f.catalogue)
	if err != nil {
		return err
	}
	name := owner()
	if f.count > 0 { // the mails of the service before are still its own
		name = fmt.Sprintf("%s-%d", name, f.count)
	}
	s.mail = &jobs.Mail{Store: s.store, Mailer: mail, Log: f.log, Owner: name, Parallel: 8, Interval: 500 * time.Millisecond, Now: p.now}
	s.stays = &jobs.Stays{Store: s.store, Log: f.log, Every: time.Minute}
	s.webhooks = p.webhooks(s.store, f.catalogue, f.log)
	s.messages = &jobs.Messages{Store: s.store, Log: f.log, Every: 5 * time.Second}
	sources, err := p.healthSources(s.store, mail)
	if err != nil {
		return err
	}
	site.ArrivalKey, site.Health = sources.Key, &health.Keeper{Sources: sources}
	site.WriteMail = jobs.Preview(mail)
	s.backups, err = p.backups(s.store, f.log)
	return err
}

// start starts the workers. They end when ctx ends, or by stop.
func (s *service) start(ctx context.Context) {
	s.jobs = ctx
	own, stop := context.WithCancel(ctx)
	s.stopJobs = stop
	for _, job := range []func(context.Context){s.keeping.Run, s.clocks.Run, s.watch.run} {
		s.working.Go(func() { job(own) })
	}
	if s.mail != nil {
		s.working.Go(func() { s.mail.Run(own) })
		s.working.Go(func() { s.stays.Run(own) })
		s.working.Go(func() { s.messages.Run(own) })
		s.working.Go(func() { s.webhooks.Run(own) })
	}
	if s.backups != nil {
		s.working.Go(func() { s.backups.Run(own) })
	}
}

// stop tells the workers to end, and those who wait for a change.
func (s *service) stop() {
	s.leave()
	s.stopJobs()
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
