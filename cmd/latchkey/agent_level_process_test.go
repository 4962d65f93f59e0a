package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/client"
)

// levelPIN is the PIN of everybody in the tests of levels. It has letters, so that no number in a log or an id is taken for it.
const levelPIN = "otter8305"

// cinema is a town with a media server whose owner has protected it, a guest with a PIN, and the guest's
// television.
type cinema struct {
	*house

	w            *town
	owner, guest *resident
	server       client.ID
	tv           *television
	token        string // of the television at the media server; "" before it was let in
	clock        string // the file that says by how much all clocks are ahead
}

// buildCinema builds a cinema with the demo's catalogue: every day the cartoons for everybody, and everything
// after the PIN. door says whether nobody comes in without the PIN.
func buildCinema(t *testing.T, door bool) *cinema {
	t.Helper()
	c := &cinema{clock: filepath.Join(t.TempDir(), "ahead")}
	setClock(t, c.clock, 0)
	clock := []string{clockFile + "=" + c.clock}
	c.w = &town{t: t, data: t.TempDir(), address: "127.0.0.1:0", environment: clock}
	c.w.open()
	c.owner, c.guest = c.w.signUp("anna"), c.w.signUp("milo")
	c.house = buildHouseIn(c.owner, clock, []string{"--catalogue=demo"})
	c.server, _ = c.owner.owns()
	c.w.done(c.guest.PINs.Set(t.Context(), levelPIN, ""))
	cartoons, rating := c.owner.choices(c.server, "Cartoons", "G")
	c.w.done(c.owner.Protections.Set(t.Context(), c.server, client.Protection{
		Active: true, PINRequired: door, Everyday: client.Level{Libraries: []string{cartoons}, MaxRating: &rating}, Unlocked: &client.Level{},
	}))
	c.owner.invites(c.guest, c.server, "")
	c.tv = c.guest.watch("television-1")
	return c
}

// choices waits until the media server has reported a library and a rating, and returns the id of the library
// and the rating.
func (r *resident) choices(server client.ID, library, rating string) (id string, found client.LevelRating) {
	r.w.t.Helper()
	within(r.w.t, patience, "the library and the rating are reported", func() bool {
		detail, err := r.Servers.Get(r.w.t.Context(), server)
		r.w.done(err)
		protection, err := r.Protections.Get(r.w.t.Context(), server)
		r.w.done(err)
		l := slices.IndexFunc(detail.Libraries, func(one client.Library) bool { return one.Name == library })
		of := slices.IndexFunc(protection.Choices.Ratings, func(one client.LevelRating) bool { return one.Name == rating })
		if l < 0 || of < 0 {
			return false
		}
		id, found = detail.Libraries[l].ID, protection.Choices.Ratings[of]
		return true
	})
	return id, found
}

// unlock opens what the PIN of the guest protects, and returns the id of the unlock.
func (c *cinema) unlock(minutes int) client.ID {
	c.t.Helper()
	opened, err := c.guest.Unlocks.Open(c.t.Context(), client.Unlock{ServerIDs: []client.ID{c.server}, PIN: levelPIN, Minutes: minutes})
	if err != nil || len(opened) != 1 || opened[0].ID == "" {
		c.t.Fatalf("unlock: %+v, %v; want one that is open", opened, err)
	}
	return opened[0].ID
}

// enter waits until the guest's television is let in.
func (c *cinema) enter() {
	c.t.Helper()
	within(c.t, patience, "the television is let in", func() bool {
		status, _, token := c.tv.exchange(c.connect)
		c.token = token
		return status == http.StatusOK
	})
}

// titles returns the names of the films and series that the television sees, sorted.
func (c *cinema) titles() []string {
	c.t.Helper()
	list := fetch[struct {
		Items []struct{ Name string }
		Total int `json:"TotalRecordCount"`
	}](c.t, http.MethodGet, c.local+"/Items?Recursive=true&IncludeItemTypes=Movie,Series", nil, "X-Emby-Token", c.token)
	var names []string
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	if list.Total != len(names) {
		c.t.Errorf("the list tells of %d items and has %d, want the same number", list.Total, len(names))
	}
	slices.Sort(names)
	return names
}

