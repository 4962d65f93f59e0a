package builtin_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
)

var update = flag.Bool("update", false, "write the golden answers anew")

// table holds the shapes of answers that Emby 4.8 publishes: the types of their members,
// the members that clients need, and the members that clients read although Emby does not
// publish them.
type table struct {
	Members map[string]map[string]string `json:"members"`
	Needed  map[string][]string          `json:"needed"`
	Beside  map[string]map[string]string `json:"beside"`
}

func readTable(t testing.TB) table {
	t.Helper()
	source, err := os.ReadFile("testdata/emby-4.8.11.json")
	if err != nil {
		t.Fatal(err)
	}
	var read table
	if err := json.Unmarshal(source, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// check compares a value with a type of the table.
func (s table) check(t testing.TB, where, kind string, value any) {
	t.Helper()
	if inner, ok := strings.CutPrefix(kind, "["); ok {
		list, ok := value.([]any)
		if !ok {
			t.Errorf("%s is %T, want a list", where, value)
		}
		for _, item := range list {
			s.check(t, where+"[]", strings.TrimSuffix(inner, "]"), item)
		}
		return
	}
	if choices, ok := strings.CutPrefix(kind, "one of "); ok {
		text, _ := value.(string)
		if !slices.Contains(strings.Split(choices, "|"), text) {
			t.Errorf("%s is %v, want one of %s", where, value, choices)
		}
		return
	}
	ok := false
	switch kind {
	case "string":
		_, ok = value.(string)
	case "boolean":
		_, ok = value.(bool)
	case "number":
		_, ok = value.(float64)
	case "integer":
		number, isNumber := value.(float64)
		ok = isNumber && number == float64(int64(number))
	case "map":
		_, ok = value.(map[string]any)
	case "time":
		text, isText := value.(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		ok = isText && err == nil && at.Year() == 2026 && at.Location() == time.UTC
	default:
		s.object(t, where, kind, value)
		return
	}
	if !ok {
		t.Errorf("%s is %T %v, want %s", where, value, value, kind)
	}
}

func (s table) object(t testing.TB, where, shape string, value any) {
	t.Helper()
	object, ok := value.(map[string]any)
	if !ok {
		t.Errorf("%s is %T, want %s", where, value, shape)
		return
	}
	for name, member := range object {
		kind := s.Members[shape][name]
		if kind == "" {
			kind = s.Beside[shape][name]
		}
		if kind == "" && shape == "SystemInfo" {
			kind = s.Beside["PublicSystemInfo"][name]
		}
		if kind == "" {
			t.Errorf("%s.%s: the shape %s has no such member", where, name, shape)
			continue
		}
		s.check(t, where+"."+name, kind, member)
	}
	for _, name := range s.Needed[shape] {
		if _, ok := object[name]; !ok {
			t.Errorf("%s.%s is missing", where, name)
		}
	}
}

// golden compares an answer with the table and with a file in testdata/golden. The map
// known replaces values that differ from run to run.
func (k *kit) golden(name, shape string, w *httptest.ResponseRecorder, known map[string]string) {
	k.t.Helper()
	want(k.t, w, 200)
	if kind := w.Header().Get("Content-Type"); kind != "application/json; charset=utf-8" {
		k.t.Errorf("%s: Content-Type %q, want JSON in UTF-8", name, kind)
	}
	var value any
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		k.t.Fatal(err)
	}
	readTable(k.t).check(k.t, name, shape, value)
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		k.t.Fatal(err)
	}
	got := string(text) + "\n"
	for from, to := range known {
		got = strings.ReplaceAll(got, from, to)
	}
	got = regexp.MustCompile(`"[0-9a-f]{32}"`).ReplaceAllString(got, `"RANDOM"`)
	path := filepath.Join("testdata", "golden", name+".json")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			k.t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		k.t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), got); diff != "" {
		k.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	identity, err := k.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{identity.ID: "SERVER"}
	none := k.do(ask{method: "GET", path: "/users/public"})
	k.golden("users_public_none", "[UserDto]", none, known)

	films, err := k.AddLibrary(t.Context(), "Films")
	if err != nil {
		t.Fatal(err)
	}
	admin, alice, open := k.add("Boss", "secret-1", true), k.add("alice", "secret-2", false), k.add("Open", "", false)
	hidden := k.add("hidden", "x", false)
	guest, err := k.CreateGuest(t.Context(), "Guest", guestSecret, mediaserver.Restriction{Libraries: []string{films.ID}})
	if err != nil {
		t.Fatal(err)
	}
	shut := k.add("shut", "x", false)
	if err := errors.Join(k.HideUser(t.Context(), hidden.ID, true), k.SetDisabled(t.Context(), shut.ID, true), k.SetPicture(t.Context(), alice.ID, picturetest.PNG(t, 2, 2))); err != nil {
		t.Fatal(err)
	}
	k.connections = func(context.Context) (map[string]builtin.Connection, error) {
		return map[string]builtin.Connection{alice.ID: {Username: "alice.b", Type: "LinkedUser"}, guest.ID: {Username: "gus", Type: "Guest"}}, nil
	}
	for name, user := range map[string]mediaserver.LocalUser{"ADMIN": admin, "ALICE": alice, "OPEN": open, "HIDDEN": hidden, "GUEST": guest, "SHUT": shut} {
		known[user.ID] = name
	}
	known[films.ID] = "FILMS"
	admins := k.mint(admin)
	k.golden("users_public", "[UserDto]", k.do(ask{method: "GET", path: "/emby/Users/Public", from: away}), known)
	k.golden("users", "[UserDto]", k.get("/emby/Users?format=json", admins), known)
	k.golden("users_hidden", "QueryResult_UserDto", k.get("/Users/Query?IsHidden=true&isdisabled=FALSE", admins), known)
	k.golden("users_disabled", "QueryResult_UserDto", k.get("/Users/Query?isDisabled=true", admins), known)
	k.golden("user", "UserDto", k.get("/Users/"+alice.ID, admins), known)
	k.golden("system_info_public", "PublicSystemInfo", k.do(ask{method: "GET", path: "/emby/system/info/public"}), known)
	k.golden("system_info", "SystemInfo", k.get("/emby/System/Info", admins), known)
	w := k.do(ask{method: "POST", path: "/Users/AuthenticateByName", body: members("Username", "alice", "Pw", "secret-2"), header: map[string]string{
		"X-Emby-Authorization": `MediaBrowser Client="App", Device="TV", DeviceId="d9", Version="2.0"`,
	}})
	k.golden("authenticate", "Authentication.AuthenticationResult", w, known)
	alices := decoded[signedIn](t, w).AccessToken
	k.golden("sessions_own", "[Session.SessionInfo]", k.get("/Sessions?DeviceId=d9", alices), known)
	k.golden("sessions", "[Session.SessionInfo]", k.get("/Sessions", admins), known)
	k.golden("sessions_none", "[Session.SessionInfo]", k.get("/Sessions?DeviceId=other", alices), known)
}

