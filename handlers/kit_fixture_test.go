package handlers_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// fixture has the people, servers and links that the tests of permissions need. The
// servers and links are made by requests, as real programs make them.
type fixture struct {
	*program
	ann, bob                     person
	annID                        string
	first, second, third, fourth registeredServer // owned by ann, owned by bob, disabled, and without an owner
	replaced                     string           // an expired key of the first server
	expired, disabled            string           // tokens that have become invalid
	pending                      string           // the id of ann's pending link to the second server
	accepted                     string           // the id of ann's link to the first server
	code                         string           // a pending user code
	deviceCode                   string
	annToken, bobToken           string
	annAccessKey                 string
}

// newFixture returns a fixture whose servers are of Emby's kind.
func newFixture(t *testing.T, s *site) *fixture {
	t.Helper()
	f := newPeople(t, s)
	f.fill(t, f.registerEmby)
	f.annAccessKey = strings.Repeat("0a", 16)
	f.ask(f.first, f.annID, f.annAccessKey)
	f.join(func() { f.ask(f.second, f.annID, strings.Repeat("0b", 16)) })
	return f
}

// newAgentFixture returns a fixture whose servers have agents.
func newAgentFixture(t *testing.T, s *site) *fixture {
	t.Helper()
	f := newPeople(t, s)
	f.fill(t, f.register)
	ask := func(server registeredServer) {
		f.is(f.as(server.key).post("/server/links", "to", "ann", "type", "linked"), http.StatusCreated, nil)
	}
	ask(f.first)
	f.join(func() { ask(f.second) })
	return f
}

// newPeople returns a fixture that has people and no servers.
func newPeople(t *testing.T, s *site) *fixture {
	t.Helper()
	f := &fixture{program: s.program(t)}
	f.ann, f.bob = s.browser(t).join("ann"), s.browser(t).join("bob")
	s.browser(t).join("expelled")
	f.expired, f.disabled = f.token("ann"), f.token("expelled")
	s.Clock.Advance(366 * 24 * time.Hour)
	if err := s.Store.Operators.Disable(t.Context(), "expelled"); err != nil {
		t.Fatal(err)
	}
	f.annToken, f.bobToken = f.token("ann"), f.token("bob")
	var account struct{ ID string }
	f.is(f.as(f.annToken).api(http.MethodGet, "/api/v1/account", nil), http.StatusOK, &account)
	f.annID = account.ID
	return f
}

// fill registers the servers, disables the third and replaces the key of the first.
func (f *fixture) fill(t *testing.T, register func(name, ownerToken string) registeredServer) {
	t.Helper()
	f.first, f.second = register("den", f.annToken), register("attic", f.bobToken)
	f.third, f.fourth = register("cellar", ""), register("garage", "")
	id, _ := strconv.ParseInt(f.third.id, 10, 64)
	if err := f.Store.OperatedServers.Disable(t.Context(), models.CommandLine, id); err != nil {
		t.Fatal(err)
	}
	f.rotate(t)
}

// join makes ann accept the link that the first server asked for. Then it calls
// askSecond, by which the second server asks for a link that stays pending. At the end
// it makes a device ask for a code.
func (f *fixture) join(askSecond func()) {
	f.t.Helper()
	f.accepted = f.link(f.annToken, "pending")
	f.is(f.as(f.annToken).api(http.MethodPost, "/api/v1/links/"+f.accepted+"/accept", nil), http.StatusNoContent, nil)
	askSecond()
	f.pending = f.link(f.annToken, "pending")
	f.begin()
}

// rotate replaces the key of the first server and waits until the old one
// expires.
func (f *fixture) rotate(t *testing.T) {
	t.Helper()
	owner, _ := strconv.ParseInt(f.annID, 10, 64)
	id, _ := strconv.ParseInt(f.first.id, 10, 64)
	f.replaced = f.first.key
	key, err := f.Store.ServerKeys.Rotate(t.Context(), owner, id, models.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	f.plant(key)
	f.first.key = key
	f.Clock.Advance(25 * time.Hour)
	f.annToken, f.bobToken = f.token("ann"), f.token("bob")
}

// begin makes a device ask for a code.
func (f *fixture) begin() {
	f.t.Helper()
	var out struct {
		UserCode   string `json:"user_code"`
		DeviceCode string `json:"device_code"`
	}
	f.is(f.api(http.MethodPost, "/api/v1/device-codes", map[string]string{
		"client": "TV app", "device_name": "Living room", "device_id": "tv-1",
	}), http.StatusCreated, &out)
	f.plant(out.DeviceCode, out.UserCode, strings.Replace(out.UserCode, "-", "", 1))
	f.code, f.deviceCode = out.UserCode, out.DeviceCode
}

// malformed returns texts that resemble a token and are not valid. A header
// that is sent twice is the thirteenth case.
func malformed(token string) []string {
	last := token[len(token)-1]
	return []string{
		" ", "x", "null", "0", token[:len(token)-1], token + "x", token[:len(token)-1] + string(last^1), strings.ToUpper(token),
		"lkx" + token[3:], strings.Repeat("a", 32), "' OR 1=1 --", "Bearer " + token, strings.Repeat("y", 9000), "ä€😀",
	}
}
