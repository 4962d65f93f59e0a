package connect_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/connect"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/templates"
)

const password = "quiet-lantern-overpass-47"

// site is the real service, and the real agent beside a media server in memory.
type site struct {
	t       *testing.T
	service *httptest.Server
	down    atomic.Bool // the service
	store   *models.Store
	clock   *modelstest.Clock
	media   *media
	agent   *agent.Agent
	ann     *client.Client // who owns the server
	local   http.Handler
	log     *log
}

// log keeps what was written.
type log struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}

func newSite(t *testing.T) *site {
	t.Helper()
	store, clock := modelstest.New(t, modelstest.Loose)
	s := &site{t: t, store: store, clock: clock, media: newMedia(), log: &log{}}
	s.startService()
	s.ann = s.join("ann")
	s.startAgent()
	return s
}

func (s *site) startService() {
	s.t.Helper()
	catalogue, err := templates.NewCatalogue()
	s.must(err)
	pages, err := templates.Pages(nil)
	s.must(err)
	s.service = httptest.NewUnstartedServer(nil)
	handler, err := (&handlers.Server{
		Store: s.store, Log: slog.New(slog.DiscardHandler), Catalogue: catalogue, Pages: pages, Static: templates.Static(),
		Captcha: captcha.Off{}, CaptchaKind: handlers.CaptchaOff, PublicURL: "http://" + s.service.Listener.Addr().String(), ServiceName: "Latchkey",
		SignUp: models.SignUpOpen, PasswordMinLength: 10, Lives: models.DefaultLives(),
		CursorKey: make([]byte, 32), Ready: s.store.Ready, Random: rand.Reader, Now: s.clock.Now,
	}).Handler()
	s.must(err)
	s.service.Config = handlers.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.down.Load() {
			panic(http.ErrAbortHandler)
		}
		handler.ServeHTTP(w, r)
	}))
	s.service.Start()
	s.t.Cleanup(s.service.Close)
}

func (s *site) client() *client.Client {
	s.t.Helper()
	c, err := client.New(s.service.URL, client.WithRetries(1, 0), client.WithTimeout(5*time.Second))
	s.must(err)
	return c
}

// join makes a confirmed account and signs in.
func (s *site) join(name string) *client.Client {
	s.t.Helper()
	ctx, c := s.t.Context(), s.client()
	_, err := c.Accounts.SignUp(ctx, client.SignUp{Username: name, Email: name + "@example.org", Password: password})
	s.must(err)
	owed, err := s.store.Mail.Claim(ctx, "test", 100)
	s.must(err)
	for _, one := range owed {
		letter, _, err := s.store.Mail.Prepare(ctx, one)
		s.must(err)
		if letter.Kind == models.MailConfirm {
			s.must(c.Accounts.Confirm(ctx, letter.Secret))
		}
		s.must(s.store.Mail.Sent(ctx, one.ID))
	}
	in, err := c.Sessions.SignIn(ctx, client.SignIn{NameOrEmail: name, Password: password, DeviceName: "Den"})
	s.must(err)
	return c.As(in.Token)
}

// startAgent runs an agent until the test ends.
func (s *site) startAgent() {
	s.t.Helper()
	code, err := s.ann.Servers.MakeClaimCode(s.t.Context())
	s.must(err)
	s.newAgent(code.Code)
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.agent.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the agent ended with %v", err)
		}
	})
	s.until("the agent is ready", s.agent.Ready)
}

