package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// sameMembers returns the members of got whose names are also in want. Tests do not list
// every member of an answer, because each answer is checked against the contract anyway.
func sameMembers(got, want map[string]any) map[string]any {
	same := map[string]any{}
	for name := range want {
		if value, has := got[name]; has {
			same[name] = value
		}
	}
	return same
}

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
	if diff := cmp.Diff(want, sameMembers(detail, want)); diff != "" || len(addresses) != 1 {
		t.Errorf("%d addresses, want 1; server (-want +got):\n%s", len(addresses), diff)
	}
	den.joins(ann, bob, nil)
	ann.signedUp("carl")
	den.is(den.put(http.MethodPost, "/server/links", map[string]any{"to": "carl", "type": "guest"}), http.StatusCreated, nil)
	var list struct{ Servers []map[string]any }
	ann.is(ann.get("/servers/owned"), http.StatusOK, &list)
	delete(want, "libraries")
	want["people"], want["pending"] = 1.0, 1.0
	if len(list.Servers) != 1 {
		t.Fatalf("%d servers, want 1", len(list.Servers))
	}
	if diff := cmp.Diff(want, sameMembers(list.Servers[0], want)); diff != "" {
		t.Errorf("server (-want +got):\n%s", diff)
	}
	if a := bob.get("/servers/owned"); a.body != `{"servers":[]}` {
		t.Errorf("servers of somebody else: got %s, want none", a.body)
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
			t.Errorf("after %v: %v, want name %v, own_name %v, self_service %v, people %v", tt.in, got, tt.name, tt.ownName, tt.selfService, 1.0)
		}
	}
	if got := change(map[string]any{"start_note": " Ask me for the VPN. "}); got["start_note"] != "Ask me for the VPN." {
		t.Errorf("the note is %v, want it without the blanks around it", got["start_note"])
	}
	ann.wrong(ann.put(http.MethodPatch, at, map[string]any{"start_note": strings.Repeat("a", 501)}), http.StatusUnprocessableEntity, "start_note", "note_invalid")
	for _, id := range []string{"1", "0", "x", "-1"} {
		ann.refused(ann.get("/servers/"+id), http.StatusNotFound, "not_found")
	}
	ann.done(ann.put(http.MethodDelete, at, nil))
	ann.refused(ann.get(at), http.StatusNotFound, "not_found")
	den.refused(den.get("/server"), http.StatusUnauthorized, "server_key_wrong")
}

// For every operation, the server of another owner is like a server that does not exist.
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
		{"POST", at + "/key/stolen", nil},
		{"GET", at + "/keys", nil},
		{"DELETE", at + "/keys", nil},
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
		t.Errorf("somebody else changed it, want %v:\n%s\n%s", before, before, after)
	}
}

func TestAPIDangerousActsAskForThePassword(t *testing.T) {
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
		ann.put("POST", at+"/key/stolen", nil), ann.put("DELETE", at+"/keys", nil),
	} {
		ann.refused(a, http.StatusForbidden, "confirm_password")
	}
	ann, bob = ann.as(ann.token("ann")), bob.as(bob.token("bob"))

	ann.wrong(claim(ann, "", ""), 422, "server_id", "field_required", "server_key", "field_required")
	for _, pair := range [][2]string{{free.id, den.bearerOf()}, {den.id, free.key}, {"x", free.key}, {free.id, "x"}} {
		ann.wrong(claim(ann, pair[0], pair[1]), 422, "server_key", "server_pair_wrong")
	}
	ann.done(claim(ann, free.id, free.key))
	ann.done(claim(ann, free.id, free.key)) // repeated, because the answer was lost
	bob.refused(claim(bob, free.id, free.key), http.StatusConflict, "server_claimed")
	ann.is(ann.get("/servers/"+free.id), http.StatusOK, nil)

	var key struct {
		Key          string
		OverlapUntil time.Time `json:"overlap_until"`
	}
	ann.is(ann.put("POST", at+"/key", nil), http.StatusOK, &key)
	ann.plant(key.Key)
	if !key.OverlapUntil.Equal(s.Clock.Now().Add(24 * time.Hour)) {
		t.Errorf("the old key is valid until %s, want 24 hours from now", key.OverlapUntil)
	}
	var state struct {
		Expires *time.Time `json:"key_expires_at"`
	}
	den.is(den.get("/server"), http.StatusOK, &state)
	if state.Expires == nil || !state.Expires.Equal(key.OverlapUntil) {
		t.Errorf("the old key expires at %v, want some expires, expires %v", state.Expires, key.OverlapUntil)
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
