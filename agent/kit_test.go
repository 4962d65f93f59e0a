package agent_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/templates"
)

const password = "quiet-lantern-overpass-47"

// site is the real service, behind a switch.
type site struct {
	*httptest.Server
	store    *models.Store
	database string
	clock    *modelstest.Clock

	mu    sync.Mutex
	over  func(w http.ResponseWriter, r *http.Request, inner http.Handler) // answers instead, nil for none
	inner http.Handler
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Server: httptest.NewUnstartedServer(nil), clock: modelstest.NewClock(), database: modelstest.SQLite(t)}
	s.restore(t)
	server := handlers.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		over, inner := s.over, s.inner
		s.mu.Unlock()
		if over == nil || !strings.HasPrefix(r.UserAgent(), "agent") {
			inner.ServeHTTP(w, r)
			return
		}
		over(w, r, inner)
	}))
	s.Config = server
	s.Start()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// restore begins to serve the database as it is now.
func (s *site) restore(t *testing.T) {
	t.Helper()
	s.store = modelstest.Open(t, s.database, s.clock, func(o *models.Options) {
		for _, limit := range reflect.ValueOf(&o.Limits).Elem().Fields() {
			limit.Set(reflect.ValueOf(models.Limit{Hits: 1 << 30, Window: time.Hour}))
		}
	})
	catalogue := must(templates.NewCatalogue())(t)
	handler := must((&handlers.Server{
		Store: s.store, Log: slog.New(slog.DiscardHandler), Catalogue: catalogue, Pages: must(templates.Pages(nil))(t), Static: templates.Static(),
		Captcha: captcha.Off{}, CaptchaKind: handlers.CaptchaOff, PublicURL: "http://" + s.Listener.Addr().String(), ServiceName: "Latchkey",
		SignUp: models.SignUpOpen, PasswordMinLength: 10, Lives: models.DefaultLives(),
		CursorKey: make([]byte, 32), Ready: s.store.Ready, Random: rand.Reader, Now: s.clock.Now,
	}).Handler())(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inner = handler
}

// answer puts something in front of the service, for agents alone.
func (s *site) answer(over func(w http.ResponseWriter, r *http.Request, inner http.Handler)) {
	s.mu.Lock()
	s.over = over
	s.mu.Unlock()
	if over != nil {
		s.CloseClientConnections()        // ends long polls
		time.Sleep(20 * time.Millisecond) // until clients have seen that
	}
}

// down makes the service go away for agents.
func (s *site) down() {
	s.answer(func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) })
}

func (s *site) up() { s.answer(nil) }

func (s *site) client(t *testing.T, options ...client.Option) *client.Client {
	t.Helper()
	// What ends long polls must not end somebody else's request.
	fresh := client.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}})
	return must(client.New(s.URL, append([]client.Option{fresh}, options...)...))(t)
}

// join makes a confirmed account and signs in.
func (s *site) join(t *testing.T, name string) *client.Client {
	t.Helper()
	ctx, c := t.Context(), s.client(t)
	must(c.Accounts.SignUp(ctx, client.SignUp{Username: name, Email: name + "@example.org", Password: password}))(t)
	for _, owed := range must(s.store.Mail.Claim(ctx, "test", 100))(t) {
		letter, _, err := s.store.Mail.Prepare(ctx, owed)
		well(t, err)
		well(t, s.store.Mail.Sent(ctx, owed.ID))
		if letter.Kind == models.MailConfirm {
			well(t, c.Accounts.Confirm(ctx, letter.Secret))
		}
	}
	in := must(c.Sessions.SignIn(ctx, client.SignIn{NameOrEmail: name, Password: password, DeviceName: "Den"}))(t)
	return c.As(in.Token)
}

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func well(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func eventually(t testing.TB, what string, check func() bool) {
	t.Helper()
	if !soon(check) {
		t.Fatalf("never: %s", what)
	}
}

// never gives the agent some time to do what it must not.
func never(t testing.TB, what string, check func() bool) {
	t.Helper()
	for end := time.Now().Add(150 * time.Millisecond); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if check() {
			t.Fatalf("it is so: %s", what)
		}
	}
}

