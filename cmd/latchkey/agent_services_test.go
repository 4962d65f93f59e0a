package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/client"
)

// joins adds a second service, that of the club, to the agent of a house, with the commands that its owner
// would use. Then it starts the agent again. It returns the server and its local users at the club.
func (h *house) joins(owner *resident, flags []string, localUsers ...string) (server client.ID, users map[string]client.ID) {
	t := h.t
	t.Helper()
	folder := "--data-dir=" + h.folder
	said := command(t, owner.w.url()+"\n"+owner.claimCode()+"\n", "agent", "setup", folder, "--at=club")
	for _, want := range []string{"✓ A Latchkey service answers there.", "✓ Registered with the service as server ", "✓ Wrote ", "Restart the agent"} {
		if !strings.Contains(said, want) {
			t.Errorf("setup does not say %q:\n%s", want, said)
		}
	}
	h.agent.stop()
	h.agent = startAgentIn(t, h.environment, h.folder, flags...)
	ready(h.agent)
	return owner.owns(localUsers...)
}

// twoServices lets people of two services in at one house, kills the agent in between, and lets one service
// be away.
func (h *house) twoServices(family, club *town, ours, theirs *resident, flags func() []string) {
	t := h.t
	t.Helper()
	rosa, max := family.signUp("rosa"), club.signUp("max")
	home, users := ours.owns("Grandma", "Milo")
	away, theirUsers := h.joins(theirs, flags(), "Grandma", "Milo")
	folder := "--data-dir=" + h.folder
	said := refused(t, "this agent works for several Latchkeys: say for which one, with --at=main or --at=club", "", "agent", "allow", folder, "--listed")
	if strings.Contains(said, "is allowed") {
		t.Errorf("it allowed somebody at an unnamed Latchkey:\n%s", said)
	}
	refused(t, `knows no Latchkey "clob"`, "", "agent", "status", folder, "--at=clob")
	if said := command(t, "", "agent", "allow", folder); !strings.Contains(said, "latchkey agent allow --at=club --listed") {
		t.Errorf("allow\n%s\nwant the command for the club", said)
	}
	command(t, "", "agent", "allow", folder, "--at=main", "Grandma", "Milo")
	command(t, "", "agent", "allow", folder, "--at=club", "Milo")

	ours.invites(rosa, home, users["Grandma"])
	theirs.invites(max, away, theirUsers["Milo"])
	tv, phone := rosa.watch("television-1"), max.watch("phone-1")
	grandma, token := tv.mustExchange(h.connect)
	milo, _ := phone.mustExchange(h.connect)
	if grandma == milo || info(t, h.local, token) != http.StatusOK {
		t.Errorf("local users %s and %s, want two, and a token that works", grandma, milo)
	}

	// Each service makes a guest. The agent is killed while they are made.
	friend, member := family.signUp("friend"), club.signUp("friend")
	ours.invites(friend, home, "")
	theirs.invites(member, away, "")
	h.agent.kill()
	h.agent = startAgentIn(t, h.environment, h.folder, flags()...)
	ready(h.agent)
	if len(h.builtinFlags()) == 0 {
		h.connect = "http://" + h.agent.address
	}
	guests := map[string]bool{}
	for _, one := range []*resident{friend, member} {
		device := one.watch("phone-2")
		within(t, patience, "a guest gets in", func() bool {
			_, localUser, token := device.exchange(h.connect)
			guests[localUser] = token != ""
			return token != ""
		})
	}
	delete(guests, "")
	if len(guests) != 2 {
		t.Errorf("guests %v, want two, one for each service", guests)
	}
	said = command(t, "", "agent", "users", folder)
	main, rest, found := strings.Cut(said, "== club: "+club.url()+" ==")
	if !found || !strings.HasPrefix(main, "== main: "+family.url()+" ==\n") {
		t.Fatalf("users\n%s\nwant a part for each service", said)
	}
	if strings.Count(main, "friend") != 2 || strings.Count(rest, "friend") != 2 || !lineWith(main, "Grandma", "rosa") || !lineWith(rest, "Milo", "max") || lineWith(rest, "Grandma", "rosa") {
		t.Errorf("users\n%s\nwant each service with its own guest and link alone", said)
	}

	// The club goes away for good. The family's people come and go as before.
	club.service.stop()
	if _, token := rosa.watch("television-2").mustExchange(h.connect); info(t, h.local, token) != http.StatusOK {
		t.Errorf("a token of the family does not work while the club is away")
	}
	if localUser, _ := phone.mustExchange(h.connect); localUser != milo {
		t.Errorf("the club's member is local user %s, want %s, by offline trust", localUser, milo)
	}
	ours.removes(friend, home)
	within(t, patience, "the family's guest is disabled", func() bool {
		return lineWith(command(t, "", "agent", "users", folder, "--at=main"), "friend", "disabled")
	})
	if lineWith(command(t, "", "agent", "users", folder, "--at=club"), "friend", "disabled") {
		t.Errorf("the club's guest was disabled with the family's")
	}
	club.open()
}

// builtinFlags returns the flags of the builtin media server, if it runs beside the agent.
func (h *house) builtinFlags() []string {
	if h.builtin == nil {
		return nil
	}
	return h.flags
}

// TestTwoServicesAtOneAgent uses one agent with two services, beside the builtin media server.
func TestTwoServicesAtOneAgent(t *testing.T) {
	t.Parallel()
	family, club := newTown(t), newTown(t)
	ours, theirs := family.signUp("anna"), club.signUp("carl")
	h := buildHouse(ours, "Grandma", "Milo")
	command(t, "", "agent", "disallow", "--data-dir="+h.folder, "Milo")
	h.twoServices(family, club, ours, theirs, func() []string { return h.flags })
	info, err := os.Stat(filepath.Join(h.folder, "services", "club", "service.yaml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the settings of the club: %v with error %v, want a file that only its owner reads", info, err)
	}
	family.keepsSecrets(h.folder, family.service, h.agent)
	club.keepsSecrets(h.folder, club.service, h.agent)
}

// TestTwoServicesBesideJellyfin does the same beside a Jellyfin server.
func TestTwoServicesBesideJellyfin(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "10.11")
	jellyfin.AddUser("Grandma", "local password", false)
	jellyfin.AddUser("Milo", "local password", false)
	family, club := newTown(t), newTown(t)
	ours, theirs := family.signUp("anna"), club.signUp("carl")
	h := buildBesideJellyfin(ours, jellyfin, "")
	command(t, "", "agent", "disallow", "--data-dir="+h.folder, "Milo")
	address := "--listen=" + h.agent.address
	h.twoServices(family, club, ours, theirs, func() []string { return []string{address} })
}

// TestNamesOfServices refuses names that could be a path or another service.
func TestNamesOfServices(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"main", "", "..", "a/b", "Club", "1club", "club.x", "a~latchkey-b", "far-too-long-for-a-name"} {
		if checkServiceName(name) == nil {
			t.Errorf("the name %q is taken, want it refused", name)
		}
	}
	for _, name := range []string{"club", "c", "film-club-2"} {
		if err := checkServiceName(name); err != nil {
			t.Errorf("the name %q: error %v, want none", name, err)
		}
	}
}
