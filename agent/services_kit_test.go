package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// neighbours are two services that use one media server, each with an agent of its own.
type neighbours struct {
	family, club *deployment
	door         *agent.Door
}

// newNeighbours starts two services, and an agent of each at one media server. The agents do not run yet.
func newNeighbours(t *testing.T) *neighbours {
	t.Helper()
	n := &neighbours{family: newDeployment(t, newSite(t)), club: newDeployment(t, newSite(t))}
	n.club.fake = n.family.fake
	n.divide()
	return n
}

// divide makes both agents, over the files that are open now.
func (n *neighbours) divide() {
	views := agent.ShareMediaServer(n.family.fake, []agent.Share{{Name: "main", Store: n.family.store}, {Name: "club", Store: n.club.store}})
	for i, d := range []*deployment{n.family, n.club} {
		d.options.MediaServer = views[i]
		d.Agent = agent.New(d.options).Hurry()
	}
	n.door = agent.NewDoor(n.family.Agent, n.club.Agent)
}

// started starts both agents, and waits until each service has its report.
func (n *neighbours) started() *neighbours {
	n.family.started()
	n.club.started()
	return n
}

// restart ends both agents, as the end of the program does, and starts them again.
func (n *neighbours) restart() {
	n.family.halt()
	n.club.halt()
	n.family.open()
	n.club.open()
	n.divide()
	n.family.run()
	n.club.run()
}

// overheard has everything that agents have sent to a service since then.
type overheard struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *overheard) has(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(o.text.String(), text)
}

// listens remembers what agents send to a service from now on.
func listens(s *servicetest.Service) *overheard {
	o := &overheard{}
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		o.mu.Lock()
		fmt.Fprintf(&o.text, "%s %s %s\n", r.Method, r.URL, body)
		o.mu.Unlock()
		inner.ServeHTTP(w, r)
	})
	return o
}

// localUsersThere returns the names of the local users that a service has from its agent.
func (d *deployment) localUsersThere() (names []string) {
	d.t.Helper()
	for _, u := range must(d.ann.People.LocalUsers(context.Background(), d.serverID()))(d.t) {
		names = append(names, u.Name)
	}
	return names
}

// keyAt returns the access key of a person, and the id of their account.
func (d *deployment) keyAt(person *client.Client) (key string, account client.ID) {
	d.t.Helper()
	return d.key(person), must(person.Accounts.Get(d.t.Context()))(d.t).ID
}
