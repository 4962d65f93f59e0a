package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func TestAPIOwnedServers(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	at := "/servers/" + den.id
	var detail map[string]any
	ann.is(ann.get(at), http.StatusOK, &detail)
	addresses, _ := detail["addresses"].([]any)
	delete(detail, "addresses")
	want := map[string]any{
		"id": den.id, "system_id": "5ed0b3f6", "name": "den", "own_name": "", "kind": "agent", "version": "1.2.3", "self_service": false,
		"people": 0.0, "pending": 0.0, "created_at": "2026-03-04T05:06:07Z", "last_seen_at": "2026-03-04T05:06:07Z", "disabled": false,
		"libraries": []any{map[string]any{"id": "l1", "name": "Films"}, map[string]any{"id": "l2", "name": "Series"}},
	}
	if diff := cmp.Diff(want, detail); diff != "" || len(addresses) != 1 {
		t.Errorf("%v (-want +got):\n%s", addresses, diff)
	}
	den.joins(ann, bob, nil)
	ann.signedUp("carl")
	den.is(den.put(http.MethodPost, "/server/links", map[string]any{"to": "carl", "type": "guest"}), http.StatusCreated, nil)
	var list struct{ Servers []map[string]any }
	ann.is(ann.get("/servers/owned"), http.StatusOK, &list)
	delete(want, "libraries")
	want["people"], want["pending"] = 1.0, 1.0
	if diff := cmp.Diff([]map[string]any{want}, list.Servers); diff != "" {
		t.Errorf("servers (-want +got):\n%s", diff)
	}
	if a := bob.get("/servers/owned"); a.body != `{"servers":[]}` {
		t.Error(a.body)
	}

	change := func(in map[string]any) map[string]any {
		t.Helper()
		var got map[string]any
		ann.is(ann.put(http.MethodPatch, at, in), http.StatusOK, &got)
		return got
	}
	for _, tt := range []struct {
		in            map[string]any
		name, ownName string
		selfService   bool
	}{
		{map[string]any{"name": "Attic"}, "Attic", "Attic", false},
		{map[string]any{"self_service": true}, "Attic", "Attic", true},
		{map[string]any{}, "Attic", "Attic", true},
		{map[string]any{"name": "", "self_service": false}, "den", "", false},
	} {
		if got := change(tt.in); got["name"] != tt.name || got["own_name"] != tt.ownName || got["self_service"] != tt.selfService || got["people"] != 1.0 {
			t.Errorf("after %v: %v", tt.in, got)
		}
	}
	for _, id := range []string{"1", "0", "x", "-1"} {
		ann.refused(ann.get("/servers/"+id), http.StatusNotFound, "not_found")
	}
	ann.done(ann.put(http.MethodDelete, at, nil))
	ann.refused(ann.get(at), http.StatusNotFound, "not_found")
	den.refused(den.get("/server"), http.StatusUnauthorized, "server_key_wrong")
}

// Somebody else's server is like one that does not exist, whatever is asked.
func TestAPIOthersServers(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	link := den.joins(ann, bob, nil)
	at := "/servers/" + den.id
	var detail struct{ Addresses []struct{ ID string } }
	ann.is(ann.get(at), http.StatusOK, &detail)
	address := at + "/addresses/" + detail.Addresses[0].ID
	invite := ann.invite(offer("someone@example.org", "guest", den.id, nil))
	before := ann.get(at).body + ann.get(at+"/people").body + ann.get("/invites").body
	for _, tt := range []struct {
		method, path string
		in           any
	}{
		{"GET", at, nil},
		{"PATCH", at, map[string]any{"name": "Mine", "self_service": true}},
		{"PATCH", at, map[string]any{"self_service": true}},
		{"DELETE", at, nil},
		{"POST", at + "/key", nil},
		{"POST", at + "/hand-over", map[string]any{"username": "bob"}},
		{"POST", at + "/addresses", map[string]any{"url": "https://evil.example.org"}},
		{"PATCH", address, map[string]any{"hidden": true}},
		{"PATCH", address, map[string]any{"move": "up"}},
		{"DELETE", address, nil},
		{"GET", at + "/people", nil},
		{"PATCH", at + "/people/" + link, map[string]any{"libraries": []string{"l1"}}},
		{"DELETE", at + "/people/" + link, nil},
		{"GET", at + "/local-users", nil},
		{"POST", at + "/join", nil},
		{"GET", at + "/join", nil},
		{"DELETE", "/invites/" + invite, nil},
		{"POST", "/invites/" + invite + "/accept", nil},
		{"POST", "/invites/" + invite + "/decline", nil},
	} {
		bob.refused(bob.put(tt.method, tt.path, tt.in), http.StatusNotFound, "not_found")
	}
	bob.wrong(bob.put("POST", "/invites", offer("ann", "guest", den.id, nil)), 422, "servers", "server_unknown")
	if after := ann.get(at).body + ann.get(at+"/people").body + ann.get("/invites").body; after != before {
		t.Errorf("somebody else changed it:\n%s\n%s", before, after)
	}
}

