package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/latchkey-media/latchkey/internal/bench"
)

// route is a row of the table of cases: a request, the programs that answer it, and the goals. To
// measure a new route of the service, add a row to [town.routes]. If the route is compared with the
// floor, also add its answer to floor_answers.go.
type route struct {
	name        string
	request     func(b []byte, random *rand.Rand) []byte
	want        int     // the status; 0 for 200
	later       []int   // the statuses of answers that ask the client to come again later
	connections int     // 0 for 32
	floor       float64 // the goal: at least this share of the speed of the floor; 0 if the floor does not answer the route
	core        float64 // the goal: at least this many answers in a second of CPU time; 0 for none
	again       float64 // the goal of answers without a body: at least this many times as fast as answers with a body; 0 if the route has no tag

	floorRequest func(b []byte, random *rand.Rand) []byte // the request to the floor; nil if it is the same
	alone        bool                                     // the floor does only the work that cannot be left out, so its answer differs from the answer of the service
	computes     bool                                     // the floor only computes, so work that the database does in the background must not count
}

// routes returns the table of cases. style is the path of a static file.
func (t *town) routes(style string) []route {
	account := func(b []byte, random *rand.Rand) []byte { return t.signed(b, random, "/api/v1/account", bearer) }
	servers := func(b []byte, random *rand.Rand) []byte { return t.signed(b, random, "/api/v1/servers", bearer) }
	user := func(b []byte, random *rand.Rand) []byte { return t.signed(b, random, "/service/user", connectToken) }
	connectServers := func(b []byte, random *rand.Rand) []byte {
		return t.signed(b, random, "/service/servers", connectToken)
	}
	return []route{
		{name: "GET /api/v1/account", request: account, floor: 0.80},
		{name: "GET /service/user", request: user, floor: 0.80},
		{name: "GET /service/servers", request: connectServers, floor: 0.80, again: 2},
		{name: "GET /api/v1/servers", request: servers, floor: 0.80, again: 2},
		{name: "GET /service/pin", request: t.poll, floor: 0.80},
		{
			name: "sign-in", request: t.signIn, floorRequest: argon2id, want: http.StatusCreated, later: []int{http.StatusServiceUnavailable, http.StatusTooManyRequests},
			connections: 1, floor: 0.90, alone: true, computes: true,
		},
		{
			name: "sign-in, known device", request: t.signInAgain, floorRequest: argon2id, want: http.StatusCreated,
			later: []int{http.StatusServiceUnavailable, http.StatusTooManyRequests}, connections: 1, floor: 0.90, alone: true, computes: true,
		},
		{name: "page /", request: plain("/"), core: 2000},
		{name: "page /signin", request: plain("/signin"), core: 2000},
		{name: "page /servers, signed in", request: t.page("/servers"), core: 2000},
		{name: "page /i, of an invite by link", request: plain("/i"), core: 2000},
		{name: "POST /i, a link is opened", request: t.openInvite("/i"), floorRequest: t.openInvite("/invite"), want: http.StatusSeeOther, floor: 0.40, alone: true},
		{
			name: "POST /servers/ID/open, the way into a web app begins", request: t.open, floorRequest: t.floorOpen, want: http.StatusSeeOther,
			connections: 1, floor: 0.40, alone: true,
		},
		{
			name: "POST /servers/ID/authorize, a code is made", request: t.authorize, floorRequest: t.floorOpen, want: http.StatusSeeOther,
			connections: 1, floor: 0.40, alone: true,
		},
		{
			name: "POST /api/v1/server/opens/redeem, the code is over", request: t.redeem("/api/v1/server/opens/redeem"), floorRequest: t.redeem("/redeem"),
			want: http.StatusGone, floor: 0.40, alone: true,
		},
		{name: "page /servers/ID/start", request: t.startPage},
		{name: "page /servers/ID/open", request: t.openPage},
		{name: "static file", request: plain(style)},
		{name: "GET /livez", request: plain("/livez")},
	}
}

// target returns the target for this route at the program p.
func (rt *route) target(p *program) bench.Target {
	load := &bench.Load{
		Address: p.address, Connections: rt.connections, Request: rt.request, Want: rt.want, Later: rt.later, Now: time.Now, Seed: 7,
	}
	if load.Connections == 0 {
		load.Connections = 32
	}
	if load.Want == 0 {
		load.Want = http.StatusOK
	}
	if p.pid != 0 {
		load.CPU = p.used
	}
	return bench.Target{Name: p.name, Run: load.Run}
}

// The names of the programs in tables.
const (
	nameOwn    = "latchkey"
	nameBefore = "before"
	nameFloor  = "floor"
)

// programs maps the name of a program, as the printed tables show it, to the program.
type programs map[string]*program

// startAll starts the service, its older build if there is one, and the floor. The floor uses the
// database of the service.
func (r *run) startAll(ctx context.Context) (programs, error) {
	started := programs{}
	own, database, err := r.startSeeded(ctx, nameOwn, r.program)
	if err != nil {
		return nil, err
	}
	started[nameOwn] = own
	if r.before != "" {
		if started[nameBefore], _, err = r.startSeeded(ctx, nameBefore, r.before); err != nil {
			return nil, err
		}
	}
	if started[nameFloor], err = r.startFloor(ctx, database); err != nil {
		return nil, err
	}
	r.countDatabase(ctx, started)
	return started, nil
}

