package agent_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// levelService is the part of the service that is about levels: it adds them to the links that the service
// sends, and keeps what agents tell about them.
type levelService struct {
	mu     sync.Mutex
	of     map[string]*client.AgentLevels // by link
	all    *client.AgentLevels            // of all other links
	told   []client.LevelState
	tells  int
	asked  []client.UnlockAsk
	report client.Report
	older  bool // the service is older than levels
	polls  int  // questions of agents for changes that have no answer yet
}

// levelled lets s send levels.
func levelled(s *servicetest.Service) *levelService {
	l := &levelService{of: map[string]*client.AgentLevels{}}
	l.begin(s)
	return l
}

func (l *levelService) begin(s *servicetest.Service) { s.Intercept(l.serve) }

func (l *levelService) serve(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	l.mu.Lock()
	older := l.older
	l.mu.Unlock()
	inner = l.counting(inner)
	switch path := r.URL.Path; {
	case older:
		if strings.HasSuffix(path, "/server/levels") {
			l.mu.Lock()
			l.tells++
			l.mu.Unlock()
			r.URL.Path += "-unknown" // so that the service answers as for each path that it does not know
		}
		inner.ServeHTTP(w, r)
	case strings.HasSuffix(path, "/server/levels"):
		var in struct {
			Levels []client.LevelState `json:"levels"`
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		l.mu.Lock()
		l.told, l.tells = in.Levels, l.tells+1
		l.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(path, "/unlocks/asked"):
		var in client.UnlockAsk
		_ = json.NewDecoder(r.Body).Decode(&in)
		l.mu.Lock()
		l.asked = append(l.asked, in)
		l.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(path, "/server/report"):
		l.serveReport(w, r, inner)
	default:
		got := httptest.NewRecorder()
		inner.ServeHTTP(got, r)
		var body any
		if json.Unmarshal(got.Body.Bytes(), &body) == nil {
			l.add(body)
			text, _ := json.Marshal(body)
			got.Body = bytes.NewBuffer(text)
		}
		for name, values := range got.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(got.Code)
		_, _ = w.Write(got.Body.Bytes())
	}
}

// counting counts the questions for changes that have no answer yet.
func (l *levelService) counting(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/server/changes") {
			l.count(1)
			defer l.count(-1)
		}
		inner.ServeHTTP(w, r)
	})
}

func (l *levelService) count(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.polls += n
}

// serveReport takes a report with levels, and passes it on without them.
func (l *levelService) serveReport(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	raw, _ := io.ReadAll(r.Body)
	members := map[string]any{}
	var report client.Report
	_, _ = json.Unmarshal(raw, &report), json.Unmarshal(raw, &members)
	l.mu.Lock()
	l.report = report
	l.mu.Unlock()
	delete(members, "levels")
	delete(members, "choices")
	text, _ := json.Marshal(members)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	inner.ServeHTTP(w, r)
}

// add adds levels to all links in a value of JSON.
func (l *levelService) add(value any) {
	switch one := value.(type) {
	case []any:
		for _, each := range one {
			l.add(each)
		}
	case map[string]any:
		if id, is := one["id"].(string); is && one["access_key_sha256"] != nil {
			l.mu.Lock()
			levels, known := l.of[id]
			if !known {
				levels = l.all
			}
			one["levels"] = levels
			l.mu.Unlock()
		}
		for _, each := range one {
			l.add(each)
		}
	}
}

// state returns what the agent last told about a link.
func (l *levelService) state(linkID string) (found client.LevelState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.told {
		if string(one.LinkID) == linkID {
			found = one
		}
	}
	return found
}

// put sets the levels of a link without telling the agent.
func (l *levelService) put(linkID string, levels *client.AgentLevels) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of[linkID] = levels
}

// send sends levels to the agent. An agent that asks for changes has written every answer before, and the answer to this question
// has the new levels: so nothing older comes after them.
func (l *levelService) send(d *deployment, linkID string, levels *client.AgentLevels) {
	d.t.Helper()
	l.put(linkID, levels)
	eventually(d.t, "the agent asks for changes", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.polls > 0
	}, d.log)
	noError(d.t, d.SendLevels(context.Background(), linkID, levels))
}

// kids are levels for a child: everyday one library up to 6, and unlocked all up to 12.
func kids() *client.AgentLevels {
	return &client.AgentLevels{
		Everyday: &client.Level{Libraries: []string{"l2"}, MaxRating: &client.LevelRating{Value: 6}, MayNot: []string{"delete"}},
		Unlocked: &client.Level{MaxRating: &client.LevelRating{Value: 12}},
	}
}

