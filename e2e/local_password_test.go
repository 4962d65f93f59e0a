//go:build e2e

package e2e

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// TestLocalPassword gives a guest's local user a password: first the phrase that the page shows,
// then a password that the person types. Jellyfin gets both, and the service never has them.
// When the person signs out everywhere, a random password replaces the last one.
func TestLocalPassword(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "12")
	jellyfin.AddUser("Grandma", "a password that nobody is asked for", false)
	s := serve(t)
	owner, gina := s.token(t, s.account(t, "olga")), s.account(t, "gina")
	startAgent(t, s, jellyfin, s.claimCode(t, owner))
	server := s.ownServer(t, owner)
	s.localUserID(t, owner, server, "Grandma")
	s.invite(t, owner, server, gina, map[string]any{})
	s.localUserID(t, owner, server, "gina")
	has := func() string {
		user, _ := jellyfin.User("gina")
		return user.Password
	}
	random := has()

	v := s.visit(t, phone, "en")
	signIn(v, gina)
	path := "/servers/" + server
	v.open(path + "/start")
	v.follow(`main a[href="`+path+`/password"]`, path+"/password")
	v.until(`document.querySelector("[data-phrase]").textContent !== ""`)
	v.audit("local_password")
	phrase := ask[string](v, `document.querySelector("[data-phrase]").textContent`)
	v.push(`form[data-key] button[type=submit]`, path+"/password")
	done := `document.querySelector("main").textContent.includes(` + quote(v.says("page.local_password.done", "Server", "Living room")) + `)`
	v.until(done)
	if got := has(); got != phrase || got == random {
		t.Errorf("the local user has the password %q, want the phrase %q", got, phrase)
	}
	if again := ask[string](v, `document.querySelector("[data-phrase]").textContent`); again == phrase {
		t.Error("the page shows the phrase a second time, want another one")
	}

	v.tabTo("form[data-key] summary")
	v.press(" ")
	v.tabTo("#own")
	v.press("four shy Otters ümlaut")
	v.send(path + "/password")
	v.until(done)
	if got := has(); got != "four shy Otters ümlaut" {
		t.Errorf("the local user has the password %q, want the one that was typed", got)
	}

	askAPI[struct{}](t, s, s.token(t, gina), http.MethodPost, "/sessions/end-all", nil)
	eventually(t, "a random password", func() (string, bool) {
		got := has()
		return got, got != "four shy Otters ümlaut" && got != ""
	})
}
