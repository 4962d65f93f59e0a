package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// reportsVersion makes the agent report the version of its media server, the addresses where it is,
// and whether it can approve codes.
func (m *runServer) reportsVersion(version string, can bool, wan ...string) {
	m.t.Helper()
	_, err := m.site.Store.Agents.Report(m.t.Context(), m.look(), models.Report{
		Registration: models.Registration{
			Name: "Attic", SystemID: "a-attic", Version: version, Kind: models.ServerAgent,
			LAN: []string{"http://192.168.1.20:8096"}, WAN: wan,
		}, QuickConnect: can,
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// The page says for each device what to do. It has the addresses as people type them, and never an
// address in brackets.
func TestStartPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attic, gina, _ := s.quickHome(t)
	attic.reportsVersion("10.11.2", true, "https://films.example.org", "https://[2001:db8::1]:8920")
	at := attic.page() + "/start"
	gina.says("/servers", `href="`+at+`"`, "How do I get in?")
	gina.says(at, "You are in: Attic", `aria-current="page"`, attic.page()+"/open", "Press Quick Connect", `name="code"`, "but not", "ann writes")
	gina.says(at+"?on=android", "Google Play", "org.jellyfin.mobile", ">https://films.example.org</code>", ">http://192.168.1.20:8096</code>",
		"at home only", `class="qr"`, "but not", "2001:db8", "films.example.org:443", "Jellyfin 12")
	gina.says(at+"?on=kodi", "JellyCon", "knows no Quick Connect")
	gina.says(at+"?on=nothing", attic.page()+"/open")
	attic.reportsVersion("12.0.0", false)
	gina.says(at+"?on=apple_tv", "Swiftfin", "Jellyfin 12", "does not take Quick Connect now", "but not", `name="code"`)
	gina.says(at+"?on=webos", "but not", "Jellyfin 12")
	attic.reportsVersion("4.8.11.0", false)
	gina.says(at, "it has no films", "/service</code>", "but not", "Quick Connect", "Google Play")
}

// On a phone, the page first shows the app for that phone.
func TestStartPageKnowsThePhone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attic, gina, _ := s.quickHome(t)
	attic.reportsVersion("10.11.2", true)
	for agent, app := range map[string]string{
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)": "Jellyfin Mobile",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8)":               "Google Play",
	} {
		gina.header.Set("User-Agent", agent)
		gina.says(attic.page()+"/start", app)
	}
}

// Six digits that are typed on the page reach the agent, the page waits for the agent, and a tick
// says that the first device is signed in.
func TestStartPageTakesDigits(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attic, gina, _ := s.quickHome(t)
	attic.reportsVersion("10.11.2", true)
	at := attic.page() + "/start"
	gina.wrong(gina.post(at, "on", "roku", "code", "12345"), "code")
	gina.see(gina.post(at, "on", "roku", "code", "12345"), http.StatusUnprocessableEntity, "Roku Channel Store")
	attic.nothingWaits()
	a := gina.post(at, "on", "roku", "code", "739 104")
	to := a.location()
	if a.status != http.StatusSeeOther || !strings.HasPrefix(to, at+"?on=roku&try=") || strings.Contains(to, "739") {
		t.Fatalf("status %d to %q, want 303 to %s with the try and without the digits", a.status, to, at)
	}
	wait, _, _ := strings.Cut(to, "#")
	asked := attic.waiting()
	if asked.Code != "739104" {
		t.Errorf("the agent gets %q, want 739104", asked.Code)
	}
	gina.says(wait, "Attic is being asked", `http-equiv="refresh"`, `data-state="asked"`, "Roku Channel Store", "but not", "Your first device")
	if err := s.Store.QuickConnects.Complete(t.Context(), attic.look(), asked.ID); err != nil {
		t.Fatal(err)
	}
	gina.says(wait, "The device is signed in at Attic", "Your first device is in", "but not", "data-ask", "http-equiv")
	gina.says(at, "Your first device is in", "but not", "The device is signed in at Attic")

	// A code that the media server does not know.
	bad, _, _ := strings.Cut(gina.post(at, "on", "roku", "code", "111111").location(), "#")
	if err := s.Store.QuickConnects.Fail(t.Context(), attic.look(), attic.waiting().ID, models.QuickCodeWrong); err != nil {
		t.Fatal(err)
	}
	gina.says(bad, "knows no such code now", `name="code"`)
	gina.says(at+"?try=7", "but not", "being asked")

	// A day later the password is asked for first, and no digits travel.
	s.Clock.Advance(25 * time.Hour)
	gina.led(gina.post(at, "on", "roku", "code", "739104"), "/account/confirm-password?return_to="+url.QueryEscape(at))
	attic.nothingWaits()
}

// Only the people of a server see its page, and nobody sees it while an operator has disabled the
// server.
func TestStartPageIsForThePeople(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attic, gina, _ := s.quickHome(t)
	attic.reportsVersion("10.11.2", true)
	at := attic.page() + "/start"
	stranger, visitor := s.browser(t), s.browser(t)
	stranger.signIn(stranger.join("mallory"))
	stranger.see(stranger.get(at), http.StatusNotFound)
	stranger.see(stranger.post(at, "code", "739104"), http.StatusNotFound)
	visitor.led(visitor.get(at), "/signin?return_to="+url.QueryEscape(at))
	if a := gina.from("cross-site", http.MethodPost, at); a.status != http.StatusForbidden {
		t.Errorf("digits from another site: %d, want %d", a.status, http.StatusForbidden)
	}
	attic.nothingWaits()
	if err := s.Store.OperatedServers.Disable(t.Context(), models.CommandLine, attic.Server.ID); err != nil {
		t.Fatal(err)
	}
	gina.see(gina.get(at), http.StatusForbidden, "Switched off")
	gina.says("/servers", "but not", at)
}

// The note of the owner stands on the page as text.
func TestStartPageShowsTheNote(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attic, gina, _ := s.quickHome(t)
	note := "Ask me for the <b>VPN</b>."
	if err := s.Store.Servers.Change(t.Context(), attic.look().OwnerID, attic.Server.ID, models.ServerChange{StartNote: &note}); err != nil {
		t.Fatal(err)
	}
	gina.says(attic.page()+"/start", "ann writes:", "Ask me for the &lt;b&gt;VPN&lt;/b&gt;.")
}
