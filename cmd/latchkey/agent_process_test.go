package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/porttest"
)

// house is a media server with its agent.
type house struct {
	t       *testing.T
	folder  string   // the agent's data folder
	agent   *process // serves the Connect paths
	builtin *process // nil beside a Jellyfin server
	connect string   // where devices ask for an exchange
	local   string   // address of the media server

	environment, flags []string // of the agent
}

// start starts the agent, which has been set up, on its own port.
func (h *house) start() {
	h.t.Helper()
	h.agent = startAgentIn(h.t, h.environment, h.folder, h.flags...)
}

// startAgent starts an agent that has been set up in a folder, on a free port or on the port in
// flags.
func startAgent(t *testing.T, folder string, flags ...string) *process {
	t.Helper()
	return startAgentIn(t, nil, folder, flags...)
}

// startAgentIn does the work of startAgent, with an environment.
func startAgentIn(t *testing.T, environment []string, folder string, flags ...string) *process {
	t.Helper()
	p := launch(t, environment, append([]string{"agent", "--data-dir=" + folder, "--discovery=off", "--listen=127.0.0.1:0"}, flags...)...)
	p.waitServing()
	return p
}

// ready waits until the agent is registered and sees its media server.
func ready(p *process) {
	p.t.Helper()
	within(p.t, patience, "the agent is ready", func() bool { return p.get("/readyz") == http.StatusOK })
}

// buildHouse sets up an agent beside the builtin media server, which runs as a second process, as
// an owner would do it.
func buildHouse(owner *resident, localUsers ...string) *house {
	owner.w.t.Helper()
	return buildHouseIn(owner, nil, nil, localUsers...)
}

// buildHouseIn does the work of buildHouse, with an environment of the agent, and flags of the agent and of the
// builtin media server.
func buildHouseIn(owner *resident, environment, flags []string, localUsers ...string) *house {
	t := owner.w.t
	t.Helper()
	h := &house{t: t, folder: filepath.Join(t.TempDir(), "agent"), environment: environment}
	builtinAddress, agentAddress := porttest.Free(t), porttest.Free(t)
	h.local = "http://" + builtinAddress
	h.connect = h.local
	said := command(t, owner.w.url()+"\n"+owner.claimCode()+"\nbuiltin\nLiving Room\n\n", "agent", "setup", "--data-dir="+h.folder,
		"--listen="+agentAddress, "--media-server-url="+h.local, "--addresses="+h.local)
	for _, want := range []string{"✓ A Latchkey service answers there.", "✓ Registered with the service as server ", "✓ Wrote "} {
		if !strings.Contains(said, want) {
			t.Errorf("setup does not say %q:\n%s", want, said)
		}
	}
	for _, name := range localUsers {
		owner.w.remember("local password of " + name)
		command(t, "local password of "+name+"\n", "agent", "users", "add", "--data-dir="+h.folder, name)
	}
	command(t, "", "agent", "allow", "--data-dir="+h.folder, "--listed")
	h.flags = append([]string{"--listen=" + agentAddress}, flags...)
	h.start()
	h.builtin = launch(t, nil, append([]string{
		"agent", "builtin", "--data-dir=" + h.folder, "--listen=" + builtinAddress, "--agent-url=http://" + agentAddress,
	}, flags...)...)
	h.builtin.waitServing()
	ready(h.agent)
	return h
}

// TestThreeProcesses tests links, guests, outages and sign-outs with the service, the agent and the
// builtin media server as three processes.
func TestThreeProcesses(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildHouse(owner, "Grandma", "Milo")
	if status, _ := ask(t, http.MethodGet, "http://"+h.agent.address+"/System/Info/Public", nil); status != http.StatusNotFound {
		t.Errorf("the agent answers for the media server beside it: %d, want %d", status, http.StatusNotFound)
	}
	server, users := owner.owns("Grandma", "Milo")
	owner.invites(rosa, server, users["Grandma"])
	tv := h.walk(rosa)
	h.signOutEverywhere(rosa)
	h.outage(w, rosa)
	h.removal(owner, rosa, server, tv)
	h.guest(w, owner, server)
	w.keepsSecrets(h.folder, w.service, h.agent, h.builtin)
}

