package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// canQuick makes the agent report whether codes of Quick Connect can be
// approved.
func (a agent) canQuick(name string, can bool) {
	a.t.Helper()
	in := facts(name)
	in["quick_connect"] = can
	a.is(a.report(in), http.StatusOK, nil)
}

type quickSeen struct {
	ID, Status, Reason, Server string
	ExpiresAt                  time.Time `json:"expires_at"`
}

// A person signs in a device that does not know Latchkey.
func TestAPIQuickConnect(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	link := den.joins(ann, bob, map[string]any{"local_user_id": ann.localUsers(den.id)["u1"]})
	ask := func(p *program, code string) answer {
		return p.put("POST", "/quick-connects", map[string]any{"server_id": den.id, "code": code})
	}
	state := func(id string) (got quickSeen) {
		t.Helper()
		bob.is(bob.get("/quick-connects/"+id), http.StatusOK, &got)
		return got
	}
	servers := func(p *program) string { return p.get("/quick-connects/servers").body }
	if got := servers(bob); got != `{"servers":[]}` {
		t.Errorf("servers %s, want %q", got, `{"servers":[]}`)
	}
	bob.wrong(ask(bob, "123456"), 422, "server_id", "quick_server_unknown")
	den.canQuick("den", true)
	if got := servers(bob); got != `{"servers":[{"id":"`+den.id+`","name":"den","local_user":"mira"}]}` {
		t.Errorf("servers of bob %s, want den with mira", got)
	}
	if got := servers(ann); got != `{"servers":[]}` { // the owner of the server is not linked with it
		t.Errorf("servers of the owner %s, want an empty list", got)
	}
	for _, id := range []string{"1", "x", ""} {
		a := bob.put("POST", "/quick-connects", map[string]any{"server_id": id, "code": "123456"})
		bob.wrong(a, 422, "server_id", "quick_server_unknown")
	}
	ann.wrong(ask(ann, "123456"), 422, "server_id", "quick_server_unknown")
	bob.wrong(ask(bob, "BCDF-GHJK"), 422, "code", "quick_code_invalid")

	last := den.last()
	var asked quickSeen
	bob.is(ask(bob, "741 852"), http.StatusCreated, &asked)
	want := quickSeen{ID: asked.ID, Status: "asked", Server: "den", ExpiresAt: s.Clock.Now().Add(10 * time.Minute)}
	if diff := cmp.Diff(want, asked); diff != "" || state(asked.ID) != want {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	got := den.changes(fmt.Sprintf("after=%d", last))
	if got.kinds() != "quick_connect_asked" || got.Changes[0].LinkID == nil || *got.Changes[0].LinkID != link || got.Changes[0].AccountID == nil {
		t.Errorf("changes %+v, want kinds quick_connect_asked, some link ID, link ID %v, some account ID", got, link)
	}
	var open struct {
		QuickConnects []map[string]any `json:"quick_connects"`
	}
	den.is(den.get("/server/quick-connects"), http.StatusOK, &open)
	listed := []map[string]any{{
		"id": asked.ID, "link_id": link, "account_id": *got.Changes[0].AccountID, "code": "741852", "expires_at": "2026-03-04T05:16:07Z", "by_owner": false,
	}}
	if diff := cmp.Diff(listed, open.QuickConnects); diff != "" {
		t.Errorf("open (-want +got):\n%s", diff)
	}
	// Nobody else can read or answer the request.
	ann.refused(ann.get("/quick-connects/"+asked.ID), http.StatusNotFound, "not_found")
	attic := bob.agent("attic")
	if a := attic.get("/server/quick-connects"); a.body != `{"quick_connects":[]}` {
		t.Errorf("another server reads %s, want %q", a.body, `{"quick_connects":[]}`)
	}
	at := "/server/quick-connects/" + asked.ID
	attic.refused(attic.put("POST", at+"/complete", nil), http.StatusNotFound, "not_found")
	attic.refused(attic.put("POST", at+"/fail", map[string]any{"reason": "code_wrong"}), http.StatusNotFound, "not_found")
	den.wrong(den.put("POST", at+"/fail", map[string]any{"reason": "expired"}), 422, "reason", "quick_reason_invalid")
	den.done(den.put("POST", at+"/complete", nil))
	if got := state(asked.ID); got.Status != "done" || got.Reason != "" {
		t.Errorf("state %+v, want status done, no reason", got)
	}
	den.refused(den.put("POST", at+"/complete", nil), http.StatusNotFound, "not_found")
	if a := bob.get("/account/history"); !strings.Contains(a.body, `"quick_connected"`) {
		t.Errorf("history %s, want quick_connected", a.body)
	}
	for _, reason := range []string{"code_wrong", "no_local_user", "too_many", "unavailable", "not_allowed"} {
		var next quickSeen
		bob.is(ask(bob, "741853"), http.StatusCreated, &next)
		den.done(den.put("POST", "/server/quick-connects/"+next.ID+"/fail", map[string]any{"reason": reason}))
		if got := state(next.ID); got.Status != "failed" || got.Reason != reason {
			t.Errorf("state %+v, want status failed, reason %v", got, reason)
		}
	}
	// The export has the request without its code.
	export := bob.get("/account/export").body
	if !strings.Contains(export, `"quick_connects": [`) || !strings.Contains(export, `"reason": "not_allowed"`) || strings.Contains(export, "741853") {
		t.Errorf("export %s, want the tries with their reasons and without a code", export)
	}
	// The password must have been given recently.
	s.Clock.Advance(25 * time.Hour)
	bob.refused(ask(bob, "123456"), http.StatusForbidden, "confirm_password")
}
