package handlers_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A library that the server no longer has is listed with the new libraries that may be the
// same one, and is replaced when the owner wants that. Each reason why it cannot be
// replaced has a code of its own.
func TestAPIReplaceLibrary(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	at := "/servers/" + den.id + "/libraries"
	reported := func(libraries ...map[string]any) {
		t.Helper()
		in := facts("den")
		in["libraries"] = libraries
		den.is(den.report(in), http.StatusOK, nil)
	}
	films, series := map[string]any{"id": "l1", "name": "Films", "kind": "movies"}, map[string]any{"id": "l2", "name": "Series", "kind": "tvshows"}
	movies, songs := map[string]any{"id": "l3", "name": "Movies", "kind": "movies"}, map[string]any{"id": "l4", "name": "Songs", "kind": "music"}
	gone := func(want []any) {
		t.Helper()
		var got struct{ Libraries []any }
		ann.is(ann.get(at+"/gone"), http.StatusOK, &got)
		if diff := cmp.Diff(want, got.Libraries); diff != "" {
			t.Errorf("gone libraries (-want +got):\n%s", diff)
		}
	}
	replace := func(gone, by string) answer {
		return ann.put(http.MethodPost, at+"/replace", map[string]any{"gone": gone, "by": by})
	}
	reported(films, series)
	link := den.joins(ann, bob, map[string]any{"libraries": []string{"l1"}})
	gone([]any{})
	ann.refused(replace("l1", "l2"), http.StatusConflict, "library_back")
	reported(series, movies, songs)
	gone([]any{map[string]any{"id": "l1", "name": "Films", "gone_at": "2026-03-04T05:06:07Z", "likely": []any{map[string]any{"id": "l3", "name": "Movies"}}}})
	ann.refused(replace("l1", "l9"), http.StatusConflict, "library_gone")
	ann.refused(replace("l9", "l3"), http.StatusConflict, "library_unnamed")
	ann.wrong(replace("", "l3"), 422, "gone", "field_required")
	ann.wrong(replace("l1", ""), 422, "by", "field_required")
	bob.refused(bob.put(http.MethodPost, at+"/replace", map[string]any{"gone": "l1", "by": "l3"}), http.StatusNotFound, "not_found")
	bob.refused(bob.get(at+"/gone"), http.StatusNotFound, "not_found")

	ann.done(replace("l1", "l3"))
	gone([]any{})
	ann.refused(replace("l1", "l3"), http.StatusConflict, "library_unnamed")
	var people struct{ Items []map[string]any }
	ann.is(ann.get("/servers/"+den.id+"/people"), http.StatusOK, &people)
	if got := people.Items[0]; got["id"] != link || cmp.Diff([]any{map[string]any{"id": "l3", "name": "Movies"}}, got["libraries"]) != "" {
		t.Errorf("person %v, want them with Movies", got)
	}
}