func TestAPIDangerousActs(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	at := "/servers/" + den.id
	free := ann.register("free", "")
	claim := func(p *program, id, key string) answer {
		return p.post("/servers/claim", "server_id", id, "server_key", key)
	}
	s.Clock.Advance(25 * time.Hour)
	for _, a := range []answer{
		claim(ann, free.id, free.key), ann.put("DELETE", at, nil), ann.put("POST", at+"/key", nil), ann.post(at+"/hand-over", "username", "bob"),
	} {
		ann.refused(a, http.StatusForbidden, "confirm_password")
	}
	ann, bob = ann.as(ann.token("ann")), bob.as(bob.token("bob"))

	ann.wrong(claim(ann, "", ""), 422, "server_id", "field_required", "server_key", "field_required")
	for _, pair := range [][2]string{{free.id, den.bearerOf()}, {den.id, free.key}, {"x", free.key}, {free.id, "x"}} {
		ann.wrong(claim(ann, pair[0], pair[1]), 422, "server_key", "server_pair_wrong")
	}
	ann.done(claim(ann, free.id, free.key))
	ann.done(claim(ann, free.id, free.key)) // the answer was lost
	bob.refused(claim(bob, free.id, free.key), http.StatusConflict, "server_claimed")
	ann.is(ann.get("/servers/"+free.id), http.StatusOK, nil)

	var key struct {
		Key          string
		OverlapUntil time.Time `json:"overlap_until"`
	}
	ann.is(ann.put("POST", at+"/key", nil), http.StatusOK, &key)
	ann.plant(key.Key)
	if !key.OverlapUntil.Equal(s.Clock.Now().Add(24 * time.Hour)) {
		t.Errorf("overlap until %s", key.OverlapUntil)
	}
	var state struct {
		Expires *time.Time `json:"key_expires_at"`
	}
	den.is(den.get("/server"), http.StatusOK, &state)
	if state.Expires == nil || !state.Expires.Equal(key.OverlapUntil) {
		t.Errorf("the old key expires at %v", state.Expires)
	}
	s.Clock.Advance(24*time.Hour + time.Second)
	den.refused(den.get("/server"), http.StatusUnauthorized, "server_key_wrong")
	den.program = den.as(key.Key)
	den.is(den.get("/server"), http.StatusOK, nil)

	ann = ann.as(ann.token("ann"))
	over := func(username string) answer { return ann.post(at+"/hand-over", "username", username) }
	ann.wrong(over(" "), 422, "username", "field_required")
	ann.wrong(over("nobody"), 422, "username", "username_unknown")
	ann.wrong(over("bob@example.org"), 422, "username", "username_unknown")
	ann.wrong(over("ANN"), 422, "username", "username_own")
	ann.done(over("Bob"))
	s.letter(t, models.MailServerHandedOver, "bob@example.org")
	ann.refused(ann.get(at), http.StatusNotFound, "not_found")
	bob.is(bob.get(at), http.StatusOK, nil)
}