// walk signs a television in and out again.
func (h *house) walk(rosa *resident) *television {
	t := h.t
	t.Helper()
	tv := rosa.watch("television-1")
	localUser, token := tv.mustExchange(h.connect)
	if status := info(t, h.local, token); status != http.StatusOK {
		t.Errorf("System/Info with the local token: %d, want %d", status, http.StatusOK)
	}
	wrong := *tv
	wrong.servers = []wireServer{{AccessKey: strings.Repeat("0", 32)}}
	if status, _, _ := wrong.exchange(h.connect); status != http.StatusUnauthorized {
		t.Errorf("a wrong access key: %d, want 401", status)
	}
	wrong = *tv
	wrong.accountID = "1"
	if status, _, _ := wrong.exchange(h.connect); status != http.StatusNotFound {
		t.Errorf("another account's id: %d, want 404", status)
	}
	logout(t, h.local, token)
	if status := info(t, h.local, token); status != http.StatusUnauthorized {
		t.Errorf("System/Info after sign-out: %d, want 401", status)
	}
	other := rosa.watchAnew("television-2")
	if again, token := other.mustExchange(h.connect); again != localUser || info(t, h.local, token) != http.StatusOK {
		t.Errorf("another device is local user %s, want %s", again, localUser)
	}
	return tv
}

// signOutEverywhere signs rosa out everywhere, which must end the local tokens.
func (h *house) signOutEverywhere(rosa *resident) {
	t := h.t
	t.Helper()
	_, token := rosa.watch("television-3").mustExchange(h.connect)
	if err := rosa.Sessions.EndAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := within(t, patience, "sign out everywhere ends the local token", func() bool { return info(t, h.local, token) == http.StatusUnauthorized })
	t.Logf("sign out everywhere reached the media server after %v", took)
	rosa.signIn()
}

// outage stops the service. Links must stay as they are.
func (h *house) outage(w *town, rosa *resident) {
	t := h.t
	t.Helper()
	tv := rosa.watch("television-4")
	w.service.stop()
	_, token := tv.mustExchange(h.connect)
	if status := info(t, h.local, token); status != http.StatusOK {
		t.Errorf("System/Info while the service is away: %d, want %d", status, http.StatusOK)
	}
	h.agent.waitTrouble("service_away")
	w.open()
	if err := rosa.Sessions.EndAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	within(t, patience, "the agent hears the service again", func() bool { return info(t, h.local, token) == http.StatusUnauthorized })
	rosa.signIn()
}

// waitTrouble waits for the log line about a trouble, and returns its text.
func (p *process) waitTrouble(name string) (said string) {
	p.t.Helper()
	within(p.t, patience, "the log tells of "+name, func() bool {
		for _, entry := range p.log() {
			if entry["trouble"] == name {
				said, _ = entry["msg"].(string)
			}
		}
		return said != ""
	})
	return said
}

// removal removes a link, and checks that its access key and the local token end.
func (h *house) removal(owner, rosa *resident, server client.ID, tv *television) {
	t := h.t
	t.Helper()
	tv = rosa.watch(tv.id) // with the current access key
	_, token := tv.mustExchange(h.connect)
	owner.removes(rosa, server)
	took := within(t, patience, "the exchange fails", func() bool { status, _, _ := tv.exchange(h.connect); return status != http.StatusOK })
	within(t, patience, "the local token has ended", func() bool { return info(t, h.local, token) == http.StatusUnauthorized })
	t.Logf("the removal reached the media server after %v", took)
	h.agent.waitLog("resolved") // the outage is over
}

// guest invites a guest and checks their local user.
func (h *house) guest(w *town, owner *resident, server client.ID) {
	t := h.t
	t.Helper()
	friend := w.signUp("friend")
	owner.invites(friend, server, "")
	tv := friend.watch("phone-1")
	var localUser, token string
	within(t, patience, "the guest gets in", func() bool {
		_, localUser, token = tv.exchange(h.connect)
		return token != ""
	})
	if status := info(t, h.local, token); status != http.StatusOK {
		t.Errorf("System/Info for the guest: %d, want %d", status, http.StatusOK)
	}
	if localUser == "" || !lineWith(h.users(), "friend", "guest") {
		t.Errorf("users\n%s\nwant a guest", h.users())
	}
	owner.removes(friend, server)
	within(t, patience, "the guest is shut out", func() bool { return info(t, h.local, token) == http.StatusUnauthorized })
	within(t, patience, "the guest's local user is disabled", func() bool { return lineWith(h.users(), "friend", "disabled") })
}

