package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// runServer is a media server that has registered, as its own program would.
type runServer struct {
	models.Registered
	t    *testing.T
	site *site
}

// page is where its owner manages it.
func (m *runServer) page() string { return "/servers/" + m.id() }

func (m *runServer) id() string { return strconv.FormatInt(m.Server.ID, 10) }

func (s *site) register(t *testing.T, name, claimCode string) *runServer {
	t.Helper()
	registered, err := s.Store.Agents.Register(t.Context(), models.Registration{
		Name: name, SystemID: "383ceec546a24889be99de692f6b7b09", Version: "4.8.11.0", Kind: models.ServerEmby,
		WAN: []string{"https://media.example.org"}, LAN: []string{"http://192.168.1.20:8096"}, ClaimCode: claimCode,
	}, models.Caller{Address: "192.0.2.80"})
	if err != nil {
		t.Fatal(err)
	}
	s.plant(registered.Key)
	return &runServer{Registered: registered, t: t, site: s}
}

// ask asks for a link with whoever has that username.
func (m *runServer) ask(username, linkType string) models.Authorization {
	m.t.Helper()
	store := m.site.Store
	account, _, err := store.Agents.FindAccount(m.t.Context(), m.Server, username, models.Caller{})
	if err != nil {
		m.t.Fatal(err)
	}
	link, err := store.Agents.Ask(m.t.Context(), m.Server, models.AskLink{AccountID: account.ID, Type: linkType, RequestedBy: "Bert"})
	if err != nil {
		m.t.Fatal(err)
	}
	m.site.plant(link.AccessKey)
	return link
}

// owns makes b's account the owner of a new server, by a claim code.
func (b *browser) owns(name string) *runServer {
	b.t.Helper()
	page := b.post("/servers/new")
	b.see(page, http.StatusOK, "Your claim code")
	code := regexp.MustCompile(`[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}`).FindString(page.body)
	b.plant(code)
	return b.register(b.t, name, strings.ToLower(code))
}

// says fails unless the page says all the texts, and none of those after "but not".
func (b *browser) says(path string, texts ...string) {
	b.t.Helper()
	page := b.get(path)
	b.see(page, http.StatusOK)
	wanted := true
	for _, text := range texts {
		if text == "but not" {
			wanted = false
			continue
		}
		if strings.Contains(page.body, text) != wanted {
			b.t.Errorf("%s: says %q: %t\n%s", path, text, !wanted, summary(page.body))
		}
	}
}

func TestClaimAServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, other := s.browser(t), s.browser(t)
	b.signIn(b.join("ann"))
	other.signIn(other.join("bob"))
	b.says("/servers", "None yet", "None. If you run a media server", ">ann<")

	byCode := b.owns("Den")
	b.says("/servers", "Den", "Last contact", byCode.page())
	b.says(byCode.page(), "Den", "4.8.11.0", "https://media.example.org:443", "http://192.168.1.20:8096", "Nobody yet")

	// A server that registered by itself: whoever has its key claims it, once.
	lone := s.register(t, "Attic", "")
	b.plant(lone.Key)
	a := b.post("/servers/claim", "server_id", lone.id(), "access_key", byCode.Key)
	b.wrong(a, "access_key")
	if strings.Contains(a.body, byCode.Key) {
		t.Error("the page holds the key that was typed")
	}
	b.wrong(b.post("/servers/claim", "server_id", "x", "access_key", lone.Key), "access_key")
	b.wrong(b.post("/servers/claim", "server_id", "", "access_key", lone.Key), "server_id")
	b.led(b.post("/servers/claim", "server_id", " "+lone.id()+" ", "access_key", lone.Key+"\n"), lone.page(), "The server is yours now", "Attic")
	other.see(other.post("/servers/claim", "server_id", lone.id(), "access_key", lone.Key), http.StatusUnprocessableEntity, "already belongs to an account")
	b.says("/account/sessions", "A server became yours")
	b.led(b.post("/servers/claim", "server_id", lone.id(), "access_key", lone.Key), lone.page(), "The server is yours now") // sent twice

	var last answer
	for range 40 {
		if last = other.post("/servers/claim", "server_id", "1", "access_key", lone.Key); last.status == http.StatusTooManyRequests {
			break
		}
	}
	other.see(last, http.StatusTooManyRequests, "Please wait")
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, guest, stranger := s.browser(t), s.browser(t), s.browser(t)
	annsMail := owner.join("ann")
	owner.signIn(annsMail)
	carla := guest.join("carla")
	guest.signIn(carla)
	stranger.signIn(stranger.join("mallory"))
	den := owner.owns("Den")
	guest.says("/invitations", "No invitation is waiting")

	link := den.ask("carla", models.LinkGuest)
	id := strconv.FormatInt(link.ID, 10)
	if letter := s.letter(t, models.MailLinkAsked, carla.email); letter.Facts["server"] != "Den" || letter.Facts["person"] != "ann" {
		t.Errorf("facts %v", letter.Facts)
	}
	guest.says("/servers", "1 invitation waits", `<strong class="count">1</strong>`, "but not", "/open")
	guest.says("/invitations", "Den", "Bert", "guest", `value="`+id+`"`, "but not", link.AccessKey)
	owner.says(den.page(), "carla", "No answer yet", "Bert", "but not", link.AccessKey)

	stranger.see(stranger.post("/invitations/accept", "id", id), http.StatusNotFound)
	owner.see(owner.post("/invitations/accept", "id", id), http.StatusNotFound)
	guest.see(guest.get(den.page()+"/open"), http.StatusNotFound)
	guest.led(guest.post("/invitations/accept", "id", id), "/servers", "Accepted", "Den", den.page()+"/open")
	guest.led(guest.post("/invitations/accept", "id", id), "/servers", "Accepted") // sent twice: done is done
	stranger.see(stranger.post("/invitations/accept", "id", id), http.StatusNotFound)
	if letter := s.letter(t, models.MailLinkAccepted, annsMail.email); letter.Facts["person"] != "carla" {
		t.Errorf("facts %v", letter.Facts)
	}
	owner.says(den.page(), "carla", "but not", "No answer yet")
	owner.says("/servers", "1 person uses it")

	// The owner removes her.
	stranger.see(stranger.post(den.page()+"/people/remove", "id", id), http.StatusNotFound)
	owner.see(owner.post(den.page()+"/people/remove", "id", den.id()), http.StatusNotFound)
	owner.led(owner.post(den.page()+"/people/remove", "id", id), den.page(), "can no longer use", "Nobody yet")
	s.letter(t, models.MailLinkEnded, carla.email)
	guest.says("/servers", "None yet", "but not", "Den")
	guest.see(guest.get(den.page()+"/open"), http.StatusNotFound)

	// Asked again, she declines; asked a third time, she accepts and leaves.
	again := den.ask("carla", models.LinkLinked)
	guest.led(guest.post("/invitations/decline", "id", strconv.FormatInt(again.ID, 10)), "/invitations", "Declined", "No invitation is waiting")
	// From pages that have stood open, or sent twice: the page says how it stands.
	for _, act := range []string{"accept", "decline"} {
		a := guest.post("/invitations/"+act, "id", strconv.FormatInt(again.ID, 10))
		guest.see(a, http.StatusNotFound, "<title>Problem: Invitations", `id="problem"`, "no longer there", "No invitation is waiting")
	}
	s.letter(t, models.MailLinkRemoved, annsMail.email)
	third := strconv.FormatInt(den.ask("carla", models.LinkLinked).ID, 10)
	guest.led(guest.post("/invitations/accept", "id", third), "/servers")
	stranger.see(stranger.post("/servers/leave", "id", third), http.StatusNotFound)
	guest.led(guest.post("/servers/leave", "id", third), "/servers", "You have left", "None yet")
	guest.see(guest.post("/servers/leave", "id", third), http.StatusNotFound, "<title>Problem: Servers", "no longer there", "None yet")
	owner.says(den.page(), "Nobody yet")
}

func TestOpenServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, guest := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	guest.signIn(guest.join("carla"))
	den := owner.owns("Den")
	owner.led(owner.post(den.page()+"/addresses", "address", "https://[2001:db8::1]:8920"), den.page())
	guest.led(guest.post("/invitations/accept", "id", strconv.FormatInt(den.ask("carla", models.LinkGuest).ID, 10)), "/servers")

	a := guest.get(den.page() + "/open")
	guest.see(a, http.StatusOK, "Open Den", den.Server.SystemID, "/static/js/open_server.js")
	var urls []string
	for _, link := range regexp.MustCompile(`<a class="button button-quiet" href="([^"]+)"[^>]*?( data-probe)?>`).FindAllStringSubmatch(a.body, -1) {
		urls = append(urls, link[1]+link[2])
	}
	want := "https://media.example.org:443 data-probe https://[2001:db8::1]:8920 http://192.168.1.20:8096"
	if got := strings.Join(urls, " "); got != want {
		t.Errorf("addresses are %q, want %q", got, want)
	}
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "; connect-src 'self' https://media.example.org:443; ") {
		t.Errorf("policy %q", policy)
	}
	owner.see(owner.get(den.page()+"/open"), http.StatusNotFound)

	// Shut out by the operator it is still listed, and can be left.
	if err := s.Store.Operators.DisableServer(t.Context(), den.Server.ID); err != nil {
		t.Fatal(err)
	}
	guest.says("/servers", "Den", "Switched off by the operator of this service", `action="/servers/leave"`, "but not", den.page()+"/open")
	guest.see(guest.get(den.page()+"/open"), http.StatusForbidden, "<h1>Switched off</h1>", `href="/servers">Your servers`)
	owner.see(owner.get(den.page()+"/open"), http.StatusNotFound)
	owner.says(den.page(), "has switched this server off", "carla")
	guest.led(guest.post("/servers/leave", "id", guest.idIn("/servers")), "/servers", "You have left", "None yet")
}

// idIn is the id that the first form of a page sends.
func (b *browser) idIn(path string) string {
	b.t.Helper()
	id := regexp.MustCompile(`name="id" value="(\d+)"`).FindStringSubmatch(b.get(path).body)
	if id == nil {
		b.t.Fatalf("%s: no form with an id", path)
	}
	return id[1]
}

func TestManageAServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	den := b.owns("Den")

	b.led(b.post(den.page()+"/rename", "name", "  Attic\u202e "), den.page(), "The name is saved", "<h1>Attic</h1>", "Den")
	b.led(b.post(den.page()+"/rename", "name", ""), den.page(), "<h1>Den</h1>")

	for _, bad := range []string{"", "ftp://x", "media.example.org", "https://x/y", "https://a:b@x", "javascript:alert(1)"} {
		b.wrong(b.post(den.page()+"/addresses", "address", bad), "address")
	}
	b.led(b.post(den.page()+"/addresses", "address", "https://mine.example.net:9000/"), den.page(), "https://mine.example.net:9000", "added by you")
	b.wrong(b.post(den.page()+"/addresses", "address", "https://mine.example.net:9000"), "address")

	order := func() string {
		var all []string
		for _, link := range regexp.MustCompile(`id="address-\d+"><a href="([^"]+)"`).FindAllStringSubmatch(b.get(den.page()).body, -1) {
			all = append(all, link[1])
		}
		return strings.Join(all, " ")
	}
	id := b.idOf(den.page(), "https://mine.example.net:9000")
	b.led(b.post(den.page()+"/addresses/move", "id", id, "do", "up"), den.page(), "The order is changed")
	if want := "http://192.168.1.20:8096 https://mine.example.net:9000 https://media.example.org:443"; order() != want {
		t.Errorf("order %q, want %q", order(), want)
	}
	b.led(b.post(den.page()+"/addresses/move", "id", id, "do", "down"), den.page())
	b.led(b.post(den.page()+"/addresses/hide", "id", id, "do", "hide"), den.page(), `<strong class="tag">Hidden</strong>`)
	b.led(b.post(den.page()+"/addresses/hide", "id", id, "do", "show"), den.page(), "given to devices again")
	b.led(b.post(den.page()+"/addresses/hide", "id", id), den.page(), "Devices no longer get it") // nothing is shown by mistake
	b.led(b.post(den.page()+"/addresses/remove", "id", id), den.page(), "The address is removed")
	for _, stale := range []string{"/addresses/remove", "/addresses/move", "/addresses/hide", "/people/remove"} {
		b.see(b.post(den.page()+stale, "id", id, "do", "up"), http.StatusNotFound, "<title>Problem: Den", "no longer there", "http://192.168.1.20:8096")
	}
	if want := "http://192.168.1.20:8096 https://media.example.org:443"; order() != want {
		t.Errorf("order %q, want %q", order(), want)
	}
}

