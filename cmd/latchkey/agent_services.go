package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/config"
)

// One agent can work for several services, for example a family's and a club's. The first service is
// called main, and its settings and data are where they are for an agent with one service. Each further
// service has a folder of its own below services in the data folder, with its settings and its data. See
// ADR 0044.
const (
	mainService    = "main"
	servicesFolder = "services"
)

// servicePart is the part of this agent that belongs to one service.
type servicePart struct {
	name        string
	program     *agentProgram // with the settings of the service
	log         *slog.Logger
	store       *agent.Store
	mediaServer mediaserver.Server // as the service may use it
}

// checkServiceName returns an error for a name that cannot be the name of a further service. It is the name
// of a folder, and a part of ids of devices.
func checkServiceName(name string) error {
	if name == mainService || !regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`).MatchString(name) {
		return fmt.Errorf("at: %q is no name for a further Latchkey: use up to 20 small letters, digits and hyphens, a letter first, and not %q", name, mainService)
	}
	return nil
}

// root returns the program of the first service.
func (p *agentProgram) root() *agentProgram {
	if p.main != nil {
		return p.main
	}
	return p
}

// serviceName returns the name of the service of p.
func (p *agentProgram) serviceName() string {
	if p.main != nil {
		return p.name
	}
	return mainService
}

// folderOf returns the folder of a further service.
func (p *agentProgram) folderOf(name string) string {
	return filepath.Join(p.root().settings.DataDir, servicesFolder, name)
}

// further returns the names of the further services, in the order of the alphabet.
func (p *agentProgram) further() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(p.root().settings.DataDir, servicesFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("data-dir: %w", err)
	}
	var names []string
	for _, one := range entries {
		if !one.IsDir() || checkServiceName(one.Name()) != nil {
			continue
		}
		// A folder without the file is left by a setup that has not ended.
		if _, err := os.Stat(filepath.Join(p.folderOf(one.Name()), config.AgentServiceFile)); err == nil {
			names = append(names, one.Name())
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("data-dir: %w", err)
		}
	}
	return names, nil
}

// of returns the program of a further service with these settings.
func (p *agentProgram) of(name string, settings *config.AgentService) *agentProgram {
	main := p.root()
	one := *main
	one.main, one.name, one.settings = main, name, settings.Over(main.settings, main.folderOf(name))
	return &one
}

// programs returns the programs of all services. The first one is the program of main.
func (p *agentProgram) programs() ([]*agentProgram, error) {
	names, err := p.further()
	if err != nil {
		return nil, err
	}
	all := []*agentProgram{p.root()}
	for _, name := range names {
		settings, err := config.LoadAgentService(filepath.Join(p.folderOf(name), config.AgentServiceFile))
		if err != nil {
			return nil, fmt.Errorf("the settings of the Latchkey %s: %w", name, err)
		}
		all = append(all, p.of(name, settings))
	}
	return all, nil
}

// openServices opens the files of all services, and divides the media server between them.
func (p *agentProgram) openServices(opened *parts) error {
	programs, err := p.programs()
	if err != nil {
		return err
	}
	shares := make([]agent.Share, len(programs))
	for i, one := range programs {
		path := one.path("agent.db")
		store, err := agent.OpenStore(p.ctx, path, opened.keys, p.now, rand.Reader)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		log := opened.log
		if len(programs) > 1 {
			log = log.With(slog.String("latchkey", one.serviceName()))
		}
		opened.services = append(opened.services, &servicePart{name: one.serviceName(), program: one, log: log, store: store})
		shares[i] = agent.Share{Name: one.serviceName(), Store: store, AllUsers: one.settings.AllowAllUsers}
	}
	for i, view := range agent.ShareMediaServer(opened.mediaServer, shares) {
		opened.services[i].mediaServer = view
	}
	return nil
}

// lockFolders locks the data folders of all services until release is called. The caller must call release
// also if lockFolders returns an error.
func (p *agentProgram) lockFolders() (release func(), err error) {
	var held []func()
	release = func() {
		for _, one := range held {
			one()
		}
	}
	programs, err := p.programs()
	if err != nil {
		return release, err
	}
	for _, one := range programs {
		unlock, err := lockFolder(one.path("agent.lock"))
		if err != nil {
			return release, err
		}
		held = append(held, unlock)
	}
	return release, nil
}

// atFlag returns the flag that names the service of p in a command, with a blank before it. It returns "" for an
// agent with one service.
func (p *agentProgram) atFlag() string {
	if names, err := p.further(); err != nil || len(names) == 0 {
		return ""
	}
	return " --at=" + p.serviceName()
}

// chosen returns the program of the service that the command line names. If it names none, and there
// are several, it returns an error: a command that changes something must not do that at the wrong one.
func (p *agentProgram) chosen() (*agentProgram, error) {
	programs, err := p.programs()
	if err != nil {
		return nil, err
	}
	if len(programs) == 1 && p.at == "" {
		return p, nil
	}
	var names []string
	for _, one := range programs {
		if one.serviceName() == p.at {
			return one, nil
		}
		names = append(names, one.serviceName())
	}
	if p.at == "" {
		return nil, fmt.Errorf("this agent works for several Latchkeys: say for which one, with --at=%s", strings.Join(names, " or --at="))
	}
	return nil, fmt.Errorf("at: this agent knows no Latchkey %q: it works for %s", p.at, strings.Join(names, ", "))
}

// as runs work for the service of the program chosen. While work runs, p has the values of chosen.
func (p *agentProgram) as(chosen *agentProgram, work func(a *agent.Agent, opened *parts) error) error {
	before := *p
	if chosen != p {
		if chosen.main == p {
			chosen.main = &before
		}
		*p = *chosen
		defer func() { *p = before }()
	}
	return p.openAgent(work)
}

// withEach runs work for the service that the command line names, or for each service one after the other,
// with a line before each that names it. It is for commands that only show something.
func (p *agentProgram) withEach(work func(a *agent.Agent, opened *parts) error) error {
	if err := p.atMachine(); err != nil {
		return err
	}
	programs, err := p.programs()
	if err != nil {
		return err
	}
	if len(programs) == 1 || p.at != "" {
		return p.withAgent(work)
	}
	output := p.output
	for i, one := range programs {
		space := "\n"
		if i == 0 {
			space = ""
		}
		if _, err := fmt.Fprintf(output, "%s== %s: %s ==\n", space, one.serviceName(), one.settings.Service); err != nil {
			return err
		}
		if err := p.as(one, work); err != nil {
			return fmt.Errorf("%s: %w", one.serviceName(), err)
		}
	}
	return nil
}

// engines returns the agents of all services. clientOf returns the client with which one of the agents asks
// its service; if clientOf is nil, the agents can only read their own files. port is the port at which the
// agent serves the builtin media server, or 0.
func (p *parts) engines(clientOf func(one *agentProgram) (*client.Client, error), port int) ([]*agent.Agent, error) {
	all := make([]*agent.Agent, len(p.services))
	for i, one := range p.services {
		var service *client.Client
		if clientOf != nil {
			var err error
			if service, err = clientOf(one.program); err != nil {
				return nil, fmt.Errorf("%s: %w", one.name, err)
			}
		}
		own := &parts{log: one.log, keys: p.keys, store: one.store, builtin: p.builtin, mediaServer: one.mediaServer}
		all[i] = one.program.engine(own, service, port)
	}
	return all, nil
}
