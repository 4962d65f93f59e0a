package handlers_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A program lists the invites to one server, open or ended, with the people who accepted
// them.
func TestAPIInvitesOfServer(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	in := offer("", "guest", den.id, nil)
	in["link"], in["uses"] = true, 2
	var made struct {
		ID   string
		Link struct{ Secret string }
	}
	ann.is(ann.put("POST", "/invites", in), http.StatusCreated, &made)
	bob.done(bob.post("/invites/accept", "secret", made.Link.Secret))
	type listed struct {
		ID         string
		Status     string
		AnsweredAt *string `json:"answered_at"`
		UsedBy     []struct {
			Username string
			UsedAt   string `json:"used_at"`
		} `json:"used_by"`
	}
	var page struct{ Items []listed }
	path, moment := "/servers/"+den.id+"/invites", "2026-03-04T05:06:07Z"
	check := func(path, status string) {
		t.Helper()
		page.Items = nil
		ann.is(ann.get(path), http.StatusOK, &page)
		want := listed{ID: made.ID, Status: status, AnsweredAt: &moment}
		want.UsedBy = append(want.UsedBy, struct {
			Username string
			UsedAt   string `json:"used_at"`
		}{"bob", moment})
		if diff := cmp.Diff([]listed{want}, page.Items); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	check(path, "pending")
	check(path+"?ended=false", "pending")
	check("/invites", "pending")
	if a := ann.get(path + "?ended=true"); a.body != `{"items":[],"next":null}` {
		t.Errorf("ended invites: got %s, want none", a.body)
	}
	ann.done(ann.put("DELETE", "/invites/"+made.ID, nil))
	check(path+"?ended=true", "withdrawn")
	ann.wrong(ann.get(path+"?ended=maybe"), 422, "ended", "parameter_invalid")
	bob.refused(bob.get(path), http.StatusNotFound, "not_found")
}
