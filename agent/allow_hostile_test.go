package agent_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// stolenKey is an access key that a hostile service has made up.
const stolenKey = "a key of the thief"

// forged returns an accepted link that a hostile service makes up, for [stolenKey].
func forged(localUser, name string, change ...func(link map[string]any)) map[string]any {
	sum := sha256.Sum256([]byte(stolenKey))
	link := madeUp(1)
	link["access_key_sha256"] = hex.EncodeToString(sum[:])
	if localUser != "" {
		link["local_user"] = map[string]any{"id": localUser, "name": name}
	}
	for _, one := range change {
		one(link)
	}
	return link
}

// asGuest changes the type of a link to guest.
func asGuest(link map[string]any) { link["type"] = client.Guest }

// forgeLinks makes the service answer with made-up links in every answer that has links.
func forgeLinks(s *servicetest.Service, links ...any) {
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		switch {
		case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/links"):
			writeJSON(w, map[string]any{"links": links})
		case strings.HasSuffix(r.URL.Path, "/exchanges"):
			writeJSON(w, map[string]any{"link": links[0]})
		default:
			if strings.HasSuffix(r.URL.Path, "/changes") {
				r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "wait=", "wait=0&was=") // so that the agent compares soon
			}
			inner.ServeHTTP(w, r)
		}
	})
	s.Clock.Advance(7 * time.Hour)
}

// wantNobody checks that no local user who existed before the agent has a token, and that
// no device got a token.
func (d *deployment) wantNobody(how string, err error) {
	d.t.Helper()
	if err == nil {
		d.t.Errorf("%s: the exchange succeeded, want a refusal", how)
	}
	for _, id := range []string{"u1", "u2", "u3", "u4", "u5"} {
		if live := d.fake.live(id); len(live) > 0 {
			d.t.Errorf("%s: got live tokens %q of %s, want none", how, live, id)
		}
	}
}

// TestHostileLinksOpenNoLocalUser lets the service make up links to local users who existed
// before the agent, of each type and with different spellings of the id. No device gets a
// token.
func TestHostileLinksOpenNoLocalUser(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]map[string]any{
		"linked":           forged("u1", "Kid"),
		"guest":            forged("u1", "Kid", asGuest),
		"unknown type":     forged("u1", "Kid", func(link map[string]any) { link["type"] = "owner" }),
		"administrator":    forged("u2", "Root"),
		"another's name":   forged("u1", "Aunt"), // Aunt is allowed
		"upper case":       forged("U1", "Kid"),
		"blank":            forged("u1 ", "Kid"),
		"with hyphens":     forged("u-1", "Kid"),
		"path":             forged("../u1", "Kid"),
		"the allowed id":   forged("u5/../u1", "Kid"),
		"username of Aunt": forged("u1", "Kid", func(link map[string]any) { link["username"] = "Aunt" }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d := newRunning(t)
			noError(t, d.Allowances.Allow(t.Context(), "u5"))
			forgeLinks(s, link)
			eventually(t, "the link", func() bool { return d.status().Links == 1 })
			for _, adjust := range [][]func(*agent.ExchangeAsk){
				nil,
				{byAccount("2001")},
				{func(ask *agent.ExchangeAsk) { ask.Local = true }},
			} {
				_, err := d.exchange(stolenKey, adjust...)
				d.wantNobody("exchange", err)
			}
			s.Down()
			eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
			_, err := d.exchange(stolenKey)
			d.wantNobody("while it is away", err)
			d.restart()
			eventually(t, "it runs", func() bool { return d.trouble("service_away") })
			_, err = d.exchange(stolenKey)
			d.wantNobody("after a restart", err)
			if d.fake.count("Restrict")+d.fake.count("Disable")+d.fake.count("Delete") > 0 {
				t.Errorf("calls %q, want no change of a local user", d.fake.asked())
			}
		})
	}
}

// TestHostileAnswerToAQuestionOpensNoLocalUser lets the service make up a link only when
// the agent asks about an access key. The link must not open a local user.
func TestHostileAnswerToAQuestionOpensNoLocalUser(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/exchanges") {
			writeJSON(w, map[string]any{"link": forged("u1", "Kid")})
			return
		}
		inner.ServeHTTP(w, r)
	})
	eventually(t, "it is asked", func() bool {
		_, err := d.exchange(stolenKey)
		return errors.Is(err, agent.ErrLocalUserNotAllowed)
	})
	d.wantNobody("exchange", agent.ErrLocalUserNotAllowed)
}

