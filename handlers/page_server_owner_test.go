package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestManageAServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	den := b.owns("Den")

	b.led(b.post(den.page()+"/rename", "name", "  Attic\u202e "), den.page()+"/settings", "The name is saved", "<h1>Attic</h1>", "Den")
	b.led(b.post(den.page()+"/rename", "name", ""), den.page()+"/settings", "<h1>Den</h1>")
	b.led(b.post(den.page()+"/start-note", "start_note", " Ask me\r\nfor the VPN.\u202e "), den.page()+"/settings", "The note is saved", "Ask me\nfor the VPN.</textarea>")
	b.wrong(b.post(den.page()+"/start-note", "start_note", strings.Repeat("ä", 501)), "start_note")
	b.led(b.post(den.page()+"/start-note", "start_note", ""), den.page()+"/settings", "The note is saved", "\n</textarea>")

	for _, bad := range []string{"", "ftp://x", "media.example.org", "https://x?y", "https://x/../y", "https://a:b@x", "javascript:alert(1)"} {
		b.wrong(b.post(den.page()+"/addresses", "address", bad), "address")
	}
	b.led(b.post(den.page()+"/addresses", "address", "https://mine.example.net:9000/"), den.page()+"/settings", "https://mine.example.net:9000", "added by you")
	b.led(b.post(den.page()+"/addresses", "address", "https://mine.example.net:9000//emby/"), den.page()+"/settings", `"https://mine.example.net:9000/emby"`)
	b.wrong(b.post(den.page()+"/addresses", "address", "https://mine.example.net.:9000/emby"), "address")
	b.led(b.post(den.page()+"/addresses/remove", "id", b.idOf(den.page()+"/settings", "https://mine.example.net:9000/emby")), den.page()+"/settings")
	b.wrong(b.post(den.page()+"/addresses", "address", "https://mine.example.net:9000"), "address")

	order := func() string {
		var all []string
		for _, link := range regexp.MustCompile(`id="address-\d+"><a href="([^"]+)"`).FindAllStringSubmatch(b.get(den.page()+"/settings").body, -1) {
			all = append(all, link[1])
		}
		return strings.Join(all, " ")
	}
	id := b.idOf(den.page()+"/settings", "https://mine.example.net:9000")
	b.led(b.post(den.page()+"/addresses/move", "id", id, "do", "up"), den.page()+"/settings", "The order is changed")
	if want := "http://192.168.1.20:8096 https://mine.example.net:9000 https://media.example.org:443"; order() != want {
		t.Errorf("order %q, want %q", order(), want)
	}
	b.led(b.post(den.page()+"/addresses/move", "id", id, "do", "down"), den.page()+"/settings")
	b.led(b.post(den.page()+"/addresses/hide", "id", id, "do", "hide"), den.page()+"/settings", `<strong class="tag">Hidden</strong>`)
	b.led(b.post(den.page()+"/addresses/hide", "id", id, "do", "show"), den.page()+"/settings", "given to devices again")
	b.led(b.post(den.page()+"/addresses/hide", "id", id), den.page()+"/settings", "Devices no longer get it") // a form without that value never shows an address
	b.led(b.post(den.page()+"/addresses/remove", "id", id), den.page()+"/settings", "The address is removed")
	for _, stale := range []string{"/addresses/remove", "/addresses/move", "/addresses/hide"} {
		b.see(b.post(den.page()+stale, "id", id, "do", "up"), http.StatusNotFound, "<title>Problem: Den: settings", "no longer there", "http://192.168.1.20:8096")
	}
	b.see(b.post(den.page()+"/people/remove", "id", id), http.StatusNotFound, "<title>Problem: Den: people", "no longer there")
	if want := "http://192.168.1.20:8096 https://media.example.org:443"; order() != want {
		t.Errorf("order %q, want %q", order(), want)
	}
}

func TestRotateServerKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	den := b.owns("Den")
	a := b.post(den.page() + "/key")
	b.see(a, http.StatusOK, "The new key", "24 hours")
	found := regexp.MustCompile(`<code id="server-key">([^<]+)</code>`).FindStringSubmatch(a.body)
	if found == nil {
		t.Fatal("no key is shown")
	}
	b.plant(found[1])
	b.says(den.page()+"/settings", "but not", found[1])
	works := func(key string) bool {
		_, err := s.Store.ServerKeys.Look(t.Context(), key)
		return err == nil
	}
	if !works(den.Key) || !works(found[1]) {
		t.Error("want both keys to work for a day")
	}
	s.Clock.Advance(24 * time.Hour)
	if works(den.Key) || !works(found[1]) {
		t.Error("want the new key alone to work after a day")
	}
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, heir := s.browser(t), s.browser(t)
	b.signIn(b.join("ann"))
	bob := heir.join("bob")
	heir.signIn(bob)
	den := b.owns("Den")
	for _, bad := range []string{"", "nobody-here", bob.email, "Ann"} {
		b.wrong(b.post(den.page()+"/hand-over", "username", bad), "username")
	}
	b.led(b.post(den.page()+"/hand-over", "username", "BOB"), "/servers", "handed over", "Do you run a media server yourself")
	s.letter(t, models.MailServerHandedOver, bob.email)
	b.see(b.get(den.page()), http.StatusNotFound)
	heir.says(den.page(), "Den")
	heir.led(heir.post(den.page()+"/remove"), "/servers", "The server is removed", "Do you run a media server yourself")
	for _, twice := range []string{"/remove", "/hand-over"} {
		heir.see(heir.post(den.page()+twice, "username", "ann"), http.StatusNotFound, "<title>Problem: Servers", "no longer there")
	}
	if _, err := s.Store.ServerKeys.Look(t.Context(), den.Key); err == nil {
		t.Error("the key of a removed server works")
	}
}

// A person who does not own a server can neither see the pages for its owner nor send their forms.
func TestOtherPeoplesServers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, stranger := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	stranger.signIn(stranger.join("mallory"))
	den := owner.owns("Den")
	address := owner.idOf(den.page()+"/settings", "https://media.example.org:443")
	posts := map[string][]string{
		"/rename": {"name", "Mine"}, "/start-note": {"start_note", "Mine"}, "/addresses": {"address", "https://evil.example.net"},
		"/addresses/move": {"id", address, "do", "up"}, "/addresses/hide": {"id", address, "do", "hide"},
		"/addresses/remove": {"id", address}, "/people/remove": {"id", address}, "/key": nil,
		"/key/stolen": nil, "/key/end": nil, "/hand-over": {"username", "mallory"}, "/remove": nil,
	}
	before := owner.get(den.page() + "/settings").body
	stranger.see(stranger.get(den.page()), http.StatusNotFound)
	for path, fields := range posts {
		stranger.see(stranger.post(den.page()+path, fields...), http.StatusNotFound)
		if a := owner.from("cross-site", http.MethodPost, den.page()+path); a.status != http.StatusForbidden {
			t.Errorf("%s from another site: %d, want %d", path, a.status, http.StatusForbidden)
		}
	}
	plain := regexp.MustCompile(`nonce="[^"]*"`)
	if after := owner.get(den.page() + "/settings").body; plain.ReplaceAllString(after, "") != plain.ReplaceAllString(before, "") {
		t.Error("the server changed")
	}
	for _, id := range []string{"0", "-1", "x", "1e3", "9223372036854775808", "1%2f2", " 1"} {
		owner.see(owner.get("/servers/"+url.PathEscape(id)), http.StatusNotFound)
	}

	// A day later, dangerous actions first ask for the password, and then lead back to the
	// page.
	s.Clock.Advance(25 * time.Hour)
	for _, path := range []string{"/key", "/key/stolen", "/key/end", "/hand-over", "/remove"} {
		owner.led(owner.post(den.page()+path, posts[path]...), "/account/confirm-password?return_to="+url.QueryEscape(den.page()+"/settings"))
	}
	owner.led(owner.post("/account/confirm-password", "current_password", goodPassword, "return_to", den.page()), den.page(), "Den")
	signedOut := s.browser(t)
	signedOut.led(signedOut.get(den.page()), "/signin?return_to="+url.QueryEscape(den.page()))
}
