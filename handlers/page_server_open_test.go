package handlers_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestOpenServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, guest := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	guest.signIn(guest.join("carla"))
	den := owner.owns("Den")
	owner.led(owner.post(den.page()+"/addresses", "address", "https://[2001:db8::1]:8920"), den.page()+"/settings")
	owner.led(owner.post(den.page()+"/addresses", "address", "https://den.example.org/media/jellyfin/"), den.page()+"/settings")
	guest.led(guest.post("/invitations/accept", "id", strconv.FormatInt(den.ask("carla", models.LinkGuest).ID, 10)), den.page()+"/start")

	a := guest.get(den.page() + "/open")
	guest.see(a, http.StatusOK, "Open Den", den.Server.SystemID, "/static/js/server_open.")
	var urls []string
	for _, link := range regexp.MustCompile(`<a class="button button-quiet" href="([^"]+)"[^>]*?( data-probe)?>`).FindAllStringSubmatch(a.body, -1) {
		urls = append(urls, link[1]+link[2])
	}
	want := "https://media.example.org:443 data-probe https://den.example.org:443/media/jellyfin data-probe http://192.168.1.20:8096"
	if got := strings.Join(urls, " "); got != want {
		t.Errorf("addresses are %q, want %q", got, want)
	}
	// In a policy, a path includes all paths below it only if it ends with a slash.
	want = "; connect-src 'self' https://media.example.org:443 https://den.example.org:443/media/jellyfin/; "
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, want) {
		t.Errorf("policy %q, want it to contain %q", policy, want)
	}
	owner.see(owner.get(den.page()+"/open"), http.StatusNotFound)

	// A server that an operator disabled is still listed, and the person can
	// leave it.
	if err := s.Store.OperatedServers.Disable(t.Context(), models.CommandLine, den.Server.ID); err != nil {
		t.Fatal(err)
	}
	guest.says("/servers", "Den", "Switched off by the operator of this service", `action="/servers/leave"`, "but not", den.page()+"/open")
	guest.see(guest.get(den.page()+"/open"), http.StatusForbidden, "<h1>Switched off</h1>", `href="/servers">Your servers`)
	owner.see(owner.get(den.page()+"/open"), http.StatusNotFound)
	owner.says(den.page(), "has switched this server off")
	owner.says(den.page()+"/people", "carla")
	guest.led(guest.post("/servers/leave", "id", guest.idIn("/servers")), "/servers", "You have left", "None yet")
}