// TestHostileChangeMovesNoLink lets the feed move a link to another local user, back again,
// and to a new account. Only the local user with the yes is ever opened.
func TestHostileChangeMovesNoLink(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	noError(t, d.Allowances.Allow(t.Context(), "u5"))
	forgeLinks(s, forged("u5", "Aunt"))
	eventually(t, "the link", func() bool { return d.status().Links == 1 })
	d.exchanged(stolenKey, "u5")
	forgeLinks(s, forged("u1", "Aunt"))
	eventually(t, "it was moved", func() bool { return must(d.Links.List(t.Context()))(t)[0].LocalUserID == "u1" })
	_, err := d.exchange(stolenKey)
	isError(t, err, agent.ErrLocalUserNotAllowed)
	eventually(t, "the token ends", func() bool { return len(d.fake.live("u5")) == 0 })
	d.wantNobody("after the move", err)
	if waiting := d.status().Waiting; len(waiting) != 1 || waiting[0].LocalUser.Name != "Kid" {
		t.Errorf("%+v wait, want Kid: the name is that of the media server", waiting)
	}
	forgeLinks(s, forged("u5", "Aunt"))
	eventually(t, "it was moved back", func() bool { _, err := d.exchange(stolenKey); return err == nil })
}

// TestHostileRenamedLocalUser renames local users at the media server. The yes stays with
// the local user, whatever their new name is.
func TestHostileRenamedLocalUser(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	noError(t, d.Allowances.Allow(t.Context(), "u5"))
	d.fake.set(func() { d.fake.find("u5").Name, d.fake.find("u1").Name = "Uncle", "Aunt" })
	forgeLinks(s, forged("u1", "Aunt"))
	eventually(t, "the link", func() bool { return d.status().Links == 1 })
	_, err := d.exchange(stolenKey)
	isError(t, err, agent.ErrLocalUserNotAllowed)
	d.wantNobody("renamed", err)
}

// TestHostileGuestIsAnotherLocalUser invites guests with the names of local users who
// existed before the agent. Each guest gets a new local user.
func TestHostileGuestIsAnotherLocalUser(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	forgeLinks(s, forged("", "", asGuest, func(link map[string]any) { link["username"] = "Kid" }))
	guest := d.guestOf("Kid")
	if guest.LocalUserID != "g1" {
		t.Fatalf("guest %+v, want the new local user g1", guest)
	}
	d.exchanged(stolenKey, "g1")
	d.wantNobody("guest", agent.ErrLocalUserNotAllowed)
	// Then the service changes the link: it names a local user who existed before the agent.
	forgeLinks(s, forged("u1", "Kid", asGuest))
	eventually(t, "it was moved", func() bool { return must(d.Links.List(t.Context()))(t)[0].LocalUserID == "u1" })
	_, err := d.exchange(stolenKey)
	d.wantNobody("moved guest", err)
	d.never("a local user is touched", func() bool {
		return slices.ContainsFunc(d.fake.asked(), func(call string) bool { return strings.HasSuffix(call, " u1") })
	})
}

// TestHostileGuestWhoWasMadeAdministrator makes a guest an administrator, and later an
// ordinary local user again. From then on the agent treats them as a local user of the
// admin, who needs a yes.
func TestHostileGuestWhoWasMadeAdministrator(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	d.exchanged(d.key(bob), guest.LocalUserID)
	d.fake.set(func() { d.fake.find(guest.LocalUserID).Administrator = true })
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{Libraries: &[]string{"l1"}}))
	eventually(t, "they are left alone", func() bool { return d.log.Count("a guest has become an administrator") == 1 })
	d.fake.set(func() { d.fake.find(guest.LocalUserID).Administrator = false })
	_, err := d.exchange(d.key(bob))
	isError(t, err, agent.ErrLocalUserNotAllowed)
	eventually(t, "the token ends", func() bool { return len(d.fake.live(guest.LocalUserID)) == 0 })
}

// TestHostileNameOfAGuestFoundLate ends the program while it creates a guest. Then an admin
// creates a local user with the same name. The agent does not mistake that local user for
// the guest, and creates another local user.
func TestHostileNameOfAGuestFoundLate(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob := s.Join(t, "bob")
	var crashed atomic.Bool
	d.fake.hook(func(call string) error {
		if !strings.HasPrefix(call, "CreateGuest") {
			return nil
		}
		if crashed.CompareAndSwap(false, true) {
			_ = d.store.Close()
		}
		return errDown
	}, nil)
	d.invite(bob, "bob")
	eventually(t, "the crash", crashed.Load)
	d.halt()
	d.fake.hook(nil, nil)
	d.fake.set(func() {
		d.fake.users = append(d.fake.users, mediaserver.LocalUser{ID: "u9", Name: "bob", Hidden: true, RemoteAccess: true})
	})
	d.open()
	d.run()
	if guest := d.guestOf("bob"); guest.LocalUserID == "u9" || d.log.Count("but the agent did not create that local user") != 1 {
		t.Errorf("link %+v, want another local user than u9, and a line about u9; log:\n%s", guest, d.log)
	}
	d.exchanged(d.key(bob), d.guestOf("bob").LocalUserID)
	if d.fake.count("Restrict u9")+d.fake.count("Disable u9")+len(d.fake.live("u9")) > 0 {
		t.Errorf("calls %q, want none about u9", d.fake.asked())
	}
}

