package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/emby"
	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// agentStub takes the place of the agent in the help of the service's command line. The agent has a
// command line of its own, because its settings are different.
type agentStub struct {
	Rest []string `arg:"" optional:"" passthrough:"" help:"See latchkey agent --help."`
}

// Run returns an error. It is called when there are flags before the word agent.
func (agentStub) Run() error {
	return errors.New("write the word agent first: latchkey agent, and then its commands and flags")
}

// agentCommands holds the commands and flags that follow "latchkey agent".
type agentCommands struct {
	config.Agent

	At string `name:"at" placeholder:"NAME" help:"The Latchkey that the command is about, where this agent works for several: main, or the name that was given to 'latchkey agent setup --at'."`

	Run         agentRun         `cmd:"" default:"withargs" help:"Run the agent until it is told to stop. 'latchkey agent' without a command does the same."`
	Setup       agentSetup       `cmd:"" help:"Ask for the settings that the agent needs, try them, and write them to a file."`
	Status      agentStatus      `cmd:"" help:"Show the registration of the agent and its state."`
	Check       agentCheck       `cmd:"" help:"Check the media server, its addresses, the proxy and this machine, and say what is wrong and what to do. Fails if something is wrong."`
	Users       agentUsers       `cmd:"" help:"List the local users of the media server with their links, or manage the local users of the builtin media server."`
	Link        agentLink        `cmd:"" help:"Ask the account with a username to be linked with a local user, and allow that local user."`
	Allow       agentAllow       `cmd:"" help:"Let the service sign people in as a local user. Without arguments, list the local users that are not allowed yet."`
	Disallow    agentDisallow    `cmd:"" help:"No longer let the service sign people in as a local user, and end the local tokens that the agent gave for that local user."`
	Unlink      agentUnlink      `cmd:"" help:"End the link of a local user, who is then no longer allowed."`
	Unlock      agentUnlock      `cmd:"" help:"Open the unlocked level of a local user for some minutes, without a PIN and also while the service is away."`
	Lock        agentLock        `cmd:"" help:"Close what is unlocked for a local user. Only an unlock that is opened after this opens it again."`
	LevelList   agentLevels      `cmd:"" name:"levels" help:"List the local users with levels: what holds now, until when, and what was changed by hand."`
	Invite      agentInvite      `cmd:"" help:"Invite a guest, by mail or with a link and a QR code. A local user is created for them."`
	Invites     agentInvites     `cmd:"" help:"List the invites that wait for an answer, or withdraw one."`
	Import      agentImport      `cmd:"" help:"Invite the people of a list: a CSV file, or what Wizarr or jfa-go has stored. With --dry-run it only says what would happen."`
	Builtin     agentBuiltin     `cmd:"" help:"Run only the builtin media server, beside an agent whose media-server-url is its address."`
	Healthcheck agentHealthcheck `cmd:"" help:"Ask the running agent whether it is ready. Fails if it is not."`
	Config      agentConfig      `cmd:"" name:"config" help:"Print the effective settings, each with its origin; secrets are masked."`
}

// agentProgram holds what every command of the agent receives.
type agentProgram struct {
	world
	ctx      context.Context //nolint:containedctx // of the one command that runs; kong passes it on in a value
	settings *config.Agent
	loaded   *config.Loaded
	at       string // the name of the service that the command line names; "" for none

	// The main program, and the name of the service, if this is the program of one of several
	// services; see [agentProgram.of].
	main *agentProgram
	name string
}

