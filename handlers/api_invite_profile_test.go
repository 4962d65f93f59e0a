package handlers_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A program saves, changes, uses and deletes the profiles of its own server. The program of
// another person cannot do that.
func TestAPIInviteProfiles(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	path := "/servers/" + den.id + "/invite-profiles"
	var made map[string]any
	ann.is(ann.put("POST", path, map[string]any{"name": "Family", "libraries": []string{"l2"}, "uses": 5, "link_days": 30}), http.StatusCreated, &made)
	id, _ := made["id"].(string)
	want := map[string]any{
		"id": id, "name": "Family", "libraries": []any{map[string]any{"id": "l2", "name": "Series"}}, "uses": 5.0, "invite_days": 14.0, "link_days": 30.0,
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("profile (-want +got):\n%s", diff)
	}
	var list struct{ Profiles []map[string]any }
	ann.is(ann.get(path), http.StatusOK, &list)
	if diff := cmp.Diff([]map[string]any{want}, list.Profiles); diff != "" {
		t.Errorf("profiles (-want +got):\n%s", diff)
	}
	bob.refused(bob.get(path), http.StatusNotFound, "not_found")
	bob.refused(bob.put("POST", path, map[string]any{"name": "Mine"}), http.StatusNotFound, "not_found")
	ann.wrong(ann.put("POST", path, map[string]any{"name": "family"}), 409, "name", "profile_taken")
	ann.wrong(ann.put("POST", path, map[string]any{"name": ""}), 422, "name", "profile_name_invalid")

	var invite struct {
		Uses    int
		Servers []struct{ Libraries []struct{ ID string } }
	}
	in := offer("", "guest", den.id, nil)
	in["link"], in["profile"] = true, id
	ann.is(ann.put("POST", "/invites", in), http.StatusCreated, &invite)
	if invite.Uses != 5 || len(invite.Servers) != 1 || len(invite.Servers[0].Libraries) != 1 {
		t.Errorf("invite %+v, want the choices of the profile", invite)
	}
	in["profile"] = "Club"
	ann.wrong(ann.put("POST", "/invites", in), 422, "profile", "profile_unknown")

	ann.is(ann.put("PUT", path+"/"+id, map[string]any{"name": "Club"}), http.StatusOK, &made)
	if made["name"] != "Club" || made["libraries"] != nil || made["uses"] != 1.0 || made["link_days"] != 0.0 {
		t.Errorf("profile %v, want all its choices replaced", made)
	}
	bob.refused(bob.put("PUT", path+"/"+id, map[string]any{"name": "Mine"}), http.StatusNotFound, "not_found")
	bob.refused(bob.put("DELETE", path+"/"+id, nil), http.StatusNotFound, "not_found")
	other := ann.agent("attic")
	var copied struct {
		Profile map[string]any
		Missing []map[string]any
	}
	ann.is(ann.put("PUT", path+"/"+id, map[string]any{"name": "Club", "libraries": []string{"l2"}}), http.StatusOK, &made)
	ann.is(ann.put("POST", path+"/"+id+"/copy", map[string]any{"server_id": other.id}), http.StatusCreated, &copied)
	if copied.Profile["name"] != "Club" || copied.Profile["id"] == id || copied.Missing == nil || len(copied.Missing) != 0 {
		t.Errorf("copy %+v, want the profile with an id of its own and an empty list of what is missing", copied)
	}
	ann.wrong(ann.put("POST", path+"/"+id+"/copy", map[string]any{"server_id": other.id}), 409, "name", "profile_taken")
	ann.wrong(ann.put("POST", path+"/"+id+"/copy", map[string]any{"server_id": den.id}), 422, "server_id", "profile_same_server")
	ann.refused(ann.put("POST", path+"/"+id+"/copy", map[string]any{"server_id": "7"}), http.StatusNotFound, "not_found")
	bob.refused(bob.put("POST", path+"/"+id+"/copy", map[string]any{"server_id": other.id}), http.StatusNotFound, "not_found")
	ann.done(ann.put("DELETE", path+"/"+id, nil))
	ann.refused(ann.put("DELETE", path+"/"+id, nil), http.StatusNotFound, "not_found")
}
