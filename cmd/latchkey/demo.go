package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/config"
)

type demoCommand struct {
	AgentListen string `name:"agent-listen" default:"127.0.0.1:8096" help:"Address and port of the demo's media server, on this machine."`
	Keep        string `name:"keep" placeholder:"FOLDER" help:"Keep everything that the demo writes, in this new folder."`
}

// Help returns the text that "latchkey demo --help" shows.
func (demoCommand) Help() string {
	return `It starts the service at --listen and a media server without media beside it, with a family, their pictures, a catalogue, links,
levels behind the PIN and a mailbox, and says what to try. Ctrl-C ends it, and removes all that it has written. Everybody knows its passwords, so it listens
on this machine alone. Other settings do not count.`
}

// Run runs the demo until the program is told to stop.
func (c demoCommand) Run(p *program) (err error) {
	for _, listen := range []string{p.settings.Listen, c.AgentListen} {
		if !isLoopback(listen) {
			return fmt.Errorf("%s: the demo must listen only on this machine, such as 127.0.0.1:8470, because everybody knows its passwords", listen)
		}
	}
	folder, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	log, err := os.OpenFile(filepath.Join(folder, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // the demo's own folder
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	d := &demo{world: world{input: p.input, output: p.output, errors: log, now: p.now, environment: func(string) (string, bool) { return "", false }}, folder: folder}
	err = d.run(p.ctx, p.settings.Listen, c.AgentListen)
	if err != nil && p.ctx.Err() == nil {
		return fmt.Errorf("%w (run it with --keep=FOLDER to get a log)", err)
	}
	return nil
}

func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// folder makes the folder of the demo. remove deletes the folder, unless the demo is kept.
func (c demoCommand) folder() (folder string, remove func() error, err error) {
	if c.Keep == "" {
		folder, err = os.MkdirTemp("", "latchkey-demo-")
		return folder, func() error { return os.RemoveAll(folder) }, err
	}
	if err := os.Mkdir(c.Keep, 0o700); err != nil {
		return "", nil, fmt.Errorf("keep: %w: name a folder that does not exist yet", err)
	}
	folder, err = filepath.Abs(c.Keep)
	return folder, func() error { return nil }, err
}

// demo is a service and an agent in one process.
type demo struct {
	world

	folder  string
	service *service
	running *runningAgent

	working sync.WaitGroup
	ended   chan error // gets the error with which a part ended
}

// run starts both parts, makes the example people, prints what to try, and waits
// until the program is told to stop.
func (d *demo) run(parent context.Context, serviceListen, agentListen string) error {
	ctx, cancel := context.WithCancel(parent)
	defer d.working.Wait() // this runs after cancel
	defer cancel()
	d.ended = make(chan error, 2)
	if _, err := fmt.Fprintln(d.output, "Starting the demo …"); err != nil {
		return err
	}
	if err := d.startService(ctx, serviceListen); err != nil {
		return err
	}
	family, err := d.seed(ctx, agentListen)
	if err != nil {
		return err
	}
	if err := family.tell(d.output); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		_, err = fmt.Fprintln(d.output, "\nStopping …")
	case err = <-d.ended:
	}
	return err
}

// startService starts the service as "latchkey serve --dev" does.
func (d *demo) startService(ctx context.Context, listen string) error {
	var line commands
	loaded, err := config.Load(&line, &line.Settings, config.World{
		Arguments:   []string{"serve", "--dev", "--captcha=off", "--listen=" + listen, "--data-dir=" + filepath.Join(d.folder, "service"), "--log-level=warn"},
		Environment: d.environment, Output: io.Discard, Errors: io.Discard,
	})
	if err != nil {
		return err
	}
	p := &program{world: d.world, ctx: ctx, settings: &line.Settings, loaded: loaded}
	if err := p.checked(); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w%s", err, p.otherPort("demo"))
	}
	p.settings.PublicURL = "http://" + listener.Addr().String()
	f, err := newFront(p, p.logger(), listener.Addr().String())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	d.working.Go(func() { d.ended <- f.run(ctx, listener, 0) })
	err = d.await(ctx, "the service", func() bool { return f.now.Load() != nil })
	d.service = f.now.Load()
	return err
}

// startAgent starts an agent with the builtin media server, as "latchkey agent" does. It calls
// prepare before the agent runs.
func (d *demo) startAgent(ctx context.Context, listen, claimCode string, prepare func(*runningAgent) error) error {
	w := d.world
	w.arguments = []string{
		"--service=" + d.service.public, "--claim-code=" + claimCode, "--media-server=builtin", "--catalogue=demo", "--server-name=Demo Living Room",
		"--discovery=off", "--listen=" + listen, "--data-dir=" + filepath.Join(d.folder, "agent"), "--log-level=warn", "--log-format=text",
	}
	p, err := loadAgent(ctx, w)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("agent-listen: %w (--agent-listen=127.0.0.1:0 uses any free port; with make: make demo ARGS=--agent-listen=127.0.0.1:0)", err)
	}
	p.settings.Addresses = []string{"http://" + listener.Addr().String()}
	if err := p.checked(); err != nil {
		return errors.Join(err, listener.Close())
	}
	d.running, err = p.assemble(p.logger(), listener)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := prepare(d.running); err != nil {
		return errors.Join(err, listener.Close(), d.running.close())
	}
	d.working.Go(func() {
		defer func() { _ = d.running.close() }()
		d.ended <- d.running.run(ctx, listener)
	})
	return d.await(ctx, "the agent", d.running.door.First().Ready)
}

// await waits until the function called is returns true. It returns an error if a part of the demo ends
// before that, or if the wait takes too long.
func (d *demo) await(ctx context.Context, what string, is func() bool) error {
	late := time.After(time.Minute)
	for !is() {
		select {
		case err := <-d.ended:
			return errors.Join(fmt.Errorf("%s ended", what), err)
		case <-late:
			return fmt.Errorf("%s did not start in time", what)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
