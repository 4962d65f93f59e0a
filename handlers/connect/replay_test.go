package connect_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

const app = "\nX-Application: Harness App/1.2.3\naccept: application/json"

const formType = "\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8"

// encodeURIComponent encodes a value as browsers do.
func encodeURIComponent(text string) string {
	text = strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
	for _, kept := range []string{"!", "'", "(", ")", "*"} {
		text = strings.ReplaceAll(text, url.QueryEscape(kept), kept)
	}
	return text
}

// userMembers returns the names of the members of a person in the protocol.
func userMembers() []string {
	return []string{"Id", "Name", "DisplayName", "Email", "IsActive", "ImageUrl"}
}

func serverMembers() []string {
	return []string{"Id", "Url", "Name", "SystemId", "AccessKey", "LocalAddress", "LocalAddres", "UserType", "SupporterKey"}
}

func authorizationMembers() []string {
	return []string{"Id", "ServerId", "UserId", "AccessToken", "DateCreated", "IsActive", "AcceptStatus", "UserType", "UserImageUrl", "UserName"}
}

// The first captured conversation (docs/emby-connect.md §7): the calls of an app
// of 2020 to a Connect service, in their order and as they came.
func TestReplayApp(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, replayApp)
}

func replayApp(t *testing.T, database string) {
	t.Helper()
	s := newSiteOn(t, database, nil)
	s.person("alice", alicesPassword)
	s.person("bob", bobsPassword)
	serverID, serverKey := s.media("383ceec546a24889be99de692f6b7b09")

	// The app signs a person up.
	signUp := func(email, name, password string) answer {
		return s.do("POST /service/register\nX-Application: Harness App/1.2.3\nX-CONNECT-TOKEN: CONNECT-REGISTER\naccept: application/json" + formType +
			"\n\nemail=" + encodeURIComponent(email) + "&userName=" + name + "&rawpw=" + encodeURIComponent(password))
	}
	signed := signUp("new1795293387508@example.test", "new1795293387508", newPassword).is(http.StatusOK)
	object := signed.object("Status", "Message", "Validated")
	if object["Status"] != "SUCCESS" || object["Validated"] != false || signed.text(object, "Message") == "" {
		t.Errorf("signup: answered %s, want SUCCESS, not validated, with a message", signed.body)
	}
	s.confirm("new1795293387508@example.test")
	s.signIn("new1795293387508", newPassword)

	// A second sign-up with the same username is refused.
	dup := signUp("x1@example.test", "alice", "abcdefgh of a kind")
	if dup.status != http.StatusBadRequest {
		t.Errorf("signup dup: status %d, want 400", dup.status)
	}
	if object := dup.object("Status", "Message", "Validated"); object["Status"] != "USERNAME_IN_USE" || object["Validated"] != false {
		t.Errorf("signup dup: answered %s, want USERNAME_IN_USE, not validated", dup.body)
	}

	// The person signs in with a wrong password.
	s.do("POST /service/user/authenticate" + app + formType + "\n\nnameOrEmail=alice&rawpw=wrong").is(http.StatusUnauthorized)

	// The person signs in.
	signIn := func(name, password string) (userID, token string) {
		t.Helper()
		a := s.do("POST /service/user/authenticate" + app + formType + "\n\nnameOrEmail=" + name + "&rawpw=" + encodeURIComponent(password)).is(http.StatusOK)
		object := a.object("AccessToken", "User")
		user, _ := object["User"].(map[string]any)
		a.members(user, userMembers()...)
		for _, member := range userMembers() {
			a.text(user, member)
		}
		if user["Name"] != name || user["DisplayName"] != name || user["Email"] != name+"@example.test" || user["IsActive"] != "true" {
			t.Errorf("login: answered %s, want the active user %s", a.body, name)
		}
		return a.text(user, "Id"), a.text(object, "AccessToken")
	}
	alice, token := signIn("alice", alicesPassword)

	// The app asks for the servers: first the list is empty, then it has one server.
	getServers := func(query, token string) answer {
		return s.do("GET /service/servers?" + query + "\nX-Application: Harness App/1.2.3\nX-Connect-UserToken: " + token + "\naccept: application/json").is(http.StatusOK)
	}
	if a := getServers("userId="+alice, token); a.body != "[]" {
		t.Errorf("get servers: answered %s, want []", a.body)
	}
	s.authorize(serverID, serverKey, alice)
	s.do("GET /service/ServerAuthorizations/accept?serverId=" + serverID + "&userId=" + alice + "\nX-Connect-UserToken: " + token).is(http.StatusOK)
	a := getServers("userId="+alice, token)
	entry := a.list()[0]
	a.members(entry, serverMembers()...)
	for _, member := range serverMembers() {
		a.text(entry, member)
	}
	for member, want := range map[string]string{
		"Id": serverID, "Name": "Den", "SystemId": "383ceec546a24889be99de692f6b7b09", "AccessKey": "92946949b56f4c5e831d072ba4929de0",
		"Url": "http://203.0.113.9:8096", "LocalAddress": "http://192.168.1.2:8096", "LocalAddres": "http://192.168.1.2:8096", "UserType": "Linked",
	} {
		if entry[member] != want {
			t.Errorf("get servers: %s is %v, want %s", member, entry[member], want)
		}
	}

	// A device asks for a code.
	pinObject := func(a answer, confirmed bool) map[string]any {
		t.Helper()
		object := a.object("Id", "Pin", "DeviceId", "IsExpired", "IsConfirmed", "AccessToken")
		if object["DeviceId"] != "Dev-modern-pin é" || object["IsExpired"] != false || object["IsConfirmed"] != confirmed {
			t.Errorf("pin: answered %s, want the device's own pin with IsConfirmed %t", a.body, confirmed)
		}
		a.text(object, "Pin")
		return object
	}
	const device = "Dev-modern-pin%20%C3%A9"
	began := s.do("POST /service/pin" + app + formType + "\n\ndeviceId=" + device).is(http.StatusOK)
	pin := began.text(pinObject(began, false), "Pin")
	poll := func() answer { return s.do("GET /service/pin?deviceId=" + device + "&pin=" + pin + app) }
	pinObject(poll().is(http.StatusOK), false)
	exchange := func() answer {
		return s.do("POST /service/pin/authenticate" + app + formType + "\n\ndeviceId=" + device + "&pin=" + pin)
	}
	exchange().is(http.StatusNotFound)
	s.must(s.store.Devices.Approve(t.Context(), s.alicesBrowser(), pin, home))

	// The person has approved the code.
	pinObject(poll().is(http.StatusOK), true)
	exchanged := exchange().is(http.StatusOK)
	object = exchanged.object("UserId", "AccessToken")
	if exchanged.text(object, "UserId") != alice {
		t.Errorf("pin/authenticate: answered %s, want the user %s", exchanged.body, alice)
	}
	tvToken := exchanged.text(object, "AccessToken")
	exchange().is(http.StatusNotFound)
	poll().is(http.StatusNotFound)
	user := s.do("GET /service/user?id=" + alice + "\nX-Application: Harness App/1.2.3\nX-Connect-UserToken: " + tvToken + "\naccept: application/json").is(http.StatusOK)
	if object := user.object(userMembers()...); object["Id"] != alice || object["IsActive"] != "true" {
		t.Errorf("user: answered %s, want the active user %s", user.body, alice)
	}

	// A server asks a person for a link, and the app lists and answers it.
	bob, bobsToken := signIn("bob", bobsPassword)
	s.authorize(serverID, serverKey, bob)
	a = getServers("userId="+bob+"&status=Waiting", bobsToken)
	waiting := a.list()
	if len(waiting) != 1 || waiting[0]["Id"] != serverID || waiting[0]["AccessKey"] != "" || waiting[0]["Name"] != "Den" {
		t.Errorf("invitations: answered %s, want Den without an access key", a.body)
	}
	for _, member := range serverMembers() {
		a.text(waiting[0], member)
	}
	if a := getServers("userId="+bob, bobsToken); a.body != "[]" {
		t.Errorf("servers before accept: answered %s, want []", a.body)
	}
	headers := "\nX-Connect-UserToken: " + bobsToken + "\nX-Application: Harness App/1.2.3\naccept: */*"
	s.do("GET /service/ServerAuthorizations/accept?serverId=" + serverID + "&userId=" + bob + headers).is(http.StatusOK)
	if list := getServers("userId="+bob, bobsToken).list(); len(list) != 1 || list[0]["AccessKey"] == "" {
		t.Errorf("servers after accept: %v, want one with an access key", list)
	}
	s.do("DELETE /service/serverAuthorizations?serverId=" + serverID + "&userId=" + bob + headers).is(http.StatusOK)
	if a := getServers("userId="+bob, bobsToken); a.body != "[]" {
		t.Errorf("servers after delete: answered %s, want []", a.body)
	}
	s.do("DELETE /service/serverAuthorizations?serverId=" + serverID + "&userId=" + bob + headers).is(http.StatusNotFound)
	out := s.do("POST /service/user/logout\nX-Connect-UserToken: " + bobsToken + "\n\n").is(http.StatusOK)
	out.object()
	s.do("GET /service/servers?userId=" + bob + headers).is(http.StatusUnauthorized)
}