// open returns levels with an open unlock.
func open(levels *client.AgentLevels, id string, from time.Time, length time.Duration, adjust ...func(u *client.AgentUnlock)) *client.AgentLevels {
	out := *levels
	out.Unlock = &client.AgentUnlock{ID: client.ID(id), OpenedAt: from, EndsAt: from.Add(length)}
	for _, one := range adjust {
		one(out.Unlock)
	}
	return &out
}

// whose sets the people to whom levels apply.
func whose(levels string) change {
	return func(o *agent.Options) { o.Policy.Levels = levels }
}

// newLevels starts the service and an agent, and links bob with the local user u1. The agent applies levels
// to linked people such as bob, too.
func newLevels(t *testing.T, adjust ...change) (*servicetest.Service, *deployment, *levelService, *client.Client, agent.Link) {
	t.Helper()
	s := newSite(t)
	service := levelled(s)
	d := newDeployment(t, s, append([]change{whose(client.LevelsLinked)}, adjust...)...).started()
	bob := s.Join(t, "bob")
	return s, d, service, bob, d.linked(bob, "bob", "u1")
}

// everydayKid and unlockedKid are the limits that kids give a local user who may do everything.
func everydayKid() mediaserver.Limits {
	return bounded(func(l *mediaserver.Limits) {
		l.Restriction = mediaserver.Restriction{Libraries: []string{"l2"}}
		l.LiveTV, l.AllChannels, l.MayDelete, l.MaxRating = false, false, false, rating(6)
	})
}

func unlockedKid() mediaserver.Limits {
	return bounded(func(l *mediaserver.Limits) { l.MaxRating = rating(12) })
}

// limited waits until the local user u1 has limits, and the agent has noted that.
func (d *deployment) limited(want mediaserver.Limits) {
	d.t.Helper()
	defer func() {
		if d.t.Failed() {
			d.t.Logf("limits (-want +got):\n%s", cmp.Diff(want, d.limits()))
		}
	}()
	eventually(d.t, "the limits of u1", func() bool { return cmp.Equal(want, d.limits()) }, d.log)
	d.rounds(1)
}

// limits returns the limits of the local user u1 in a form that can be compared.
func (d *deployment) limits() mediaserver.Limits {
	return agent.LimitsOf(d.fake.policyOf("u1"), &client.Level{}, nil)
}

// isState waits until the agent has told the service a state of a link.
func (d *deployment) isState(service *levelService, linkID, state string) client.LevelState {
	d.t.Helper()
	eventually(d.t, "the state "+state, func() bool { return service.state(linkID).State == state }, d.log)
	return service.state(linkID)
}

// callsOf returns the calls of a kind that the fake has carried out.
func (f *fake) callsOf(kind string) []string {
	return slices.DeleteFunc(f.asked(), func(call string) bool { return !strings.HasPrefix(call, kind) })
}

// crash ends the program at one step, once.
type crash struct {
	struck atomic.Bool
	armed  atomic.Bool
}

func (c *crash) arm() { c.armed.Store(true) }

// crashAt prepares a crash before or after a call of the fake. "lose" loses the answer of the call alone,
// and "second ReadLimits" is the call that reads what was written.
func (d *deployment) crashAt(step string) *crash {
	c := &crash{}
	word, call, _ := strings.Cut(step, " ")
	var wrote atomic.Bool
	act := func(at string) func(string) error {
		return func(now string) error {
			if !c.armed.Load() {
				return nil
			}
			hit := word == at || word == "lose" && at == "after" || word == "second" && at == "before" && wrote.Load()
			if strings.HasPrefix(now, "Limits") {
				wrote.Store(true)
			}
			if !hit || !strings.HasPrefix(now, call) || !c.struck.CompareAndSwap(false, true) {
				return nil
			}
			if word != "lose" {
				_ = d.store.Close()
			}
			return errDown
		}
	}
	d.fake.hook(act("before"), act("after"))
	return c
}

// another returns an agent of another program with the same file, which does not run.
func (d *deployment) another() *agent.Agent {
	d.t.Helper()
	options := d.options
	options.Store = must(agent.OpenStore(context.Background(), d.path, testKeys(d.t), d.site.Clock.Now, rand.Reader))(d.t)
	d.t.Cleanup(func() { _ = options.Store.Close() })
	return agent.New(options)
}