// users returns the list of local users that an admin reads.
func (h *house) users() string { return command(h.t, "", "agent", "users", "--data-dir="+h.folder) }

// TestCommandsAtTheMachine uses the commands while the agent runs.
func TestCommandsAtTheMachine(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildHouse(owner, "Grandma", "Milo")
	owner.owns("Grandma")
	folder := "--data-dir=" + h.folder
	if said := command(t, "", "agent", "link", folder, "grandma", "rosa"); !strings.Contains(said, "as soon as the person accepts") {
		t.Errorf("%s, want it to contain %q", said, "as soon as the person accepts")
	}
	if !lineWith(h.users(), "Grandma", "rosa", "waiting for the person") || !lineWith(h.users(), "Milo", "active", "-") {
		t.Errorf("users\n%s\nwant Grandma waiting for rosa, and Milo without a link", h.users())
	}
	links, err := rosa.Links.List(t.Context(), "")
	if err != nil || len(links) != 1 {
		t.Fatalf("%v, %d links, want 1 link", err, len(links))
	}
	if err := rosa.Links.Accept(t.Context(), links[0].ID); err != nil {
		t.Fatal(err)
	}
	tv := rosa.watch("television-1")
	_, token := tv.mustExchange(h.connect)
	within(t, patience, "the link is accepted", func() bool { return lineWith(h.users(), "Grandma", "rosa", "linked") })
	status := command(t, "", "agent", "status", folder)
	for name, want := range map[string]string{"registered": "as server", "owner": "anna", "service": w.url(), "media server": "Living Room", "links": "1 accepted, 0 waiting", "local tokens": "1"} {
		if !regexp.MustCompile(`(?m)^` + name + `  +.*` + regexp.QuoteMeta(want)).MatchString(status) {
			t.Errorf("%s: no %q in\n%s", name, want, status)
		}
	}
	command(t, "", "agent", "unlink", folder, "Grandma")
	within(t, patience, "the local token has ended", func() bool { return info(t, h.local, token) == http.StatusUnauthorized })
	if said := command(t, "", "agent", "invite", folder, "--until="+time.Now().AddDate(1, 0, 0).Format(time.DateOnly), "--note=Come in", "new@example.org"); !strings.Contains(said, "new@example.org is invited") {
		t.Errorf("%s, want it to contain %q", said, "new@example.org is invited")
	}
	w.mail("invite", "new@example.org")
	if said := command(t, "", "agent", "healthcheck", folder, "--listen="+h.agent.address); said != "ready\n" {
		t.Errorf("%q, want %q", said, "ready\n")
	}
	for want, arguments := range map[string][]string{
		`the media server has no local user "Nobody"`: {"link", "Nobody", "rosa"},
		"has no account nobody that can be linked":    {"link", "Milo", "nobody"},
		"Milo is not linked":                          {"unlink", "Milo"},
		"the media server has no library":             {"invite", "--library=Nothing", "rosa"},
		"is not a date; write it like":                {"invite", "--until=soon", "rosa"},
		"has passed":                                  {"invite", "--until=2020-01-01", "rosa"},
	} {
		refused(t, want, "", append([]string{"agent", folder}, arguments...)...)
	}
}