// Clients want these versions (docs/emby-connect.md §4.3): JS20 4.1.1 to 8.0, WEB48 4.7.14
// to 8.0, JS17 from 3.1.3, KODI2 from 3.0.5930.
func TestVersionGates(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	identity, err := k.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var have [4]int
	for i, part := range strings.Split(identity.Version, ".") {
		for _, digit := range part {
			have[i] = have[i]*10 + int(digit-'0')
		}
	}
	for _, gate := range [][2][4]int{{{4, 1, 1}, {8}}, {{4, 7, 14}, {8}}, {{3, 1, 3}, {9}}, {{3, 0, 5930}, {9}}} {
		if slices.Compare(have[:], gate[0][:]) < 0 || slices.Compare(have[:], gate[1][:]) > 0 {
			t.Errorf("version %v, want one between %v", have, gate)
		}
	}
}

func TestSystem(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, method := range []string{"GET", "POST"} {
		w := k.do(ask{method: method, path: "/EMBY/System/Ping"})
		if w.Code != 200 || w.Body.String() != "Latchkey" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s: status %d and %q, want 200 and Latchkey: %v", method, w.Code, w.Body, w.Header())
		}
	}
	want(t, k.do(ask{method: "HEAD", path: "/System/Ping"}), 200)
	if w := k.do(ask{method: "GET", path: "/emby/QuickConnect/Enabled"}); w.Code != 200 || w.Body.String() != "false" {
		t.Errorf("Quick Connect: status %d and %q, want 200 and false", w.Code, w.Body)
	}
	user := k.add("alice", "x", false)
	token := k.mint(user)
	for from, answer := range map[string]string{
		home: `{"IsLocal":false,"IsInNetwork":true}`, away: `{"IsLocal":false,"IsInNetwork":false}`, "127.0.0.1:1": `{"IsLocal":true,"IsInNetwork":true}`,
	} {
		w := k.do(ask{method: "GET", path: "/System/Endpoint", from: from, header: map[string]string{"X-Emby-Token": token}})
		if w.Body.String() != answer {
			t.Errorf("from %s: %s, want %s", from, w.Body, answer)
		}
	}
	want(t, k.post("/emby/Sessions/Capabilities/Full", token, `{"PlayableMediaTypes":["Audio","Video"],"SupportsMediaControl":true}`), 204)
	want(t, k.post("/emby/Sessions/Capabilities/Full", "", `{}`), 401)
	want(t, k.do(ask{method: "OPTIONS", path: "/emby/Users/AuthenticateByName"}), 200)
	for _, path := range []string{"/", "/web/index.html", "/emby/web/manifest.json", "/web/strings/en-US.json"} { // apps look for these
		if w := k.do(ask{method: "GET", path: path}); w.Code != 200 || strings.Contains(strings.ToLower(w.Body.String()), "jellyf") || w.Body.Len() == 0 {
			t.Errorf("%s: status %d, want 200 without the word Jellyfin: %s", path, w.Code, w.Body)
		}
	}
	want(t, k.do(ask{method: "PUT", path: "/Users/Public"}), 405)
	want(t, k.do(ask{method: "GET", path: "/Users/Public/"}), 200)
	if w := k.get("/Users/Me", token); !strings.Contains(w.Body.String(), user.ID) {
		t.Errorf("own local user: %s, want the id %s", w.Body, user.ID)
	}
}

