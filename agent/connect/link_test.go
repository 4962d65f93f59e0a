package connect_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/connect"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// admin returns a request of an administrator's app.
func admin(request string) string {
	head, body, _ := strings.Cut(request, "\n\n")
	return head + "\nX-Emby-Token: " + rootToken + "\n\n" + body
}

// TestAdministratorsOnly refuses callers who are not administrators of the media
// server.
func TestAdministratorsOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, _, key := s.linked("bob", kid)
	for _, request := range []string{
		"POST /Users/" + aunt + "/Connect/Link?ConnectUsername=ann", "DELETE /Users/" + kid + "/Connect/Link", "POST /emby/Users/" + kid + "/Connect/Link/Delete",
		"GET /Connect/Pending", "DELETE /Connect/Pending?Id=1", "POST /Connect/Invite?ConnectUsername=ann",
	} {
		s.refused(request, http.StatusUnauthorized, "Sign in")
		s.refused(request+"\nX-Emby-Token: "+kidToken, http.StatusForbidden, "Only an administrator")
		for _, token := range []string{key, "x"} { // unknown or ended: the app has to sign in again
			s.refused(request+"\nX-Emby-Token: "+token, http.StatusUnauthorized, "Sign in again")
		}
		s.media.change(func() { s.media.away = true })
		if got := s.refused(request+"\nX-Emby-Token: "+rootToken, http.StatusServiceUnavailable, "media server does not answer"); got.retryAfter == "" {
			t.Error("got no Retry-After, want one")
		}
		s.media.change(func() { s.media.away = false })
	}
	if _, found := s.link("bob"); !found {
		t.Error("the link was removed, want it kept")
	}
	if log := s.log.String(); strings.Contains(log, rootToken) || strings.Contains(log, kidToken) || strings.Contains(log, key) {
		t.Errorf("got a token in the log, want none; log:\n%s", log)
	}
}

// TestLinkOfClients sends requests for a link in the forms that apps use.
func TestLinkOfClients(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const dashed = "0A0A0A0A-0a0a-0a0a-0a0a-0a0a0a0a0a0a"
	for i, request := range []string{
		"POST /Users/" + kid + "/Connect/Link\nX-MediaBrowser-Token: " + rootToken + "\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\n\nConnectUsername=NAME",
		"POST /emby/Users/" + kid + "/Connect/Link?X-Emby-Token=" + rootToken + "\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\n\nConnectUsername=NAME",
		"POST /emby/users/" + dashed + "/connect/link/?connectusername=%20NAME%20&api_key=" + rootToken,
		"POST /mediabrowser/Users/" + kid + "/Connect/Link\nAuthorization: MediaBrowser Token=\"" + rootToken + "\"\nContent-Type: application/json\n\n{\"ConnectUsername\":\"NAME\"}",
	} {
		name := "bob" + strings.Repeat("b", i)
		person := s.Join(t, name)
		got := s.ask(strings.ReplaceAll(request, "NAME", name))
		want := answer{http.StatusOK, `{"IsPending":true,"IsNewUserInvitation":false,"GuestDisplayName":"` + name + `"}`, "application/json; charset=utf-8", "", "*"}
		if got != want {
			t.Errorf("%s\nanswered %+v, want %+v", request, got, want)
		}
		waiting, err := person.Links.List(t.Context(), client.Pending)
		s.must(err)
		s.until("the agent knows the link", func() bool { link, found := s.link(name); return found && link.LocalUserID == kid })
		if len(waiting) != 1 {
			t.Errorf("%s\n%d pending links, want 1", request, len(waiting))
		}
		unlink := []string{"DELETE /Users/" + dashed + "/Connect/Link", "POST /emby/Users/" + kid + "/Connect/Link/Delete"}[i%2]
		for range 2 { // an app may ask twice
			if got := s.ask(admin(unlink)); got.status != http.StatusNoContent || got.body != "" || got.allowsOrigin != "*" {
				t.Errorf("%s: answered %+v, want status 204 without a body, for any origin", unlink, got)
			}
		}
		waiting, err = person.Links.List(t.Context(), client.Pending)
		s.must(err)
		if _, found := s.link(name); len(waiting) != 0 || found {
			t.Errorf("%s: %d pending links, known to the agent: %v; want none", unlink, len(waiting), found)
		}
	}
}

func TestLinkRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.linked("bob", kid)
	s.Join(t, "eve")
	link := func(user, name string) string {
		return admin("POST /Users/" + user + "/Connect/Link?ConnectUsername=" + name)
	}
	s.refused(link(kid, ""), http.StatusBadRequest, "ConnectUsername")
	s.refused(link(kid, "%20"), http.StatusBadRequest, "ConnectUsername")
	s.refused(link("me", "eve"), http.StatusNotFound, "no such local user")
	s.refused(link("..", "eve"), http.StatusNotFound, "no such local user")
	s.refused(link(strings.Repeat("9", 32), "eve"), http.StatusNotFound, "no such local user")
	s.refused(link(aunt, "nobody-of-that-name"), http.StatusNotFound, "No account with that name")
	s.refused(link(aunt, "bob"), http.StatusConflict, "linked already")
	s.refused(link(root, "eve"), http.StatusForbidden, "allow-admins")
	s.refused(admin("GET /Users/"+kid+"/Connect/Link"), http.StatusMethodNotAllowed, "cannot be done")
	s.refused(admin("DELETE /Users/me/Connect/Link"), http.StatusNotFound, "no such local user")

	s.Down()
	if got := s.refused(link(aunt, "eve"), http.StatusBadGateway, "cannot be reached"); got.retryAfter == "" {
		t.Error("got no Retry-After, want one")
	}
	s.refused(admin("POST /Connect/Invite?ConnectUsername=eve"), http.StatusBadGateway, "cannot be reached")
	s.Up()
	if _, found := s.link("bob"); !found {
		t.Error("the link was removed in an outage, want it kept")
	}
	s.refused(link(kid, "nobody-of-that-name"), http.StatusNotFound, "No account with that name")
	s.refused(link(kid, "bob@example.org"), http.StatusNotFound, "No account with that name")
	if link, found := s.link("bob"); !found || link.Status != client.Accepted {
		t.Error("the link was removed for an account that cannot be linked, want it kept")
	}

	s.newAgent("")
	s.refused(link(aunt, "eve"), http.StatusBadGateway, "not registered")
}

// TestLinkReplacesLink links a local user to another account. The old link ends, and
// its account and other local users stay as they are.
func TestLinkReplacesLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bob, account, key := s.linked("bob", kid)
	s.linked("mia", aunt)
	eve := s.Join(t, "eve")
	got := s.ask(admin("POST /Users/" + kid + "/Connect/Link?ConnectUsername=eve"))
	if got.status != http.StatusOK || !strings.Contains(got.body, `"IsPending":true`) {
		t.Fatalf("answered %+v, want status 200 and a pending link", got)
	}
	waiting, err := eve.Links.List(t.Context(), client.Pending)
	s.must(err)
	list, err := bob.Servers.List(t.Context())
	s.must(err)
	// If the end of bob's link reaches the agent during the request, the new link comes with the
	// next changes.
	s.until("the new link is here", func() bool { _, found := s.link("eve"); return found })
	link, _ := s.link("eve")
	if _, old := s.link("bob"); old || link.LocalUserID != kid || len(waiting) != 1 || len(list.Servers) != 0 {
		t.Errorf("got the old link %v, the new one %+v, %d waiting links and bob's servers %+v; want the new link alone", old, link, len(waiting), list.Servers)
	}
	s.refused(exchange(account, key), http.StatusNotFound, "no link")
	s.refused(admin("POST /Users/"+kid+"/Connect/Link?ConnectUsername=mia"), http.StatusConflict, "linked already")
	if _, found := s.link("eve"); !found {
		t.Error("the link ended for an account that has another local user, want it kept")
	}
	if got := s.ask(admin("POST /Users/" + kid + "/Connect/Link?ConnectUsername=eve")); got.status != http.StatusOK { // asks twice
		t.Errorf("answered %+v, want status 200", got)
	}
}

