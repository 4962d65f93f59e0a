package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
		"id": den.id, "system_id": "5ed0b3f6", "name": "den", "own_name": "", "owner": "ann", "time_zone": "", "version": "1.2.3", "self_service": false,
		"change_seq": 0.0, "acknowledged_seq": 0.0, "key_expires_at": nil, "key_handed_over": false, "seen_as": "127.0.0.1",
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
		t.Errorf("nobody's server has the owner %v, want no owner", got["owner"])
	}

	// The agent replaces its own key.
	var key struct {
		Key          string
		OverlapUntil time.Time `json:"overlap_until"`
	}
	den.is(den.put("POST", "/server/key", nil), http.StatusOK, &key)
	den.plant(key.Key)
	if !key.OverlapUntil.Equal(s.Clock.Now().Add(24*time.Hour)) || key.Key == den.bearerOf() {
		t.Errorf("key %+v, want a new one, with the old one valid for 24 hours", key)
	}
	if got := state(den); got["key_expires_at"] != "2026-03-05T05:06:07Z" {
		t.Errorf("the old key expires at %v, want 2026-03-05T05:06:07Z", got["key_expires_at"])
	}
	s.Clock.Advance(23 * time.Hour)
	den.is(den.get("/server"), http.StatusOK, nil)
	s.Clock.Advance(time.Hour)
	den.refused(den.get("/server"), http.StatusUnauthorized, "server_key_wrong")
	renewed := agent{den.as(key.Key), den.id}
	if got := state(renewed); got["key_expires_at"] != nil {
		t.Errorf("the new key expires at %v, want no key_expires_at", got["key_expires_at"])
	}
	// The time of the server's last call is kept in memory until Flush writes it.
	if err := s.Store.Agents.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	ann = ann.as(ann.token("ann"))
	var owned struct {
		Seen time.Time `json:"last_seen_at"`
	}
	ann.is(ann.get("/servers/"+den.id), http.StatusOK, &owned)
	if !owned.Seen.Equal(s.Clock.Now()) {
		t.Errorf("last seen at %s, want %s", owned.Seen, s.Clock.Now())
	}
}
