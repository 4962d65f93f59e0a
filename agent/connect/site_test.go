package connect_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/connect"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/servicetest"
)

// site is the real service, and the real agent beside a media server in memory.
type site struct {
	*servicetest.Service
	t     *testing.T
	media *media
	agent *agent.Agent
	ann   *client.Client // the owner of the server
	local http.Handler
	log   *servicetest.Log // lines of the agent
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Service: servicetest.New(t, servicetest.Options{}), t: t, media: newMedia(), log: &servicetest.Log{}}
	s.ClientOptions = []client.Option{client.WithRetries(1, 0), client.WithTimeout(servicetest.Patience)}
	s.ann = s.Join(t, "ann")
	s.startAgent()
	return s
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
	store, err := agent.OpenStore(s.t.Context(), filepath.Join(s.t.TempDir(), "agent.db"), keys, s.Clock.Now, rand.Reader)
	s.must(err)
	s.t.Cleanup(func() { store.Close() })
	log := s.log.Logger()
	s.agent = agent.New(agent.Options{
		Service: s.NewClient(s.t), ServiceURL: s.URL, ClaimCode: claimCode, MediaServer: s.media, Store: store,
		Policy:    agent.Policy{CreateUsers: true, GuestLimit: 10, OfflineTrust: 72 * time.Hour},
		Addresses: agent.Addresses{Port: 8096, Configured: []string{"https://den.example.org"}},
		Log:       log, Now: s.Clock.Now, Random: rand.Reader,
	})
	kit := wire.NewKit(wire.Options{Log: log, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	var routes embywire.Routes
	connect.Routes(kit, &routes, agent.NewDoor(s.agent))
	s.local = kit.Handler(&routes)
}

func (s *site) must(err error) {
	s.t.Helper()
	servicetest.NoError(s.t, err)
}

func (s *site) until(what string, is func() bool) {
	s.t.Helper()
	servicetest.Eventually(s.t, what, is, s.log)
}

// answer is an answer of the local side.
type answer struct {
	status       int
	body         string
	contentType  string
	retryAfter   string
	allowsOrigin string
}

// ask sends a request in the form that it has on the wire: method and path,
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

// central sends a request of a person's app to the Connect service, checks the status, and
// returns the JSON object of the answer, or nil if the answer is empty. If the answer is an
// array, the returned object has this array as its member "list". The headers are pairs of
// a name and a value.
func (s *site) central(method, target, token string, status int, headers ...string) map[string]any {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+"/service"+target, http.NoBody)
	s.must(err)
	r.Header.Set("X-Connect-UserToken", token)
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	response, err := http.DefaultClient.Do(r)
	s.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	s.must(err)
	if response.StatusCode != status {
		s.t.Fatalf("%s %s: status %d, want %d: %s", method, target, response.StatusCode, status, body)
	}
	if len(body) == 0 {
		return nil
	}
	var value any
	s.must(json.Unmarshal(body, &value))
	if object, ok := value.(map[string]any); ok {
		return object
	}
	return map[string]any{"list": value}
}

// refused checks that a request is refused as Emby's clients expect: with a plain text that
// contains no secret.
func (s *site) refused(request string, status int, text string) answer {
	s.t.Helper()
	got := s.ask(request)
	if got.status != status || !strings.Contains(got.body, text) || got.contentType != "text/plain; charset=utf-8" || got.allowsOrigin != "*" {
		s.t.Errorf("%s\nis answered with %+v, want %d with the plain text %q", request, got, status, text)
	}
	if strings.HasPrefix(got.body, "{") || strings.HasPrefix(got.body, `"`) {
		s.t.Errorf("an error is answered with %s, want a text that is not JSON", got.body)
	}
	return got
}

// linked links an account to a local user over the wire, and waits until the agent has the
// accepted link. It returns the person's client, the id of the account and the access key.
func (s *site) linked(name, localUser string) (person *client.Client, accountID, accessKey string) {
	s.t.Helper()
	ctx := s.t.Context()
	person = s.Join(s.t, name)
	if got := s.ask("POST /Users/" + localUser + "/Connect/Link?ConnectUsername=" + name + "\nX-Emby-Token: " + rootToken); got.status != http.StatusOK {
		s.t.Fatalf("link answered %+v, want 200", got)
	}
	waiting, err := person.Links.List(ctx, client.Pending)
	s.must(err)
	if len(waiting) != 1 {
		s.t.Fatalf("%d links wait, want 1", len(waiting))
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

// link returns the agent's own copy of the link of an account.
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