// TestAllowAtTheMachine allows a local user, and ends the permission again, while the agent runs.
func TestAllowAtTheMachine(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildHouse(owner, "Grandma", "Milo's room")
	folder := "--data-dir=" + h.folder
	says := func(said string, want ...string) {
		t.Helper()
		for _, one := range want {
			if !strings.Contains(said, one) {
				t.Errorf("%s, want it to contain %q", said, one)
			}
		}
	}
	says(command(t, "", "agent", "allow", folder), "All local users that may be linked are allowed.")
	says(command(t, "", "agent", "disallow", folder, "milo's room"), "Milo's room is no longer allowed.")
	server, users := owner.owns("Grandma", "Milo's room")
	owner.invites(rosa, server, users["Milo's room"])
	within(t, patience, "the link waits", func() bool { return lineWith(h.users(), "Milo's room", "rosa", "waits for your yes") })
	tv := rosa.watch("television-1")
	if status, _, _ := tv.exchange(h.connect); status != http.StatusForbidden {
		t.Errorf("exchange: %d, want %d", status, http.StatusForbidden)
	}
	within(t, patience, "the trouble", func() bool {
		return strings.Contains(command(t, "", "agent", "status", folder), "a link waits for a yes at this machine")
	})
	says(command(t, "", "agent", "status", folder), "waits for your yes", `Milo's room, for the account rosa: latchkey agent allow 'Milo'\''s room'`)
	says(command(t, "", "agent", "allow", folder), "Milo's room", "the account rosa", `latchkey agent allow 'Milo'\''s room'`, "latchkey agent allow --listed")
	says(command(t, "", "agent", "allow", folder, "milo's room", "Grandma"), "Milo's room is allowed", "Grandma is allowed")
	_, token := tv.mustExchange(h.connect)
	command(t, "", "agent", "disallow", folder, "Milo's room")
	within(t, patience, "the local token has ended", func() bool { return info(t, h.local, token) == http.StatusUnauthorized })
	for want, arguments := range map[string][]string{
		"Milo's room was not allowed":                 {"disallow", "Milo's room"},
		`the media server has no local user "Nobody"`: {"disallow", "Nobody"},
		`has no local user "Somebody"`:                {"allow", "Grandma", "Somebody"},
		"give either names or --listed":               {"allow", "--listed", "Grandma"},
	} {
		refused(t, want, "", append([]string{"agent", folder}, arguments...)...)
	}
	says(command(t, "", "agent", "allow", folder, "--listed"), "Milo's room is allowed")
}

// TestAgentIsKilled kills the agent while it works. Nothing must be lost, and the agent must do the
// remaining work after its next start.
func TestAgentIsKilled(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildHouse(owner, "Grandma")
	server, users := owner.owns("Grandma")
	owner.invites(rosa, server, users["Grandma"])
	tv := rosa.watch("television-1")
	localUser, token := tv.mustExchange(h.connect)
	address := h.agent.address
	h.agent.kill()
	if status, _, _ := tv.exchange(h.connect); status != http.StatusBadGateway {
		t.Errorf("an exchange without an agent: %d, want 502", status)
	}
	if status := info(t, h.local, token); status != http.StatusOK {
		t.Errorf("the builtin media server lives on: %d, want %d", status, http.StatusOK)
	}
	h.agent = startAgent(t, h.folder, "--listen="+address)
	if again, _ := tv.mustExchange(h.connect); again != localUser {
		t.Errorf("local user %s became %s, want %v", localUser, again, localUser)
	}
	_, token = tv.mustExchange(h.connect)
	h.agent.kill()
	owner.removes(rosa, server)
	h.agent = startAgent(t, h.folder, "--listen="+address)
	within(t, patience, "what was missed is done", func() bool { return info(t, h.local, token) == http.StatusUnauthorized })
	h.agent.stop()
	h.agent.waitLog("stopped")
}

// TestTwoAgents starts two agents with one data folder: the second must refuse to start. With a
// copy of the folder both run; the long form of the test waits until one of them notices the other.
func TestTwoAgents(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildHouse(owner, "Grandma")
	server, users := owner.owns("Grandma")
	refused(t, "another agent runs in this data folder", "", "agent", "--data-dir="+h.folder, "--discovery=off", "--listen=127.0.0.1:0")

	h.agent.stop()
	other := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(other, os.DirFS(h.folder)); err != nil {
		t.Fatal(err)
	}
	first, second := startAgent(t, h.folder), startAgent(t, other, "--addresses=http://127.0.0.1:9")
	ready(first)
	ready(second)
	owner.invites(rosa, server, users["Grandma"])
	tv := rosa.watch("television-1")
	tv.mustExchange("http://" + first.address)
	tv.mustExchange("http://" + second.address)
	if !long() { // agents report every five minutes; the tests of the package agent use a faster clock
		return
	}
	within(t, 30*time.Minute, "one of the two tells", func() bool { return tells(first, "two_agents")+tells(second, "two_agents") > 0 })
	if tells(first, "two_agents") > 1 || tells(second, "two_agents") > 1 {
		t.Errorf("%d and %d lines about two agents, want one", tells(first, "two_agents"), tells(second, "two_agents"))
	}
}

// tells returns how many lines of the log say that a trouble began.
func tells(p *process, trouble string) (lines int) {
	for _, entry := range p.log() {
		if entry["trouble"] == trouble && entry["level"] == "WARN" {
			lines++
		}
	}
	return lines
}
