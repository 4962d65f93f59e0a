package connect_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// TestSignOutOfADeviceEndsItsLocalToken signs two devices in over the Connect protocol and
// exchanges on both. When a device is signed out at the service, by the app itself or by
// its owner, its local token ends. The token of the other device stays valid.
func TestSignOutOfADeviceEndsItsLocalToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bob, account, key := s.linked("bob", kid)
	signIn := func(id string) (token, local string) {
		t.Helper()
		named := `Emby Client="Example TV", Device="TV", DeviceId="` + id + `", Version="1"`
		in := s.central("POST", "/user/authenticate?nameOrEmail=bob&rawpw="+url.QueryEscape(servicetest.Password), "", http.StatusOK, "X-Emby-Authorization", named)
		var out struct {
			AccessToken string `json:"AccessToken"`
		}
		got := s.ask("GET /Connect/Exchange?ConnectUserId=" + account + "\nX-Emby-Token: " + key + "\nX-Emby-Authorization: " + named)
		s.must(json.Unmarshal([]byte(got.body), &out))
		if !s.media.alive(out.AccessToken) {
			t.Fatalf("exchange of %s: %+v, want a good token", id, got)
		}
		return in["AccessToken"].(string), out.AccessToken
	}
	_, stays := signIn("sofa-1")
	token, local := signIn("sofa-2")
	s.central("POST", "/user/logout", token, http.StatusOK)
	s.until("the app signs itself out", func() bool { return !s.media.alive(local) })

	before := sessionsOf(s, bob)
	_, local = signIn("sofa-3")
	for id := range sessionsOf(s, bob) {
		if !before[id] {
			s.must(bob.Sessions.End(t.Context(), id))
		}
	}
	s.until("the owner signs it out", func() bool { return !s.media.alive(local) })
	if !s.media.alive(stays) {
		t.Error("the local token of another device ended, want it to stay")
	}
}

// sessionsOf returns the ids of a person's sessions.
func sessionsOf(s *site, person *client.Client) map[client.ID]bool {
	ids := map[client.ID]bool{}
	for one, err := range person.Sessions.List(s.t.Context()) {
		s.must(err)
		ids[one.ID] = true
	}
	return ids
}

// TestGuestWhoWaitsOverHTTP exchanges for a guest whom the media server does not create.
// With the pace of a real agent the device waits some seconds, and then hears when to come
// again. When the guest has been created, the same access key gives a token.
func TestGuestWhoWaitsOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	held := make(chan struct{})
	s.media.change(func() { s.media.held = held })
	bob := s.Join(t, "bob")
	s.until("the invite, once the service knows the library", func() bool {
		return s.ask(admin("POST /Connect/Invite?ConnectUsername=bob&EnabledLibraries=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")).status == http.StatusOK
	})
	received, err := bob.Invites.Received(t.Context())
	s.must(err)
	s.must(bob.Invites.Accept(t.Context(), received[0].ID))
	s.until("the link is accepted", func() bool { link, found := s.link("bob"); return found && link.Status == client.Accepted })
	account, err := bob.Accounts.Get(t.Context())
	s.must(err)
	servers, err := bob.Servers.List(t.Context())
	s.must(err)

	local := httptest.NewServer(s.local)
	t.Cleanup(local.Close)
	ask := func() *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, local.URL+"/emby/Connect/Exchange?ConnectUserId="+string(account.ID), http.NoBody)
		s.must(err)
		r.Header.Set("X-Emby-Token", servers.Servers[0].AccessKey)
		r.Header.Set("X-Emby-Device-Id", "tv-1")
		response, err := http.DefaultClient.Do(r)
		s.must(err)
		s.must(response.Body.Close())
		return response
	}
	got := ask()
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") != "5" {
		t.Errorf("status %d with Retry-After %q, want 503 with 5", got.StatusCode, got.Header.Get("Retry-After"))
	}
	close(held)
	s.until("a token for the guest", func() bool { return ask().StatusCode == http.StatusOK })
}