func TestAPIAddresses(t *testing.T) {
	t.Parallel()
	_, ann, _, den := owners(t)
	at := "/servers/" + den.id + "/addresses"
	type address struct {
		ID, Kind, URL string
		Hidden        bool
		ByOwner       bool `json:"by_owner"`
	}
	all := func() (list []address, urls string) {
		t.Helper()
		var detail struct{ Addresses []address }
		ann.is(ann.get("/servers/"+den.id), http.StatusOK, &detail)
		var texts []string
		for _, a := range detail.Addresses {
			texts = append(texts, a.URL)
		}
		return detail.Addresses, strings.Join(texts, " ")
	}
	isOrder := func(want string) {
		t.Helper()
		if _, got := all(); got != want {
			t.Errorf("addresses %s, want %s", got, want)
		}
	}
	ann.wrong(ann.post(at, "url", ""), 422, "url", "field_required")
	ann.wrong(ann.post(at, "url", "javascript:alert(1)"), 422, "url", "address_invalid")
	ann.wrong(ann.post(at, "url", "https://den.example.org"), 409, "url", "address_taken")
	var made address
	ann.is(ann.post(at, "url", "http://Den.lan:8096/"), http.StatusCreated, &made)
	if diff := cmp.Diff(address{ID: made.ID, Kind: "custom", URL: "http://den.lan:8096", ByOwner: true}, made); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	const reported, own = "https://den.example.org:443", "http://den.lan:8096"
	isOrder(reported + " " + own)
	one := at + "/" + made.ID
	change := func(in map[string]any) answer { return ann.put(http.MethodPatch, one, in) }
	ann.wrong(change(map[string]any{}), 422, "hidden", "field_required")
	ann.wrong(change(map[string]any{"move": "left"}), 422, "move", "move_invalid")
	ann.wrong(change(map[string]any{"move": "", "hidden": true}), 422, "move", "move_invalid")
	ann.done(change(map[string]any{"move": "up"}))
	isOrder(own + " " + reported)
	ann.done(change(map[string]any{"move": "up"}))
	isOrder(own + " " + reported)
	ann.done(change(map[string]any{"move": "down", "hidden": true}))
	isOrder(reported + " " + own)
	if list, _ := all(); !list[1].Hidden || list[0].Hidden {
		t.Errorf("hidden: %+v", list)
	}
	var this struct{ Addresses []struct{ URL string } }
	den.is(den.get("/server"), http.StatusOK, &this)
	if len(this.Addresses) != 1 || this.Addresses[0].URL != reported {
		t.Errorf("the agent is told %+v", this.Addresses)
	}
	ann.done(change(map[string]any{"hidden": false}))
	if list, _ := all(); list[1].Hidden {
		t.Errorf("still hidden: %+v", list)
	}
	ann.done(ann.put(http.MethodDelete, one, nil))
	isOrder(reported)
	for _, id := range []string{made.ID, "1", "x"} {
		ann.refused(ann.put(http.MethodDelete, at+"/"+id, nil), http.StatusNotFound, "not_found")
		ann.refused(ann.put(http.MethodPatch, at+"/"+id, map[string]any{"hidden": true}), http.StatusNotFound, "not_found")
		ann.refused(ann.put(http.MethodPatch, at+"/"+id, map[string]any{"move": "up"}), http.StatusNotFound, "not_found")
	}
	for i := range 39 {
		ann.is(ann.post(at, "url", fmt.Sprintf("http://den%d.lan", i)), http.StatusCreated, nil)
	}
	ann.wrong(ann.post(at, "url", "http://one.too.many"), 422, "url", "address_too_many")
}

