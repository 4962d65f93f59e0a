package handlers_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		{"id": local["u2"], "external_id": "u2", "name": "boss", "disabled": false, "administrator": true, "not_allowed": false, "linked_to": nil},
		{"id": local["u1"], "external_id": "u1", "name": "mira", "disabled": false, "administrator": false, "not_allowed": true, "linked_to": "bob"},
		{"id": local["u3"], "external_id": "u3", "name": "u3", "disabled": true, "administrator": false, "not_allowed": false, "linked_to": nil},
	}
	if diff := cmp.Diff(want, users.LocalUsers); diff != "" {
		t.Errorf("local users (-want +got):\n%s", diff)
	}
	// A local user that the server no longer reports cannot be chosen.
	less := facts("den")
	less["local_users"] = []map[string]any{{"id": "u2", "name": "boss", "administrator": true}}
	den.is(den.report(less), http.StatusOK, nil)
	if left := ann.localUsers(den.id); len(left) != 1 || left["u2"] == "" {
		t.Errorf("local users %v, want 1 left, some u2", left)
	}
	den.is(den.report(facts("den")), http.StatusOK, nil)

	var page struct {
		Items []map[string]any
		Next  *string
	}
	ann.is(ann.get(at+"/people"), http.StatusOK, &page)
	person := map[string]any{
		"id": link, "username": "bob", "display_name": page.Items[0]["display_name"], "picture": "", "type": "linked", "status": "accepted",
		"local_user": map[string]any{"id": local["u1"], "name": "mira"}, "libraries": nil, "ends_at": nil, "invited_by": "ann", "requested_by": "ann",
		"created_at": "2026-03-04T05:06:07Z", "accepted_at": "2026-03-04T05:06:07Z", "waits_for": "", "pause": nil,
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
		t.Errorf("seen %q, want seen %q, no next", seen, "bob carl dora ")
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
			t.Errorf("after %v: got %v, want ends_at %v and libraries %v", tt.in, got, tt.ends, tt.libraries)
		}
		if tt.libraries == nil {
			continue
		}
		// The server loses Films, and gets it back.
		less := facts("den")
		less["libraries"] = []map[string]any{{"id": "l2", "name": "Series"}}
		den.is(den.report(less), http.StatusOK, nil)
		for _, one := range now()["libraries"].([]any) {
			gone := map[string]any{"id": "l1", "name": "Films", "gone_at": "2026-03-04T05:06:07Z"}
			if diff := cmp.Diff(gone, one); diff != "" {
				t.Errorf("library that is gone (-want +got):\n%s", diff)
			}
		}
		den.is(den.report(facts("den")), http.StatusOK, nil)
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
