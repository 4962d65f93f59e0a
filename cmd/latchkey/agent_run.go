package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/connect"
	"github.com/latchkey-media/latchkey/agent/discovery"
	"github.com/latchkey-media/latchkey/agent/open"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// errLocked means that another agent uses the data folder.
var errLocked = errors.New("another agent runs in this data folder: stop it first, or give this one its own folder with --data-dir")

// largestPicture is the greatest size of a picture file, in bytes.
const largestPicture = 16 << 20

type agentRun struct{}

// Run runs the agent until the program is told to stop.
func (agentRun) Run(p *agentProgram) error {
	if err := p.checked(); err != nil {
		return err
	}
	log := p.logger()
	p.warn(log)
	release, err := p.lockFolders()
	defer release()
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(p.ctx, "tcp", p.settings.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = listener.Close() }()
	running, err := p.assemble(log, listener)
	if err != nil {
		return err
	}
	defer func() { _ = running.close() }()
	return running.run(p.ctx, listener)
}

// warn logs settings that are allowed but not advisable.
func (p *agentProgram) warn(log *slog.Logger) {
	for _, warning := range p.loaded.Warnings {
		log.WarnContext(p.ctx, "settings", slog.String("problem", warning))
	}
}

// runningAgent holds everything that runs together with the agent.
type runningAgent struct {
	*parts

	program *agentProgram
	door    *agent.Door
	local   http.Handler
	port    int // of the builtin media server
}

// assemble makes and connects everything that runs together with the agent.
func (p *agentProgram) assemble(log *slog.Logger, listener net.Listener) (*runningAgent, error) {
	port := 0
	if address, ok := listener.Addr().(*net.TCPAddr); ok {
		port = address.Port
	}
	opened, err := p.open(log, func() string { return p.reachedAt(p.ctx, port) })
	if err != nil {
		return nil, err
	}
	engines, err := opened.engines(func(one *agentProgram) (*client.Client, error) { return one.service(4, 30*time.Second) }, port)
	if err != nil {
		return nil, errors.Join(err, opened.close())
	}
	door := agent.NewDoor(engines[0], engines[1:]...)
	kit := wire.NewKit(wire.Options{TrustedProxies: p.settings.TrustedPrefixes(), Log: log})
	var routes embywire.Routes
	connect.Routes(kit, &routes, door)
	p.below(&routes)
	if opened.builtin != nil && !p.settings.Apart() {
		opened.builtin.Routes(kit, &routes, connections(engines))
	}
	local, err := open.Handler(open.Options{
		Door: door, Builtin: opened.builtin != nil, Bases: p.bases(), TrustedProxies: p.settings.TrustedPrefixes(), Log: log,
	}, kit.Handler(&routes))
	if err != nil {
		return nil, fmt.Errorf("the page for browsers: %w", err)
	}
	return &runningAgent{
		parts: opened, program: p, door: door, port: p.addresses(port).Port, local: withHealth(local, door.First().Ready),
	}, nil
}

// reachedAt returns the address at which people reach the agent's own pages: the first configured
// address, or otherwise the address of this machine in the home network.
func (p *agentProgram) reachedAt(ctx context.Context, port int) string {
	if len(p.settings.Addresses) > 0 {
		return p.settings.Addresses[0]
	}
	host, _, err := net.SplitHostPort(p.settings.Listen)
	if address, failed := netip.ParseAddr(host); err == nil && host != "" && (failed != nil || !address.IsUnspecified()) {
		return "http://" + net.JoinHostPort(host, strconv.Itoa(port))
	}
	const anywhere = "192.0.2.1:9" // an address that is reserved for documentation
	return p.toward(ctx, netip.MustParseAddrPort(anywhere), port)
}

// connections returns a function that tells the builtin media server to which accounts its local
// users are linked. If a local user has accounts at several services, the function tells only the
// account at the first of these services.
func connections(engines []*agent.Agent) func(ctx context.Context) (map[string]builtin.Connection, error) {
	return func(ctx context.Context) (map[string]builtin.Connection, error) {
		all := map[string]builtin.Connection{}
		for _, engine := range slices.Backward(engines) {
			links, err := engine.Links.List(ctx)
			if err != nil {
				return nil, err
			}
			for _, l := range links {
				if l.LocalUserID != "" && l.Status == client.Accepted {
					all[l.LocalUserID] = builtin.Connection{Username: l.Username, Type: l.Type}
				}
			}
		}
		return all, nil
	}
}

// withHealth adds the two paths at which container engines ask for the state of the program.
func withHealth(next http.Handler, ready func() bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/livez":
			answerHealth(w, true)
		case "/readyz":
			answerHealth(w, ready())
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// answerHealth answers with 200 or 503.
func answerHealth(w http.ResponseWriter, good bool) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	text := "ok\n"
	if !good {
		w.WriteHeader(http.StatusServiceUnavailable)
		text = "not ready\n"
	}
	_, _ = w.Write([]byte(text))
}

// run runs the agent until ctx ends. Then it stops in this order: it accepts no new requests, waits
// for the current ones, and last stops the agent's own work.
func (r *runningAgent) run(ctx context.Context, listener net.Listener) error {
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	server := newLocalServer(r.local, r.log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	var working sync.WaitGroup
	engineEnded := make(chan error, 1)
	working.Go(func() { engineEnded <- r.door.Run(engineCtx) })
	if r.program.settings.Discover() {
		working.Go(func() { r.discover(engineCtx) })
	}
	r.log.InfoContext(ctx, "serving", slog.String("address", listener.Addr().String()),
		slog.String("media_server", r.program.settings.MediaServer), slog.String("service", r.program.settings.Service),
		slog.Int("services", len(r.services)), slog.String("version", version))

	var err error
	select {
	case err = <-failed:
	case err = <-engineEnded:
	case <-ctx.Done():
		r.log.InfoContext(ctx, "stopping")
		err = shutDown(ctx, server)
	}
	stopEngine()
	working.Wait()
	r.log.InfoContext(context.WithoutCancel(ctx), "stopped")
	return err
}

// newLocalServer returns a server for clients in the home network.
func newLocalServer(handler http.Handler, log *slog.Logger) *http.Server {
	server := wire.NewHTTPServer(handler)
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	return server
}

// shutDown stops a server after its current requests have ended.
func shutDown(ctx context.Context, server *http.Server) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return fmt.Errorf("some requests did not end in time: %w", err)
	}
	return nil
}

// discover answers apps that look for media servers. If that is impossible, the agent runs without
// it, because another media server may use the port.
func (r *runningAgent) discover(ctx context.Context) {
	err := discovery.Serve(ctx, discovery.Options{
		Listen:  ":7359",
		Address: func(from netip.AddrPort) string { return r.program.toward(ctx, from, r.port) },
		ID:      func() string { identity, _ := r.door.First().MediaServer.Identity(); return identity.ID },
		Name:    func() string { identity, _ := r.door.First().MediaServer.Identity(); return identity.Name },
		Log:     r.log,
		Now:     r.program.now,
	})
	if err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "apps cannot find the media server by themselves: UDP port 7359 is taken, perhaps by another media server. Set discovery to off to silence this warning",
			slog.Any("err", err))
	}
}

type agentHealthcheck struct{}

// Run asks the running agent whether it is ready.
func (agentHealthcheck) Run(p *agentProgram) error {
	return askReady(p.ctx, p.output, p.settings.Listen, "agent")
}
