package handlers_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

const (
	openState    = "a-state-of-the-agent"
	openVerifier = "a verifier of the agent"
)

// openQuery returns the parameters with which an agent sends a browser.
func openQuery() url.Values {
	sum := sha256.Sum256([]byte(openVerifier))
	return url.Values{
		"state": {openState}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
}

// openHouse returns a server that signs people in at the given address, and the browser of
// a person who may use it.
func openHouse(t *testing.T, s *site, address string) (*runServer, *browser) {
	t.Helper()
	owner, guest := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	guest.signIn(guest.join("carla"))
	den := owner.owns("Den")
	guest.led(guest.post("/invitations/accept", "id", strconv.FormatInt(den.ask("carla", models.LinkLinked).ID, 10)), den.page()+"/start")
	_, err := s.Store.Agents.Report(t.Context(), den.Server, models.Report{
		Registration: models.Registration{
			Name: "Den", SystemID: den.Server.SystemID, Version: "10.11.2", WAN: []string{address}, LAN: []string{"http://[fd00::1]:8096"}, Kind: models.ServerAgent,
		},
		OpenAddresses: []string{address},
	})
	if err != nil {
		t.Fatal(err)
	}
	return den, guest
}

func TestOpenSignsIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	den, guest := openHouse(t, s, "https://films.example.org/jellyfin")
	films := "https://films.example.org:443/jellyfin/latchkey/open?server=" + den.id()
	guest.says(den.page()+"/start?on=android", "but not", `action="`+den.page()+`/open"`)
	for _, path := range []string{"/servers", den.page() + "/open", den.page() + "/start?on=browser"} {
		a := guest.get(path)
		guest.see(a, http.StatusOK, `action="`+den.page()+`/open"`)
		const want = "; form-action 'self' https://films.example.org:443; "
		if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, want) {
			t.Errorf("%s: policy %q, want it to contain %q", path, policy, want)
		}
		if strings.Contains(a.body, "[fd00::1]") {
			t.Errorf("%s shows an address in brackets, want none", path)
		}
	}
	authorize := den.page() + "/authorize?" + openQuery().Encode()

	// Nobody has pressed Open: the page asks, and looking at it changes nothing.
	a := guest.get(authorize)
	guest.see(a, http.StatusOK, "Open Den as", `name="state" value="`+openState+`"`, "https://films.example.org/jellyfin")
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "; form-action 'self' https://films.example.org:443; ") {
		t.Errorf("the page that asks has the policy %q, want the one origin in it", policy)
	}
	// Open was pressed: the browser goes to the agent, and comes back with a code once.
	if a := guest.post(den.page()+"/open", "return_to", "https://evil.example.org", "to", "https://evil.example.org"); a.status != http.StatusSeeOther || a.location() != films {
		t.Errorf("Open leads to %d %s, want %s", a.status, a.location(), films)
	}
	code := codeIn(t, guest.get(authorize), films)
	guest.see(guest.get(authorize), http.StatusOK, "Open Den as")
	opened, err := s.Store.Opens.Redeem(t.Context(), den.Server, code, openVerifier)
	if err != nil || opened.DeviceID == "" {
		t.Errorf("got %+v, error %v, want the person who pressed Open", opened, err)
	}
	// The person says yes on the page that asks.
	yes := []string{"state", openState, "code_challenge", openQuery().Get("code_challenge"), "code_challenge_method", "S256"}
	codeIn(t, guest.post(den.page()+"/authorize", yes...), films)
}

// codeIn returns the code of an answer that leads to films. It stands in the fragment alone.
func codeIn(t *testing.T, a answer, films string) string {
	t.Helper()
	to, fragment, _ := strings.Cut(a.location(), "#")
	values, err := url.ParseQuery(fragment)
	if err != nil || a.status != http.StatusSeeOther || to != films || values.Get("state") != openState || values.Get("code") == "" {
		t.Fatalf("status %d to %s, error %v; want 303 to %s with a code and the state in the fragment", a.status, a.location(), err, films)
	}
	if got := a.header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy %q, want no-referrer", got)
	}
	return values.Get("code")
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	den, guest := openHouse(t, s, "https://films.example.org")
	stranger, visitor := s.browser(t), s.browser(t)
	stranger.signIn(stranger.join("eve"))
	authorize := den.page() + "/authorize?"
	stranger.see(stranger.get(authorize+openQuery().Encode()), http.StatusNotFound)
	if a := stranger.post(den.page()+"/open", "x", "y"); a.location() != den.page()+"/open" {
		t.Errorf("a stranger is led to %s, want the page that refuses", a.location())
	}
	for name, values := range map[string]string{
		"state": "short", "code_challenge": "two words", "code_challenge_method": "plain",
	} {
		query := openQuery()
		query.Set(name, values)
		guest.see(guest.get(authorize+query.Encode()), http.StatusBadRequest)
	}
	query := openQuery()
	query.Set("redirect_uri", "https://evil.example.org")
	if a := guest.get(authorize + query.Encode()); a.status != http.StatusOK || strings.Contains(a.body, "evil") {
		t.Errorf("status %d, want 200 and nothing of another address on the page", a.status)
	}
	// A person who is not signed in comes back to the same question.
	want := "/signin?return_to=" + url.QueryEscape(authorize+openQuery().Encode())
	if a := visitor.get(authorize + openQuery().Encode()); a.location() != want {
		t.Errorf("somebody who is not signed in is led to %s, want %s", a.location(), want)
	}
	// A HEAD request, with which a browser only looks ahead, does not spend the note that
	// Open was pressed.
	guest.post(den.page()+"/open", "x", "y")
	guest.from("same-origin", http.MethodHead, authorize+openQuery().Encode())
	codeIn(t, guest.get(authorize+openQuery().Encode()), "https://films.example.org:443/latchkey/open?server="+den.id())
}
