// Latchkey gives people one account for every media server that they are invited
// to. This program is the service, the agent beside a media server, and the
// command lines of both.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // mails tell times in the zones of their readers, also on a machine that knows no zones

	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// version is set when the program is linked.
var version = "development"

func main() { os.Exit(start(time.Now)) }

// start runs the program with the function now as the clock of the machine, and returns its exit
// status.
func start(now func() time.Time) (status int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := run(ctx, world{
		arguments: os.Args[1:], environment: os.LookupEnv, input: os.Stdin, output: os.Stdout, errors: os.Stderr, now: now,
	})
	stop()
	if status, said := errors.AsType[statusError](err); said {
		return int(status)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "latchkey:", printable.Lines(err.Error()))
		return 1
	}
	return 0
}

// world is everything outside itself that the program uses. Tests replace it.
type world struct {
	arguments      []string
	environment    func(string) (string, bool)
	input          io.Reader
	output, errors io.Writer
	now            func() time.Time // the clock of the machine, for the service and its commands; nil for time.Now
}

// commands is the command line.
type commands struct {
	config.Settings

	Serve       serveCommand       `cmd:"" help:"Run the service."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the database up to date and stop. 'serve' does this too."`
	Config      configCommand      `cmd:"" name:"config" help:"Print the settings that are in force, each with its origin. Secrets are masked."`
	Account     accountCommands    `cmd:"" help:"Manage accounts."`
	Server      serverCommands     `cmd:"" help:"Manage media servers."`
	Mail        mailCommands       `cmd:"" help:"Manage the mail queue."`
	Backup      backupCommand      `cmd:"" help:"Write the whole database into one file, while the service runs."`
	Restore     restoreCommand     `cmd:"" help:"Put a backup in the place of the database. Stop the service before."`
	Copy        copyCommand        `cmd:"" help:"Copy the database to another one, also of the other engine. Stop the service before."`
	Operator    operatorCommands   `cmd:"" help:"See what the pages of operators show, and lift limits."`
	Doctor      doctorCommand      `cmd:"" help:"Look whether everything around the service is as it should be, and say what to do."`
	Setup       setupCommands      `cmd:"" help:"Set the service up for the first time."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask the running service whether it is ready. Fails if it is not."`
	Completion  completionCommand  `cmd:"" help:"Print a script by which a shell completes the commands and flags."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
	Demo        demoCommand        `cmd:"" help:"Start the service and an agent with example people, to try everything. Nothing is left behind."`
	Agent       agentStub          `cmd:"" help:"The program beside a media server. It has its own commands and settings: latchkey agent --help."`
}

// program holds what every command needs.
type program struct {
	world
	ctx      context.Context //nolint:containedctx // of the command that runs: kong passes values to commands, and no context
	settings *config.Settings
	loaded   *config.Loaded
	makesKey bool // the command may make a secret key in the data folder
}

// run runs the whole program. It returns when the command is done or ctx ends.
func run(ctx context.Context, w world) error {
	if w.now == nil {
		w.now = time.Now
	}
	if len(w.arguments) > 0 && w.arguments[0] == "agent" {
		w.arguments = w.arguments[1:]
		return runAgent(ctx, w)
	}
	var line commands
	loaded, err := config.Load(&line, &line.Settings, config.World{
		Arguments: w.arguments, Environment: w.environment, Output: w.output, Errors: w.errors,
	})
	if errors.Is(err, config.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return loaded.Context.Run(&program{world: w, ctx: ctx, settings: &line.Settings, loaded: loaded})
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(p *program) error {
	_, err := fmt.Fprintln(p.output, "latchkey", version)
	return err
}

type configCommand struct{ asJSON }

// settingLine is a setting for a program.
type settingLine struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// Run prints the settings, and returns what is wrong with them.
func (c configCommand) Run(p *program) error {
	if err := p.peekConsole(); err != nil {
		_, _ = fmt.Fprintln(p.errors, "the settings of the console cannot be read:", printable.Lines(err.Error()))
	}
	if c.JSON {
		var list []settingLine
		for _, s := range p.loaded.InForce() {
			list = append(list, settingLine{s.Name, s.Value, s.Origin})
		}
		if err := p.printJSON(list); err != nil {
			return err
		}
	} else if err := p.loaded.Print(p.output); err != nil {
		return err
	}
	return p.loaded.Check()
}
