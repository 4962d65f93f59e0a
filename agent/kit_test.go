package agent_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// newSite starts the service. Its faults reach only agents, and its clients open new
// connections, so that the end of an agent's long poll does not end a request of the test.
func newSite(t *testing.T) *servicetest.Service {
	t.Helper()
	s := servicetest.New(t, servicetest.Options{FaultsFor: "agent"})
	s.ClientOptions = []client.Option{client.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}})}
	return s
}

func must[T any](value T, err error) func(testing.TB) T { return servicetest.Must(value, err) }

var noError, isError, eventually = servicetest.NoError, servicetest.IsError, servicetest.Eventually

// deployment is the media server of ann, with its agent.
type deployment struct {
	*agent.Agent
	t       *testing.T
	site    *servicetest.Service
	fake    *fake
	ann     *client.Client
	path    string
	store   *agent.Store
	options agent.Options
	log     *servicetest.Log
	stop    func() // ends the run, and waits until it has ended
}

// change adjusts the options of an agent before it is made.
type change func(*agent.Options)

// newDeployment returns a deployment whose agent does not run yet.
func newDeployment(t *testing.T, s *servicetest.Service, adjust ...change) *deployment {
	t.Helper()
	d := &deployment{t: t, site: s, fake: newFake(), path: filepath.Join(t.TempDir(), "agent.db"), log: &servicetest.Log{}, stop: func() {}}
	d.ann = s.Join(t, "ann")
	d.options = agent.Options{
		Service:    s.NewClient(t, client.WithHTTPClient(&http.Client{Transport: &http.Transport{}}), client.WithUserAgent("agent/test"), client.WithRetries(1, 0), client.WithTimeout(waittest.Patience), client.WithAnswerLimit(1<<20)),
		ServiceURL: s.URL, ClaimCode: must(d.ann.Servers.MakeClaimCode(t.Context()))(t).Code, MediaServer: d.fake,
		Policy: agent.Policy{CreateUsers: true, GuestLimit: 100, OfflineTrust: 72 * time.Hour},
		Addresses: agent.Addresses{Port: 8096, LAN: true, WAN: true, Interfaces: func() ([]agent.InterfaceAddress, error) {
			return []agent.InterfaceAddress{{Address: netip.MustParseAddr("192.168.1.2"), Interface: "eth0"}}, nil
		}},
		ReportEvery: 50 * time.Millisecond, CheckEvery: 20 * time.Millisecond, Log: d.log.Logger(), Now: s.Clock.Now, Random: rand.Reader,
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

// newRunning starts the service, and a deployment whose agent runs and has sent its first
// report.
func newRunning(t *testing.T, adjust ...change) (*servicetest.Service, *deployment) {
	t.Helper()
	s := newSite(t)
	return s, newDeployment(t, s, adjust...).started()
}

func testKeys(t testing.TB) secret.Keys {
	t.Helper()
	return must(secret.NewKeys(modelstest.Key, ""))(t)
}

// open opens the agent's file.
func (d *deployment) open() {
	d.t.Helper()
	d.store = must(agent.OpenStore(context.Background(), d.path, testKeys(d.t), d.site.Clock.Now, rand.Reader))(d.t)
	d.options.Store = d.store
	d.Agent = agent.New(d.options).Hurry()
}

// run starts the agent.
func (d *deployment) run() {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	one := d.Agent
	go func() { done <- one.Run(ctx) }()
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := waittest.Receive(d.t, done, "the end of the run"); err != nil {
			d.t.Errorf("run: %v", err)
		}
	})
}

// restart ends the run, as the end of the program does, and starts the agent again.
func (d *deployment) restart() {
	d.t.Helper()
	d.halt()
	d.open()
	d.run()
}

// halt ends the run and closes the file, as the end of the program does.
func (d *deployment) halt() {
	d.t.Helper()
	d.stop()
	_ = d.store.Close()
}

// started starts the agent and waits until the service has its report.
func (d *deployment) started() *deployment {
	d.t.Helper()
	d.run()
	eventually(d.t, "the first report", func() bool {
		return !d.status().LastReport.IsZero() && d.status().LastContact.After(time.Time{}) && d.Ready()
	})
	return d
}

// rounds lets each loop of the agent that can be woken begin n more rounds. When it
// returns, at least n-1 whole rounds have begun and ended since the call.
func (d *deployment) rounds(n int) {
	d.t.Helper()
	for range n {
		d.Wake()
		eventually(d.t, "each loop of the agent begins another round", d.Woken)
	}
}

// never lets the agent work for some rounds, and ends the test if check returns true after
// one of them. The parameter what says in words what must not become true.
func (d *deployment) never(what string, check func() bool) {
	d.t.Helper()
	for range 4 {
		d.rounds(1)
		if check() {
			d.t.Fatalf("this happened, and should not: %s; log:\n%s", what, d.log)
		}
	}
}

// meets waits until the agent has begun n more calls of a kind at the fake media server.
// The answers do not matter.
func (d *deployment) meets(call string, n int) {
	d.t.Helper()
	from := d.fake.begun(call)
	eventually(d.t, "more calls of "+call, func() bool { return d.fake.begun(call) >= from+n })
}

