package handlers_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The export has the invites that a person received, their proofs and the terms
// of their links, but not the code that was shown to them, which is a secret.
func TestAPIExportOfInvites(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	ends := s.Clock.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	ann.is(ann.put("PATCH", "/servers/"+den.id, map[string]any{"self_service": true}), http.StatusOK, nil)
	var proof struct{ ID string }
	bob.is(bob.put("POST", "/servers/"+den.id+"/join", nil), http.StatusCreated, &proof)
	den.done(den.put("POST", "/server/proofs/"+proof.ID+"/propose", map[string]any{"code": "135791"}))
	var invite struct{ ID string }
	ann.is(ann.put("POST", "/invites", map[string]any{
		"to": "bob", "type": "guest", "note": "Come in", "servers": []map[string]any{{"server_id": den.id, "libraries": []string{"l1"}, "ends_at": ends}},
	}), http.StatusCreated, &invite)
	bob.done(bob.put("POST", "/invites/"+invite.ID+"/accept", nil))

	type listed struct {
		Invites, Proofs, Links []map[string]any
	}
	var mine, theirs listed
	a := bob.get("/account/export")
	bob.is(a, http.StatusOK, &mine)
	ann.is(ann.get("/account/export"), http.StatusOK, &theirs)
	if len(mine.Invites) != 1 || mine.Invites[0]["id"] != invite.ID || mine.Invites[0]["from"] != "ann" || mine.Invites[0]["note"] != "Come in" {
		t.Errorf("invites %v, want 1 invite, id %v, from ann, note Come in", mine.Invites, invite.ID)
	}
	if diff := cmp.Diff(mine.Invites, theirs.Invites); diff != "" {
		t.Errorf("sent and received (-bob +ann):\n%s", diff)
	}
	if len(mine.Proofs) != 1 || mine.Proofs[0]["id"] != proof.ID || mine.Proofs[0]["server_id"] != den.id || mine.Proofs[0]["status"] != "shown" {
		t.Errorf("proofs %v, want 1 proof, id %v, server_id %v, status shown", mine.Proofs, proof.ID, den.id)
	}
	if _, told := mine.Proofs[0]["code"]; told || len(theirs.Proofs) != 0 {
		t.Errorf("own proofs %v and those of others %v, want no code and no proofs of others", mine.Proofs, theirs.Proofs)
	}
	if len(mine.Links) != 1 || mine.Links[0]["ends_at"] != ends {
		t.Fatalf("links %v, want 1 link, ends_at %v", mine.Links, ends)
	}
	want := []any{map[string]any{"id": "l1", "name": "Films"}}
	if diff := cmp.Diff(want, mine.Links[0]["libraries"]); diff != "" {
		t.Errorf("libraries of the link (-want +got):\n%s", diff)
	}
}

// The export is the same document as on the page.
func TestAPIExport(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	own := s.program(t)
	own = own.as(own.token("ann"))
	head := own.api(http.MethodHead, v1+"/account/export", nil)
	if head.status != http.StatusOK || head.body != "" {
		t.Errorf("HEAD: %d %q, want status %d, no body", head.status, head.body, http.StatusOK)
	}
	var document, page map[string]any
	a := own.get("/account/export")
	own.is(a, http.StatusOK, &document)
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("type %q, want application/json", got)
	}
	if err := json.Unmarshal([]byte(b.get("/account/export").body), &page); err != nil {
		t.Fatal(err)
	}
	before, _ := document["history"].([]any)
	after, _ := page["history"].([]any)
	if len(after) != len(before)+1 { // both exports are in the history, and HEAD is not
		t.Errorf("%d events, then %d, want one more: HEAD is not noted", len(before), len(after))
	}
	for _, document := range []map[string]any{document, page} {
		delete(document, "history")
	}
	if diff := cmp.Diff(page, document); diff != "" {
		t.Errorf("export (-page +api):\n%s", diff)
	}
	s.Clock.Advance(25 * time.Hour)
	own.refused(own.get("/account/export"), http.StatusForbidden, "confirm_password")
}