func TestAPIPeople(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	at := "/servers/" + den.id
	local := ann.localUsers(den.id)
	var users struct {
		LocalUsers []map[string]any `json:"local_users"`
	}
	link := den.joins(ann, bob, map[string]any{"local_user_id": local["u1"]})
	ann.is(ann.get(at+"/local-users"), http.StatusOK, &users)
	want := []map[string]any{
		{"id": local["u2"], "external_id": "u2", "name": "boss", "disabled": false, "administrator": true, "linked_to": nil},
		{"id": local["u1"], "external_id": "u1", "name": "mira", "disabled": false, "administrator": false, "linked_to": "bob"},
		{"id": local["u3"], "external_id": "u3", "name": "u3", "disabled": true, "administrator": false, "linked_to": nil},
	}
	if diff := cmp.Diff(want, users.LocalUsers); diff != "" {
		t.Errorf("local users (-want +got):\n%s", diff)
	}
	// One that is gone is no longer to be had.
	less := facts("den")
	less["local_users"] = []map[string]any{{"id": "u2", "name": "boss", "administrator": true}}
	den.is(den.report(less), http.StatusOK, nil)
	if left := ann.localUsers(den.id); len(left) != 1 || left["u2"] == "" {
		t.Errorf("local users %v", left)
	}
	den.is(den.report(facts("den")), http.StatusOK, nil)

	var page struct {
		Items []map[string]any
		Next  *string
	}
	ann.is(ann.get(at+"/people"), http.StatusOK, &page)
	person := map[string]any{
		"id": link, "username": "bob", "display_name": page.Items[0]["display_name"], "type": "linked", "status": "accepted",
		"local_user": map[string]any{"id": local["u1"], "name": "mira"}, "libraries": nil, "ends_at": nil, "invited_by": "ann", "requested_by": "ann",
		"created_at": "2026-03-04T05:06:07Z", "accepted_at": "2026-03-04T05:06:07Z",
	}
	if diff := cmp.Diff([]map[string]any{person}, page.Items); diff != "" || page.Next != nil {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	for _, name := range []string{"carl", "dora"} {
		ann.signedUp(name)
		den.is(den.put(http.MethodPost, "/server/links", map[string]any{"to": name, "type": "guest"}), http.StatusCreated, nil)
	}
	seen, cursor := "", ""
	for range 2 {
		ann.is(ann.get(at+"/people?limit=2"+cursor), http.StatusOK, &page)
		for _, one := range page.Items {
			seen += one["username"].(string) + " "
		}
		if page.Next != nil {
			cursor = "&cursor=" + *page.Next
		}
	}
	if seen != "bob carl dora " || page.Next != nil {
		t.Errorf("seen %q", seen)
	}
	ann.wrong(ann.get(at+"/people?limit=0"), 422, "limit", "limit_invalid")
	ann.wrong(ann.get("/invites?"+cursor[1:]), 422, "cursor", "cursor_invalid")

	one := at + "/people/" + link
	change := func(in map[string]any) answer { return ann.put(http.MethodPatch, one, in) }
	now := func() map[string]any {
		t.Helper()
		ann.is(ann.get(at+"/people?limit=1"), http.StatusOK, &page)
		return page.Items[0]
	}
	const end = "2026-04-01T00:00:00Z"
	films := []any{map[string]any{"id": "l1", "name": "Films"}}
	for _, tt := range []struct {
		in              map[string]any
		ends, libraries any
	}{
		{map[string]any{"ends_at": end}, end, nil},
		{map[string]any{"libraries": []string{"l1", "l1"}}, end, films},
		{map[string]any{}, end, films},
		{map[string]any{"ends_at": nil}, nil, films},
		{map[string]any{"libraries": []string{}, "ends_at": "2026-04-01T02:00:00+02:00"}, end, []any{}},
		{map[string]any{"libraries": nil}, end, nil},
	} {
		ann.done(change(tt.in))
		if got := now(); got["ends_at"] != tt.ends || cmp.Diff(tt.libraries, got["libraries"]) != "" {
			t.Errorf("after %v: %v", tt.in, got)
		}
	}
	for _, bad := range []string{"2026-03-04T05:06:07Z", "2060-01-01T00:00:00Z", "0001-01-01T00:00:00Z"} {
		ann.wrong(change(map[string]any{"ends_at": bad}), 422, "ends_at", "ends_at_invalid")
	}
	ann.refused(change(map[string]any{"ends_at": "tomorrow"}), http.StatusBadRequest, "json_invalid")
	ann.wrong(change(map[string]any{"libraries": []string{"l9"}}), 422, "libraries", "library_unknown")
	ann.wrong(change(map[string]any{"libraries": make([]string, 1001)}), 422, "libraries", "libraries_invalid")
	ann.done(ann.put(http.MethodDelete, one, nil))
	bob.is(bob.get("/servers"), http.StatusOK, nil)
	for _, id := range []string{link, "1", "x"} {
		ann.refused(ann.put(http.MethodDelete, at+"/people/"+id, nil), http.StatusNotFound, "not_found")
		ann.refused(ann.put(http.MethodPatch, at+"/people/"+id, map[string]any{"ends_at": end}), http.StatusNotFound, "not_found")
	}
}
