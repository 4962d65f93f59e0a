package handlers_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// imports makes ann draft an import, whose id the routes need.
func (f *apiFixture) imports(t *testing.T, ann *program) {
	t.Helper()
	a := ann.api(http.MethodPost, "/api/v1/servers/"+f.first.id+"/imports", map[string]any{"source": "csv", "lines": []map[string]any{{"to": "dora@example.org"}}})
	var made struct {
		ID string `json:"id"`
	}
	if _ = json.Unmarshal([]byte(a.body), &made); a.status != http.StatusCreated {
		t.Errorf("%s: %d %s, want %d", a.path, a.status, a.body, http.StatusCreated)
	}
	const one = "/api/v1/servers/{id}/imports/{import_id}"
	f.ids[one] = made.ID
	server := f.as(f.first.key)
	server.is(server.api(http.MethodPost, "/api/v1/server/imports", map[string]any{"source": "csv", "lines": []map[string]any{{"to": "emil@example.org"}}}),
		http.StatusCreated, &made)
	f.ids["/api/v1/server/imports/{id}"] = made.ID
}

// An owner drafts, runs, reads and deletes an import; the agent does the first two.
func TestAPIImport(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	imports := "/servers/" + den.id + "/imports"
	in := map[string]any{"source": "csv", "lines": []map[string]any{
		{"name": "Bob", "to": "bob", "local_user": "MIRA", "ends_at": "2026-12-31"}, {"to": "new@example.org", "libraries": []string{"films"}}, {"to": "new@example.org"},
	}}
	type whole struct {
		ID, Status string
		Counts     map[string]int
		Lines      []map[string]any
	}
	var draft, run whole
	ann.is(ann.put("POST", imports, in), http.StatusCreated, &draft)
	want := map[string]any{
		"line": 1.0, "name": "Bob", "to": "bob", "local_user": "mira", "libraries": nil, "ends_at": "2026-12-31T23:59:59.999Z", "outcome": "invite", "other_line": 0.0,
		"answer": "", "answered_by": "", "answered_at": nil, "mail_at": nil, "reminded_at": nil, "reminders": 0.0, "can_remind": false,
	}
	if diff := cmp.Diff(want, draft.Lines[0]); diff != "" || draft.Status != "draft" || draft.Lines[2]["outcome"] != "person_twice" || draft.Lines[2]["other_line"] != 2.0 {
		t.Errorf("the draft is %+v; its first line (-want +got):\n%s", draft, diff)
	}
	ann.is(ann.put("POST", imports+"/"+draft.ID+"/run", nil), http.StatusOK, &run)
	if run.Status != "done" || run.Counts["made"] != 2 || run.Lines[0]["answer"] != "pending" {
		t.Errorf("the run is %+v, want two invites", run)
	}
	var again whole
	ann.is(ann.put("POST", imports+"/"+draft.ID+"/run", nil), http.StatusOK, &again)
	if diff := cmp.Diff(run, again); diff != "" {
		t.Errorf("a second run changes (-first +second):\n%s", diff)
	}
	var reminded struct{ Reminded int }
	ann.is(ann.put("POST", imports+"/"+draft.ID+"/remind", map[string]any{}), http.StatusOK, &reminded)
	if reminded.Reminded != 0 {
		t.Errorf("%d people are reminded at once, want none", reminded.Reminded)
	}
	ann.wrong(ann.put("POST", imports, map[string]any{"source": "fax", "lines": in["lines"]}), 422, "source", "source_invalid")
	ann.wrong(ann.put("POST", imports, map[string]any{"source": "csv", "lines": []any{}}), 422, "lines", "lines_missing")
	bob.refused(bob.put("POST", imports, in), http.StatusNotFound, "not_found")
	var mine whole
	den.is(den.put("POST", "/server/imports", in), http.StatusCreated, &mine)
	if mine.Lines[0]["outcome"] != "already_invited" || mine.Counts["invite"] != 0 {
		t.Errorf("the draft of the agent is %+v, want everybody invited already", mine)
	}
	den.is(den.put("POST", "/server/imports/"+mine.ID+"/run", nil), http.StatusOK, &mine)
	ann.done(ann.put("DELETE", imports+"/"+draft.ID, nil))
	ann.refused(ann.put("GET", imports+"/"+draft.ID, nil), http.StatusNotFound, "not_found")
}
