package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

// television is a device that speaks only Emby's protocol.
type television struct {
	t         *testing.T
	w         *town
	id        string
	accountID string
	servers   []wireServer
	session   string // its session token
}

type wireServer struct {
	SystemID  string `json:"SystemId"`
	URL       string `json:"Url"`
	AccessKey string
}

// watch signs a television in with a code that the resident approves, and lets the television fetch
// its servers.
func (r *resident) watch(id string) *television {
	t := r.w.t
	t.Helper()
	const application = "X-Application"
	pin := fetch[struct{ Pin string }](t, http.MethodPost, r.w.url()+"/service/pin", url.Values{"deviceId": {id}}, application, "Test TV/1.0").Pin
	if err := r.Devices.Approve(t.Context(), pin); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"deviceId": {id}, "pin": {pin}}
	signed := fetch[struct {
		UserID      string `json:"UserId"`
		AccessToken string
	}](t, http.MethodPost, r.w.url()+"/service/pin/authenticate", form, application, "Test TV/1.0")
	servers := fetch[[]wireServer](t, http.MethodGet, r.w.url()+"/service/servers?userId="+signed.UserID, nil,
		application, "Test TV/1.0", "X-Connect-UserToken", signed.AccessToken)
	r.w.remember(signed.AccessToken)
	return &television{t, r.w, id, signed.UserID, servers, signed.AccessToken}
}

// watchAnew signs in a television that uses our own API (RFC 8628).
func (r *resident) watchAnew(id string) *television {
	t := r.w.t
	t.Helper()
	code, err := r.w.nobody.Devices.Begin(t.Context(), client.DeviceAsk{Client: "New TV", DeviceName: "den", DeviceID: id})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Devices.Approve(t.Context(), code.UserCode); err != nil {
		t.Fatal(err)
	}
	signed, err := r.w.nobody.Devices.Token(t.Context(), code.DeviceCode)
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.w.nobody.As(signed.Token).Servers.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tv := &television{t: t, w: r.w, id: id, accountID: string(signed.Account.ID), session: signed.Token}
	for _, s := range list.Servers {
		tv.servers = append(tv.servers, wireServer{SystemID: s.SystemID, URL: s.Addresses[0].URL, AccessKey: s.AccessKey})
	}
	return tv
}

// exchange exchanges the access key of the television's only server at the media server.
func (tv *television) exchange(address string) (status int, localUser, token string) {
	tv.t.Helper()
	if len(tv.servers) != 1 || tv.servers[0].AccessKey == "" {
		tv.t.Fatalf("%d servers, want one with an access key", len(tv.servers))
	}
	status, body := ask(tv.t, http.MethodGet, address+"/emby/connect/exchange?format=json&ConnectUserId="+tv.accountID, nil,
		"X-Emby-Token", tv.servers[0].AccessKey,
		"X-Emby-Authorization", `MediaBrowser Client="Test TV", Device="den", DeviceId="`+tv.id+`", Version="1.0"`)
	if status != http.StatusOK {
		return status, "", ""
	}
	got := decode[struct {
		LocalUserID string `json:"LocalUserId"`
		AccessToken string
	}](tv.t, status, body)
	tv.w.remember(tv.servers[0].AccessKey, got.AccessToken)
	return status, got.LocalUserID, got.AccessToken
}

// mustExchange makes an exchange, and fails the test if it does not succeed.
func (tv *television) mustExchange(address string) (localUser, token string) {
	tv.t.Helper()
	status, localUser, token := tv.exchange(address)
	if status != http.StatusOK || localUser == "" || token == "" {
		tv.t.Fatalf("the exchange answers %d %q, want status %d, some local user, some token", status, localUser, http.StatusOK)
	}
	return localUser, token
}

// info asks for data that only a signed-in device gets, and returns the status.
func info(t *testing.T, address, token string) int {
	t.Helper()
	status, _ := ask(t, http.MethodGet, address+"/System/Info", nil, "Authorization", `MediaBrowser Token="`+token+`"`)
	return status
}

func logout(t *testing.T, address, token string) {
	t.Helper()
	status, body := ask(t, http.MethodPost, address+"/Sessions/Logout", nil, "Authorization", `MediaBrowser Token="`+token+`"`)
	if status != http.StatusOK && status != http.StatusNoContent {
		t.Fatalf("sign-out: got status %d, want a success: %s", status, body)
	}
}
