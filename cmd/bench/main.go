// Bench measures the service. It starts the program on one core and sends requests from the other.
// In interleaved rounds it compares the program with a floor, which does the same work with as
// little code as possible, and it prints a table of ratios. "make bench" builds the program and the
// bench and runs the bench; see docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/latchkey-media/latchkey/internal/bench"
)

// run is one run of the bench.
type run struct {
	options

	town       *town
	folder     string // for all files of this run
	serverCore int    // -1 for all cores
	sink       *sink
	running    []*program
}

// options are the flags.
type options struct {
	program  string
	before   string
	accounts int
	rounds   int
	slice    time.Duration
	only     string
	skip     string
	cache    string
	output   string
	mysql    string
	peers    peers
	growth   bool
	idle     time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bring(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bring runs the bench, or the floor, which runs in a process of its own.
func bring(ctx context.Context, arguments []string) error {
	if len(arguments) > 0 && arguments[0] == "floor" {
		return serveFloor(ctx, arguments[1:])
	}
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.program, "program", "bin/latchkey", "the program that is measured")
	flags.StringVar(&o.before, "before", "", "an older build of the program, which is measured in the same rounds")
	flags.IntVar(&o.accounts, "accounts", 100_000, "how many accounts there are: 1000, 100000, 1000000")
	flags.IntVar(&o.rounds, "rounds", 7, "how often each case is measured")
	flags.DurationVar(&o.slice, "slice", 700*time.Millisecond, "for how long each program of a case is measured in one round")
	flags.StringVar(&o.only, "only", "", "measure only the cases whose names contain one of these words, separated by commas")
	flags.StringVar(&o.skip, "skip", "", "do not measure the cases whose names contain one of these words, separated by commas")
	flags.StringVar(&o.cache, "cache", ".cache/bench", "folder in which seeded databases are kept between runs")
	flags.StringVar(&o.output, "output", "", "a file for the table in Markdown; it is printed in any case")
	flags.StringVar(&o.mysql, "mysql", os.Getenv("LATCHKEY_TEST_MYSQL"), "a MySQL server (mysql://root@HOST:PORT) to measure on instead of SQLite; scripts/with-mariadb starts one")
	flags.Var(&o.peers, "peer", "another service that runs already: CASE|NAME|URL|HEADER: VALUE|PROCESS ID; may be repeated")
	flags.BoolVar(&o.growth, "growth", false, "compare 1,000 accounts with as many as -accounts says (1000000 for the goal), over 4 connections, and measure nothing else")
	flags.DurationVar(&o.idle, "idle", 15*time.Second, "how long after the last sign-in the memory at rest is measured; the goal counts after 60s")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	return o.run(ctx)
}

func (o options) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "latchkey-bench.")
	if err != nil {
		return err
	}
	r := &run{options: o, folder: folder}
	defer r.end()
	if r.town, err = newTown(o.accounts); err != nil {
		return err
	}
	if r.sink, err = newSink(ctx); err != nil {
		return err
	}
	if err := r.pin(); err != nil {
		return err
	}
	began := time.Now()
	report, err := r.measure(ctx)
	if err != nil {
		return err
	}
	r.say("done after %s", time.Since(began).Round(time.Second).String())
	if _, err := os.Stdout.WriteString(report); err != nil || o.output == "" {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.output), 0o750); err != nil {
		return err
	}
	return os.WriteFile(o.output, []byte(report), 0o644) //nolint:gosec // everybody may read it
}

// pin keeps this process on one core and chooses another core for the servers. If there is only one
// core, it prints that, and all processes share the core.
func (r *run) pin() error {
	cores, err := bench.Cores()
	if err != nil {
		return err
	}
	r.serverCore = cores[0]
	if len(cores) == 1 {
		r.say("there is only one core: the servers and this client share it, so the requests in a second mean little")
		return nil
	}
	runtime.GOMAXPROCS(1)
	return bench.Pin(os.Getpid(), cores[1])
}

// end stops all programs and removes the folder of the run.
func (r *run) end() {
	r.stopAll()
	_ = os.RemoveAll(r.folder)
}

// stopAll stops all programs that run.
func (r *run) stopAll() {
	for _, p := range r.running {
		p.stop()
	}
	r.running = nil
}

// say prints to the person who waits what the bench is doing.
func (*run) say(format string, values ...string) {
	all := make([]any, len(values))
	for i, value := range values {
		all[i] = value
	}
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", all...)
}

// engine returns the name of the database that is measured.
func (r *run) engine() string {
	if r.mysql == "" || r.mysql == "none" {
		return "SQLite"
	}
	return "MySQL"
}

// measure starts everything, runs the rounds, and returns the report.
func (r *run) measure(ctx context.Context) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d accounts, %d rounds of %s.\n", r.engine(), r.accounts, r.rounds, r.slice)
	measured, err := r.measureRounds(ctx)
	if err != nil {
		return "", err
	}
	if len(measured) > 0 {
		b.WriteString("\n")
		if err := bench.WriteTable(&b, measured); err != nil {
			return "", err
		}
	}
	if r.growth {
		return b.String(), nil
	}
	figures, err := r.figures(ctx)
	if err != nil || len(figures) == 0 {
		return b.String(), err
	}
	b.WriteString("\n")
	err = bench.WriteFigures(&b, figures)
	return b.String(), err
}

// measureRounds measures the cases, and stops their programs.
func (r *run) measureRounds(ctx context.Context) ([]bench.Measured, error) {
	if !slices.ContainsFunc(r.town.routes(""), func(rt route) bool { return r.wants(rt.name) }) {
		return nil, nil
	}
	defer r.stopAll()
	cases, err := r.allCases(ctx)
	if err != nil {
		return nil, err
	}
	plan := bench.Plan{
		Cases:  slices.DeleteFunc(cases, func(c bench.Case) bool { return !r.wants(c.Name) }),
		Rounds: r.rounds, Slice: r.slice, Warm: r.slice / 2,
		Random:   rand.New(rand.NewPCG(1, 2)), //nolint:gosec // the order of the targets
		Progress: func(round int) { r.say("round %s", strconv.Itoa(round)) },
	}
	return plan.Run(ctx)
}

// allCases starts the programs of the rounds, and returns their cases.
func (r *run) allCases(ctx context.Context) ([]bench.Case, error) {
	if r.growth {
		return r.growthCases(ctx)
	}
	started, err := r.startAll(ctx)
	if err != nil {
		return nil, err
	}
	return r.cases(ctx, started)
}

// wants reports whether a case or a figure is measured: the flags only and skip do not leave it
// out.
func (r *run) wants(name string) bool {
	return (r.only == "" || mentions(name, r.only)) && (r.skip == "" || !mentions(name, r.skip))
}

// mentions reports whether name contains one of the words in words, which are separated by commas.
func mentions(name, words string) bool {
	for word := range strings.SplitSeq(words, ",") {
		if strings.Contains(strings.ToLower(name), strings.ToLower(strings.TrimSpace(word))) {
			return true
		}
	}
	return false
}
