package handlers_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // to hold the database from outside

	"github.com/latchkey-media/latchkey/models/modelstest"
)

func TestAPIThisServer(t *testing.T) {
	t.Parallel()
	s, ann, _, den := owners(t)
	state := func(a agent) map[string]any {
		t.Helper()
		var got map[string]any
		a.is(a.get("/server"), http.StatusOK, &got)
		return got
	}
	want := map[string]any{
		"id": den.id, "system_id": "5ed0b3f6", "name": "den", "own_name": "", "owner": "ann", "version": "1.2.3", "self_service": false,
		"change_seq": 0.0, "acknowledged_seq": 0.0, "key_expires_at": nil, "seen_as": "127.0.0.1",
		"addresses": []any{map[string]any{"kind": "wan", "url": "https://den.example.org:443"}},
	}
	if diff := cmp.Diff(want, state(den)); diff != "" {
		t.Errorf("server (-want +got):\n%s", diff)
	}
	ann.is(ann.put("PATCH", "/servers/"+den.id, map[string]any{"name": "Attic", "self_service": true}), http.StatusOK, nil)
	want["name"], want["own_name"], want["self_service"] = "Attic", "Attic", true
	if diff := cmp.Diff(want, state(den)); diff != "" {
		t.Errorf("server (-want +got):\n%s", diff)
	}
	free := ann.register("free", "")
	if got := state(agent{ann.as(free.key), free.id}); got["owner"] != nil {
		t.Errorf("nobody's server has the owner %v", got["owner"])
	}

	// The agent replaces its own key.
	var key struct {
		Key          string
		OverlapUntil time.Time `json:"overlap_until"`
	}
	den.is(den.put("POST", "/server/key", nil), http.StatusOK, &key)
	den.plant(key.Key)
	if !key.OverlapUntil.Equal(s.Clock.Now().Add(24*time.Hour)) || key.Key == den.bearerOf() {
		t.Errorf("key %+v", key)
	}
	if got := state(den); got["key_expires_at"] != "2026-03-05T05:06:07Z" {
		t.Errorf("the old key expires at %v", got["key_expires_at"])
	}
	s.Clock.Advance(23 * time.Hour)
	den.is(den.get("/server"), http.StatusOK, nil)
	s.Clock.Advance(time.Hour)
	den.refused(den.get("/server"), http.StatusUnauthorized, "server_key_wrong")
	renewed := agent{den.as(key.Key), den.id}
	if got := state(renewed); got["key_expires_at"] != nil {
		t.Errorf("the new key expires at %v", got["key_expires_at"])
	}
	// Its last call is noted, not written at once.
	if err := s.Store.Agents.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	ann = ann.as(ann.token("ann"))
	var owned struct {
		Seen time.Time `json:"last_seen_at"`
	}
	ann.is(ann.get("/servers/"+den.id), http.StatusOK, &owned)
	if !owned.Seen.Equal(s.Clock.Now()) {
		t.Errorf("last seen %s", owned.Seen)
	}
}