// runAgent carries out the command "latchkey agent" and the commands below it.
func runAgent(ctx context.Context, w world) error {
	p, err := loadAgent(ctx, w)
	if errors.Is(err, config.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return p.loaded.Context.Run(p)
}

// loadAgent reads the command line and the settings of the agent.
func loadAgent(ctx context.Context, w world) (*agentProgram, error) {
	var line agentCommands
	loaded, err := config.Load(&line, &line.Agent, config.World{
		Arguments: w.arguments, Environment: w.environment, Output: w.output, Errors: w.errors,
	})
	if err != nil {
		return nil, err
	}
	return &agentProgram{world: w, ctx: ctx, settings: &line.Agent, loaded: loaded, at: line.At}, nil
}

type agentConfig struct{}

// Run prints the settings, and returns an error that names the wrong ones.
func (agentConfig) Run(p *agentProgram) error {
	if err := p.loaded.Print(p.output); err != nil {
		return err
	}
	return p.loaded.Check()
}

// checked returns an error that names every wrong setting, except the settings in unused. It
// creates the data folder and the secret key if they do not exist. If root runs the program, it
// continues as the owner of the data folder, so that no file in the folder ever belongs to root.
func (p *agentProgram) checked(unused ...string) error {
	if err := p.loaded.Check(unused...); err != nil {
		return err
	}
	if err := os.MkdirAll(p.settings.DataDir, 0o700); err != nil {
		return fmt.Errorf("data-dir: %w", err)
	}
	if err := actAsOwner(p.settings.DataDir); err != nil {
		return err
	}
	if p.settings.SecretKey != "" {
		return nil
	}
	key, err := config.KeptKey(p.settings.DataDir, rand.Reader)
	p.settings.SecretKey = key
	return err
}

// atMachine prepares a command that an admin runs at the machine, perhaps while the agent is
// running. It creates nothing if no agent has been set up.
func (p *agentProgram) atMachine(unused ...string) error {
	if err := p.loaded.Check(unused...); err != nil {
		return err
	}
	if _, err := os.Stat(p.settings.DataDir); errors.Is(err, fs.ErrNotExist) && p.settings.MediaServer != config.MediaServerBuiltin {
		return fmt.Errorf("there is no %s: run 'latchkey agent setup' first, or give the agent's file with --config or its folder with --data-dir", p.settings.DataDir)
	}
	return p.checked(unused...)
}

// logger returns a logger in the form that the settings ask for.
func (p *agentProgram) logger() *slog.Logger {
	return newLogger(p.errors, p.settings.LogFormat, p.settings.Level())
}

// quietLogger returns a logger for commands at the machine. These commands print their results
// themselves, so only warnings are logged, as text.
func (p *agentProgram) quietLogger() *slog.Logger {
	return newLogger(p.errors, "text", max(p.settings.Level(), slog.LevelWarn))
}

// path returns the path of a file in the data folder.
func (p *agentProgram) path(name string) string { return filepath.Join(p.settings.DataDir, name) }

// parts has the objects that the agent's commands use.
type parts struct {
	log         *slog.Logger
	keys        secret.Keys
	store       *agent.Store
	builtin     *builtin.Server // nil with another media server
	mediaServer mediaserver.Server
	services    []*servicePart // all services; the first one is main
}

// open opens the agent's own files, and the media server as the service of p may use it. publicURL
// returns the address at which people reach the agent.
func (p *agentProgram) open(log *slog.Logger, publicURL func() string) (*parts, error) {
	main := p.root()
	opened, err := main.openMediaServer(log, publicURL)
	if err != nil {
		return nil, err
	}
	if err := main.openServices(opened); err != nil {
		return nil, errors.Join(err, opened.close())
	}
	for _, one := range opened.services {
		if one.name == p.serviceName() {
			opened.log, opened.store, opened.mediaServer = one.log, one.store, one.mediaServer
		}
	}
	return opened, nil
}

// openMediaServer opens the media server without the agent's file.
func (p *agentProgram) openMediaServer(log *slog.Logger, publicURL func() string) (*parts, error) {
	keys, err := secret.NewKeys(p.settings.SecretKey, "")
	if err != nil {
		return nil, fmt.Errorf("secret-key: %w", err)
	}
	opened := &parts{log: log, keys: keys}
	switch p.settings.MediaServer {
	case config.MediaServerJellyfin:
		opened.mediaServer, err = p.jellyfin(log)
		return opened, err
	case config.MediaServerEmby:
		opened.mediaServer, err = p.emby(log, opened.managedPasswords)
		return opened, err
	}
	catalogue, err := p.catalogue()
	if err != nil {
		return nil, err
	}
	opened.builtin, err = builtin.Open(p.ctx, builtin.Options{
		Path: p.path("builtin.db"), Name: p.settings.ServerName, Keys: keys, Hashing: hashing(),
		Now: p.now, Random: rand.Reader, Log: log, PublicURL: publicURL, Addresses: p.shownAddresses(publicURL), Catalogue: catalogue,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.path("builtin.db"), err)
	}
	opened.mediaServer = opened.builtin
	return opened, nil
}

// catalogue returns the catalogue of the settings, or nil if there is none.
func (p *agentProgram) catalogue() (*builtin.Catalogue, error) {
	if p.settings.Catalogue == "" {
		return nil, nil
	}
	catalogue, err := builtin.ReadCatalogue(p.settings.Catalogue)
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return catalogue, nil
}

// jellyfin returns the Jellyfin server of the settings.
func (p *agentProgram) jellyfin(log *slog.Logger) (*jellyfin.Server, error) {
	return jellyfin.New(jellyfin.Options{
		URL: p.settings.MediaServerURL, APIKey: p.settings.APIKey, Now: p.now, Random: rand.Reader, Version: version, Log: log,
	})
}

// emby returns the Emby server of the settings. The parameter passwords returns the passwords that the
// agent manages for a local user.
func (p *agentProgram) emby(log *slog.Logger, passwords func(ctx context.Context, localUserID string) ([]string, error)) (*emby.Server, error) {
	return emby.New(emby.Options{URL: p.settings.MediaServerURL, APIKey: p.settings.APIKey, Version: version, Log: log, Passwords: passwords})
}

// managedPasswords returns the passwords that the agent manages for a local user. There are none while the
// agent's own file is not open.
func (p *parts) managedPasswords(ctx context.Context, localUserID string) ([]string, error) {
	if p.store == nil {
		return nil, nil
	}
	return p.store.ManagedPasswords(ctx, localUserID)
}

// close closes all files that are open.
func (p *parts) close() error {
	var errs []error
	for _, one := range p.services {
		errs = append(errs, one.store.Close())
	}
	if p.builtin != nil {
		errs = append(errs, p.builtin.Close())
	}
	return errors.Join(errs...)
}

// service returns a client of the service that sends each request at most tries times within
// patience. An admin who waits wants an answer sooner than an agent that runs for months.
func (p *agentProgram) service(tries int, patience time.Duration, options ...client.Option) (*client.Client, error) {
	options = append(options, client.WithUserAgent("latchkey-agent/"+version), client.WithRetries(tries, patience))
	if p.settings.PlainHTTP {
		options = append(options, client.WithPlainHTTP())
	}
	service, err := client.New(p.settings.Service, options...)
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	return service, nil
}

// engine returns the agent itself. port is the port at which the agent serves the builtin media
// server, or 0.
func (p *agentProgram) engine(opened *parts, service *client.Client, port int) *agent.Agent {
	s := p.settings
	return agent.New(agent.Options{
		Service: service, ServiceURL: s.Service, ClaimCode: s.ClaimCode, MediaServer: opened.mediaServer, MediaKind: s.MediaServer, Store: opened.store,
		Policy: agent.Policy{
			AllowAdmins: s.AllowAdmins, AllowAllUsers: s.AllowAllUsers, CreateUsers: s.CreateUsers, DeleteGuests: s.DeleteGuests,
			GuestLibraries: s.GuestLibraries, GuestLimit: s.GuestLimit, GuestsHourly: s.GuestsHourly, OfflineTrust: s.OfflineTrust, Levels: s.Levels, Televisions: s.Televisions,
		},
		Addresses:   p.addresses(port),
		FreeDisk:    func() (uint64, error) { return freeDisk(s.DataDir) },
		ReportEvery: 5 * time.Minute, CheckEvery: time.Minute,
		Log: opened.log, Now: p.now, Random: rand.Reader,
	})
}

// withAgent runs work with the agent's own files, for commands at the machine that concern one
// service. Meanwhile p is the program of that service.
func (p *agentProgram) withAgent(work func(a *agent.Agent, opened *parts) error) error {
	if err := p.atMachine(); err != nil {
		return err
	}
	chosen, err := p.chosen()
	if err != nil {
		return err
	}
	return p.as(chosen, work)
}

// openAgent runs work with the agent's own files of the service of p.
func (p *agentProgram) openAgent(work func(a *agent.Agent, opened *parts) error) error {
	service, err := p.service(2, 5*time.Second)
	if err != nil {
		return err
	}
	opened, err := p.open(p.quietLogger(), func() string { return "" })
	if err != nil {
		return err
	}
	defer func() { _ = opened.close() }()
	return explainAgent(work(p.engine(opened, service, 0), opened))
}