// hasShortList waits until the television sees what the everyday level shows.
func (c *cinema) hasShortList() {
	c.t.Helper()
	within(c.t, patience, "the short list", func() bool { return slices.Equal(c.titles(), []string{"Captain Kettle"}) })
}

// hasLongList waits until the television sees the whole catalogue.
func (c *cinema) hasLongList() {
	c.t.Helper()
	const filmsAndSeries = 15
	within(c.t, patience, "the long list", func() bool {
		titles := c.titles()
		return len(titles) == filmsAndSeries && slices.Contains(titles, "Salt and Wire")
	})
}

// pass lets time pass for the service and the agent.
func (c *cinema) pass(ahead time.Duration) {
	c.t.Helper()
	setClock(c.t, c.clock, ahead)
}

// state waits until the owner's page tells this state of the guest's level.
func (c *cinema) state(want string) {
	c.t.Helper()
	within(c.t, patience, "the owner reads the state "+want, func() bool {
		protection, err := c.owner.Protections.Get(c.t.Context(), c.server)
		c.w.done(err)
		return len(protection.People) == 1 && protection.People[0].State == want
	})
}

// refusal waits until the television is refused, and returns the reason that the answer names for programs and
// the text for people.
func (tv *television) refusal(address string) (code, text string) {
	tv.t.Helper()
	within(tv.t, patience, "the television is refused", func() bool {
		request, err := http.NewRequestWithContext(tv.t.Context(), http.MethodGet, address+"/Connect/Exchange?format=json&ConnectUserId="+tv.accountID, nil)
		if err != nil {
			tv.t.Fatal(err)
		}
		request.Header.Set("X-Emby-Token", tv.servers[0].AccessKey)
		request.Header.Set("X-Emby-Authorization", `MediaBrowser Client="Test TV", Device="den", DeviceId="`+tv.id+`", Version="1.0"`)
		response, err := oneShot().Do(request)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body := make([]byte, 1000)
		n, _ := response.Body.Read(body)
		code, text = response.Header.Get("X-Application-Error-Code"), string(body[:n])
		return response.StatusCode == http.StatusForbidden
	})
	return code, text
}

// wantPINAsked fails the test unless the television is refused because the PIN is missing.
func (c *cinema) wantPINAsked() {
	c.t.Helper()
	code, text := c.tv.refusal(c.connect)
	if code != "ParentalControl" || !strings.Contains(text, c.w.url()+"/unlock") {
		c.t.Errorf("refused with %q and %q, want ParentalControl and the address of the page", code, text)
	}
}

// TestPINOpensALevel protects a media server with the service, the agent and the builtin media server as three
// processes. The television of a guest is refused, is let in with the same access key after the PIN, and sees the
// long list until the guest locks the server.
func TestPINOpensALevel(t *testing.T) {
	t.Parallel()
	c := buildCinema(t, true)
	c.wantPINAsked()
	within(t, patience, "the guest reads which device asked", func() bool {
		list, err := c.guest.Unlocks.List(t.Context(), "")
		c.w.done(err)
		return len(list) == 1 && list[0].AskedDevice == "den" && list[0].AskedClient == "Test TV"
	})
	id := c.unlock(60)
	c.enter()
	c.hasLongList()
	c.state(client.LevelUnlocked)
	c.w.done(c.guest.Unlocks.Close(t.Context(), id))
	c.hasShortList()
	c.state(client.LevelEveryday)
	c.wantPINAsked()
	if status := info(t, c.local, c.token); status != http.StatusOK {
		t.Errorf("System/Info after the unlock: %d, want %d, because who is in stays in", status, http.StatusOK)
	}
	c.w.remember(levelPIN)
	c.w.keepsSecrets(c.folder, c.w.service, c.agent, c.builtin)
}

