package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func TestSessionsPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, phone, third := s.browser(t), s.browser(t), s.browser(t)
	p := b.join("ann")
	b.signIn(p)
	phone.header.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1")
	phone.signIn(p)
	page := b.get("/account/sessions")
	b.see(page, http.StatusOK, "Firefox on Linux", "Safari on iPhone", "This browser", "127.0.0.1", "You signed in.")

	_, id, _ := strings.Cut(page.body, `name="id" value="`)
	id, _, _ = strings.Cut(id, `"`)
	stranger := s.browser(t)
	stranger.signIn(stranger.join("bob"))
	stranger.see(stranger.post("/account/sessions/end", "id", id), http.StatusNotFound)
	if !phone.isSignedIn() {
		t.Fatal("a stranger ended the session")
	}
	b.see(b.post("/account/sessions/end", "id", "x"), http.StatusNotFound)
	b.led(b.post("/account/sessions/end", "id", id), "/account/sessions", "That device is signed out")
	if phone.isSignedIn() {
		t.Error("the session did not end")
	}

	phone.signIn(p)
	third.signIn(p)
	b.led(b.post("/account/sessions/end-others"), "/account/sessions", "are signed out")
	if phone.isSignedIn() || third.isSignedIn() || !b.isSignedIn() {
		t.Error("want all sessions but this to end")
	}
	phone.signIn(p)
	b.led(b.post("/signout/everywhere"), "/signin", "signed out on all")
	if phone.isSignedIn() || b.isSignedIn() {
		t.Error("want all sessions to end")
	}
}

// manySessions signs the account in on n browsers, one minute after the other.
func (s *site) manySessions(t *testing.T, p person, n int) {
	t.Helper()
	for i := range n {
		s.Clock.Advance(time.Minute)
		_, err := s.Store.Sessions.SignIn(t.Context(), models.SignIn{NameOrEmail: p.username, Password: goodPassword},
			models.Caller{Address: "127.0.0.1", Device: "Browser " + strconv.Itoa(100+i)})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A list of sessions has several pages, with links between them, so it works without scripts. Each
// session is on exactly one page. After a person has signed out a session, the browser returns to
// the page on which that session was listed.
func TestSessionsPagesTogether(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	b, other := s.browser(t), s.browser(t)
	ann := b.join("ann")
	b.signIn(ann)
	other.signIn(other.join("bob"))
	s.manySessions(t, ann, 44)
	names := regexp.MustCompile(`<h3 id="session-[0-9]+">([^<]+)</h3>`)
	var all []string
	var sizes []int
	var paths []string
	for path := "/account/sessions"; path != "" && len(sizes) < 5; {
		page := b.get(path)
		b.see(page, http.StatusOK, "Sign out all others")
		found := names.FindAllStringSubmatch(page.body, -1)
		for _, one := range found {
			all = append(all, one[1])
		}
		sizes, paths = append(sizes, len(found)), append(paths, path)
		path = nextOf(page)
	}
	if diff := cmp.Diff([]int{20, 20, 5}, sizes); diff != "" {
		t.Errorf("sessions on the pages (-want +got):\n%s", diff)
	}
	if slices.Sort(all); len(slices.Compact(all)) != 45 {
		t.Errorf("%d sessions on all pages, want 45", len(slices.Compact(all)))
	}
	b.says("/account", "45")
	other.see(other.get(paths[1]), http.StatusNotFound)

	last := paths[len(paths)-1]
	b.says(last, `href="/account/sessions"`, "First page")
	before := b.hidden(last, "before", "/account/sessions/end")
	b.see(b.post("/account/sessions/end", "id", b.hidden(last, "id", "/account/sessions/end"), "before", before+"x"), http.StatusNotFound)
	for range 4 {
		b.led(b.post("/account/sessions/end", "id", b.hidden(last, "id", "/account/sessions/end"), "before", before), last, "That device is signed out")
	}
	b.says("/account", "41")
}

// The page marks an app that did not name its device, because signing such an app out
// does not end its local access tokens at media servers.
func TestSessionsPageNamesUnknownDevices(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	const says = "did not say which device it is on"
	p := s.program(t)
	in := url.Values{"nameOrEmail": {"ann"}, "rawpw": {goodPassword}}
	named := p.with("X-Emby-Authorization", `Emby Client="Example TV", DeviceId="sofa-1"`)
	named.is(named.form(http.MethodPost, "/service/user/authenticate", in), http.StatusOK, nil)
	if page := b.get("/account/sessions"); strings.Contains(page.body, says) {
		t.Error("the page warns of a device that it knows, or of a browser")
	}
	p.is(p.form(http.MethodPost, "/service/user/authenticate", in), http.StatusOK, nil)
	b.says("/account/sessions", says)
}

func TestNotMe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, thief, mail := s.browser(t), s.browser(t), s.browser(t)
	p := b.join("ann")
	b.signIn(p)
	thief.header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0")
	thief.signIn(p)
	token := s.letter(t, models.MailNewDevice, p.email).Secret
	mail.led(mail.get("/account/sessions/not-me?token="+token), "/account/sessions/not-me", "Firefox on Windows")
	if !thief.isSignedIn() {
		t.Fatal("looking ended the session")
	}
	mail.led(mail.post("/account/sessions/not-me"), "/account/password")
	if thief.isSignedIn() || !b.isSignedIn() {
		t.Error("want that session alone to end")
	}
}
