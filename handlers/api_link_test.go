package handlers_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models"
)

// A link to a server that an operator disabled is still listed as disabled, and
// can be declined or left.
func TestLinksToDisabledServerAreListed(t *testing.T) {
	t.Parallel()
	eachBusySite(t, linksToDisabledServer)
}

func linksToDisabledServer(t *testing.T, s *site) {
	f := newFixture(t, s)
	own := f.as(f.annToken)
	type link struct {
		ID     string
		EndsAt *string `json:"ends_at"`
		Server struct {
			ID       string
			SystemID string `json:"system_id"`
			Kind     string
			Disabled bool
		}
	}
	var before, after struct{ Links []link }
	own.is(own.api(http.MethodGet, "/api/v1/links", nil), http.StatusOK, &before)
	for _, one := range before.Links {
		if one.Server.Disabled || one.Server.SystemID == "" || one.Server.Kind == "" || one.EndsAt != nil {
			t.Errorf("link %+v, want disabled false, some system ID, some kind, no ends at", one)
		}
		id, err := strconv.ParseInt(one.Server.ID, 10, 64)
		if err == nil {
			err = f.Store.OperatedServers.Disable(t.Context(), models.CommandLine, id)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	own.is(own.api(http.MethodGet, "/api/v1/links", nil), http.StatusOK, &after)
	if len(after.Links) != len(before.Links) || len(after.Links) < 2 {
		t.Fatalf("%d links, want %d", len(after.Links), len(before.Links))
	}
	for _, one := range after.Links {
		if !one.Server.Disabled {
			t.Errorf("link %+v, want disabled true", one)
		}
	}
	own.isProblem(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/accept", nil), http.StatusNotFound, "not_found")
	own.is(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/decline", nil), http.StatusNoContent, nil)
	own.is(own.api(http.MethodDelete, "/api/v1/links/"+f.accepted, nil), http.StatusNoContent, nil)
	var none struct{ Links []link }
	own.is(own.api(http.MethodGet, "/api/v1/links", nil), http.StatusOK, &none)
	if len(none.Links) != 0 {
		t.Errorf("links %+v, want no links", none.Links)
	}
}

func TestAPILinks(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	f := newFixture(t, s)
	own := f.as(f.annToken)
	pending := own.api(http.MethodGet, "/api/v1/links?status=pending", nil)
	if strings.Contains(pending.body, strings.Repeat("0b", 16)) || strings.Contains(pending.body, "access_key") {
		t.Errorf("a pending link shows its access key, want it hidden: %s", pending.body)
	}
	for _, query := range []string{"status[]=pending", "Status=pending", "status=pending&page=2", "status=pending;status=accepted", "status=%zz"} {
		own.isProblem(own.api(http.MethodGet, "/api/v1/links?"+query, nil), http.StatusBadRequest, "bad_request")
	}
	for _, path := range []string{"/api/v1/links?status=Waiting", "/api/v1/links?status=pending&status=accepted", "/api/v1/links?status="} {
		own.isProblem(own.api(http.MethodGet, path, nil), http.StatusUnprocessableEntity, "invalid")
	}
	var both struct{ Links []struct{ Status string } }
	own.is(own.api(http.MethodGet, "/api/v1/links", nil), http.StatusOK, &both)
	if len(both.Links) != 2 {
		t.Errorf("%d links, want 2", len(both.Links))
	}
	for _, id := range []string{"0", "-1", "x", "1", "99999999999999999999", f.accepted + "0"} {
		own.isProblem(own.api(http.MethodPost, "/api/v1/links/"+id+"/accept", nil), http.StatusNotFound, "not_found")
		own.isProblem(own.api(http.MethodDelete, "/api/v1/links/"+id, nil), http.StatusNotFound, "not_found")
	}
	// Only a pending link can be declined.
	own.isProblem(own.api(http.MethodPost, "/api/v1/links/"+f.accepted+"/decline", nil), http.StatusNotFound, "not_found")
	own.is(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/decline", nil), http.StatusNoContent, nil)
	own.isProblem(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/accept", nil), http.StatusNotFound, "not_found")
	own.is(own.api(http.MethodDelete, "/api/v1/links/"+f.accepted, nil), http.StatusNoContent, nil)
	own.is(own.api(http.MethodGet, "/api/v1/links", nil), http.StatusOK, &both)
	if len(both.Links) != 0 {
		t.Errorf("%d links are left, want no links", len(both.Links))
	}
}

// A link from the report of a local user to the removal of the link.
func TestAPILifeOfALink(t *testing.T) {
	t.Parallel()
	eachBusySite(t, lifeOfALink)
}

func lifeOfALink(t *testing.T, s *site) {
	p := s.program(t)
	ann := p.signedUp("ann")
	den := ann.agent("den")
	local := ann.localUsers(den.id)["u1"]
	in := offer("mira@example.org", "linked", den.id, map[string]any{"local_user_id": local})
	ann.invite(in)
	secret := s.letter(t, models.MailInvite, "mira@example.org").Secret
	if got := den.changes(""); len(got.Changes) != 0 || got.Last != 0 {
		t.Fatalf("before anybody accepted: %+v, want no changes, last 0", got)
	}
	p.is(p.post("/accounts", "username", "mira", "email", "mira@example.org", "password", goodPassword, "invite", secret), http.StatusAccepted, nil)
	p.done(p.post("/accounts/confirm", "token", s.letter(t, models.MailConfirm, "mira@example.org").Secret))
	mira := p.as(p.token("mira"))
	var received struct{ Invites []struct{ ID string } }
	mira.is(mira.get("/invites/received"), http.StatusOK, &received)
	if len(received.Invites) != 1 {
		t.Fatalf("received %+v, want 1 invite", received)
	}

	watch := s.watchWaits()
	heard := den.later("after=0&wait=25")
	watch.begins(t, 1, heard)
	mira.done(mira.put("POST", "/invites/"+received.Invites[0].ID+"/accept", nil))
	var got changesSeen
	den.is(waittest.Receive(t, heard, "the change"), http.StatusOK, &got)
	key := mira.accessKey()
	if got.kinds() != "link_changed" || got.Last != 1 {
		t.Fatalf("accepted: %+v, want kinds link_changed, last 1", got)
	}
	link := got.Changes[0].Link
	if link == nil || link.Status != "accepted" || link.SHA256 != sha256Of(key) || link.LocalUser.ID != "u1" || link.Username != "mira" ||
		!link.Active || *got.Changes[0].LinkID != link.ID || *got.Changes[0].AccountID != link.AccountID {
		t.Errorf("link %+v, want an active one as in the change", link)
	}
	den.is(den.exchange(key, link.AccountID), http.StatusOK, nil)
	den.done(den.put("POST", "/server/changes/acknowledge", map[string]any{"seq": got.Last}))

	heard = den.later("after=1&wait=25")
	watch.begins(t, 2, heard)
	person := "/servers/" + den.id + "/people/" + link.ID
	ann.done(ann.put("PATCH", person, map[string]any{"libraries": []string{"l2"}, "ends_at": "2026-04-01T00:00:00Z"}))
	den.is(waittest.Receive(t, heard, "the change"), http.StatusOK, &got)
	if link = got.Changes[0].Link; got.kinds() != "link_changed" || link == nil || len(link.Libraries) != 1 || link.Libraries[0].Name != "Series" || link.EndsAt == nil {
		t.Errorf("terms: %+v, want kinds link_changed, some link, 1 library, name Series, some ends at", got)
	}
	den.is(den.exchange(key, ""), http.StatusOK, nil)

	heard = den.later("after=2&wait=25")
	watch.begins(t, 3, heard)
	ann.done(ann.put("DELETE", person, nil))
	den.is(waittest.Receive(t, heard, "the change"), http.StatusOK, &got)
	if one := got.Changes[0]; got.kinds() != "link_removed" || one.Link != nil || *one.LinkID != link.ID {
		t.Errorf("removed: %+v, want kinds link_removed, no link, link ID %v", got, link.ID)
	}
	den.refused(den.exchange(key, ""), http.StatusNotFound, "access_key_wrong")
	if a := mira.get("/servers"); a.body != `{"servers":[]}` {
		t.Errorf("servers after the link ended: got %s, want none", a.body)
	}
}