func TestAPIReport(t *testing.T) {
	t.Parallel()
	_, ann, _, den := owners(t)
	report := func(change func(map[string]any)) answer {
		in := facts("den")
		change(in)
		return den.report(in)
	}
	isChanged := func(want bool, a answer) {
		t.Helper()
		var got struct {
			Changed bool
			SeenAs  string `json:"seen_as"`
		}
		den.is(a, http.StatusOK, &got)
		if got.Changed != want || got.SeenAs != "127.0.0.1" {
			t.Errorf("%s, want changed %t", a.body, want)
		}
	}
	none := func(map[string]any) {}
	isChanged(false, report(none))
	isChanged(true, report(func(in map[string]any) { in["version"] = "2" }))
	isChanged(true, report(none))
	isChanged(true, report(func(in map[string]any) {
		in["libraries"] = []map[string]any{{"id": "l1", "name": "Movies"}}
		in["addresses"] = []map[string]string{{"kind": "lan", "url": "http://192.168.1.9:8096"}}
	}))
	var detail struct {
		Addresses []struct{ URL string }
		Libraries []struct{ Name string }
	}
	ann.is(ann.get("/servers/"+den.id), http.StatusOK, &detail)
	if len(detail.Libraries) != 1 || detail.Libraries[0].Name != "Movies" || len(detail.Addresses) != 1 || detail.Addresses[0].URL != "http://192.168.1.9:8096" {
		t.Errorf("%+v", detail)
	}
	address := func(kind, text string) func(map[string]any) {
		return func(in map[string]any) { in["addresses"] = []map[string]string{{"kind": kind, "url": text}} }
	}
	for _, tt := range []struct {
		change      func(map[string]any)
		field, code string
	}{
		{func(in map[string]any) { in["name"] = " " }, "name", "server_name_invalid"},
		{func(in map[string]any) { in["system_id"] = "" }, "system_id", "system_id_invalid"},
		{address("wan", "javascript:1"), "addresses[0].url", "address_invalid"},
		{address("custom", "https://den.example.org"), "addresses[0].kind", "address_kind_invalid"},
		{func(in map[string]any) { in["addresses"] = make([]map[string]string, 21) }, "addresses", "address_too_many"},
		{func(in map[string]any) { in["local_users"] = []map[string]any{{"id": "a"}, {"id": "a"}} }, "local_users", "local_users_invalid"},
		{func(in map[string]any) { in["local_users"] = []map[string]any{{"id": strings.Repeat("a", 129)}} }, "local_users", "local_users_invalid"},
		{func(in map[string]any) { in["libraries"] = []map[string]any{{"id": "", "name": "x"}} }, "libraries", "libraries_invalid"},
	} {
		den.wrong(report(tt.change), 422, tt.field, tt.code)
	}
	many := func(n int) func(map[string]any) {
		return func(in map[string]any) {
			var users []map[string]any
			for i := range n {
				users = append(users, map[string]any{"id": fmt.Sprintf("%064d", i), "name": fmt.Sprintf("User number %d", i)})
			}
			in["local_users"] = users
		}
	}
	isChanged(true, report(many(5000)))
	den.wrong(report(many(5001)), 422, "local_users", "local_users_invalid")
	if got := ann.localUsers(den.id); len(got) != 5000 {
		t.Errorf("%d local users", len(got))
	}
	den.refused(report(func(in map[string]any) { in["name"] = strings.Repeat("a", 4<<20) }), http.StatusRequestEntityTooLarge, "body_too_large")
	den.refused(den.api(http.MethodPut, v1+"/server/report", map[string]any{"users": 1}), http.StatusBadRequest, "json_invalid")
}

