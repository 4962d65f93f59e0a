package config

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// ErrHelp means that the command line asked for help, and that Load wrote it. There
// is nothing left to do.
var ErrHelp = errors.New("help was shown")

// World is the part of the process that Load uses.
type World struct {
	Arguments   []string                    // without the program's name
	Environment func(string) (string, bool) // like os.LookupEnv
	Output      io.Writer                   // the help is written to it
	Errors      io.Writer
}

// Origins maps the name of each setting to the place from which its value came.
type Origins map[string]string

// The origins of values that nobody set.
const (
	originDefault     = "default"
	originDevelopment = "development default"
)

// Loaded is a command line that was understood, with its settings. The settings may
// still be wrong: call Check.
type Loaded struct {
	Context  *kong.Context // runs the command: Context.Run
	Origins  Origins
	File     string   // path of the file of settings that was read; "" if no file was read
	Warnings []string // things that work but should be changed, one line each
	set      Set
	problems *problems
	unread   *problems // the problems of reading the values, before they were checked
	broken   bool      // a source cannot be read, so values may be missing
}

// Load reads the command line into grammar, and the settings from all their sources into set.
// grammar is a pointer to a struct of commands and flags for kong that embeds Settings or Agent,
// and set is a pointer to the embedded struct. Load never ends the process.
//
// It returns ErrHelp, or an error for a command line that it cannot understand. Wrong settings
// do not make it fail, because some commands do not need them; a command that needs them calls
// Loaded.Check.
func Load(grammar any, set Set, world World, options ...kong.Option) (*Loaded, error) {
	loaded := &Loaded{Origins: Origins{}, set: set, problems: newProblems()}
	sources := &sources{
		all: settingsOf(set), environment: world.Environment, traits: set.traits(),
		origins: loaded.Origins, problems: loaded.problems,
	}
	helped := false
	options = append([]kong.Option{
		kong.Name(set.traits().program),
		kong.Writers(world.Output, world.Errors),
		kong.Exit(func(int) { helped = true }),
		kong.ValueFormatter(helpText),
		kong.Resolvers(sources),
	}, options...)
	parser, err := kong.New(grammar, options...)
	if err != nil {
		return nil, fmt.Errorf("the grammar of the command line: %w", err)
	}
	if err := loaded.adopt(parser, sources.all); err != nil {
		return nil, err
	}
	loaded.Context, err = parser.Parse(world.Arguments)
	if helped {
		return nil, ErrHelp
	}
	if err != nil {
		return nil, err
	}
	loaded.complete(sources)
	loaded.Warnings, loaded.File = sources.warnings, sources.file
	return loaded, nil
}

// adopt makes kong read the settings through our own reader, which collects all problems. Kong's
// own reader would stop at the first problem.
func (l *Loaded) adopt(parser *kong.Kong, all []setting) error {
	flags := map[string]*kong.Flag{}
	for _, flag := range parser.Model.Flags {
		flags[flag.Name] = flag
	}
	for _, s := range all {
		flag, ok := flags[s.name]
		if !ok || flag.Target.Addr().Pointer() != s.field.Addr().Pointer() {
			return fmt.Errorf("the grammar of the command line does not embed the settings: no --%s", s.name)
		}
		flag.Mapper = reader{setting: s, problems: l.problems}
	}
	return nil
}

// complete records which settings came from flags, fills in the defaults that depend on other
// settings, and checks all values.
func (l *Loaded) complete(sources *sources) {
	for _, step := range l.Context.Path {
		if step.Flag != nil && !step.Resolved && sources.knows(step.Flag.Name) {
			l.Origins[step.Flag.Name] = "flag --" + step.Flag.Name
		}
	}
	for _, s := range sources.all {
		if _, given := l.Origins[s.name]; !given {
			l.fill(s)
		}
	}
	l.unread, l.broken = l.problems, sources.broken
	l.checkAll()
}

// checkAll checks all values.
func (l *Loaded) checkAll() {
	l.problems = l.unread.clone()
	for _, one := range settingsOf(l.set) {
		if err := one.check(l.set.traits()); !l.broken || !errors.Is(err, errMissing) {
			l.problems.add(one.name, err)
		}
	}
	l.set.check(l.problems)
}

// fill gives a setting its default.
func (l *Loaded) fill(s setting) {
	l.Origins[s.name] = originDefault
	text := s.standard
	if l.set.traits().development && s.development != "" {
		l.Origins[s.name] = originDevelopment
		text = s.development
	}
	s.field.SetZero()
	if text == "" {
		return
	}
	if err := s.read(s.field, l.expand(text)); err != nil {
		l.problems.add(s.name, err)
	}
}

// expand replaces the names DATA-DIR and LISTEN in a default by the values of those settings. Both
// settings come before the settings that use them in the struct, so they already have their values.
func (l *Loaded) expand(text string) string {
	text = strings.ReplaceAll(text, "DATA-DIR", filepath.Clean(l.set.traits().dataDir))
	return strings.ReplaceAll(text, "LISTEN", reachable(l.set.traits().listen))
}

// reachable returns the address at which a browser on this machine reaches a service that listens
// on the address listen.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen // check reports what is wrong with the address
	}
	address, err := netip.ParseAddr(host)
	if host == "" || (err == nil && address.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Check returns every problem of the settings, one a line, or nil. No line contains a secret. Check
// leaves out the settings in unused, which the command does not need.
func (l *Loaded) Check(unused ...string) error {
	return l.problems.join(settingsOf(l.set), l.Origins, unused)
}

// reader reads one setting for kong.
type reader struct {
	setting  setting
	problems *problems
}

// Decode implements kong.Mapper. If a value cannot be read, it adds the problem to the list instead
// of returning an error, so that all problems are reported at once.
func (r reader) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	if r.setting.field.Kind() == reflect.Bool && ctx.Scan.Peek().Type != kong.FlagValueToken {
		target.SetBool(true)
		return nil
	}
	token := ctx.Scan.Pop()
	if !token.IsValue() {
		// Kong's own error would quote the next word, which may be a secret.
		return fmt.Errorf("needs a value; write a value that starts with - as --%s=VALUE", r.setting.name)
	}
	if err := r.setting.read(target, token.String()); err != nil {
		r.problems.add(r.setting.name, err)
	}
	return nil
}
