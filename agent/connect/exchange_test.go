package connect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey-media/latchkey/agent/connect"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// TestExchangeOfClients sends the exchange of every known client, as captured or
// as read in its source. KEY stands for the access key and ACCOUNT for the
// account.
func TestExchangeOfClients(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, account, key := s.linked("bob", kid)
	harness := mediaserver.Device{Client: "Harness App", Name: "Bob's TV é", ID: "dev-modern-1", Version: "1.2.3"}
	kodi := mediaserver.Device{Client: "Emby for Kodi Next Gen", Name: "Living Room", ID: "k-1", Version: "9.4.20"}
	anyID := ""
	for name, c := range map[string]struct {
		request string
		device  mediaserver.Device
	}{
		"JS20": {`
GET /emby/Connect/Exchange?format=json&ConnectUserId=ACCOUNT
X-Emby-Token: KEY
X-Emby-Client: Harness App
X-Emby-Device-Name: Bob's%20TV%20%C3%A9
X-Emby-Device-Id: dev-modern-1
X-Emby-Client-Version: 1.2.3
accept: application/json`, harness},
		"WEB48": {`
GET /emby/connect/exchange?format=json&ConnectUserId=ACCOUNT&X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-modern-1&X-Emby-Client-Version=1.2.3&X-Emby-Token=KEY&X-Emby-Language=en-us
accept: application/json`, harness},
		"JS17": {`
GET /emby/Connect/Exchange?format=json&ConnectUserId=ACCOUNT
X-MediaBrowser-Token: KEY
X-Emby-Authorization: MediaBrowser Client="Harness App", Device="Bob's TV é", DeviceId="dev-modern-1", Version="1.2.3"`, harness},
		"JS15": {`
GET /mediabrowser/Connect/Exchange?format=json&ConnectUserId=ACCOUNT
X-MediaBrowser-Token: KEY
User-Agent: Mozilla/5.0 (X11; Linux)`, mediaserver.Device{Client: "Mozilla", Name: "Mozilla", ID: anyID, Version: "5.0"}},
		"ROKU": {`
GET /mediabrowser/Connect/Exchange?format=json&ConnectUserId=ACCOUNT
X-MediaBrowser-Token: KEY
User-Agent: Roku/DVP-9.10 (519.10E04111A)`, mediaserver.Device{Client: "Roku", Name: "Roku", ID: anyID, Version: "DVP-9.10"}},
		"KODI 6 and 9": {`
GET /emby/Connect/Exchange?format=json&ConnectUserId=ACCOUNT
X-Emby-Token: KEY
Authorization: Emby Client=Emby for Kodi Next Gen,Device=Living Room,DeviceId=k-1,Version=9.4.20
Content-type: application/json
Accept-Charset: UTF-8,*`, kodi},
		"KODI 2": {`
GET /emby/Connect/Exchange?ConnectUserId=ACCOUNT&format=json
X-MediaBrowser-Token: KEY
Authorization: MediaBrowser Client=Emby for Kodi Next Gen, Device=Living Room, DeviceId=k-1, Version=9.4.20`, kodi},
		"JAVA and NET": {`
GET /mediabrowser/Connect/Exchange?format=json&ConnectUserId=ACCOUNT
X-MediaBrowser-Token: KEY
Authorization: MediaBrowser Client="Emby for Android", DeviceId="a-1", Device="Pixel 8", Version="2.6.2"`, mediaserver.Device{Client: "Emby for Android", Name: "Pixel 8", ID: "a-1", Version: "2.6.2"}},
		"3P, the same header with the token": {`
GET /Connect/Exchange?ConnectUserId=ACCOUNT
Authorization: MediaBrowser Client="Our%20App", DeviceId="o-1", Device="Den", Version="1", Token="KEY"`, mediaserver.Device{Client: "Our App", Name: "Den", ID: "o-1", Version: "1"}},
		"3P, api_key, any case": {`
GET /CONNECT/EXCHANGE/?connectuserid=ACCOUNT&api_key=KEY&FORMAT=json
X-Emby-Device-Id: o-2`, mediaserver.Device{Client: "Connect", Name: "Connect", ID: "o-2", Version: "0"}},
		"both prefixes": {`
GET /emby/mediabrowser/Connect/Exchange?ConnectUserId=ACCOUNT
X-Emby-Token: KEY
X-Emby-Client: C
X-Emby-Device-Id: o-3`, mediaserver.Device{Client: "C", Name: "C", ID: "o-3", Version: "0"}},
	} {
		before := len(s.media.devices())
		got := s.ask(strings.NewReplacer("ACCOUNT", account, "KEY", key).Replace(c.request))
		devices := s.media.devices()
		if len(devices) != before+1 {
			t.Errorf("%s: %d tokens were made, want 1; answered %+v", name, len(devices)-before, got)
			continue
		}
		want := answer{
			status: http.StatusOK, body: fmt.Sprintf(`{"LocalUserId":%q,"AccessToken":"local-%d"}`, kid, len(devices)),
			contentType: "application/json; charset=utf-8", allowsOrigin: "*",
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		device := devices[before]
		if c.device.ID == anyID && len(device.ID) == 32 {
			c.device.ID = device.ID
		}
		c.device.Address = netip.MustParseAddr("203.0.113.9")
		if diff := cmp.Diff(c.device, device, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
	if log := s.log.String(); strings.Contains(log, key) || strings.Contains(log, "local-1") {
		t.Errorf("got an access key or a token in the log, want neither; log:\n%s", log)
	}
}

// TestExchangeOfOurClient exchanges with package client.
func TestExchangeOfOurClient(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bob, account, _ := s.linked("bob", kid)
	local := httptest.NewServer(s.local)
	t.Cleanup(local.Close)
	list, err := bob.Servers.List(t.Context())
	s.must(err)
	device := client.LocalDevice{Client: `My "App", and more=1`, Name: "Bob's TV é 100%", ID: "d-1", Version: "1"}
	token, err := bob.Servers.Exchange(t.Context(), local.URL+"/emby/", list.Servers[0], client.ID(account), device)
	s.must(err)
	if token.AccessToken != "local-1" || token.LocalUserID != kid {
		t.Errorf("token %+v, want local-1 of %s", token, kid)
	}
	want := []mediaserver.Device{{Client: device.Client, Name: device.Name, ID: "d-1", Version: "1", Address: netip.MustParseAddr("127.0.0.1")}}
	if diff := cmp.Diff(want, s.media.devices(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func exchange(account, key string, more ...string) string {
	return "GET /Connect/Exchange?ConnectUserId=" + account + "\nX-Emby-Token: " + key + "\nX-Emby-Device-Id: d" + strings.Join(append([]string{""}, more...), "\n")
}

func TestExchangeRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bob, account, key := s.linked("bob", kid)
	_, otherAccount, otherKey := s.linked("eve", aunt)

	s.refused("GET /Connect/Exchange?ConnectUserId="+account, http.StatusUnauthorized, "An access key is missing.")
	s.refused(exchange(account, key+"0"), http.StatusUnauthorized, "is not valid here")
	s.refused(exchange(account, otherKey), http.StatusUnauthorized, "is not valid here")
	s.refused(exchange(otherAccount, key), http.StatusUnauthorized, "is not valid here")
	s.refused(exchange("4711", key), http.StatusNotFound, "no link")
	s.refused(exchange("'%20OR%201=1%20--", key), http.StatusNotFound, "no link")
	s.refused("POST /Connect/Exchange?ConnectUserId="+account+"&api_key="+key, http.StatusMethodNotAllowed, "cannot be done")
	if n := len(s.media.devices()); n != 0 {
		t.Fatalf("%d tokens were made, want 0", n)
	}

	// An admin has disallowed Kid.
	s.must(s.agent.Allowances.Disallow(t.Context(), kid))
	if got := s.refused(exchange(account, key), http.StatusForbidden, "latchkey agent allow"); got.retryAfter != "" {
		t.Errorf("Retry-After %q, want none: a person has to act", got.retryAfter)
	}
	s.must(s.agent.Allowances.Allow(t.Context(), kid))

	// Aunt may not connect from outside the home network.
	s.refused(exchange(otherAccount, otherKey), http.StatusUnauthorized, "home network")
	s.refused(exchange(otherAccount, otherKey, "X-Forwarded-For: 192.168.1.7"), http.StatusUnauthorized, "home network")
	s.refused(exchange(otherAccount, otherKey, "Peer: 127.0.0.1:5", "X-Forwarded-For: 192.168.1.7, 203.0.113.9"), http.StatusUnauthorized, "home network")
	for _, from := range []string{"Peer: 192.168.1.7:5", "Peer: 127.0.0.1:5\nX-Forwarded-For: 192.168.1.7"} {
		if got := s.ask(exchange(otherAccount, otherKey, from)); got.status != http.StatusOK {
			t.Errorf("from home: answered %+v, want status 200", got)
		}
	}

	s.media.change(func() { s.media.users[kid].Disabled = true })
	s.refused(exchange(account, key), http.StatusUnauthorized, "Ask its owner")
	s.media.change(func() { s.media.users[kid].Disabled, s.media.users[kid].Administrator = false, true })
	s.refused(exchange(account, key), http.StatusUnauthorized, "Ask its owner")
	s.media.change(func() { s.media.users[kid].Administrator = false })

	s.media.change(func() { s.media.away = true })
	if got := s.refused(exchange(account, key), http.StatusServiceUnavailable, "media server does not answer"); got.retryAfter == "" {
		t.Error("got no Retry-After, want one")
	}
	s.media.change(func() { s.media.away = false })
	if got := s.ask(exchange(account, key)); got.status != http.StatusOK {
		t.Errorf("answered %+v, want status 200 again", got)
	}

	links, err := bob.Links.List(t.Context(), client.Accepted)
	s.must(err)
	s.must(bob.Links.Remove(t.Context(), links[0].ID))
	s.until("the link is removed", func() bool { _, found := s.link("bob"); return !found })
	s.refused(exchange(account, key), http.StatusNotFound, "no link")
}

// TestExchangeWhileTheServiceIsAway exchanges from the agent's own copy, for as
// long as OfflineTrust allows.
func TestExchangeWhileTheServiceIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, account, key := s.linked("bob", kid)
	s.Down()
	if got := s.ask(exchange(account, key)); got.status != http.StatusOK {
		t.Errorf("answered %+v, want status 200", got)
	}
	if got := s.refused(exchange(account, key+"0"), http.StatusServiceUnavailable, "Try again later"); got.retryAfter == "" {
		t.Error("got no Retry-After, want one")
	}
	s.Clock.Advance(100 * time.Hour)
	if got := s.refused(exchange(account, key), http.StatusServiceUnavailable, "too long"); got.retryAfter == "" {
		t.Error("got no Retry-After, want one")
	}
}

func TestExchangeBeforeRegistration(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.newAgent("") // with an empty file
	if got := s.refused(exchange("1", "key"), http.StatusServiceUnavailable, "Try again later"); got.retryAfter == "" {
		t.Error("got no Retry-After, want one")
	}
}

// TestDevicesWithoutAnID distinguishes clients that do not describe themselves by account,
// program and network. A client must get the same id when it comes again.
func TestDevicesWithoutAnID(t *testing.T) {
	t.Parallel()
	id := func(account, agent, address, name string) string {
		return connect.DeviceOf(agent, netip.MustParseAddr(address), account, name).ID
	}
	const roku, web = "Roku/DVP-9.10", "Mozilla/5.0 (X11; Linux)"
	first := id("1001", roku, "192.168.1.2", "")
	different := []string{
		first, id("1001", roku, "192.168.1.3", ""), id("1002", roku, "192.168.1.2", ""), id("1001", web, "192.168.1.2", ""),
		id("1001", roku, "192.168.1.2", "Den"), id("1001", roku, "2001:db8::1", ""), id("1001", roku, "2001:db8:0:1::1", ""),
	}
	slices.Sort(different)
	if len(slices.Compact(different)) != 7 {
		t.Errorf("ids %q, want 7 different ones", different)
	}
	if first != id("1001", roku, "192.168.1.2", "") || len(first) != 32 || id("1001", roku, "2001:db8::1", "") != id("1001", roku, "2001:db8::ffff", "") {
		t.Errorf("first id %q, want 32 digits, and the same id each time and in the whole IPv6 network", first)
	}
	for agent, want := range map[string]string{
		"": "Connect 0", "/": "Connect 0", "Roku/DVP-9.10 (x)": "Roku DVP-9.10", "  Kodi  ": "Kodi 0", "é\"=,\\x/\x011": "x 1",
		strings.Repeat("a", 999) + "/" + strings.Repeat("1", 999): strings.Repeat("a", 64) + " " + strings.Repeat("1", 64),
	} {
		if d := connect.DeviceOf(agent, netip.Addr{}, "1", ""); d.Client+" "+d.Version != want || d.Name != d.Client || d.ID == "" {
			t.Errorf("%q: device %+v, want client and version %q", agent, d, want)
		}
	}
}
