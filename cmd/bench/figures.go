package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/latchkey-media/latchkey/internal/bench"
)

// single is a row of the table of figures: something that is not measured in rounds, because it
// needs a process of its own or takes long.
type single struct {
	name    string // the name that the flags only and skip use
	measure func(r *run, ctx context.Context) ([]bench.Figure, error)
}

// singles returns the table of figures.
func singles() []single {
	return []single{
		{"start", (*run).measureStart},
		{"memory", (*run).measureMemory},
		{"feed", (*run).measureFeed},
		{"mail", (*run).measureMail},
		{"noted uses", (*run).measureNotedUses},
	}
}

// figures measures all figures, except those that the flags only and skip leave out.
func (r *run) figures(ctx context.Context) ([]bench.Figure, error) {
	var all []bench.Figure
	for _, one := range singles() {
		if !r.wants(one.name) {
			continue
		}
		r.say("%s", one.name)
		found, err := one.measure(r, ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.name, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// measureStart measures the time from the start of the process until the service first answers that
// it is ready, on an empty database and on the town.
func (r *run) measureStart(ctx context.Context) ([]bench.Figure, error) {
	const times = 5
	empty := bench.Figure{Name: "start, empty database, after the migrations of another start", Unit: "s", Most: 0.3}
	full := bench.Figure{Name: fmt.Sprintf("start, %d accounts", r.accounts), Unit: "s", Most: 0.5}
	used := bench.Figure{Name: "start, CPU until it is ready", Unit: "s"}
	fullDatabase, fullFolder, err := r.seeded(ctx, "start")
	if err != nil {
		return nil, err
	}
	emptyDatabase, emptyFolder, err := r.emptyDatabase(ctx)
	if err != nil {
		return nil, err
	}
	for range times {
		took, cpu, err := r.startOnce(ctx, emptyDatabase, emptyFolder)
		if err != nil {
			return nil, err
		}
		empty.Values, used.Values = append(empty.Values, took.Seconds()), append(used.Values, cpu.Seconds())
		if took, _, err = r.startOnce(ctx, fullDatabase, fullFolder); err != nil {
			return nil, err
		}
		full.Values = append(full.Values, took.Seconds())
	}
	return []bench.Figure{empty, full, used}, nil
}

// emptyDatabase makes a database with the schema and without rows.
func (r *run) emptyDatabase(ctx context.Context) (database, folder string, err error) {
	folder = filepath.Join(r.folder, "empty")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", "", err
	}
	if r.engine() != "SQLite" {
		nobody := &town{keys: r.town.keys}
		database, err = nobody.onServer(ctx, r, r.program, "latchkey_bench_empty", folder)
		return database, folder, err
	}
	database = "sqlite:" + filepath.Join(folder, "latchkey.db")
	return database, folder, r.migrate(ctx, r.program, database, folder)
}

// startOnce starts the service, waits until it is ready, and stops it.
func (r *run) startOnce(ctx context.Context, database, folder string) (took, cpu time.Duration, err error) {
	began := time.Now()
	p, err := r.serve(ctx, nameOwn, r.program, database, folder)
	if err != nil {
		return 0, 0, err
	}
	defer p.stop()
	for {
		_, err := p.get(ctx, "/readyz")
		if err == nil {
			return time.Since(began), p.used(), nil
		}
		if ctx.Err() != nil || time.Since(began) > time.Minute {
			return 0, 0, err
		}
		time.Sleep(time.Millisecond)
	}
}

// measureMemory measures how much memory the service takes: at rest after some sign-ins, while it
// answers as fast as it can, and while many people sign in.
func (r *run) measureMemory(ctx context.Context) ([]bench.Figure, error) {
	p, _, err := r.startSeeded(ctx, "memory", r.program)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	style, err := p.style(ctx)
	if err != nil {
		return nil, err
	}
	signIn := r.routeNamed(style, "sign-in")
	if _, err := signIn.target(p).Run(ctx, 2*time.Second); err != nil {
		return nil, err
	}
	pause(ctx, r.idle)
	rest, err := bench.MemoryOf(p.pid)
	if err != nil {
		return nil, err
	}
	figures := []bench.Figure{
		{Name: fmt.Sprintf("anonymous memory at rest, %s after the last sign-in", r.idle), Unit: "MiB", Values: []float64{rest.Anonymous}, Most: 40},
		{Name: "resident memory at rest, with the pages of the program and of the database", Unit: "MiB", Values: []float64{rest.Resident}},
	}
	for _, rate := range []struct {
		name        string
		route       string
		connections int
	}{
		{"lists at full rate", "GET /api/v1/servers", 32}, {"pages at full rate", "page /servers, signed in", 32}, {"8 people sign in at once", "sign-in", 8},
	} {
		rt := r.routeNamed(style, rate.route)
		rt.connections = rate.connections
		most, err := peak(ctx, p, rt.target(p))
		if err != nil {
			return nil, err
		}
		figures = append(figures,
			bench.Figure{Name: "anonymous memory, " + rate.name, Unit: "MiB", Values: []float64{most.Anonymous}, Most: 128},
			bench.Figure{Name: "resident memory, " + rate.name, Unit: "MiB", Values: []float64{most.Resident}})
	}
	return figures, nil
}

// routeNamed returns a copy of a row of the table of cases.
func (r *run) routeNamed(style, name string) *route {
	for _, rt := range r.town.routes(style) {
		if rt.name == name {
			return &rt
		}
	}
	panic("bench: no route " + name) // a mistake in this program
}

// peak runs a target for some seconds, and returns the most memory that the program takes
// meanwhile.
func peak(ctx context.Context, p *program, target bench.Target) (bench.Memory, error) {
	const took = 4 * time.Second
	done := make(chan error, 1)
	go func() {
		_, err := target.Run(ctx, took)
		done <- err
	}()
	var most bench.Memory
	for {
		now, err := bench.MemoryOf(p.pid)
		if err != nil {
			return most, err
		}
		most.Anonymous, most.Resident = max(most.Anonymous, now.Anonymous), max(most.Resident, now.Resident)
		select {
		case err := <-done:
			return most, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// pause waits, but no longer than until ctx ends.
func pause(ctx context.Context, wait time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
}

// accept returns the request by which an account accepts its pending link.
func (t *town) accept(i int) []byte {
	b := fmt.Appendf(nil, "%s /api/v1/links/%d/accept HTTP/1.1\r\nHost: %s\r\n%s%s\r\n", http.MethodPost, t.linkID(i, linksEach-1), benchHost, bearer, t.token(i))
	return append(b, "X-Forwarded-For: 10.1.2.3\r\nContent-Length: 0\r\n\r\n"...)
}