// startSeeded starts the program at path with a new copy of the town, and returns the address of
// the database with that copy.
func (r *run) startSeeded(ctx context.Context, name, path string) (p *program, database string, err error) {
	folder := filepath.Join(r.folder, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, "", err
	}
	if r.engine() == "SQLite" {
		database, err = r.town.file(ctx, r, path, folder)
	} else {
		database, err = r.town.onServer(ctx, r, path, "latchkey_bench_"+name, folder)
	}
	if err != nil {
		return nil, "", err
	}
	p, err = r.serve(ctx, name, path, database, folder)
	return p, database, err
}

// countDatabase keeps the MySQL server of the run on the core of the programs, and counts the time
// that it uses as the time of the programs.
func (r *run) countDatabase(ctx context.Context, started programs) {
	if r.engine() == "SQLite" {
		return
	}
	server := r.serverProcess(ctx)
	if r.serverCore >= 0 && server != 0 {
		if err := bench.Pin(server, r.serverCore); err != nil {
			r.say("the database server stays on all cores: %s", err.Error())
		}
	}
	for _, p := range started {
		p.database = server
	}
}

// startFloor starts the floor on the database of the service. The floor is this program, in a
// process of its own.
func (r *run) startFloor(ctx context.Context, database string) (*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, "floor", "--database="+database, "--log="+filepath.Join(r.folder, "floor.log")) //nolint:gosec,noctx // this program itself; it ends by stop
	return r.start(ctx, nameFloor, filepath.Join(r.folder, "floor.said"), command)
}

// cases joins the table of routes with the programs that are running.
func (r *run) cases(ctx context.Context, started programs) ([]bench.Case, error) {
	style, err := started[nameOwn].style(ctx)
	if err != nil {
		return nil, err
	}
	routes := r.town.routes(style)
	if err := r.sameAnswers(ctx, routes, started[nameOwn], started[nameFloor]); err != nil {
		return nil, err
	}
	var all []bench.Case
	older := routes // in an older build the file may have another name
	if before := started[nameBefore]; before != nil {
		if style, err = before.style(ctx); err != nil {
			return nil, err
		}
		older = r.town.routes(style)
	}
	for i, rt := range routes {
		c := bench.Case{Name: rt.name, Targets: r.targets(&rt, &older[i], started)}
		if rt.again > 0 {
			unchanged, err := r.unchanged(ctx, &rt, started[nameOwn])
			if err != nil {
				return nil, err
			}
			c.Targets = append(c.Targets, unchanged)
		}
		all = append(all, c)
	}
	return all, nil
}

// targets returns the targets of a route: the floor, the older build and the peers, if there are
// any, and then the service, which is compared with all of them. The parameter older is the row of
// the same route for the older build.
func (r *run) targets(rt, older *route, started programs) []bench.Target {
	var all []bench.Target
	var goals []bench.Comparison
	if rt.floor > 0 {
		floor, program := *rt, *started[nameFloor]
		if rt.floorRequest != nil {
			floor.request = rt.floorRequest
		}
		if rt.computes {
			program.database = 0
		}
		all = append(all, floor.target(&program))
		goals = append(goals, bench.Comparison{Of: nameFloor, Least: rt.floor})
	}
	if rt.core > 0 {
		goals = append(goals, bench.Comparison{Least: rt.core})
	}
	own := rt.target(started[nameOwn])
	own.Compare = goals
	if before := started[nameBefore]; before != nil {
		old := older.target(before)
		old.Compare = goals
		all = append(all, old)
		own.Compare = append(slices.Clip(goals), bench.Comparison{Of: nameBefore})
	}
	for _, peer := range r.peers {
		if peer.of == rt.name {
			all = append(all, peer.target(*rt))
			own.Compare = append(slices.Clip(own.Compare), bench.Comparison{Of: peer.program.name})
		}
	}
	return append(all, own)
}

// unchanged returns a target whose requests ask the service for something that the client already
// has. The answers have no body.
func (r *run) unchanged(ctx context.Context, rt *route, own *program) (bench.Target, error) {
	const asking = 400                    // accounts
	random := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // which accounts ask
	requests := make([][]byte, asking)
	for i := range requests {
		request := rt.request(nil, random)
		answer, err := send(ctx, own.address, request)
		if err != nil {
			return bench.Target{}, err
		}
		requests[i] = fmt.Appendf(request[:len(request)-len("\r\n")], "If-None-Match: %s\r\n\r\n", answer.header.Get("ETag"))
	}
	again := *rt
	again.want = http.StatusNotModified
	again.request = func(b []byte, random *rand.Rand) []byte { return append(b, requests[random.IntN(asking)]...) }
	target := again.target(own)
	target.Name = own.name + ", 304"
	target.Compare = []bench.Comparison{{Of: own.name, Least: rt.again}}
	return target, nil
}