// logBook is a log that tests read.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// count is how many lines hold text.
func (l *logBook) count(text string) int {
	n := 0
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func (l *logBook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// den is a media server of ann's and its agent.
type den struct {
	*agent.Agent
	t       *testing.T
	site    *site
	fake    *fake
	ann     *client.Client
	path    string
	store   *agent.Store
	options agent.Options
	log     *logBook
	stop    func() // the run; waits until it has ended
}

type change func(*agent.Options)

// newDen returns one that does not run yet.
func newDen(t *testing.T, s *site, adjust ...change) *den {
	t.Helper()
	d := &den{t: t, site: s, fake: newFake(), path: filepath.Join(t.TempDir(), "agent.db"), log: &logBook{}, stop: func() {}}
	d.ann = s.join(t, "ann")
	d.options = agent.Options{
		Service:    s.client(t, client.WithHTTPClient(&http.Client{Transport: &http.Transport{}}), client.WithUserAgent("agent/test"), client.WithRetries(1, 0), client.WithTimeout(5*time.Second), client.WithAnswerLimit(1<<20)),
		ServiceURL: s.URL, ClaimCode: must(d.ann.Servers.MakeClaimCode(t.Context()))(t).Code, MediaServer: d.fake,
		Policy: agent.Policy{CreateUsers: true, GuestLimit: 100, OfflineTrust: 72 * time.Hour},
		Addresses: agent.Addresses{Port: 8096, LAN: true, WAN: true, Interfaces: func() ([]agent.InterfaceAddress, error) {
			return []agent.InterfaceAddress{{Address: netip.MustParseAddr("192.168.1.2"), Interface: "eth0"}}, nil
		}},
		ReportEvery: 50 * time.Millisecond, CheckEvery: 20 * time.Millisecond, Log: d.log.logger(), Now: s.clock.Now, Random: rand.Reader,
	}
	for _, one := range adjust {
		one(&d.options)
	}
	d.open()
	t.Cleanup(func() {
		d.stop()
		_ = d.store.Close()
	})
	return d
}

func testKeys(t testing.TB) secret.Keys {
	t.Helper()
	return must(secret.NewKeys(modelstest.Key, ""))(t)
}

// open opens the agent's file.
func (d *den) open() {
	d.t.Helper()
	d.store = must(agent.OpenStore(context.Background(), d.path, testKeys(d.t), d.site.clock.Now, rand.Reader))(d.t)
	d.options.Store = d.store
	d.Agent = agent.New(d.options).Hurry()
}

// run begins to run the agent.
func (d *den) run() {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	one := d.Agent
	go func() { done <- one.Run(ctx) }()
	d.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				d.t.Errorf("run: %v", err)
			}
		case <-time.After(10 * time.Second):
			d.t.Error("the run does not end")
		}
	})
}

// restart ends the run and the program, and begins anew.
func (d *den) restart() {
	d.t.Helper()
	d.halt()
	d.open()
	d.run()
}

// halt ends the run and the program.
func (d *den) halt() {
	d.t.Helper()
	d.stop()
	_ = d.store.Close()
}

// started runs it and waits until the service has its report.
func (d *den) started() *den {
	d.t.Helper()
	d.run()
	eventually(d.t, "the first report", func() bool {
		return !d.status().LastReport.IsZero() && d.status().LastContact.After(time.Time{}) && d.Ready()
	})
	return d
}

func (d *den) status() agent.Status {
	d.t.Helper()
	return must(d.Status(context.Background()))(d.t)
}

// serverID is the id at the service.
func (d *den) serverID() client.ID { return client.ID(d.status().ServerID) }

// serverKey asks the service as the agent does.
func (d *den) asServer() *client.Agent {
	d.t.Helper()
	key := must(d.store.ServerKey(context.Background()))(d.t)
	return d.site.client(d.t, client.WithUserAgent("raw")).As(key).Agent
}

