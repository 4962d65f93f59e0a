//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	systemID  = "5f1c7d2e9a404b6c8d3e2f1a0b9c8d7e"
	accessKey = "00112233445566778899aabbccddeeff"
	tvID      = "living-room-tv-1"
	tvAddress = "203.0.113.20"
)

// machine is a program that speaks the Connect protocol. It consists of the headers that the
// program sends.
type machine map[string]string

var (
	mediaServer = machine{"X-Application": "Emby Server/4.8.0"}
	tv          = machine{"X-Application": "Emby for TV/2.1", "X-Forwarded-For": tvAddress}
)

// with returns a copy of the machine that sends one more header.
func (m machine) with(name, value string) machine {
	more := maps.Clone(m)
	more[name] = value
	return more
}

// call sends a request of a machine, and reads the answer as a T. Parameters
// are pairs of names and values.
func call[T any](t *testing.T, s *service, m machine, method, path string, pairs ...string) T {
	t.Helper()
	params := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		params.Set(pairs[i], pairs[i+1])
	}
	target, body := s.origin+"/service"+path, params.Encode()
	if method != http.MethodPost {
		target, body = target+"?"+body, ""
	}
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range m {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer T
	if err := json.Unmarshal(read, &answer); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %q (%v)", method, path, response.Status, read, err)
	}
	return answer
}

// The parts of answers that the tests read.
type (
	registered struct{ ID, AccessKey string }
	signedIn   struct {
		AccessToken, UserID string
		User                struct{ ID string }
	}
	listed struct{ ID, Name, AccessKey string }
	link   struct{ UserID, AccessToken, AcceptStatus string }
	pin    struct {
		Pin         string
		IsConfirmed bool
	}
)

// register registers a media server with a claim code.
func register(t *testing.T, s *service, address, code string) (id string, server machine) {
	t.Helper()
	r := call[registered](t, s, mediaServer, http.MethodPost, "/Servers", "name", "Attic", "url", address,
		"systemId", systemID, "localAddress", "http://192.168.7.20:8096", "claimCode", code)
	if r.ID == "" || r.AccessKey == "" {
		t.Fatalf("got the registration %+v, want an id and a key", r)
	}
	return r.ID, mediaServer.with("X-Connect-Token", r.AccessKey)
}

// askLink lets a media server look up a person and ask them for a link.
func askLink(t *testing.T, s *service, server machine, id string, p person) (userID string) {
	t.Helper()
	userID = call[struct{ ID string }](t, s, server, http.MethodGet, "/user", "nameOrEmail", p.username).ID
	asked := call[link](t, s, server, http.MethodPost, "/ServerAuthorizations",
		"serverId", id, "userId", userID, "userType", "Linked", "accessToken", accessKey)
	if asked.AcceptStatus != "waiting" {
		t.Errorf("asked for a link: %+v, want it waiting", asked)
	}
	return userID
}

// claimCode makes a claim code with the keyboard.
func claimCode(v *visitor) string {
	v.t.Helper()
	v.open("/servers")
	v.follow(`main a[href="/servers/new"]`, "/servers/new")
	v.push(`form[action="/servers/new"] button`, "/servers/new")
	return strings.TrimSpace(ask[string](v, `document.querySelector("#claim-code").textContent`))
}

