package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/internal/bench"
	"github.com/latchkey-media/latchkey/models"
)

// waitingAgents is the largest number of agents that wait for changes at the same time.
const waitingAgents = 1000

// measureFeed lets agents wait for changes. It measures what each agent costs, and how soon an
// acceptance wakes its agent: when both are at the same instance, and when they are at two
// instances.
func (r *run) measureFeed(ctx context.Context) ([]bench.Figure, error) {
	one, database, err := r.startSeeded(ctx, "feed", r.program)
	if err != nil {
		return nil, err
	}
	defer one.stop()
	two, err := r.serve(ctx, "the second instance", r.program, database, filepath.Join(r.folder, "feed"))
	if err != nil {
		return nil, err
	}
	defer two.stop()
	memory, rest, woken, err := r.wakeAgents(ctx, one, one)
	if err != nil {
		return nil, err
	}
	_, _, across, err := r.wakeAgents(ctx, one, two)
	if err != nil {
		return nil, err
	}
	return []bench.Figure{
		{Name: "memory for each waiting agent", Unit: "KiB", Values: []float64{memory}, Most: 40},
		{Name: "share of a core while all agents wait", Unit: "", Values: []float64{rest}},
		{Name: "an agent is woken, one instance, p50", Unit: "ms", Values: []float64{bench.Quantile(woken, 0.5)}},
		{Name: "an agent is woken, one instance, p99", Unit: "ms", Values: []float64{bench.Quantile(woken, 0.99)}, Most: 100},
		{Name: "an agent is woken, across two instances, p50", Unit: "ms", Values: []float64{bench.Quantile(across, 0.5)}},
		{Name: "an agent is woken, across two instances, p99", Unit: "ms", Values: []float64{bench.Quantile(across, 0.99)}, Most: 1000},
	}, nil
}

// wakeAgents lets agents wait at one instance, and wakes some of them by accepting links at the
// instance accepting, which may be the same one. It returns the KiB that each agent takes, the
// share of a core that all agents use while nothing happens, and the milliseconds from each
// acceptance until its agent is awake.
func (r *run) wakeAgents(ctx context.Context, accepting, waiting *program) (memory, rest float64, woken []float64, err error) {
	const watched = 2 * time.Second
	first, wakes := 0, 40
	if accepting != waiting { // the links of the first accounts are accepted already; few agents are woken, because each waits only 25 s
		first, wakes = r.accounts/4, 8
	}
	before, err := bench.MemoryOf(waiting.pid)
	if err != nil {
		return 0, 0, nil, err
	}
	agents, err := r.startAgents(ctx, waiting, first)
	defer func() {
		for _, a := range agents {
			_ = a.connection.Close()
		}
	}()
	if err != nil {
		return 0, 0, nil, err
	}
	pause(ctx, watched)
	after, err := bench.MemoryOf(waiting.pid)
	if err != nil {
		return 0, 0, nil, err
	}
	used := waiting.used()
	pause(ctx, watched)
	rest = (waiting.used() - used).Seconds() / watched.Seconds()
	for _, a := range agents {
		if len(woken) == wakes {
			break
		}
		took, err := a.wake(ctx, accepting, r.town.accept(a.account))
		if err != nil {
			return 0, 0, nil, err
		}
		woken = append(woken, float64(took.Microseconds())/1e3)
	}
	return (after.Anonymous - before.Anonymous) * 1024 / float64(len(agents)), rest, woken, nil
}

// startAgents starts one agent for each server that has a pending link with an account whose number
// is first or above, and lets the agents wait. It returns the agents by the numbers of their
// servers, even if it returns an error.
func (r *run) startAgents(ctx context.Context, p *program, first int) (map[int]*agent, error) {
	agents := map[int]*agent{}
	for i := 0; i < r.accounts/4 && len(agents) < waitingAgents; i++ {
		server := r.town.serverOf(first+i, linksEach-1)
		if serverKind(server) != models.ServerAgent || agents[server] != nil {
			continue
		}
		one, err := newAgent(ctx, p, server, first+i)
		if err != nil {
			return agents, err
		}
		agents[server] = one
	}
	return agents, nil
}

// agent waits for a change of its server, on a connection of its own.
type agent struct {
	connection net.Conn
	account    int       // the account whose acceptance wakes the agent
	woken      time.Time // when its answer came
	failed     error
	answered   sync.WaitGroup
}

func newAgent(ctx context.Context, p *program, server, account int) (*agent, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	a := &agent{connection: connection, account: account}
	_, err = fmt.Fprintf(connection, "%s /api/v1/server/changes?after=0&wait=25 HTTP/1.1\r\nHost: %s\r\n%s%s\r\n\r\n", http.MethodGet, benchHost, bearer, serverKey(server))
	if err != nil {
		return nil, err
	}
	a.answered.Go(func() {
		answer := make([]byte, 4096)
		n, err := connection.Read(answer)
		a.woken, a.failed = time.Now(), err
		if err == nil && !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 200") {
			a.failed = fmt.Errorf("%w: %.40q", bench.ErrStatus, answer[:n])
		}
	})
	return a, nil
}

// wake accepts a link with the agent's server, and returns the time from the request until the
// agent had its answer.
func (a *agent) wake(ctx context.Context, p *program, request []byte) (time.Duration, error) {
	began := time.Now()
	answer, err := send(ctx, p.address, request)
	if err != nil {
		return 0, err
	}
	if !strings.HasPrefix(answer.status, "204") {
		return 0, fmt.Errorf("%w: accept: %s %s", bench.ErrStatus, answer.status, answer.body)
	}
	a.answered.Wait()
	return a.woken.Sub(began), a.failed
}