func TestInvite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	eve := s.Join(t, "eve")
	films, music := strings.Repeat("a", 32), strings.Repeat("b", 32)
	s.until("the libraries are reported", func() bool {
		owned, err := s.ann.Servers.Owned(t.Context())
		s.must(err)
		detail, err := s.ann.Servers.Get(t.Context(), owned[0].ID)
		s.must(err)
		return len(detail.Libraries) == 2
	})
	const form = "\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\n\n"
	got := s.ask(admin("POST /emby/Connect/Invite" + form + "ConnectUsername=eve&SendingUserId=" + root + "&EnabledLibraries=" + films + "&EnabledChannels=&EnableLiveTv=false"))
	want := answer{http.StatusOK, `{"IsPending":true,"IsNewUserInvitation":false,"GuestDisplayName":"eve"}`, "application/json; charset=utf-8", "", "*"}
	if got != want {
		t.Errorf("answered %+v, want %+v", got, want)
	}
	received, err := eve.Invites.Received(t.Context())
	s.must(err)
	if len(received) != 1 || received[0].Type != client.Guest || len(received[0].Servers) != 1 || len(received[0].Servers[0].Libraries) != 1 {
		t.Errorf("received %+v, want one guest invite with one library", received)
	}
	got = s.ask(admin("POST /Connect/Invite?ConnectUsername=new.person%40example.test&EnabledLibraries=" + films + "%2C" + music))
	want.body = `{"IsPending":true,"IsNewUserInvitation":true,"GuestDisplayName":"new.person@example.test"}`
	if got != want {
		t.Errorf("answered %+v, want %+v", got, want)
	}
	got = s.ask(admin("POST /Connect/Invite\nContent-Type: application/json\n\n" + `{"ConnectUsername":"other@example.test","EnabledLibraries":["` + music + `"]}`))
	if got.status != http.StatusOK {
		t.Errorf("answered %+v, want status 200", got)
	}
	sent := map[string]int{}
	for invite, err := range s.ann.Invites.Sent(t.Context()) {
		s.must(err)
		sent[invite.To] = len(invite.Servers[0].Libraries)
	}
	if diff := cmp.Diff(map[string]int{"eve": 1, "new.person@example.test": 2, "other@example.test": 1}, sent); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}

	// A list without a library must not be mistaken for all libraries.
	s.refused(admin("POST /Connect/Invite?ConnectUsername=eve&EnabledLibraries="), http.StatusBadRequest, "at least one library")
	s.refused(admin("POST /Connect/Invite?ConnectUsername=eve&EnabledLibraries=,%20,"), http.StatusBadRequest, "at least one library")
	s.refused(admin("POST /Connect/Invite\nContent-Type: application/json\n\n"+`{"ConnectUsername":"eve","EnabledLibraries":[]}`), http.StatusBadRequest, "at least one library")
	s.refused(admin("POST /Connect/Invite?ConnectUsername=eve&EnabledLibraries="+strings.Repeat("c", 32)), http.StatusBadRequest, "no such library")
	s.refused(admin("POST /Connect/Invite"), http.StatusBadRequest, "ConnectUsername")
	s.refused(admin("POST /Connect/Invite?ConnectUsername=nobody-of-that-name"), http.StatusNotFound, "No account with that name")
}

func TestPending(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.linked("bob", kid)
	bob, _ := s.link("bob")
	if got := s.ask(admin("GET /Connect/Pending")); got.status != http.StatusOK || got.body != "[]" {
		t.Errorf("answered %+v, want an empty list", got)
	}
	eve := s.Join(t, "eve")
	s.ask(admin("POST /Users/" + aunt + "/Connect/Link?ConnectUsername=eve"))
	s.until("the agent knows the link", func() bool { _, found := s.link("eve"); return found })
	link, _ := s.link("eve")
	// A link with an existing local user is shown with that local user, not among
	// the guests.
	if got := s.ask(admin("GET /Connect/Pending")); got.status != http.StatusOK || got.body != "[]" {
		t.Errorf("answered %+v, want an empty list", got)
	}
	s.refused(admin("DELETE /Connect/Pending?Id="+bob.ID), http.StatusNotFound, "invitation does not exist")
	s.refused(admin("DELETE /Connect/Pending?Id=4711"), http.StatusNotFound, "invitation does not exist")
	s.refused(admin("DELETE /Connect/Pending"), http.StatusNotFound, "invitation does not exist")
	if got := s.ask(admin("DELETE /emby/connect/pending?id=" + link.ID)); got.status != http.StatusNoContent {
		t.Errorf("answered %+v, want status 204", got)
	}
	waiting, err := eve.Links.List(t.Context(), client.Pending)
	s.must(err)
	if _, found := s.link("eve"); found || len(waiting) != 0 {
		t.Errorf("%d pending links, known to the agent: %v; want none", len(waiting), found)
	}
	if _, found := s.link("bob"); !found {
		t.Error("the other link was removed, want it kept")
	}
}

