//go:build e2e

package e2e

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// TestStart leads a guest from the list of servers to a signed-in television, in German and with
// the keyboard alone: the page names the app and the address, takes the six digits that Jellyfin's
// own SDK shows, and has a tick when the television is signed in.
func TestStart(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "12")
	jellyfin.AddUser("Grandma", "a password that nobody is asked for", false)
	films := jellyfin.AddLibrary("Films")
	s := serve(t)
	owner, gina := s.token(t, s.account(t, "olga")), s.account(t, "gina")
	startAgent(t, s, jellyfin, s.claimCode(t, owner))
	server := s.ownServer(t, owner)
	s.localUserID(t, owner, server, "Grandma") // the report has come, with the library
	askAPI[struct{}](t, s, owner, http.MethodPatch, "/servers/"+server, map[string]any{"start_note": "Frag mich nach dem VPN."})
	s.invite(t, owner, server, gina, map[string]any{"libraries": []string{films}})
	s.localUserID(t, owner, server, "gina")

	v := s.visit(t, phone, "de")
	signIn(v, gina)
	v.open("/servers")
	v.tabTo(".languages summary")
	v.press(" ")
	v.push(`.languages button[value=de]`, "/servers") // the account speaks English
	path := "/servers/" + server + "/start"
	v.follow(`main a[href="`+path+`"]`, path)
	if language := ask[string](v, `document.documentElement.lang`); language != "de" {
		t.Errorf("the language of the page is %q, want de", language)
	}
	v.wantText(".note", "Frag mich nach dem VPN.")
	v.audit("server_start in this browser")
	v.follow(`.device-nav a[href$="on=android_tv"]`, path)
	v.wantText(".way", "Jellyfin for Android TV")
	v.wantText(".address-large", "https://films.example.org")
	if !ask[bool](v, `document.querySelector(".address-large .button") !== null && !document.querySelector("[data-print]").hidden`) {
		t.Error("the page has no button that copies the address or none that prints, want both")
	}
	v.audit("server_start for a television")

	tv := watchTelevision(t, jellyfin.URL)
	v.fill("code", tv.next().Code)
	v.send(path)
	v.until(`document.querySelector("#first-device") !== null`) // by itself
	v.wantText(".way", "Jellyfin for Android TV")
	if got := tv.next(); got.Name != "gina" || got.ID == "" {
		t.Errorf("the television is signed in as %+v, want the guest's local user", got)
	}
	v.audit("server_start when the first device is in")

	plain := s.visit(t, desktop, "en").withoutScripts()
	signIn(plain, gina)
	plain.open(path + "?on=android_tv")
	if !ask[bool](plain, `document.querySelector("#first-device") !== null && document.querySelector("[data-print]").hidden`) {
		t.Error("without scripts the page has no tick, or a button that does nothing; want the tick alone")
	}

	people := askAPI[struct{ Items []struct{ ID string } }](t, s, owner, http.MethodGet, "/servers/"+server+"/people", nil).Items
	if len(people) != 1 {
		t.Fatalf("%d people, want 1", len(people))
	}
	askAPI[struct{}](t, s, owner, http.MethodDelete, "/servers/"+server+"/people/"+people[0].ID, nil)
	eventually(t, "the guest's television is signed out", func() (tvLine, bool) {
		line := tv.again()
		return line, line.Status == http.StatusUnauthorized || line.Status == http.StatusForbidden
	})
}
