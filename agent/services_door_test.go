package agent_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// shows sends an access key to the door, which belongs to both services.
func (n *neighbours) shows(key string, account client.ID) (agent.Exchanged, error) {
	return n.door.Exchange(n.family.t.Context(), agent.ExchangeAsk{AccessKey: key, AccountID: string(account), Device: tv})
}

// TestAKeyIsToldToNoOtherService shows keys of the family, keys of the club and unknown keys at the door.
// Each key opens only its own local user, and no key is sent to any service.
func TestAKeyIsToldToNoOtherService(t *testing.T) {
	t.Parallel()
	n := newNeighbours(t).started()
	familyHears, clubHears := listens(n.family.site), listens(n.club.site)
	bob, sam := n.family.site.Join(t, "bob"), n.club.site.Join(t, "sam")
	n.family.invite(bob, "bob")
	n.club.invite(sam, "sam")
	ours, theirs := n.family.guestOf("bob").LocalUserID, n.club.guestOf("sam").LocalUserID
	bobKey, bobID := n.family.keyAt(bob)
	samKey, samID := n.club.keyAt(sam)
	const unknown = "lka_0123456789012345678901234567890123456789012"
	for _, row := range []struct {
		what    string
		key     string
		account client.ID
		user    string
		err     error
	}{
		{"the family's", bobKey, bobID, ours, nil},
		{"the family's, without the account", bobKey, "", ours, nil},
		{"the club's", samKey, samID, theirs, nil},
		{"the club's, without the account", samKey, "", theirs, nil},
		{"the family's, as the club's account", bobKey, samID, "", agent.ErrAccessKeyWrong},
		{"the club's, as the family's account", samKey, bobID, "", agent.ErrAccessKeyWrong},
		{"nobody's", unknown, "", "", agent.ErrAccessKeyWrong},
		{"nobody's, of the family's account", unknown, bobID, "", agent.ErrAccessKeyWrong},
		{"nobody's, of nobody's account", unknown, "4711", "", agent.ErrAccountUnknown},
	} {
		got, err := n.shows(row.key, row.account)
		if !errors.Is(err, row.err) || row.err == nil && err != nil || got.LocalUserID != row.user {
			t.Errorf("%s key opens %q with error %v, want %q with %v", row.what, got.LocalUserID, err, row.user, row.err)
		}
	}
	for _, key := range []string{bobKey, samKey, unknown} {
		if familyHears.has(key) || clubHears.has(key) {
			t.Errorf("a service was told an access key, want none")
		}
	}
	if !familyHears.has("/server/links") {
		t.Error("the links were not read again, want them read instead of showing the key")
	}
}

// TestANewLinkOpensBeforeItsChangeIsRead lets the family's feed stand still. A key of a new link opens all the
// same, because its agent reads the links again.
func TestANewLinkOpensBeforeItsChangeIsRead(t *testing.T) {
	t.Parallel()
	n := newNeighbours(t).started()
	n.family.site.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/changes") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		inner.ServeHTTP(w, r)
	})
	n.family.allow("u1")
	bob := n.family.site.Join(t, "bob")
	at := n.family.localUserAt("u1")
	n.family.invite(bob, "bob", func(in *client.NewInvite) { in.Type, in.Servers[0].LocalUserID = client.Linked, at })
	key, _ := n.family.keyAt(bob)
	eventually(t, "the key opens", func() bool {
		n.family.site.Clock.Advance(agent.HoldOff)
		got, err := n.shows(key, "")
		return err == nil && got.LocalUserID == "u1"
	})
}

// TestAServiceThatHangsHoldsUpNobody lets the club's service take requests and never answer. The family's
// devices get in, and are refused, as if the club did not exist.
func TestAServiceThatHangsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	n := newNeighbours(t).started()
	bob := n.family.site.Join(t, "bob")
	n.family.linked(bob, "bob", "u1")
	over := make(chan struct{})
	n.club.site.Intercept(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	})
	defer close(over)
	key, account := n.family.keyAt(bob)
	if got, err := n.shows(key, account); err != nil || got.LocalUserID != "u1" {
		t.Errorf("the key opens %+v with error %v, want u1", got, err)
	}
	if _, err := n.shows(key+"0", account); !errors.Is(err, agent.ErrAccessKeyWrong) || errors.Is(err, agent.ErrServiceAway) {
		t.Errorf("a wrong key: error %v, want %v alone", err, agent.ErrAccessKeyWrong)
	}
	cat := n.family.site.Join(t, "cat")
	n.family.invite(cat, "cat")
	catKey, _ := n.family.keyAt(cat)
	eventually(t, "a new guest of the family gets in", func() bool { _, err := n.shows(catKey, ""); return err == nil })
	n.family.rounds(2)
}