// counted lets all requests through to the service, and counts the requests of agents whose
// path has the given ending.
func counted(s *servicetest.Service, ending string) *atomic.Int64 {
	n := &atomic.Int64{}
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, ending) {
			n.Add(1)
		}
		inner.ServeHTTP(w, r)
	})
	return n
}

// more waits until a number has grown by n.
func more(t *testing.T, what string, number *atomic.Int64, n int64) {
	t.Helper()
	from := number.Load()
	eventually(t, "more of "+what, func() bool { return number.Load() >= from+n })
}

func (d *deployment) status() agent.Status {
	d.t.Helper()
	return must(d.Status(context.Background()))(d.t)
}

// serverID returns the id of the server at the service.
func (d *deployment) serverID() client.ID { return client.ID(d.status().ServerID) }

// asServer returns a client that has the server key. The faults that a test gives the
// service do not reach this client.
func (d *deployment) asServer() *client.Agent {
	d.t.Helper()
	key := must(d.store.ServerKey(context.Background()))(d.t)
	return d.site.NewClient(d.t, client.WithUserAgent("raw")).As(key).Agent
}

// localUserAt returns the id that the service gave to a local user. The parameter id is the
// id of the local user at the media server.
func (d *deployment) localUserAt(id string) client.ID {
	d.t.Helper()
	for _, u := range must(d.ann.People.LocalUsers(d.t.Context(), d.serverID()))(d.t) {
		if u.ExternalID == id {
			return u.ID
		}
	}
	d.t.Fatalf("the service has no local user %s, want them reported", id)
	return ""
}

// invite makes an invite for a person, who accepts it.
func (d *deployment) invite(person *client.Client, name string, adjust ...func(*client.NewInvite)) {
	d.t.Helper()
	in := client.NewInvite{To: name, Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: d.serverID()}}}
	for _, one := range adjust {
		one(&in)
	}
	made := must(d.ann.Invites.Create(d.t.Context(), in))(d.t)
	noError(d.t, person.Invites.Accept(d.t.Context(), made.ID))
}

// allow gives the yes to a local user, even if they are an administrator or disabled.
func (d *deployment) allow(localUser string) {
	d.t.Helper()
	noError(d.t, d.store.Allow(context.Background(), localUser))
}

// linked makes an accepted link of a person with a local user who is allowed, and
// waits until the agent has it.
func (d *deployment) linked(person *client.Client, name, localUser string) agent.Link {
	d.t.Helper()
	d.allow(localUser)
	return d.linkedByService(person, name, localUser)
}

// linkedByService makes an accepted link of a person with a local user without a yes at
// the machine, and waits until the agent has it.
func (d *deployment) linkedByService(person *client.Client, name, localUser string) agent.Link {
	d.t.Helper()
	at := d.localUserAt(localUser)
	d.invite(person, name, func(in *client.NewInvite) {
		in.Type, in.Servers[0].LocalUserID = client.Linked, at
	})
	return d.linkOf(name)
}

// linkOf waits for the accepted link of an account, and returns it.
func (d *deployment) linkOf(name string) (found agent.Link) {
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

// guestOf waits for the link of a guest with a local user, and returns it.
func (d *deployment) guestOf(name string) (found agent.Link) {
	d.t.Helper()
	eventually(d.t, "the guest "+name, func() bool {
		found = d.linkOf(name)
		return found.LocalUserID != ""
	})
	return found
}

// key returns the access key of a person for the server.
func (d *deployment) key(person *client.Client) string {
	d.t.Helper()
	list := must(person.Servers.List(d.t.Context()))(d.t)
	if len(list.Servers) != 1 {
		d.t.Fatalf("servers %+v, want 1", list)
	}
	return list.Servers[0].AccessKey
}

var tv = mediaserver.Device{Client: "Den TV", Name: "Living room", ID: "tv-1", Version: "1.0", Address: netip.MustParseAddr("203.0.113.9")}

// exchange shows an access key.
func (d *deployment) exchange(key string, adjust ...func(*agent.ExchangeAsk)) (agent.Exchanged, error) {
	ask := agent.ExchangeAsk{AccessKey: key, Device: tv}
	for _, one := range adjust {
		one(&ask)
	}
	return d.Exchanges.Exchange(d.t.Context(), ask)
}

// exchanged makes an exchange that must succeed, and returns the token.
func (d *deployment) exchanged(key, wantUser string) string {
	d.t.Helper()
	got := must(d.exchange(key))(d.t)
	if got.LocalUserID != wantUser || !slices.Contains(d.fake.live(wantUser), got.AccessToken) {
		d.t.Fatalf("exchanged %+v, want a live token of %s", got, wantUser)
	}
	return got.AccessToken
}

func (d *deployment) trouble(name string) bool {
	return slices.ContainsFunc(d.status().Trouble, func(t agent.Trouble) bool { return t.Name == name })
}

func otherKeys(t testing.TB) secret.Keys {
	t.Helper()
	return must(secret.NewKeys("quite another key of thirty-two characters", ""))(t)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