// idOf is the id that the forms beside a text on a page send.
func (b *browser) idOf(path, text string) string {
	b.t.Helper()
	_, after, ok := strings.Cut(b.get(path).body, `<a href="`+text+`"`)
	id := regexp.MustCompile(`name="id" value="(\d+)"`).FindStringSubmatch(after)
	if !ok || id == nil {
		b.t.Fatalf("%s: no form beside %q", path, text)
	}
	return id[1]
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
	b.says(den.page(), "but not", found[1])
	works := func(key string) bool {
		_, err := s.Store.Agents.Look(t.Context(), key)
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
	b.led(b.post(den.page()+"/hand-over", "username", "BOB"), "/servers", "handed over", "None. If you run")
	s.letter(t, models.MailServerHandedOver, bob.email)
	b.see(b.get(den.page()), http.StatusNotFound)
	heir.says(den.page(), "Den")
	heir.led(heir.post(den.page()+"/remove"), "/servers", "The server is removed", "None. If you run")
	for _, twice := range []string{"/remove", "/hand-over"} {
		heir.see(heir.post(den.page()+twice, "username", "ann"), http.StatusNotFound, "<title>Problem: Servers", "no longer there")
	}
	if _, err := s.Store.Agents.Look(t.Context(), den.Key); err == nil {
		t.Error("the key of a removed server works")
	}
}

// A server is nobody's business but its owner's.
func TestOtherPeoplesServers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, stranger := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	stranger.signIn(stranger.join("mallory"))
	den := owner.owns("Den")
	address := owner.idOf(den.page(), "https://media.example.org:443")
	posts := map[string][]string{
		"/rename": {"name", "Mine"}, "/addresses": {"address", "https://evil.example.net"},
		"/addresses/move": {"id", address, "do", "up"}, "/addresses/hide": {"id", address, "do", "hide"},
		"/addresses/remove": {"id", address}, "/people/remove": {"id", address}, "/key": nil,
		"/hand-over": {"username", "mallory"}, "/remove": nil,
	}
	before := owner.get(den.page()).body
	stranger.see(stranger.get(den.page()), http.StatusNotFound)
	for path, fields := range posts {
		stranger.see(stranger.post(den.page()+path, fields...), http.StatusNotFound)
		if a := owner.from("cross-site", http.MethodPost, den.page()+path); a.status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", path, a.status)
		}
	}
	plain := regexp.MustCompile(`nonce="[^"]*"`)
	if after := owner.get(den.page()).body; plain.ReplaceAllString(after, "") != plain.ReplaceAllString(before, "") {
		t.Error("the server changed")
	}
	for _, id := range []string{"0", "-1", "x", "1e3", "9223372036854775808", "1%2f2", " 1"} {
		owner.see(owner.get("/servers/"+url.PathEscape(id)), http.StatusNotFound)
	}

	// A day later the dangerous acts ask for the password, and lead back.
	s.Clock.Advance(25 * time.Hour)
	for _, path := range []string{"/key", "/hand-over", "/remove"} {
		owner.led(owner.post(den.page()+path, posts[path]...), "/account/confirm-password?return_to="+url.QueryEscape(den.page()))
	}
	owner.led(owner.post("/account/confirm-password", "current_password", goodPassword, "return_to", den.page()), den.page(), "Den")
	signedOut := s.browser(t)
	signedOut.led(signedOut.get(den.page()), "/signin?return_to="+url.QueryEscape(den.page()))
}
