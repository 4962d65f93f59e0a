package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/latchkey-media/latchkey/internal/bench"
)

// route is a row of the table of cases: a request, who answers it, and the goals. A new route
// of the service is measured by one more row in [town.routes], and by its answer in
// floor_answers.go if it is compared with the floor.
type route struct {
	name        string
	request     func(b []byte, random *rand.Rand) []byte
	want        int     // the status; 0 for 200
	later       int     // the status of an answer that sends the client away; 0 for none
	connections int     // 0 for 32
	floor       float64 // the goal: at least this share of the floor; 0 if no floor answers it
	core        float64 // the goal: so many answers in a second of CPU; 0 for none
	alone       bool    // the floor does only the work that cannot be left out, so its answer differs
	again       float64 // the goal of answers without a body: so many times as fast as those with one; 0 if the route has no tag
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
		{name: "GET /service/servers", request: connectServers, floor: 0.80},
		{name: "GET /api/v1/servers", request: servers, floor: 0.80},
		{name: "GET /service/pin", request: t.poll, floor: 0.80},
		{name: "page /", request: plain("/"), core: 2000},
		{name: "page /signin", request: plain("/signin"), core: 2000},
		{name: "page /servers, signed in", request: t.page("/servers"), core: 2000},
		{name: "static file", request: plain(style)},
		{name: "GET /livez", request: plain("/livez")},
	}
}

// target returns the target that a route has with a program.
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

// programs starts the programs of a run: the service, its older build if there is one, and
// the floor on the database of the service.
func (r *run) programs(ctx context.Context) (map[string]*program, error) {
	started := map[string]*program{}
	database := ""
	for _, one := range []struct{ name, path string }{{nameOwn, r.program}, {nameBefore, r.before}} {
		if one.path == "" {
			continue
		}
		folder := filepath.Join(r.folder, one.name)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		address, err := r.prepare(ctx, one.name, one.path, folder)
		if err != nil {
			return nil, err
		}
		if one.name == nameOwn {
			database = address
		}
		if started[one.name], err = r.serve(ctx, one.name, one.path, address, folder); err != nil {
			return nil, err
		}
	}
	floor, err := r.startFloor(ctx, database)
	if err != nil {
		return nil, err
	}
	started[nameFloor] = floor
	if r.engine() == "SQLite" {
		return started, nil
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
	return started, nil
}

// startFloor starts the floor, which is this program, on the database of the service.
func (r *run) startFloor(ctx context.Context, database string) (*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, "floor", "--database="+database, "--log="+filepath.Join(r.folder, "floor.log")) //nolint:gosec,noctx // itself; it ends by stop
	return r.start(ctx, nameFloor, filepath.Join(r.folder, "floor.said"), command)
}

// prepare makes the database of a program.
func (r *run) prepare(ctx context.Context, name, path, folder string) (string, error) {
	if r.engine() == "SQLite" {
		return r.town.file(ctx, r, path, folder)
	}
	return r.town.onServer(ctx, r, path, "latchkey_bench_"+name, folder)
}

// cases joins the table of routes with the programs that run.
func (r *run) cases(ctx context.Context, programs map[string]*program) ([]bench.Case, error) {
	own := programs[nameOwn]
	style, err := own.style(ctx)
	if err != nil {
		return nil, err
	}
	routes := r.town.routes(style)
	if err := r.sameAnswers(ctx, routes, own, programs[nameFloor]); err != nil {
		return nil, err
	}
	var all []bench.Case
	for _, rt := range routes {
		c := bench.Case{Name: rt.name}
		if rt.floor > 0 {
			c.Targets = append(c.Targets, rt.target(programs[nameFloor]))
		}
		target := rt.target(own)
		if rt.floor > 0 {
			target.Compare = append(target.Compare, bench.Comparison{Of: nameFloor, Least: rt.floor})
		}
		if rt.core > 0 {
			target.Compare = append(target.Compare, bench.Comparison{Least: rt.core})
		}
		if before := programs[nameBefore]; before != nil {
			old := rt.target(before)
			old.Compare = append([]bench.Comparison(nil), target.Compare...)
			target.Compare = append(target.Compare, bench.Comparison{Of: nameBefore})
			c.Targets = append(c.Targets, old)
		}
		for _, peer := range r.peers {
			if peer.of == rt.name {
				c.Targets = append(c.Targets, peer.target(rt))
				target.Compare = append(target.Compare, bench.Comparison{Of: peer.program.name})
			}
		}
		c.Targets = append(c.Targets, target)
		all = append(all, c)
	}
	return all, nil
}

// The headers in which a request shows its token.
const (
	bearer       = "Authorization: Bearer "
	connectToken = "X-Connect-UserToken: " //nolint:gosec // G101: the name of a header
)

// begin appends the first lines of a request. Each request comes from an address of its own,
// because some limits count by network.
func begin(b []byte, random *rand.Rand, method, path string) []byte {
	n := random.Uint32()
	return fmt.Appendf(b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"+
		"Accept: */*\r\nX-Forwarded-For: 10.%d.%d.%d\r\n", method, path, benchHost, n>>16&255, n>>8&255, n&255)
}

// plain returns a request without a session.
func plain(path string) func([]byte, *rand.Rand) []byte {
	return func(b []byte, random *rand.Rand) []byte {
		return append(begin(b, random, http.MethodGet, path), "\r\n"...)
	}
}

// signed appends a request of an account that is drawn at random.
func (t *town) signed(b []byte, random *rand.Rand, path, header string) []byte {
	b = append(begin(b, random, http.MethodGet, path), header...)
	b = append(b, t.token(random.IntN(t.quiet()))...)
	return append(b, "\r\n\r\n"...)
}

// page returns the request of a browser that is signed in.
func (t *town) page(path string) func([]byte, *rand.Rand) []byte {
	return func(b []byte, random *rand.Rand) []byte {
		b = append(begin(b, random, http.MethodGet, path), "Cookie: __Host-latchkey-session="...)
		b = append(b, t.token(random.IntN(t.quiet()/2)*2+1)...) // accounts with an odd number use a browser
		return append(b, "\r\n\r\n"...)
	}
}

// poll is the request of a device that waits to be approved.
func (*town) poll(b []byte, random *rand.Rand) []byte {
	deviceID, userCode := code(random.IntN(codes))
	return append(begin(b, random, http.MethodGet, "/service/pin?deviceId="+deviceID+"&pin="+userCode), "X-Application: Television/1.0\r\n\r\n"...)
}

// signIn is a sign-in of an account that has a password, from an app.
func (t *town) signIn(b []byte, random *rand.Rand) []byte {
	body := fmt.Sprintf(`{"name_or_email":"%s","password":"%s","device_name":"bench"}`, username(random.IntN(min(passwords, t.accounts))), benchPassword)
	b = begin(b, random, http.MethodPost, "/api/v1/sessions")
	return append(b, "Content-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body...)
}