// While nothing changes an agent writes nothing: it is served while somebody
// else holds the database for writing.
func TestAPIAgentsWriteNothing(t *testing.T) {
	t.Parallel()
	address, clock := modelstest.SQLite(t), modelstest.NewClock()
	s := siteOf(t, modelstest.Open(t, address, clock, unlimited), clock)
	ann := s.program(t).signedUp("ann")
	den := ann.agent("den")
	clock.Advance(time.Hour)
	db, err := sql.Open("sqlite", strings.TrimPrefix(address, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	holder, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	if _, err := holder.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for range 50 {
		den.is(den.report(facts("den")), http.StatusOK, nil)
		den.is(den.get("/server/changes"), http.StatusOK, nil)
		den.is(den.get("/server"), http.StatusOK, nil)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s: something waited", took)
	}
	if _, err := holder.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
}

func TestAPIAgentLinks(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	ask := func(in map[string]any) answer { return den.put("POST", "/server/links", in) }
	den.wrong(ask(map[string]any{}), 422, "to", "field_required", "type", "type_invalid")
	den.wrong(ask(map[string]any{"to": "bob", "type": "friend"}), 422, "type", "type_invalid")
	for _, name := range []string{"nobody", "bob@example.org"} {
		den.wrong(ask(map[string]any{"to": name, "type": "linked"}), 422, "to", "username_unknown")
	}
	den.wrong(ask(map[string]any{"to": "bob", "type": "linked", "local_user": "u9"}), 422, "local_user", "local_user_unknown")
	if links := den.links(); len(links) != 0 {
		t.Errorf("links %+v", links)
	}
	var made agentLinkSeen
	den.is(ask(map[string]any{"to": "Bob", "type": "linked", "local_user": "u1", "requested_by": "boss"}), http.StatusCreated, &made)
	if made.Username != "bob" || made.Status != "pending" || made.SHA256 != "" || !made.Active || made.LocalUser.Name != "mira" {
		t.Errorf("%+v", made)
	}
	s.letter(t, "link_asked", "bob@example.org")
	den.refused(ask(map[string]any{"to": "bob", "type": "linked", "local_user": "u2"}), http.StatusConflict, "already_linked")
	ann.signedUp("carl")
	den.refused(ask(map[string]any{"to": "carl", "type": "linked", "local_user": "u1"}), http.StatusConflict, "local_user_taken")

	bob.done(bob.put("POST", "/links/"+made.ID+"/accept", nil))
	key := bob.accessKey()
	var exchange struct{ Link agentLinkSeen }
	den.is(den.exchange(key, ""), http.StatusOK, &exchange)
	if exchange.Link.ID != made.ID || exchange.Link.LocalUser.ID != "u1" || exchange.Link.SHA256 != sha256Of(key) {
		t.Errorf("%+v", exchange)
	}
	den.is(den.exchange(key, made.AccountID), http.StatusOK, nil)
	den.wrong(den.exchange("", ""), 422, "access_key", "field_required")
	for _, pair := range [][2]string{{"x", ""}, {strings.ToUpper(key) + "0", ""}, {key, "1"}, {key, "x"}, {made.SHA256, ""}} {
		if pair[0] != "" {
			den.refused(den.exchange(pair[0], pair[1]), http.StatusNotFound, "access_key_wrong")
		}
	}
	attic := bob.agent("attic")
	attic.refused(attic.exchange(key, ""), http.StatusNotFound, "access_key_wrong")
	attic.refused(attic.put("DELETE", "/server/links/"+made.ID, nil), http.StatusNotFound, "not_found")
	if err := s.Store.Operators.Disable(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	den.refused(den.exchange(key, ""), http.StatusNotFound, "access_key_wrong")
	if links := den.links(); len(links) != 1 || links[0].Active {
		t.Errorf("links %+v", links)
	}
	if err := s.Store.Operators.Enable(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	bob = bob.as(bob.token("bob"))
	key = bob.accessKey()
	den.is(den.exchange(key, ""), http.StatusOK, nil)
	den.done(den.put("DELETE", "/server/links/"+made.ID, nil))
	den.refused(den.exchange(key, ""), http.StatusNotFound, "access_key_wrong")
	for _, id := range []string{made.ID, "1", "x"} {
		den.refused(den.put("DELETE", "/server/links/"+id, nil), http.StatusNotFound, "not_found")
	}
}

// Each side is refused at the other's door.
func TestAPIWrongKindOfToken(t *testing.T) {
	t.Parallel()
	_, ann, _, den := owners(t)
	for _, path := range []string{"/server", "/server/changes", "/server/links", "/server/proofs"} {
		ann.refused(ann.get(path), http.StatusForbidden, "wrong_kind_of_token")
	}
	for _, path := range []string{"/servers/owned", "/servers/" + den.id, "/invites", "/invites/received", "/servers/" + den.id + "/people"} {
		den.refused(den.get(path), http.StatusForbidden, "wrong_kind_of_token")
	}
	var op struct{ Items []struct{ ID string } }
	operator := ann.operator("ann")
	operator.is(operator.get("/operator/servers"), http.StatusOK, &op)
	operator.done(operator.put("POST", "/operator/servers/"+op.Items[0].ID+"/disable", nil))
	den.refused(den.get("/server"), http.StatusUnauthorized, "server_disabled")
	den.refused(den.report(facts("den")), http.StatusUnauthorized, "server_disabled")
}