// TestHostileCodesSignNoDeviceIn lets the service ask for the approval of Quick Connect
// codes for a local user without a yes.
func TestHostileCodesSignNoDeviceIn(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob := s.Join(t, "bob")
	d.linkedByService(bob, "bob", "u1")
	d.fake.codeOn("654321")
	if got := d.enter(bob, "654321"); got.Status != "failed" || got.Reason != client.QuickConnectNotAllowed {
		t.Errorf("got %+v, want it refused as not allowed", got)
	}
	if who := d.fake.approvedFor("654321"); who != "" {
		t.Errorf("the code was approved for %q, want for nobody", who)
	}
	noError(t, d.Allowances.Allow(t.Context(), "u1"))
	if got := d.enter(bob, "654321"); got.Status != "done" || d.fake.approvedFor("654321") != "u1" {
		t.Errorf("after the yes: got %+v for %q, want it approved for u1", got, d.fake.approvedFor("654321"))
	}
}

// TestHostileDeviceCodeOpensNoLocalUser signs a television in at the service by its code.
// Its access key opens no local user without a yes.
func TestHostileDeviceCodeOpensNoLocalUser(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob := s.Join(t, "bob")
	d.linkedByService(bob, "bob", "u1")
	code := must(s.NewClient(t).Devices.Begin(t.Context(), client.DeviceAsk{Client: "Den TV", DeviceName: "Living room", DeviceID: "tv-1"}))(t)
	noError(t, bob.Devices.Approve(t.Context(), code.UserCode))
	s.Clock.Advance(5 * time.Second)
	signedIn := must(s.NewClient(t).Devices.Token(t.Context(), code.DeviceCode))(t)
	_, err := d.exchange(d.key(s.NewClient(t).As(signedIn.Token)))
	isError(t, err, agent.ErrLocalUserNotAllowed)
	d.wantNobody("device code", err)
}

// TestHostileInviteIsNoYes invites an account at the service, for a local user who existed
// before the agent, and the link is accepted. The local user still needs a yes at the
// machine.
func TestHostileInviteIsNoYes(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob := s.Join(t, "bob")
	at := d.localUserAt("u1")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].LocalUserID = at }) // of type guest
	d.linkOf("bob")
	_, err := d.exchange(d.key(bob))
	isError(t, err, agent.ErrLocalUserNotAllowed)
	d.wantNobody("invite", err)
}

// TestHostileProofsAreNoYes lets the service list proofs, and say that they were completed.
// Without an answer at the media server there is no yes.
func TestHostileProofsAreNoYes(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	var begun atomic.Int32
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/changes"):
			servicetest.Hang(r)
		case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/proofs"):
			writeJSON(w, map[string]any{"proofs": []any{map[string]any{
				"id": "77", "account_id": "5", "username": "Kid", "status": "asked", "expires_at": s.Clock.Now().Add(time.Hour),
			}}})
		case strings.Contains(r.URL.Path, "/proofs/"):
			if strings.HasSuffix(r.URL.Path, "/propose") {
				begun.Add(1)
			}
			w.WriteHeader(http.StatusNoContent)
		default:
			inner.ServeHTTP(w, r)
		}
	})
	d.Wake()
	eventually(t, "a proof", func() bool { return begun.Load() > 0 })
	d.fake.prove("denied")
	eventually(t, "its end", func() bool { return d.log.Count("a proof of a local user has failed") > 0 })
	d.wantAllowed()
	eventually(t, "its end", func() bool {
		d.fake.prove("u2") // an administrator answers, as soon as the next proof is shown
		return d.log.Count("reason=not_allowed") > 0
	})
	d.wantAllowed()
}

// TestYesTakenBackWhileTokenIsMade disallows the local user after a token was made and
// before it is written down. The device must not get it.
func TestYesTakenBackWhileTokenIsMade(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Mint") {
			return d.Allowances.Disallow(context.Background(), "u1")
		}
		return nil
	})
	got, err := d.exchange(key)
	d.wantNobody("taken back", err)
	if got != (agent.Exchanged{}) {
		t.Errorf("got %+v, want no token", got)
	}
}

// TestHostileWaitingLinksAreLoggedSometimes lets the service name another local user again
// and again. The trouble is logged once.
func TestHostileWaitingLinksAreLoggedSometimes(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	for round := range 10 {
		id := fmt.Sprint("u", 1+4*(round%2))
		forgeLinks(s, forged(id, fmt.Sprint("name ", round)))
		eventually(t, "the link", func() bool {
			links := must(d.Links.List(t.Context()))(t)
			return len(links) == 1 && links[0].LocalUserID == id
		})
	}
	eventually(t, "trouble", func() bool { return d.trouble("local_user_not_allowed") })
	if lines := d.log.Count("a link waits for a yes at this machine"); lines > 3 {
		t.Errorf("%d lines, want 3 at most; log:\n%s", lines, d.log)
	}
}
