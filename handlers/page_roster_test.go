package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// crowd makes the agent of a server report a number of local users, and nothing else that changes.
func (m *runServer) crowd(n int) {
	m.t.Helper()
	in := models.Report{Registration: models.Registration{
		Name: "Attic", SystemID: "a-attic", Version: "1.0", Kind: models.ServerAgent, WAN: []string{"https://attic.example.org"},
	}}
	for i := range n {
		in.LocalUsers = append(in.LocalUsers, models.LocalUser{ExternalID: fmt.Sprint("u", i), Name: fmt.Sprintf("User %04d", i)})
	}
	if _, err := m.site.Store.Agents.Report(m.t.Context(), m.look(), in); err != nil {
		m.t.Fatal(err)
	}
}

// The pages of an owner run as many statements for a thousand local users as for ten.
func TestServerPagesRunFewStatements(t *testing.T) {
	t.Parallel()
	eachBusySite(t, func(t *testing.T, s *site) {
		owner := s.browser(t)
		owner.signIn(owner.join("ann"))
		attic := owner.runsAttic()
		c := s.counter(t)
		for _, n := range []int{10, 1000} {
			attic.crowd(n)
			one := owner.person(attic, "User 0003")
			for path, want := range map[string]int{
				attic.page(): 13, attic.page() + "/people": 4, attic.page() + "/people?status=free&name=user": 3, one: 7, one + "/way-in": 6,
			} {
				owner.get(path)
				c.take()
				owner.see(owner.get(path), http.StatusOK)
				if got := c.take(); len(got) != want {
					t.Errorf("%d local users, %s: %d statements, want %d: %q", n, path, len(got), want, got)
				}
			}
		}
	})
}

// The list is turned page by page, keeps its filters while it is turned, and ends with the last local user.
func TestRosterIsTurned(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	owner, stranger := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	stranger.signIn(stranger.join("mallory"))
	attic := owner.runsAttic()
	attic.crowd(45)
	next := regexp.MustCompile(`rel="next" href="([^"]+)"`)
	path, sizes, names := attic.page()+"/people?status=free&name=user", []int{}, map[string]bool{}
	for path != "" {
		page := owner.get(path)
		owner.see(page, http.StatusOK)
		rows := regexp.MustCompile(`<h3 class="value"><a href="[^"]+">([^<]+)</a>`).FindAllStringSubmatch(page.body, -1)
		sizes = append(sizes, len(rows))
		for _, row := range rows {
			names[row[1]] = true
		}
		path = ""
		if found := next.FindStringSubmatch(page.body); found != nil {
			path = strings.ReplaceAll(found[1], "&amp;", "&")
			if !strings.Contains(path, "status=free") || !strings.Contains(path, "name=user") {
				t.Errorf("the next page %s has lost its filters", path)
			}
		}
	}
	if fmt.Sprint(sizes) != "[12 12 12 9]" || len(names) != 45 {
		t.Errorf("pages of %v with %d names, want 12 on each but the last, and 45", sizes, len(names))
	}
	owner.says(attic.page()+"/people?name="+url.QueryEscape("0044"), "User 0044", "but not", "User 0043")
	owner.says(attic.page()+"/people?name=nobody", "Nobody fits.")
	owner.see(owner.get(attic.page()+"/people?status=x"), http.StatusNotFound)
	owner.see(owner.get(attic.page()+"/people?before=x"), http.StatusNotFound)
	owner.see(owner.get(attic.page()+"/people/7"), http.StatusNotFound)
	owner.see(owner.get(attic.page()+"/people/x/way-in"), http.StatusNotFound)
	for _, part := range []string{"", "/people", "/settings", "/people/" + owner.localUser(attic, "User 0001"), "/people/" + owner.localUser(attic, "User 0001") + "/way-in"} {
		stranger.see(stranger.get(attic.page()+part), http.StatusNotFound)
	}
}

// The state that the agent tells is shown in the row, on the page of the person, and on the page that explains why they
// cannot get in.
func TestRosterShowsWhatTheAgentTells(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, dora := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	dora.signIn(s.account(t, "dora"))
	attic := owner.runsAttic()
	anna := owner.localUser(attic, "Anna")
	owner.says(attic.page()+"/people/"+anna+"/way-in", "No account is linked", "has not told yet")
	owner.led(owner.post("/invites", "server", attic.id(), "to", "dora", "local_user_id", anna, "server."+attic.id(), "on"), attic.page())
	dora.led(dora.post("/invites/accept", "id", dora.idIn("/invitations")), attic.page()+"/start")
	page := owner.person(attic, "dora")
	tell := func(words ...string) {
		t.Helper()
		err := s.Store.Agents.TellLocalUserStates(t.Context(), attic.look(), models.AgentFacts{Version: "9.8.7"},
			[]models.LocalUserState{{ExternalID: "u1", SeenAt: s.Clock.Now(), Devices: 3, KeptOut: words}})
		if err != nil {
			t.Fatal(err)
		}
	}
	tell()
	owner.says(attic.page(), "agent 9.8.7")
	for _, path := range []string{attic.page() + "/people", page} {
		owner.says(path, "3 devices", "Last seen:", "4 March 2026")
	}
	owner.says(page, "Why can’t they get in?", page+"/way-in")
	owner.says(page+"/way-in", "Devices get no address of this server", "Its agent last told", "but not", "Nothing here is wrong")
	attic.crowd(1) // with an address from outside, and without Anna
	owner.says(page+"/way-in", "Their user was deleted on the media server")
	attic.report(models.Registration{Name: "Attic", SystemID: "a-attic", Version: "1.0", Kind: models.ServerAgent, WAN: []string{"https://attic.example.org"}})
	owner.says(page+"/way-in", "Nothing here is wrong", "What cannot be seen from here", "Is in order")
	tell(models.KeptOutHours)
	owner.says(page+"/way-in", "at other hours only", "but not", "Nothing here is wrong")
}