// TestALyingServiceGetsNothingOfTheOther lets the club's service ask for everything: the family's guest, an
// administrator, a local user whom only the family allows, all as links of every type, and in every answer.
func TestALyingServiceGetsNothingOfTheOther(t *testing.T) {
	t.Parallel()
	n := newNeighbours(t).started()
	bob, kid := n.family.site.Join(t, "bob"), n.family.site.Join(t, "kid")
	n.family.invite(bob, "bob")
	guest := n.family.guestOf("bob").LocalUserID
	n.family.linked(kid, "kid", "u1")
	bobKey, bobID := n.family.keyAt(bob)
	kidKey, _ := n.family.keyAt(kid)
	tokens := []string{n.family.exchanged(bobKey, guest), n.family.exchanged(kidKey, "u1")}
	before := n.family.fake.limit(guest)
	changes := len(n.family.fake.asked())

	all := func(link map[string]any) {
		link["libraries"] = []any{map[string]any{"id": "l1"}, map[string]any{"id": "l2"}}
	}
	as := func(account client.ID, id int) func(link map[string]any) {
		return func(link map[string]any) {
			link["account_id"], link["id"] = string(account), string(rune('0'+id))
		}
	}
	forgeLinks(n.club.site,
		forged(guest, "bob", as(bobID, 1)), forged(guest, "bob", asGuest, all, as(bobID, 2)),
		forged("u2", "Root", as("2001", 3)), forged("u2", "Root", asGuest, as("2001", 4)),
		forged("u1", "Kid", as("2002", 5)), forged("u1", "Kid", asGuest, all, as("2003", 6)))
	eventually(t, "the club's agent has the links", func() bool { return n.club.status().Links == 6 })
	n.club.rounds(2)
	n.family.rounds(2)
	for _, account := range []client.ID{"", bobID, "2001", "2002", "2003"} {
		if got, err := n.shows(stolenKey, account); err == nil {
			t.Errorf("the thief gets in as %s, want nobody", got.LocalUserID)
		}
	}
	for _, id := range []string{guest, "u1", "u2"} {
		if live := n.family.fake.live(id); len(live) > 1 || id == "u2" && len(live) > 0 {
			t.Errorf("live tokens %q of %s, want those of the family alone", live, id)
		}
	}
	for _, token := range tokens {
		if !slices.Contains(append(n.family.fake.live(guest), n.family.fake.live("u1")...), token) {
			t.Errorf("the token %s of the family has ended, want it to live", token)
		}
	}
	if now := n.family.fake.limit(guest); !slices.Equal(now.Libraries, before.Libraries) || now.AllLibraries != before.AllLibraries {
		t.Errorf("the guest of the family sees %+v, want %+v", now, before)
	}
	for _, call := range n.family.fake.asked()[changes:] {
		if strings.Contains(call, " "+guest) || strings.Contains(call, " u1") || strings.Contains(call, " u2") {
			t.Errorf("the media server was asked for %q, want no change of anybody", call)
		}
	}
	if got, err := n.shows(bobKey, bobID); err != nil || got.LocalUserID != guest {
		t.Errorf("the family's key opens %+v with error %v, want the guest", got, err)
	}
	if names := n.club.localUsersThere(); slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "bob") }) {
		t.Errorf("the club hears of %q, want no guest of the family", names)
	}
	for _, name := range []string{guest, "u1"} {
		if err := n.club.Allowances.Allow(context.Background(), name); name == guest && !errors.Is(err, agent.ErrLocalUserUnknown) || name != guest && err != nil {
			t.Errorf("a yes to %s for the club: error %v", name, err)
		}
	}
}
