package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func TestAPIInvites(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	local := ann.localUsers(den.id)
	in := offer("BOB", "linked", den.id, map[string]any{
		"local_user_id": local["u1"], "libraries": []string{"l2"}, "ends_at": "2026-04-01T00:00:00Z",
	})
	in["note"] = " Films on Friday? "
	var made map[string]any
	ann.is(ann.put("POST", "/invites", in), http.StatusCreated, &made)
	id, _ := made["id"].(string)
	want := map[string]any{
		"id": id, "to": "bob", "type": "linked", "note": "Films on Friday?", "status": "pending", "from": "ann",
		"greeting": "", "has_link": false, "family": false, "uses": 1.0, "used": 0.0, "link": nil,
		"created_at": "2026-03-04T05:06:07Z", "expires_at": "2026-03-18T05:06:07Z",
		"servers": []any{map[string]any{
			"server_id": den.id, "name": "den", "local_user": map[string]any{"id": local["u1"], "name": "mira"},
			"libraries": []any{map[string]any{"id": "l2", "name": "Series"}}, "ends_at": "2026-04-01T00:00:00Z",
		}},
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("invite (-want +got):\n%s", diff)
	}
	s.letter(t, models.MailInvite, "bob@example.org")
	delete(want, "link") // only the owner sees it
	var received struct{ Invites []map[string]any }
	bob.is(bob.get("/invites/received"), http.StatusOK, &received)
	if diff := cmp.Diff([]map[string]any{want}, received.Invites); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
	if a := ann.get("/invites/received"); a.body != `{"invites":[]}` {
		t.Errorf("invites received: got %s, want none", a.body)
	}
	// Nothing happens until bob accepts, and only bob may.
	ann.refused(ann.put("POST", "/invites/"+id+"/accept", nil), http.StatusNotFound, "not_found")
	if links := den.links(); len(links) != 0 {
		t.Errorf("links %+v, want no links", links)
	}
	bob.done(bob.put("POST", "/invites/"+id+"/accept", nil))
	links := den.links()
	if len(links) != 1 || links[0].Status != "accepted" || links[0].LocalUser == nil || links[0].LocalUser.ID != "u1" ||
		len(links[0].Libraries) != 1 || links[0].Libraries[0].ID != "l2" || links[0].EndsAt == nil {
		t.Errorf("links %+v, want one with the library l2 and an end", links)
	}
	status := func(p *program) string {
		t.Helper()
		var page struct{ Items []struct{ Status string } }
		p.is(p.get("/invites"), http.StatusOK, &page)
		var all []string
		for _, one := range page.Items {
			all = append(all, one.Status)
		}
		return strings.Join(all, " ")
	}
	for _, what := range []string{"/accept", "/decline"} {
		bob.refused(bob.put("POST", "/invites/"+id+what, nil), http.StatusNotFound, "not_found")
	}
	ann.refused(ann.put("DELETE", "/invites/"+id, nil), http.StatusNotFound, "not_found") // too late
	declined := ann.invite(offer("bob", "guest", den.id, nil))
	bob.done(bob.put("POST", "/invites/"+declined+"/decline", nil))
	withdrawn := ann.invite(offer("bob@example.org", "guest", den.id, nil))
	ann.done(ann.put("DELETE", "/invites/"+withdrawn, nil))
	bob.refused(bob.put("POST", "/invites/"+withdrawn+"/accept", nil), http.StatusNotFound, "not_found")
	if got := status(ann); got != "withdrawn declined accepted" {
		t.Errorf("status %s, want withdrawn declined accepted", got)
	}
	var page struct {
		Items []struct{ ID string }
		Next  *string
	}
	ann.is(ann.get("/invites?limit=2"), http.StatusOK, &page)
	if len(page.Items) != 2 || page.Items[0].ID != withdrawn || page.Next == nil {
		t.Fatalf("page %+v, want 2 items, ID %v, some next", page, withdrawn)
	}
	ann.is(ann.get("/invites?limit=2&cursor="+*page.Next), http.StatusOK, &page)
	if len(page.Items) != 1 || page.Items[0].ID != id || page.Next != nil {
		t.Errorf("page %+v, want 1 item, ID %v, no next", page, id)
	}
	ann.is(ann.get("/invites?limit=2"), http.StatusOK, &page)
	bob.wrong(bob.get("/invites?cursor="+*page.Next), 422, "cursor", "cursor_invalid") // the cursor of another person's list
	if got := status(bob); got != "" {
		t.Errorf("bob sent %s, want no text", got)
	}
}