// localUserAt is the service's id of a local user.
func (d *den) localUserAt(id string) client.ID {
	d.t.Helper()
	for _, u := range must(d.ann.People.LocalUsers(d.t.Context(), d.serverID()))(d.t) {
		if u.ExternalID == id {
			return u.ID
		}
	}
	d.t.Fatalf("the service knows no local user %s", id)
	return ""
}

// invite makes an invite to a person who accepts it.
func (d *den) invite(person *client.Client, name string, adjust ...func(*client.NewInvite)) {
	d.t.Helper()
	in := client.NewInvite{To: name, Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: d.serverID()}}}
	for _, one := range adjust {
		one(&in)
	}
	made := must(d.ann.Invites.Create(d.t.Context(), in))(d.t)
	well(d.t, person.Invites.Accept(d.t.Context(), made.ID))
}

// linked makes an accepted link of a person with a local user, and waits until
// the agent knows.
func (d *den) linked(person *client.Client, name, localUser string) agent.Link {
	d.t.Helper()
	at := d.localUserAt(localUser)
	d.invite(person, name, func(in *client.NewInvite) {
		in.Type, in.Servers[0].LocalUserID = client.Linked, at
	})
	return d.linkOf(name)
}

// linkOf waits for the accepted link of an account.
func (d *den) linkOf(name string) (found agent.Link) {
	d.t.Helper()
	eventually(d.t, "the link of "+name, func() bool {
		for _, l := range must(d.Links.List(context.Background()))(d.t) {
			if l.Username == name && l.Status == client.Accepted {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

// guestOf waits for the local user of a guest.
func (d *den) guestOf(name string) (found agent.Link) {
	d.t.Helper()
	eventually(d.t, "the guest "+name, func() bool {
		found = d.linkOf(name)
		return found.LocalUserID != ""
	})
	return found
}

// key is the access key of a person for the server.
func (d *den) key(person *client.Client) string {
	d.t.Helper()
	list := must(person.Servers.List(d.t.Context()))(d.t)
	if len(list.Servers) != 1 {
		d.t.Fatalf("servers: %+v", list)
	}
	return list.Servers[0].AccessKey
}

var tv = mediaserver.Device{Client: "Den TV", Name: "Living room", ID: "tv-1", Version: "1.0", Address: netip.MustParseAddr("203.0.113.9")}

// exchange shows an access key.
func (d *den) exchange(key string, adjust ...func(*agent.ExchangeAsk)) (agent.Exchanged, error) {
	ask := agent.ExchangeAsk{AccessKey: key, Device: tv}
	for _, one := range adjust {
		one(&ask)
	}
	return d.Exchanges.Exchange(d.t.Context(), ask)
}

// exchanged is an exchange that must succeed.
func (d *den) exchanged(key, wantUser string) string {
	d.t.Helper()
	got := must(d.exchange(key))(d.t)
	if got.LocalUserID != wantUser || !slices.Contains(d.fake.live(wantUser), got.AccessToken) {
		d.t.Fatalf("exchanged %+v, want a live token of %s", got, wantUser)
	}
	return got.AccessToken
}

func (d *den) trouble(name string) bool {
	return slices.ContainsFunc(d.status().Trouble, func(t agent.Trouble) bool { return t.Name == name })
}

func otherKeys(t testing.TB) secret.Keys {
	t.Helper()
	return must(secret.NewKeys("quite another key of thirty-two characters", ""))(t)
}

// signIn signs somebody in once more.
func (s *site) signIn(t *testing.T, name string) *client.Client {
	t.Helper()
	c := s.client(t)
	return c.As(must(c.Sessions.SignIn(t.Context(), client.SignIn{NameOrEmail: name, Password: password}))(t).Token)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// hang answers nothing for as long as the client waits.
func hang(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // else nobody notices that it has left
	select {
	case <-r.Context().Done():
	case <-time.After(3 * time.Second):
	}
	panic(http.ErrAbortHandler)
}