// TestLevelEndsByTime lets the time of an unlock pass: first with the service, then while the service is away.
func TestLevelEndsByTime(t *testing.T) {
	t.Parallel()
	c := buildCinema(t, false)
	c.enter()
	c.hasShortList()
	c.unlock(60)
	c.hasLongList()
	c.pass(59 * time.Minute)
	c.hasLongList()
	c.pass(61 * time.Minute)
	c.hasShortList()
	c.state(client.LevelEveryday)
	if list, err := c.guest.Unlocks.List(t.Context(), ""); err != nil || len(list) != 1 || list[0].ID != "" {
		t.Errorf("open after the time: %+v, %v; want nothing", list, err)
	}

	c.unlock(15)
	c.hasLongList()
	c.w.service.stop()
	c.pass(77 * time.Minute)
	c.hasShortList()
	c.w.open()
	c.hasShortList()
	c.state(client.LevelEveryday)
}

// TestAgentIsKilledDuringUnlocks kills the agent during 20 unlocks: while it opens one, while it closes one, and
// after the time of one has passed. Each time the everyday level is back after the next start.
func TestAgentIsKilledDuringUnlocks(t *testing.T) {
	t.Parallel()
	c := buildCinema(t, false)
	c.enter()
	c.hasShortList()
	var ahead time.Duration
	for i := range 20 {
		id := c.unlock(60)
		switch i % 4 {
		case 0: // it is killed while it opens, and the guest locks the server meanwhile
			c.dies()
			c.w.done(c.guest.Unlocks.Close(t.Context(), id))
		case 1: // it is killed while it opens, and the time passes meanwhile
			c.dies()
			ahead += 61 * time.Minute
		case 2: // it is killed while it closes
			c.hasLongList()
			c.w.done(c.guest.Unlocks.Close(t.Context(), id))
			c.dies()
		default: // it is killed while the time ends, and the service is away afterwards
			c.hasLongList()
			ahead += 61 * time.Minute
			c.pass(ahead)
			c.dies()
			c.w.service.stop()
		}
		c.pass(ahead)
		c.start()
		c.hasShortList()
		if !c.w.service.running() {
			c.w.open()
		}
	}
	c.state(client.LevelEveryday)
	c.unlock(60)
	c.hasLongList() // so it has not only got stuck
}

// dies kills the agent at a random moment in the near future.
func (c *cinema) dies() {
	time.Sleep(rand.N(150 * time.Millisecond))
	c.agent.kill()
}

// TestLevelCommandsAtTheMachine unlocks and locks with the commands while the agent runs, also while the service is
// away.
func TestLevelCommandsAtTheMachine(t *testing.T) {
	t.Parallel()
	c := buildCinema(t, true)
	c.wantPINAsked()
	folder := "--data-dir=" + c.folder
	levels := func() string { return command(t, "", "agent", "levels", folder) }
	within(t, patience, "the command tells of the everyday level", func() bool {
		return lineWith(levels(), "milo", "everyday, nobody new comes in without the PIN")
	})
	if said := command(t, "", "agent", "unlock", folder, "milo", "--minutes=30"); !strings.Contains(said, "is unlocked until ") {
		t.Errorf("%s, want it to say until when it is unlocked", said)
	}
	c.enter()
	c.hasLongList()
	if said := levels(); !lineWith(said, "milo", "unlocked") || lineWith(said, "milo", "everyday") {
		t.Errorf("levels\n%s\nwant milo unlocked", said)
	}
	if said := command(t, "", "agent", "lock", folder, "MILO"); !strings.Contains(said, "is locked") {
		t.Errorf("%s, want it to say that it is locked", said)
	}
	c.hasShortList()
	c.wantPINAsked()

	c.w.service.stop()
	command(t, "", "agent", "unlock", folder, "milo")
	c.hasLongList()
	command(t, "", "agent", "lock", folder, "milo")
	c.hasShortList()
	for want, arguments := range map[string][]string{
		"from 1 to 1440 minutes": {"unlock", "milo", "--minutes=1441"},
		"Nobody":                 {"unlock", "Nobody"},
		"Somebody":               {"lock", "Somebody"},
	} {
		refused(t, want, "", append([]string{"agent", folder}, arguments...)...)
	}
}