func TestAPIInviteMistakes(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	bobs := bob.agent("attic")
	foreign := bob.localUsers(bobs.id)["u1"]
	local := ann.localUsers(den.id)
	den.joins(ann, bob, map[string]any{"local_user_id": local["u1"]})
	noted := offer("bob", "guest", den.id, nil)
	noted["note"] = strings.Repeat("ä", 501)
	twice := offer("bob", "guest", den.id, nil)
	twice["servers"] = []any{map[string]any{"server_id": den.id}, map[string]any{"server_id": den.id}}
	none := offer("bob", "guest", den.id, nil)
	none["servers"] = []any{}
	for _, tt := range []struct {
		in          map[string]any
		status      int
		field, code string
	}{
		{offer(" ", "guest", den.id, nil), 422, "to", "to_missing"},
		{offer("nobody", "guest", den.id, nil), 422, "to", "username_unknown"},
		{offer("ann", "guest", den.id, nil), 422, "to", "username_unknown"},
		{offer("a@", "guest", den.id, nil), 422, "to", "email_invalid"},
		{offer("bob", "friend", den.id, nil), 422, "type", "type_invalid"},
		{noted, 422, "note", "note_invalid"},
		{none, 422, "servers", "servers_missing"},
		{twice, 422, "servers", "servers_invalid"},
		{offer("bob", "guest", "x", nil), 422, "servers", "server_unknown"},
		{offer("bob", "guest", "1", nil), 422, "servers", "server_unknown"},
		{offer("bob", "guest", bobs.id, nil), 422, "servers", "server_unknown"},
		{offer("bob", "linked", den.id, map[string]any{"local_user_id": "x"}), 422, "local_user_id", "local_user_unknown"},
		{offer("bob", "linked", den.id, map[string]any{"local_user_id": foreign}), 422, "local_user_id", "local_user_unknown"},
		{offer("bob", "linked", den.id, map[string]any{"local_user_id": local["u1"]}), 409, "local_user_id", "local_user_taken"},
		{offer("bob", "guest", den.id, map[string]any{"libraries": []string{"l9"}}), 422, "libraries", "library_unknown"},
		{offer("bob", "guest", den.id, map[string]any{"libraries": make([]string, 1001)}), 422, "libraries", "libraries_invalid"},
		{offer("bob", "guest", den.id, map[string]any{"ends_at": "2026-03-04T05:06:07Z"}), 422, "ends_at", "ends_at_invalid"},
		{offer("bob", "guest", den.id, map[string]any{"ends_at": "0001-01-01T00:00:00Z"}), 422, "ends_at", "ends_at_invalid"},
	} {
		first := ann.put("POST", "/invites", tt.in)
		ann.wrong(first, tt.status, tt.field, tt.code)
		german := ann.with("Accept-Language", "de").put("POST", "/invites", tt.in)
		ann.wrong(german, tt.status, tt.field, tt.code)
		if german.body == first.body {
			t.Errorf("%s: the text is the same in two languages, want a translation: %s", tt.code, first.body)
		}
	}
	if a := ann.get("/invites?limit=1"); strings.Count(a.body, "guest") != 0 {
		t.Errorf("a refused invite is listed, want none: %s", a.body)
	}

	// Accepting can still fail.
	carl := ann.signedUp("carl")
	both := []string{
		ann.invite(offer("carl", "linked", den.id, map[string]any{"local_user_id": local["u2"]})),
		ann.invite(offer("bob", "linked", den.id, map[string]any{"local_user_id": local["u2"]})),
		ann.invite(offer("carl", "linked", den.id, map[string]any{"local_user_id": local["u3"]})),
	}
	bob.refused(bob.put("POST", "/invites/"+both[1]+"/accept", nil), http.StatusConflict, "already_linked")
	carl.done(carl.put("POST", "/invites/"+both[0]+"/accept", nil))
	carl.refused(carl.put("POST", "/invites/"+both[2]+"/accept", nil), http.StatusConflict, "already_linked")
	dora := ann.signedUp("dora")
	gone := ann.invite(offer("dora", "linked", den.id, map[string]any{"local_user_id": local["u3"]}))
	less := facts("den")
	less["local_users"] = []map[string]any{{"id": "u1"}, {"id": "u2"}}
	den.is(den.report(less), http.StatusOK, nil)
	dora.refused(dora.put("POST", "/invites/"+gone+"/accept", nil), http.StatusConflict, "local_user_gone")
	den.is(den.report(facts("den")), http.StatusOK, nil)
	emil := ann.signedUp("emil")
	late := ann.invite(offer("emil", "linked", den.id, map[string]any{"local_user_id": ann.localUsers(den.id)["u3"]}))
	dora.done(dora.put("POST", "/invites/"+gone+"/accept", nil))
	emil.refused(emil.put("POST", "/invites/"+late+"/accept", nil), http.StatusConflict, "local_user_taken")
	for _, id := range []string{"1", "x"} {
		ann.refused(ann.put("DELETE", "/invites/"+id, nil), http.StatusNotFound, "not_found")
		ann.refused(ann.put("POST", "/invites/"+id+"/accept", nil), http.StatusNotFound, "not_found")
		ann.refused(ann.put("POST", "/invites/"+id+"/decline", nil), http.StatusNotFound, "not_found")
	}
}