// TestLinkFromAServer lets an owner claim a media server, lets a person link with it and sign in a
// TV, and lets the owner end the link. The programs use the protocol, and the people use only the
// keyboard.
func TestLinkFromAServer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	olga := newPerson("olga")
	owner := s.visit(t, desktop, "en")
	signUp(owner, olga)
	confirm(owner, olga)
	signIn(owner, olga)
	paul := s.account(t, "paul")
	guest := s.visit(t, phone, "en")
	signIn(guest, paul)

	id, server := register(t, s, "https://attic.example.org:8920", claimCode(owner))
	owner.open("/servers")
	owner.wantText(`[aria-labelledby="owned"]`, "Attic")

	userID := askLink(t, s, server, id, paul)
	guest.arriveByLink(s.link(t, "link_asked", paul.email), "/invitations")
	guest.wantText("main", "Attic")
	guest.push(`form[action="/invitations/accept"] button`, "/servers/"+id+"/start")
	guest.wantNotice("invitation_accepted")
	guest.open("/servers")
	guest.wantText(`[aria-labelledby="usable"]`, "Attic")
	if links := call[[]link](t, s, server, http.MethodGet, "/ServerAuthorizations", "serverId", id); len(links) != 1 ||
		links[0] != (link{userID, accessKey, "accepted"}) {
		t.Errorf("got the server's links %+v, want the accepted one", links)
	}

	signed := call[signedIn](t, s, tv, http.MethodPost, "/user/authenticate", "nameOrEmail", paul.username, "rawpw", paul.password)
	app := tv.with("X-Connect-UserToken", signed.AccessToken)
	wantServers(t, s, app, userID, listed{id, "Attic", accessKey})
	shown := signTVIn(guest, paul)
	if shown.UserID != userID {
		t.Errorf("the TV is signed in as %s, want %s", shown.UserID, userID)
	}
	box := tv.with("X-Connect-UserToken", shown.AccessToken)
	wantServers(t, s, box, userID, listed{id, "Attic", accessKey})

	owner.follow(`main a[href="/servers/`+id+`"]`, "/servers/"+id)
	owner.follow(`main nav a[href="/servers/`+id+`/people"]`, "/servers/"+id+"/people")
	owner.wantText(`[aria-labelledby="people"]`, "Paul")
	people := askAPI[struct{ Items []struct{ ID string } }](t, s, s.token(t, olga), http.MethodGet, "/servers/"+id+"/roster", nil).Items
	owner.follow(`main .roster a`, "/servers/"+id+"/people/"+people[0].ID)
	owner.tabTo("#remove ~ details > summary")
	owner.press(" ")
	owner.push(`form[action="/servers/`+id+`/people/remove"] button`, "/servers/"+id+"/people")
	owner.wantNotice("person_removed")
	s.mail(t, "link_ended", paul.email)
	wantServers(t, s, app, userID)
	wantServers(t, s, box, userID)
	if links := call[[]link](t, s, server, http.MethodGet, "/ServerAuthorizations", "serverId", id); len(links) != 0 {
		t.Errorf("after the person was removed, got the server's links %+v, want none", links)
	}
	guest.open("/servers")
	guest.wantText(`[aria-labelledby="usable"]`, guest.says("page.servers.usable.none"))
}

func wantServers(t *testing.T, s *service, m machine, userID string, want ...listed) {
	t.Helper()
	got := call[[]listed](t, s, m, http.MethodGet, "/servers", "userId", userID)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the servers are %+v, want %+v", got, want)
	}
}

// showCode lets a TV ask for a code, and returns it.
func showCode(t *testing.T, s *service) string {
	t.Helper()
	return call[pin](t, s, tv, http.MethodPost, "/pin", "deviceId", tvID).Pin
}

// signTVIn lets a TV show a code. A person types the code in small letters and without its dash,
// goes back, types it as the TV shows it, and approves the TV.
func signTVIn(v *visitor, p person) signedIn {
	v.t.Helper()
	code := showCode(v.t, v.site)
	v.open("/link")
	v.wantFocus("[name=user_code]")
	v.fill("user_code", strings.ToLower(strings.ReplaceAll(code, "-", "")))
	v.send("/link/code")
	v.leaving("/link", func() { v.do(chromedp.NavigateBack()) }) // the browser does not ask whether to send the form again
	v.wantFocus("[name=user_code]")
	v.fill("user_code", code)
	v.send("/link/code")
	for _, told := range []string{"Emby for TV 2.1", tvAddress, v.says("page.device_approve.warning"), p.username} {
		v.wantText("main", told)
	}
	v.wantText(".facts", v.says("page.device_approve.device"))
	if poll := call[pin](v.t, v.site, tv, http.MethodGet, "/pin", "deviceId", tvID, "pin", code); poll.IsConfirmed {
		v.t.Error("the code is approved before a person approved it, want it open")
	}
	v.push(`form[action="/link/approve"] button`, "/servers")
	v.wantNotice("device_approved")
	if poll := call[pin](v.t, v.site, tv, http.MethodGet, "/pin", "deviceId", tvID, "pin", code); !poll.IsConfirmed {
		v.t.Error("the code is not approved, want it approved")
	}
	return call[signedIn](v.t, v.site, tv, http.MethodPost, "/pin/authenticate", "deviceId", tvID, "pin", code)
}

