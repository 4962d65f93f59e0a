package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

type proofSeen struct {
	ID, Status, Code, URL, Reason string
	ExpiresAt                     time.Time `json:"expires_at"`
}

// A person joins a server by proving which local user they are.
func TestAPIJoin(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	at := "/servers/" + den.id + "/join"
	start := func(p *program) answer { return p.put("POST", at, nil) }
	state := func(p *program) (got proofSeen) {
		t.Helper()
		p.is(p.get(at), http.StatusOK, &got)
		return got
	}
	act := func(id, what string, in map[string]any) answer {
		return den.put("POST", "/server/proofs/"+id+"/"+what, in)
	}
	open := func() (all []map[string]any) {
		t.Helper()
		var got struct{ Proofs []map[string]any }
		den.is(den.get("/server/proofs"), http.StatusOK, &got)
		return got.Proofs
	}
	bob.refused(start(bob), http.StatusNotFound, "not_found") // the owner does not allow it
	ann.is(ann.put("PATCH", "/servers/"+den.id, map[string]any{"self_service": true}), http.StatusOK, nil)
	bob.refused(bob.get(at), http.StatusNotFound, "not_found")
	var proof proofSeen
	bob.is(start(bob), http.StatusCreated, &proof)
	want := proofSeen{ID: proof.ID, Status: "asked", ExpiresAt: s.Clock.Now().Add(10 * time.Minute)}
	if diff := cmp.Diff(want, proof); diff != "" {
		t.Errorf("proof (-want +got):\n%s", diff)
	}
	var again proofSeen
	bob.is(start(bob), http.StatusCreated, &again)
	if again != proof {
		t.Errorf("started anew: %+v, want %v", again, proof)
	}
	if got := den.changes("after=0"); got.kinds() != "proof_asked" || got.Changes[0].LinkID != nil || got.Changes[0].AccountID == nil {
		t.Errorf("changes %+v, want kinds proof_asked, no link ID, some account ID", got)
	}
	listed := open()
	if len(listed) != 1 || listed[0]["id"] != proof.ID || listed[0]["username"] != "bob" || listed[0]["status"] != "asked" {
		t.Fatalf("open %v, want 1 listed, id %v, username bob, status asked", listed, proof.ID)
	}

	den.wrong(act(proof.ID, "propose", map[string]any{}), 422, "code", "proof_code_invalid")
	den.wrong(act(proof.ID, "propose", map[string]any{"code": "123456789012345678901234567890123"}), 422, "code", "proof_code_invalid")
	den.wrong(act(proof.ID, "propose", map[string]any{"url": "javascript:alert(1)"}), 422, "url", "proof_url_invalid")
	den.wrong(act(proof.ID, "complete", map[string]any{"local_user": ""}), 422, "local_user", "field_required")
	den.wrong(act(proof.ID, "complete", map[string]any{"local_user": "u9"}), 422, "local_user", "local_user_unknown")
	den.wrong(act(proof.ID, "fail", map[string]any{"reason": "bored"}), 422, "reason", "proof_reason_invalid")
	if state(bob) != proof {
		t.Error("a mistake changed the proof")
	}
	den.done(act(proof.ID, "propose", map[string]any{"code": "123456", "url": "https://den.example.org/prove"}))
	want.Status, want.Code, want.URL = "shown", "123456", "https://den.example.org/prove"
	if diff := cmp.Diff(want, state(bob)); diff != "" {
		t.Errorf("proof (-want +got):\n%s", diff)
	}
	ann.refused(ann.get(at), http.StatusNotFound, "not_found") // the proof belongs to bob
	attic := bob.agent("attic")
	for what, in := range map[string]map[string]any{"propose": {"code": "1"}, "complete": {"local_user": "u1"}, "fail": {"reason": "denied"}} {
		attic.refused(attic.put("POST", "/server/proofs/"+proof.ID+"/"+what, in), http.StatusNotFound, "not_found")
		for _, id := range []string{"1", "x"} {
			den.refused(act(id, what, in), http.StatusNotFound, "not_found")
		}
	}
	den.done(act(proof.ID, "complete", map[string]any{"local_user": "u1"}))
	if got := state(bob); got.Status != "done" || len(open()) != 0 {
		t.Errorf("proof %+v, want status done, no open", got)
	}
	links := den.links()
	if len(links) != 1 || links[0].Status != "accepted" || links[0].LocalUser.ID != "u1" || links[0].Type != "linked" {
		t.Errorf("links %+v, want 1 link, status accepted, ID u1, type linked", links)
	}
	s.letter(t, models.MailLinkAccepted, "ann@example.org")
	den.is(den.exchange(bob.accessKey(), ""), http.StatusOK, nil)
	bob.refused(start(bob), http.StatusConflict, "already_linked")
	den.refused(act(proof.ID, "fail", map[string]any{"reason": "denied"}), http.StatusNotFound, "not_found") // the proof has ended

	// A proof can fail.
	carl := ann.signedUp("carl")
	begin := func() string {
		t.Helper()
		var p proofSeen
		carl.is(start(carl), http.StatusCreated, &p)
		return p.ID
	}
	for _, reason := range []string{"denied", "expired", "not_allowed", "unavailable"} {
		den.done(act(begin(), "fail", map[string]any{"reason": reason}))
		if got := state(carl); got.Status != "failed" || got.Reason != reason {
			t.Errorf("proof %+v, want status failed, reason %v", got, reason)
		}
	}
	den.refused(act(begin(), "complete", map[string]any{"local_user": "u1"}), http.StatusConflict, "local_user_taken")
	s.Clock.Advance(11 * time.Minute)
	if got := state(carl); got.Status != "failed" || got.Reason != "expired" || len(open()) != 0 {
		t.Errorf("proof %+v, want status failed, reason expired, no open", got)
	}
	id := begin()
	den.is(den.put("POST", "/server/links", map[string]any{"to": "carl", "type": "linked", "local_user": "u2"}), http.StatusCreated, nil)
	den.refused(act(id, "complete", map[string]any{"local_user": "u3"}), http.StatusConflict, "already_linked")
	// The owner no longer allows proofs.
	ann.is(ann.put("PATCH", "/servers/"+den.id, map[string]any{"self_service": false}), http.StatusOK, nil)
	den.refused(act(id, "complete", map[string]any{"local_user": "u2"}), http.StatusNotFound, "not_found")
}