// The second captured conversation: a media server of 2017 registers, links,
// invites and unlinks.
func TestReplayServer(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, replayServer)
}

func replayServer(t *testing.T, database string) {
	t.Helper()
	s := newSiteOn(t, database, nil, func(o *models.Options) { o.LegacyMD5 = true })
	s.person("alice", alicesPassword)
	s.person("bob", bobsPassword)
	s.unconfirmed("sleepy", bobsPassword)
	aliceID, aliceToken := s.signIn("alice", alicesPassword)
	bobID, bobToken := s.signIn("bob", bobsPassword)
	s.mails.Deliver(t)

	const name = `Den & Co + 50% "Server"`
	const srv = "\nX-Application: Emby Server/3.2.0.0"
	const srvForm = srv + "\nContent-Type: application/x-www-form-urlencoded\n\n"
	report := func(address, local string) string {
		return "name=" + name + "&url=" + address + "&systemId=383ceec546a24889be99de692f6b7b09&localAddress=" + local
	}

	// The server registers for the first time.
	a := s.do("POST /service/Servers" + srvForm + report("http://127.0.0.1:8096", "http://127.0.0.1:18096")).is(http.StatusOK)
	object := a.object("Id", "Url", "Name", "AccessKey")
	if object["Name"] != name || object["Url"] != "http://127.0.0.1:8096" {
		t.Errorf("first registration: answered %s, want the name and the address as sent", a.body)
	}
	id, key := a.text(object, "Id"), a.text(object, "AccessKey")
	token := "\nX-Connect-Token: " + key
	links := func() []map[string]any {
		t.Helper()
		a := s.do("GET /service/ServerAuthorizations?serverId=" + id + token + srv).is(http.StatusOK)
		list := a.list()
		for _, entry := range list {
			a.members(entry, authorizationMembers()...)
			for _, member := range authorizationMembers() {
				if member != "IsActive" {
					a.text(entry, member)
				}
			}
		}
		return list
	}
	if list := links(); len(list) != 0 {
		t.Errorf("links after the first registration: %v, want an empty list", list)
	}

	// After a restart the server reports again. Then it reports an address with a DDNS
	// name.
	for _, address := range []string{"http://127.0.0.1:8096", "http://media.example.test:8096"} {
		a := s.do("POST /service/Servers?id=" + id + token + srvForm + report(address, "http://127.0.0.1:18097")).is(http.StatusOK)
		if object := a.object("Id", "Url", "Name"); object["Id"] != id || object["Url"] != address || object["Name"] != name {
			t.Errorf("update: answered %s, want the same id and name, and the address %s", a.body, address)
		}
	}

	// The server links a local user.
	find := func(text string) answer { return s.do("GET /service/user?nameOrEmail=" + text + token + srv) }
	a = find("alice").is(http.StatusOK)
	if object := a.object("Id", "Name", "DisplayName", "IsActive", "ImageUrl"); object["Id"] != aliceID || object["IsActive"] != "true" {
		t.Errorf("link user: answered %s, want the active user %s", a.body, aliceID)
	}
	authorize := func(userID, userType, key string, more string) {
		t.Helper()
		a := s.do("POST /service/ServerAuthorizations" + token + srvForm + "serverId=" + id + "&userId=" + userID + "&userType=" + userType + "&accessToken=" + key + more).is(http.StatusOK)
		object := a.object(authorizationMembers()...)
		if object["ServerId"] != id || object["UserId"] != userID || object["UserType"] != userType || object["AccessToken"] != key ||
			object["AcceptStatus"] != "waiting" || object["IsActive"] != true {
			t.Errorf("authorize: answered %s, want a waiting link of %s as %s", a.body, userID, userType)
		}
	}
	authorize(aliceID, "Linked", "92946949b56f4c5e831d072ba4929de0", "")
	if list := links(); len(list) != 1 || list[0]["AcceptStatus"] != "waiting" || list[0]["UserName"] != "alice" {
		t.Errorf("links %v, want alice's, waiting", list)
	}
	s.do("GET /service/ServerAuthorizations/accept?serverId=" + id + "&userId=" + aliceID + "\nX-Connect-UserToken: " + aliceToken).is(http.StatusOK)
	if list := links(); list[0]["AcceptStatus"] != "accepted" || list[0]["AccessToken"] != "92946949b56f4c5e831d072ba4929de0" {
		t.Errorf("links %v, want alice's, accepted, with its access key", list)
	}
	located := s.do("GET /service/servers?userId=" + aliceID + "\nX-Connect-UserToken: " + aliceToken).is(http.StatusOK).list()[0]
	if located["Name"] != name || located["Url"] != "http://media.example.test:8096" || located["LocalAddress"] != "http://127.0.0.1:18097" {
		t.Errorf("the person sees %v, want the new name and both addresses", located)
	}

	// The server tries to link an unknown person, and a person whose account is inactive.
	find("no-such-user-xyz").is(http.StatusNotFound)
	if object := find("sleepy").is(http.StatusOK).object("Id", "Name", "DisplayName", "IsActive", "ImageUrl"); object["IsActive"] != "false" {
		t.Errorf("inactive user: %v, want IsActive false", object)
	}

	// The server invites a guest.
	find("bob").is(http.StatusOK)
	authorize(bobID, "Guest", "30e983b8410f42bc883a3d7ecc6f95bd", "&requesterUserName=alice")
	if list := links(); len(list) != 2 || list[1]["UserType"] != "Guest" || list[1]["UserName"] != "bob" {
		t.Errorf("links %v, want alice's and bob's as a guest", list)
	}
	if list := s.do("GET /service/servers?userId=" + bobID + "&status=Waiting\nX-Connect-UserToken: " + bobToken).is(http.StatusOK).list(); list[0]["UserType"] != "Guest" {
		t.Errorf("bob sees %v, want an invitation as a guest", list)
	}

	// The server invites an email address without an account. Before somebody has claimed
	// the server, no mail is sent.
	invite := func() int {
		t.Helper()
		find("new.person%40example.test").is(http.StatusNotFound)
		s.do("POST /service/users/invite" + srvForm + "email=new.person@example.test&requesterUserName=alice").is(http.StatusOK).object()
		n := 0
		for _, letter := range s.mails.Deliver(t) {
			if letter.Kind == models.MailInvited && letter.To == "new.person@example.test" {
				n++
			}
		}
		return n
	}
	if n := invite(); n != 0 {
		t.Errorf("%d invitations by a server without an owner, want 0", n)
	}
	var number int64
	s.must(json.Unmarshal([]byte(id), &number))
	s.must(s.store.Registrations.Claim(t.Context(), s.alicesBrowser().AccountID, number, key, home))
	if n := invite(); n != 1 {
		t.Errorf("%d invitations, want 1", n)
	}

	// The server removes the guest.
	remove := func(userID string) answer {
		return s.do("DELETE /service/ServerAuthorizations" + token + srvForm + "serverId=" + id + "&userId=" + userID)
	}
	remove(bobID).is(http.StatusOK)
	remove(bobID).is(http.StatusNotFound)
	if list := links(); len(list) != 1 {
		t.Errorf("links after the removal %v, want alice's alone", list)
	}

	// The server checks a password in the old way: it sends the MD5 of the password as
	// it was typed, in upper case.
	a = s.do("POST /service/user/authenticate" + srvForm + "userName=alice&password=" + strings.ToUpper(md5Of(alicesPassword))).is(http.StatusOK)
	if user, _ := a.object("AccessToken", "User")["User"].(map[string]any); user["Id"] != aliceID {
		t.Errorf("md5: answered %s, want the user %s", a.body, aliceID)
	}

	// The server removes the link.
	remove(aliceID).is(http.StatusOK)
	if list := links(); len(list) != 0 {
		t.Errorf("links after unlinking %v, want an empty list", list)
	}

	// The server has lost its registration, and sends an unknown id.
	last := srvForm + report("http://media.example.test:8096", "http://127.0.0.1:18097")
	s.do("POST /service/Servers?id=424242\nX-Connect-Token: bogus" + last).is(http.StatusNotFound)
	s.do("POST /service/Servers?id=424242" + token + last).is(http.StatusNotFound)
	a = s.do("POST /service/Servers" + last).is(http.StatusOK)
	object = a.object("Id", "Url", "Name", "AccessKey")
	newID, newKey := a.text(object, "Id"), a.text(object, "AccessKey")
	if newID == id || newKey == key {
		t.Errorf("registered again as %s with the key %s, want a new id and a new key: a claimed system id must not take the server over", newID, newKey)
	}
	id, token = newID, "\nX-Connect-Token: "+newKey
	if list := links(); len(list) != 0 {
		t.Errorf("links of the new registration %v, want an empty list", list)
	}

	// The server reports an IPv6 address.
	a = s.do("POST /service/Servers?id=" + id + token + srvForm + report("http://[::1]:8096", "http://127.0.0.1:18097")).is(http.StatusOK)
	if object := a.object("Id", "Url", "Name"); object["Url"] != "http://[::1]:8096" {
		t.Errorf("ipv6: answered %s, want the address as sent", a.body)
	}
}