// newAgent makes an agent that does not run yet, and its local side.
func (s *site) newAgent(claimCode string) {
	s.t.Helper()
	keys, err := secret.NewKeys(strings.Repeat("a secret key ", 4), "")
	s.must(err)
	store, err := agent.OpenStore(s.t.Context(), filepath.Join(s.t.TempDir(), "agent.db"), keys, s.clock.Now, rand.Reader)
	s.must(err)
	s.t.Cleanup(func() { store.Close() })
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.agent = agent.New(agent.Options{
		Service: s.client(), ServiceURL: s.service.URL, ClaimCode: claimCode, MediaServer: s.media, Store: store,
		Policy:    agent.Policy{CreateUsers: true, GuestLimit: 10, OfflineTrust: 72 * time.Hour},
		Addresses: agent.Addresses{Port: 8096, Configured: []string{"https://den.example.org"}},
		Log:       log, Now: s.clock.Now, Random: rand.Reader,
	})
	kit := wire.NewKit(wire.Options{Log: log, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	var routes embywire.Routes
	connect.Routes(kit, &routes, s.agent)
	s.local = kit.Handler(&routes)
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) until(what string, is func() bool) {
	s.t.Helper()
	for range 400 {
		if is() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.t.Fatalf("it never came that %s\n%s", what, s.log)
}

// answer is what the local side says.
type answer struct {
	status       int
	body         string
	contentType  string
	retryAfter   string
	allowsOrigin string
}

// ask sends a request that is written as it goes over the line: method and path,
// headers, an empty line, the body.
func (s *site) ask(request string) answer {
	s.t.Helper()
	head, body, _ := strings.Cut(strings.TrimPrefix(request, "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	r.RemoteAddr = "203.0.113.9:4711"
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Peer" {
			r.RemoteAddr = value
			continue
		}
		r.Header.Add(name, value)
	}
	recorder := httptest.NewRecorder()
	s.local.ServeHTTP(recorder, r)
	response := recorder.Result()
	text, err := io.ReadAll(response.Body)
	s.must(err)
	return answer{
		response.StatusCode, string(text), response.Header.Get("Content-Type"), response.Header.Get("Retry-After"),
		response.Header.Get("Access-Control-Allow-Origin"),
	}
}

// refused checks that a request is refused as Emby's clients expect it: with a text
// that is no JSON and tells nothing secret.
func (s *site) refused(request string, status int, text string) answer {
	s.t.Helper()
	got := s.ask(request)
	if got.status != status || !strings.Contains(got.body, text) || got.contentType != "text/plain; charset=utf-8" || got.allowsOrigin != "*" {
		s.t.Errorf("%s\nis answered with %+v, not with %d %s", request, got, status, text)
	}
	if strings.HasPrefix(got.body, "{") || strings.HasPrefix(got.body, `"`) {
		s.t.Errorf("an error is JSON: %s", got.body)
	}
	return got
}

// linked links an account with a local user, through the wire, and waits until the
// agent knows that it was accepted. It returns what the device of the account has.
func (s *site) linked(name, localUser string) (person *client.Client, accountID, accessKey string) {
	s.t.Helper()
	ctx := s.t.Context()
	person = s.join(name)
	if got := s.ask("POST /Users/" + localUser + "/Connect/Link?ConnectUsername=" + name + "\nX-Emby-Token: " + rootToken); got.status != http.StatusOK {
		s.t.Fatalf("not linked: %+v", got)
	}
	waiting, err := person.Links.List(ctx, client.Pending)
	s.must(err)
	if len(waiting) != 1 {
		s.t.Fatalf("%d links wait", len(waiting))
	}
	s.must(person.Links.Accept(ctx, waiting[0].ID))
	s.until("the link is accepted", func() bool {
		link, found := s.link(name)
		return found && link.Status == client.Accepted
	})
	account, err := person.Accounts.Get(ctx)
	s.must(err)
	list, err := person.Servers.List(ctx)
	s.must(err)
	return person, string(account.ID), list.Servers[0].AccessKey
}

// link is what the agent knows of the link of an account.
func (s *site) link(name string) (agent.Link, bool) {
	s.t.Helper()
	links, err := s.agent.Links.List(s.t.Context())
	s.must(err)
	for _, link := range links {
		if link.Username == name {
			return link, true
		}
	}
	return agent.Link{}, false
}