// TestLevelsBesideJellyfin protects each version of Jellyfin. Both levels arrive as whole policies, in which only
// the members of the level differ from what the administrator gave, also when the administrator changes another one
// meanwhile.
func TestLevelsBesideJellyfin(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.9", "10.10", "10.11", "12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			jellyfin := jellyfintest.New(t, version)
			id := jellyfin.AddUser("Kid", "local password", false)
			jellyfin.SetPolicy(id, "MaxActiveSessions", "7")
			jellyfin.SetPolicy(id, "EnableVideoPlaybackTranscoding", "false")
			jellyfin.SetPolicy(id, "OfALaterVersion", `{"kept":[1,2]}`)
			jellyfin.AddFilm("Films", "Quayside Nine", "G")
			w := newTown(t)
			owner, kid := w.signUp("anna"), w.signUp("kid")
			h := buildBesideJellyfin(owner, jellyfin, "", "--levels=linked")
			server, users := owner.owns("Kid")
			films, rating := owner.choices(server, "Films", "G")
			w.done(kid.PINs.Set(t.Context(), levelPIN, ""))
			owner.invites(kid, server, users["Kid"])
			kid.watch("television-1").mustExchange(h.connect)

			given := policyOf(t, jellyfin, id)
			w.done(owner.Protections.Set(t.Context(), server, client.Protection{
				Active:   true,
				Everyday: client.Level{Libraries: []string{films}, MaxRating: &rating, Unrated: []string{"Movie"}, MayNot: []string{client.LevelDownload}},
				Unlocked: &client.Level{MayNot: []string{client.LevelDownload}},
			}))
			everyday := []string{ // a list of libraries stands for channels and live television, too
				"BlockUnratedItems", "EnableAllChannels", "EnableAllFolders", "EnableContentDownloading", "EnableLiveTvAccess", "EnabledFolders", "MaxParentalRating",
			}
			if rating.Sub != nil {
				everyday = append(everyday, "MaxParentalSubRating")
			}
			differs := func(want []string) {
				t.Helper()
				within(t, patience, fmt.Sprintf("the policy differs in %v", want), func() bool {
					return slices.Equal(differing(given, policyOf(t, jellyfin, id)), want)
				})
			}
			differs(everyday)
			opened, err := kid.Unlocks.Open(t.Context(), client.Unlock{ServerIDs: []client.ID{server}, PIN: levelPIN, Minutes: 60})
			w.done(err)
			differs([]string{"EnableContentDownloading"})
			jellyfin.SetPolicy(id, "MaxActiveSessions", "9") // not a member of a level
			given["MaxActiveSessions"] = float64(9)
			w.done(kid.Unlocks.Close(t.Context(), opened[0].ID))
			differs(everyday)
			if said := command(t, "", "agent", "levels", "--data-dir="+h.folder); !lineWith(said, "Kid", "everyday") {
				t.Errorf("levels\n%s\nwant Kid at the everyday level", said)
			}
			owner.removes(kid, server)
			differs(nil)
		})
	}
}

// policyOf returns the policy of a local user. It leaves out the list of libraries if the policy shows all
// libraries: then Jellyfin ignores the list, and the agent does not change it.
func policyOf(t *testing.T, jellyfin *jellyfintest.Server, id string) map[string]any {
	t.Helper()
	user, ok := jellyfin.User(id)
	if !ok {
		t.Fatalf("the media server has no local user %s, want one", id)
	}
	policy := map[string]any{}
	for member, raw := range user.Policy {
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			t.Fatal(err)
		}
		policy[member] = value
	}
	if policy["EnableAllFolders"] == true {
		delete(policy, "EnabledFolders")
	}
	return policy
}

// differing returns the names of the members in which two policies differ, sorted.
func differing(a, b map[string]any) (members []string) {
	for member := range a {
		if _, has := b[member]; !has || !cmp.Equal(a[member], b[member]) {
			members = append(members, member)
		}
	}
	for member := range b {
		if _, has := a[member]; !has {
			members = append(members, member)
		}
	}
	slices.Sort(members)
	return members
}