// linkPages returns the pages about servers, links and devices. olga runs a server and uses it
// herself.
func linkPages(t *testing.T, s *service) []shown {
	t.Helper()
	olga := s.account(t, "olga")
	var media atomic.Bool // whether the media server answers with the right id
	attic := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(`<!DOCTYPE html><link rel="icon" href="data:,"><title>Attic</title>`))
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "*") // the pages of visitors send a header with their address
		w.Header().Set("Content-Type", "application/json")
		said := "another"
		if media.Load() {
			said = systemID
		}
		_, _ = fmt.Fprintf(w, `{"Id":%q}`, said)
	}))
	t.Cleanup(attic.Close)
	var id, page string
	var server machine
	return []shown{
		{"servers", "empty", func(v *visitor) {
			signIn(v, olga)
			v.open("/servers")
		}},
		{"links", "empty", at("/invitations")},
		{"server_register", "", at("/servers/new")},
		{"server_register", "with mistakes", func(v *visitor) {
			v.fill("server_id", "7")
			v.fill("access_key", "wrong")
			v.send("/servers/claim")
		}},
		{"server_register", "with a code", func(v *visitor) {
			id, server = register(t, s, attic.URL, claimCode(v))
			page = "/servers/" + id
			claimCode(v)
		}},
		{"servers", "with an own one", at("/servers")},
		{"server_owner", "without people", func(v *visitor) { v.follow(`main a[href="`+page+`"]`, page) }},
		{"roster", "without people", func(v *visitor) { v.follow(`main nav a[href="`+page+`/people"]`, page+"/people") }},
		{"invite_use", "without invites", func(v *visitor) { v.follow(`main nav a[href="`+page+`/invites"]`, page+"/invites") }},
		{"server_settings", "", func(v *visitor) { v.follow(`main nav a[href="`+page+`/settings"]`, page+"/settings") }},
		{"picture_server", "", func(v *visitor) { v.follow(`main a[href="`+page+`/picture"]`, page+"/picture") }},
		{"server_settings", "once more", func(v *visitor) { v.follow(`.back a`, page+"/settings") }},
		{"server_settings", "with mistakes", func(v *visitor) {
			v.fill("address", "not an address")
			v.send(page + "/addresses")
		}},
		{"links", "", func(v *visitor) {
			askLink(t, s, server, id, olga)
			v.open("/invitations")
		}},
		{"servers", "with an invitation", at("/servers")},
		{"server_settings", "with everything open", func(v *visitor) {
			v.open(page + "/settings")
			for _, summary := range []string{"#keys ~ details > summary", "#leave ~ details:nth-of-type(1) > summary", "#leave ~ details:nth-of-type(2) > summary"} {
				v.tabTo(summary)
				v.press(" ")
			}
		}},
		{"roster", "with somebody who has not answered", func(v *visitor) { v.open(page + "/people") }},
		{"server_start", "of a server that speaks Emby Connect", func(v *visitor) {
			v.open("/invitations")
			v.push(`form[action="/invitations/accept"] button`, page+"/start")
		}},
		{"servers", "with one to use", func(v *visitor) {
			v.open("/servers")
			v.tabTo("#leave-0")
			v.press(" ")
		}},
		{"server_open", "when none answers", func(v *visitor) {
			// No machine in this network has that address, so the browser would log an error.
			s.alter(t, `UPDATE server_addresses SET hidden = 1 WHERE host = '192.168.7.20'`)
			v.allow(attic.URL)
			v.follow("#open-0", page+"/open")
			none := `document.querySelector("[data-status]").textContent === ` + quote(v.says("page.server_open.none"))
			v.until(none)
			v.tabTo("[data-again]")
			v.press(" ")
			v.until(none + ` && !document.querySelector("[data-again]").hidden`)
			v.wantFocus("[data-again]")
		}},
		{"server_settings", "with a hidden address", func(v *visitor) {
			media.Store(true)
			v.leaving("/", func() { v.tabTo("[data-again]"); v.press(" ") })
			v.open(page + "/settings")
		}},
		{"server_open", "without addresses", func(v *visitor) {
			v.push("[name=do][value=hide]", page+"/settings")
			v.open(page + "/open")
		}},
		{"server_settings", "with a new key", func(v *visitor) {
			v.open(page + "/settings")
			v.tabTo("#keys ~ details > summary")
			v.press(" ")
			v.push(`form[action="`+page+`/key"] button`, page+"/key")
		}},
		{"device", "", at("/link")},
		{"device", "with a mistake", func(v *visitor) {
			v.fill("user_code", "wrong")
			v.send("/link")
		}},
		{"device_approve", "", func(v *visitor) {
			v.fill("user_code", showCode(t, s))
			v.send("/link/code")
		}},
		{"server_owner", "disabled", func(v *visitor) {
			s.operate(t, "", "server", "disable", id)
			v.open(page)
		}},
		{"servers", "disabled", at("/servers")},
	}
}
