package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to hold the database from outside
)

func TestAPIAgentLinks(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	ask := func(in map[string]any) answer { return den.put("POST", "/server/links", in) }
	den.wrong(ask(map[string]any{}), 422, "to", "field_required", "type", "type_invalid")
	den.wrong(ask(map[string]any{"to": "bob", "type": "friend"}), 422, "type", "type_invalid")
	for _, name := range []string{"nobody", "bob@example.org"} {
		den.wrong(ask(map[string]any{"to": name, "type": "linked"}), 422, "to", "username_unknown")
	}
	den.wrong(ask(map[string]any{"to": "bob", "type": "linked", "local_user": "u9"}), 422, "local_user", "local_user_unknown")
	if links := den.links(); len(links) != 0 {
		t.Errorf("links %+v, want no links", links)
	}
	var made agentLinkSeen
	den.is(ask(map[string]any{"to": "Bob", "type": "linked", "local_user": "u1", "requested_by": "boss"}), http.StatusCreated, &made)
	if made.Username != "bob" || made.Status != "pending" || made.SHA256 != "" || !made.Active || made.LocalUser.Name != "mira" {
		t.Errorf("%+v, want username bob, status pending, no SHA 256, active true, name mira", made)
	}
	s.letter(t, "link_asked", "bob@example.org")
	den.refused(ask(map[string]any{"to": "bob", "type": "linked", "local_user": "u2"}), http.StatusConflict, "already_linked")
	ann.signedUp("carl")
	den.refused(ask(map[string]any{"to": "carl", "type": "linked", "local_user": "u1"}), http.StatusConflict, "local_user_taken")

	bob.done(bob.put("POST", "/links/"+made.ID+"/accept", nil))
	key := bob.accessKey()
	var exchange struct{ Link agentLinkSeen }
	den.is(den.exchange(key, ""), http.StatusOK, &exchange)
	if exchange.Link.ID != made.ID || exchange.Link.LocalUser.ID != "u1" || exchange.Link.SHA256 != sha256Of(key) {
		t.Errorf("exchange %+v, want the link %s of u1 with the hash of the key", exchange, made.ID)
	}
	den.is(den.exchange(key, made.AccountID), http.StatusOK, nil)
	den.wrong(den.exchange("", ""), 422, "access_key", "field_required")
	for _, pair := range [][2]string{{"x", ""}, {strings.ToUpper(key) + "0", ""}, {key, "1"}, {key, "x"}, {made.SHA256, ""}} {
		if pair[0] != "" {
			den.refused(den.exchange(pair[0], pair[1]), http.StatusNotFound, "access_key_wrong")
		}
	}
	attic := bob.agent("attic")
	attic.refused(attic.exchange(key, ""), http.StatusNotFound, "access_key_wrong")
	attic.refused(attic.put("DELETE", "/server/links/"+made.ID, nil), http.StatusNotFound, "not_found")
	if err := s.Store.Operators.Disable(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	den.refused(den.exchange(key, ""), http.StatusNotFound, "access_key_wrong")
	if links := den.links(); len(links) != 1 || links[0].Active {
		t.Errorf("links %+v, want 1 link, active false", links)
	}
	if err := s.Store.Operators.Enable(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	bob = bob.as(bob.token("bob"))
	key = bob.accessKey()
	den.is(den.exchange(key, ""), http.StatusOK, nil)
	den.done(den.put("DELETE", "/server/links/"+made.ID, nil))
	den.refused(den.exchange(key, ""), http.StatusNotFound, "access_key_wrong")
	for _, id := range []string{made.ID, "1", "x"} {
		den.refused(den.put("DELETE", "/server/links/"+id, nil), http.StatusNotFound, "not_found")
	}
}

// An agent can check an access key by sending only its SHA-256, so that the key need not
// travel. The hash is accepted only from this server and for this account. It is refused if
// it is sent as the key.
func TestAPIExchangeTakesTheHash(t *testing.T) {
	t.Parallel()
	eachBusySite(t, func(t *testing.T, s *site) {
		p := s.program(t)
		ann, bob := p.signedUp("ann"), p.signedUp("bob")
		den, attic := ann.agent("den"), bob.agent("attic")
		id := den.joins(ann, bob, nil)
		key := bob.accessKey()
		hash := sha256Of(key)
		check := func(a agent, pairs ...string) answer { return a.post("/server/exchanges", pairs...) }
		for _, pairs := range [][]string{
			{"access_key_sha256", hash},
			{"access_key_sha256", hash, "access_key", key},
			{"access_key_sha256", hash, "account_id", den.links()[0].AccountID},
			{"access_key", key},
		} {
			var got struct{ Link agentLinkSeen }
			den.is(check(den, pairs...), http.StatusOK, &got)
			if got.Link.ID != id || got.Link.SHA256 != hash {
				t.Errorf("%s opens %+v, want the link %s with the hash of the key", pairs, got.Link, id)
			}
		}
		for _, pairs := range [][]string{
			{"access_key", hash},
			{"access_key_sha256", key},
			{"access_key_sha256", hash[:62]},
			{"access_key_sha256", hash + "00"},
			{"access_key_sha256", sha256Of("")},
			{"access_key_sha256", strings.Repeat("z", 64)},
			{"access_key_sha256", hash, "access_key", "another"},
			{"access_key_sha256", hash, "account_id", "1"},
		} {
			den.refused(check(den, pairs...), http.StatusNotFound, "access_key_wrong")
		}
		den.wrong(check(den, "access_key_sha256", ""), 422, "access_key", "field_required")
		attic.refused(check(attic, "access_key_sha256", hash), http.StatusNotFound, "access_key_wrong")
		if err := s.Store.Operators.Disable(t.Context(), "bob"); err != nil {
			t.Fatal(err)
		}
		den.refused(check(den, "access_key_sha256", hash), http.StatusNotFound, "access_key_wrong")
	})
}