// TestInviteInTheProtocol follows an invite through both sides of the protocol, as
// the apps of 2017 do: the administrator's app lists and cancels it, the guest's app
// lists, declines and accepts it.
func TestInviteInTheProtocol(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const form = "\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\n\n"
	bob := s.Join(t, "bob")
	account, err := bob.Accounts.Get(t.Context())
	s.must(err)
	token := s.central("POST", "/user/authenticate?nameOrEmail=bob&rawpw="+url.QueryEscape(servicetest.Password), "", http.StatusOK)["AccessToken"].(string)
	waiting := func(want int) string {
		t.Helper()
		list, _ := s.central("GET", "/servers?userId="+string(account.ID)+"&status=Waiting", token, http.StatusOK)["list"].([]any)
		if len(list) != want {
			t.Fatalf("got the waiting servers %v, want %d", list, want)
		}
		if want == 0 {
			return ""
		}
		entry, _ := list[0].(map[string]any)
		if entry["AccessKey"] != "" || entry["UserType"] != "Guest" || entry["Url"] == "" || entry["SystemId"] == "" {
			t.Errorf("got the waiting server %v, want a guest's with addresses and no access key", entry)
		}
		return entry["Id"].(string)
	}
	pending := func(want ...string) (ids []string) {
		t.Helper()
		var list []struct {
			ID       string `json:"Id"`
			UserName string `json:"UserName"`
		}
		got := s.ask(admin("GET /Connect/Pending"))
		s.must(json.Unmarshal([]byte(got.body), &list))
		var names []string
		for _, one := range list {
			names, ids = append(names, one.UserName), append(ids, one.ID)
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("Connect/Pending (-want +got):\n%s", diff)
		}
		return ids
	}
	invite := func(to string) {
		t.Helper()
		if got := s.ask(admin("POST /Connect/Invite" + form + "ConnectUsername=" + to)); got.status != http.StatusOK {
			t.Fatalf("answered %+v, want status 200", got)
		}
	}
	invite("bob")
	invite("new.person%40example.test")
	ids := pending("new.person@example.test", "bob")
	for _, id := range ids { // the administrator withdraws both invites
		if got := s.ask(admin("DELETE /Connect/Pending?Id=" + id)); got.status != http.StatusNoContent {
			t.Errorf("answered %+v, want status 204", got)
		}
		s.refused(admin("DELETE /Connect/Pending?Id="+id), http.StatusNotFound, "invitation does not exist")
	}
	pending()
	waiting(0)

	invite("bob")
	target := "/ServerAuthorizations?serverId=" + waiting(1) + "&userId=" + string(account.ID)
	s.central("DELETE", target, token, http.StatusOK)
	pending()
	waiting(0)
	s.central("DELETE", target, token, http.StatusNotFound)

	invite("bob")
	accept := strings.Replace(target, "?", "/accept?", 1)
	s.central("GET", accept, token, http.StatusOK)
	s.central("GET", accept, token, http.StatusOK)
	pending()
	waiting(0)
	s.until("the guest has a local user", func() bool {
		link, found := s.link("bob")
		return found && link.Status == client.Accepted && link.Type == client.Guest
	})

	s.Down() // an error, and never a list that lacks the invites
	s.refused(admin("GET /Connect/Pending"), http.StatusBadGateway, "cannot be reached")
	s.Up()
}

func TestPendingGuests(t *testing.T) {
	t.Parallel()
	for want, links := range map[string][]agent.Link{
		`[]`: {{ID: "1", Type: client.Linked}},
		`[{"ConnectUserId":"1001","UserName":"eve","ImageUrl":"","Id":"9001","EnabledLibraries":[],"EnableLiveTv":false,"EnabledChannels":[]}]`: {
			{ID: "9001", AccountID: "1001", Username: "eve", Type: client.Guest},
		},
		`[{"ConnectUserId":"1","UserName":"a","ImageUrl":"","Id":"2","EnabledLibraries":["l1","l2"],"EnableLiveTv":false,"EnabledChannels":[]}]`: {
			{ID: "2", AccountID: "1", Username: "a", Type: client.Guest, Libraries: []string{"l1", "l2"}}, {ID: "3", Type: client.Linked},
		},
	} {
		got, err := json.Marshal(connect.Pending(links, nil))
		if err != nil || string(got) != want {
			t.Errorf("got %s, error %v; want %s", got, err, want)
		}
	}
	got, err := json.Marshal(connect.Pending(nil, []agent.Invite{{ID: "7", To: "eve@example.org", Type: client.Guest, Libraries: []string{"l1"}}, {ID: "8", To: "bob", Type: client.Linked}}))
	const want = `[{"ConnectUserId":"","UserName":"eve@example.org","ImageUrl":"","Id":"7","EnabledLibraries":["l1"],"EnableLiveTv":false,"EnabledChannels":[]}]`
	if err != nil || string(got) != want {
		t.Errorf("got %s, error %v; want %s", got, err, want)
	}
}
