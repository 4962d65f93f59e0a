package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The agent sends an invite in the name of the owner.
func TestAPIServerInvite(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	in := map[string]any{"to": "bob", "type": "linked", "note": "Hello", "local_user": "u1", "libraries": []string{"l1"}, "ends_at": "2026-04-01T00:00:00Z"}
	keyed := agent{den.with("Idempotency-Key", "0123456789abcdef"), den.id}
	var made, again map[string]any
	keyed.is(keyed.put("POST", "/server/invites", in), http.StatusCreated, &made)
	keyed.is(keyed.put("POST", "/server/invites", in), http.StatusCreated, &again)
	id, _ := made["id"].(string)
	want := map[string]any{
		"id": id, "to": "bob", "type": "linked", "note": "Hello", "status": "pending", "from": "ann", "greeting": "", "has_link": false, "family": false, "uses": 1.0, "used": 0.0, "link": nil,
		"created_at": "2026-03-04T05:06:07Z", "expires_at": "2026-03-18T05:06:07Z",
		"servers": []any{map[string]any{
			"server_id": den.id, "name": "den", "local_user": map[string]any{"id": ann.localUsers(den.id)["u1"], "name": "mira"},
			"libraries": []any{map[string]any{"id": "l1", "name": "Films"}}, "ends_at": "2026-04-01T00:00:00Z",
		}},
	}
	if diff := cmp.Diff([]map[string]any{want, want}, []map[string]any{made, again}); diff != "" {
		t.Errorf("invites (-want +got):\n%s", diff)
	}
	bob.done(bob.put("POST", "/invites/"+id+"/accept", nil))
	other := map[string]any{"to": "bob", "type": "guest"}
	keyed.refused(keyed.put("POST", "/server/invites", other), http.StatusUnprocessableEntity, "idempotency_mismatch")
	den.wrong(den.put("POST", "/server/invites", in), 409, "local_user", "local_user_taken")
	for field, bad := range map[string][2]any{
		"to": {"", "to_missing"}, "type": {"boss", "type_invalid"}, "local_user": {"u9", "local_user_unknown"},
		"libraries": {[]string{"l9"}, "library_unknown"}, "ends_at": {"2020-01-01T00:00:00Z", "ends_at_invalid"}, "note": {strings.Repeat("x", 501), "note_invalid"},
	} {
		wrong := map[string]any{"to": "new@example.org", "type": "guest", field: bad[0]}
		den.wrong(den.put("POST", "/server/invites", wrong), 422, field, bad[1].(string))
	}
	free := ann.register("free", "")
	lone := agent{ann.as(free.key), free.id}
	lone.refused(lone.put("POST", "/server/invites", other), http.StatusConflict, "server_unclaimed")
}

// The agent lists the invites to its server, without their notes, and takes one back.
func TestAPIServerInvitesAreListedAndWithdrawn(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	bySelf := map[string]any{"to": "new@example.org", "type": "guest", "note": "Hello", "libraries": []string{"l1"}, "ends_at": "2026-04-01T00:00:00Z"}
	byOwner := map[string]any{"to": "bob", "type": "linked", "servers": []map[string]any{{"server_id": den.id}}}
	var first, second map[string]any
	den.is(den.put("POST", "/server/invites", bySelf), http.StatusCreated, &first)
	ann.is(ann.put("POST", "/invites", byOwner), http.StatusCreated, &second)
	want := map[string]any{"invites": []any{
		map[string]any{
			"id": second["id"], "to": "bob", "type": "linked", "libraries": nil, "ends_at": nil, "greeting": "", "has_link": false, "uses": 1.0, "used": 0.0,
			"created_at": "2026-03-04T05:06:07Z", "expires_at": "2026-03-18T05:06:07Z",
		},
		map[string]any{
			"id": first["id"], "to": "new@example.org", "type": "guest", "libraries": []any{map[string]any{"id": "l1", "name": "Films"}},
			"greeting": "", "has_link": false, "uses": 1.0, "used": 0.0, "ends_at": "2026-04-01T00:00:00Z", "created_at": "2026-03-04T05:06:07Z", "expires_at": "2026-03-18T05:06:07Z",
		},
	}}
	var got map[string]any
	den.is(den.get("/server/invites"), http.StatusOK, &got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("invites (-want +got):\n%s", diff)
	}
	id, _ := second["id"].(string)
	den.done(den.put("DELETE", "/server/invites/"+id, nil))
	den.refused(den.put("DELETE", "/server/invites/"+id, nil), http.StatusNotFound, "not_found")
	bob.refused(bob.put("POST", "/invites/"+id+"/accept", nil), http.StatusNotFound, "not_found")
	den.is(den.get("/server/invites"), http.StatusOK, &got)
	if list, _ := got["invites"].([]any); len(list) != 1 {
		t.Errorf("got the invites %v, want one", got)
	}
}
