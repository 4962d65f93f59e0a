package handlers_test

import (
	"net/http"
	"testing"
)

// A session token is refused on the routes of servers, and a server key on the
// routes of people.
func TestAPIWrongKindOfToken(t *testing.T) {
	t.Parallel()
	_, ann, _, den := owners(t)
	for _, path := range []string{"/server", "/server/changes", "/server/links", "/server/proofs"} {
		ann.refused(ann.get(path), http.StatusForbidden, "wrong_kind_of_token")
	}
	for _, path := range []string{"/servers/owned", "/servers/" + den.id, "/invites", "/invites/received", "/servers/" + den.id + "/people"} {
		den.refused(den.get(path), http.StatusForbidden, "wrong_kind_of_token")
	}
	var op struct{ Items []struct{ ID string } }
	operator := ann.operator("ann")
	operator.is(operator.get("/operator/servers"), http.StatusOK, &op)
	operator.done(operator.put("POST", "/operator/servers/"+op.Items[0].ID+"/disable", nil))
	den.refused(den.get("/server"), http.StatusUnauthorized, "server_disabled")
	den.refused(den.report(facts("den")), http.StatusUnauthorized, "server_disabled")
}