// If no address is set, clients at home get the address that they have used.
func TestAddressesUnknown(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.opt.Addresses = nil
	k.restart()
	type addresses struct{ LocalAddress, WanAddress string }
	for from, want := range map[string]string{home: "http://media.test", away: ""} {
		if got := decoded[addresses](t, k.do(ask{method: "GET", path: "/System/Info/Public", from: from})); got.LocalAddress != want || got.WanAddress != "" {
			t.Errorf("from %s: %+v, want the local address %q", from, got, want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/System/Info/Public", nil)
	r.RemoteAddr, r.Host = home, `x"><script>`
	if w := k.send(r); strings.Contains(w.Body.String(), "script") {
		t.Errorf("the answer repeats an invalid host: %s", w.Body)
	}
}

func TestOthersAreClosed(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	alice, bob, boss := k.add("alice", "x", false), k.add("bob", "x", false), k.add("boss", "x", true)
	alices, bosses := k.mint(alice), k.mint(boss)
	k.mint(bob)
	nobody := "/Users/" + strings.Repeat("0", 32)
	for path, status := range map[string][2]int{
		"/Users": {403, 200}, "/Users/Query": {403, 200}, "/Users/" + alice.ID: {200, 200}, "/Users/" + bob.ID: {403, 200}, nobody: {403, 404}, "/Users/xyz": {403, 404},
	} {
		for i, token := range []string{alices, bosses} {
			if w := k.get(path, token); w.Code != status[i] {
				t.Errorf("%s: status %d, want %d", path, w.Code, status[i])
			}
		}
	}
	type session struct {
		UserID string `json:"UserId"`
		ID     string `json:"Id"`
	}
	own := decoded[[]session](t, k.get("/Sessions", alices))
	if len(own) != 1 || own[0].UserID != alice.ID {
		t.Errorf("alice sees %+v, want her own session", own)
	}
	all := decoded[[]session](t, k.get("/Sessions", bosses))
	if len(all) != 3 || all[0].UserID != boss.ID {
		t.Errorf("boss sees %+v, want three sessions, the own one first", all)
	}
	if some := decoded[[]session](t, k.get("/Sessions?ControllableByUserId="+bob.ID, bosses)); len(some) != 1 || some[0].UserID != bob.ID {
		t.Errorf("sessions of bob: %+v, want one", some)
	}
	if some := decoded[[]session](t, k.get("/Sessions?Id="+own[0].ID, bosses)); len(some) != 1 || some[0].UserID != alice.ID {
		t.Errorf("sessions by id: %+v, want that of alice", some)
	}
	k.pass(25 * time.Hour)
	if own := decoded[[]session](t, k.get("/Sessions", alices)); len(own) != 1 {
		t.Errorf("after a day alice sees %+v, want her own session", own)
	}
	if all := decoded[[]session](t, k.get("/Sessions", bosses)); len(all) != 2 {
		t.Errorf("after a day boss sees %+v, want two sessions", all)
	}
}

// Requests succeed while the links cannot be read. The log reports that once.
func TestConnectionsAway(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	boss := k.add("boss", "x", true)
	token := k.mint(boss)
	away := true
	k.connections = func(context.Context) (map[string]builtin.Connection, error) {
		if away {
			return nil, errors.New("away")
		}
		return map[string]builtin.Connection{boss.ID: {Username: "the.boss", Type: "LinkedUser"}}, nil
	}
	for range 3 {
		want(t, k.get("/Users", token), 200)
	}
	away = false
	for range 3 {
		if w := k.get("/Users", token); !strings.Contains(w.Body.String(), `"ConnectUserName":"the.boss"`) {
			t.Errorf("users without the account the.boss: %s", w.Body)
		}
	}
	if n := strings.Count(k.logs.String(), `"level":"WARN"`); n != 1 {
		t.Errorf("%d warnings, want 1:\n%s", n, k.logs)
	}
}
