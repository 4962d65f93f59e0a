package agent_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

func (f *fake) limit(id string) mediaserver.Restriction {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.limits[id]
}

// count is how many calls begin so.
func (f *fake) count(call string) int {
	n := 0
	for _, c := range f.asked() {
		if strings.HasPrefix(c, call) {
			n++
		}
	}
	return n
}

// told waits until the service knows the local user of a guest.
func (d *den) told(name string) {
	d.t.Helper()
	eventually(d.t, "the service knows the guest", func() bool {
		return slices.ContainsFunc(must(d.asServer().Links(d.t.Context()))(d.t), func(l client.AgentLink) bool {
			return l.Username == name && l.LocalUser != nil
		})
	})
}

// TestGuestComesBack ends a guest's link and invites them again: they get their
// local user back, restricted anew.
func TestGuestComesBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l1"} })
	first := d.guestOf("bob")
	d.exchanged(d.key(bob), first.LocalUserID)
	well(t, bob.Links.Remove(t.Context(), client.ID(first.ID)))
	eventually(t, "disabled", func() bool { return d.fake.named("bob")[0].Disabled })
	eventually(t, "noted", func() bool { return d.status().GuestsShut == 1 && d.status().OwedTokens == 0 })
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l2"} })
	again := d.guestOf("bob")
	if again.LocalUserID != first.LocalUserID || again.ID == first.ID {
		t.Errorf("%+v", again)
	}
	eventually(t, "let in", func() bool { return !d.fake.named("bob")[0].Disabled })
	if diff := cmp.Diff(mediaserver.Restriction{Libraries: []string{"l2"}}, d.fake.limit(again.LocalUserID)); diff != "" {
		t.Error(diff)
	}
	calls := d.fake.asked()
	if want := []string{"Restrict g1", "Enable g1"}; !slices.Equal(calls[len(calls)-2:], want) {
		t.Errorf("%q: restricted before let in", calls)
	}
	eventually(t, "a token", func() bool { _, err := d.exchange(d.key(bob)); return err == nil })
	if d.fake.count("CreateGuest") != 1 {
		t.Errorf("%q", d.fake.asked())
	}
}

// TestGuestTerms changes what a guest may see, shuts the account and opens it.
func TestGuestTerms(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	d.told("bob")
	if !d.fake.limit(guest.LocalUserID).AllLibraries {
		t.Errorf("%+v", d.fake.limit(guest.LocalUserID))
	}
	well(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{Libraries: &[]string{"l2"}}))
	eventually(t, "restricted", func() bool { return slices.Equal(d.fake.limit(guest.LocalUserID).Libraries, []string{"l2"}) })
	if d.fake.limit(guest.LocalUserID).AllLibraries || d.fake.count("Enable") > 0 {
		t.Error("not restricted, or let in needlessly")
	}
	well(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{Libraries: &[]string{}}))
	eventually(t, "nothing at all", func() bool {
		to := d.fake.limit(guest.LocalUserID)
		return len(to.Libraries) == 0 && !to.AllLibraries
	})
	d.exchanged(d.key(bob), guest.LocalUserID)
	well(t, s.store.Operators.Disable(t.Context(), "bob"))
	eventually(t, "shut", func() bool { return d.fake.named("bob")[0].Disabled && len(d.fake.live(guest.LocalUserID)) == 0 })
	well(t, s.store.Operators.Enable(t.Context(), "bob"))
	eventually(t, "open", func() bool { return !d.fake.named("bob")[0].Disabled })

	// Ends by its date, while the service is away.
	bob = s.signIn(t, "bob")
	well(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{EndsAt: new(s.clock.Now().Add(time.Minute))}))
	eventually(t, "the end is known", func() bool { return !d.linkOf("bob").EndsAt.IsZero() })
	eventually(t, "a token", func() bool { _, err := d.exchange(d.key(bob)); return err == nil })
	s.down()
	s.clock.Advance(time.Minute)
	eventually(t, "ended", func() bool { return d.fake.named("bob")[0].Disabled && len(d.fake.live(guest.LocalUserID)) == 0 })
	if d.fake.count("Delete") > 0 {
		t.Error("deleted")
	}
}

// TestGuestLocalAdmin does at the media server what admins do: what they disabled
// stays so, whom they deleted is not made again, and an administrator is left
// alone.
func TestGuestLocalAdmin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	people, guests := map[string]*client.Client{}, map[string]agent.Link{}
	for _, name := range []string{"bob", "cat", "dan"} {
		people[name] = s.join(t, name)
		d.invite(people[name], name)
		guests[name] = d.guestOf(name)
	}
	d.fake.set(func() {
		d.fake.find(guests["bob"].LocalUserID).Disabled = true
		d.fake.find(guests["cat"].LocalUserID).Administrator = true
		d.fake.users = slices.DeleteFunc(d.fake.users, func(u mediaserver.LocalUser) bool { return u.ID == guests["dan"].LocalUserID })
	})
	for name, link := range guests {
		well(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(link.ID), client.PersonChange{Libraries: &[]string{"l1"}}))
		_, err := d.exchange(d.key(people[name]))
		is(t, err, agent.ErrLocalUserRefused)
	}
	eventually(t, "lines", func() bool {
		return d.log.count("has become an administrator") == 1 && d.log.count("was deleted at the media server") == 1 &&
			slices.Equal(d.fake.limit(guests["bob"].LocalUserID).Libraries, []string{"l1"})
	})
	if d.fake.count("Enable") > 0 || d.fake.count("CreateGuest") != 3 {
		t.Errorf("%q", d.fake.asked())
	}
	for _, link := range guests {
		well(t, d.ann.People.Remove(t.Context(), d.serverID(), client.ID(link.ID)))
	}
	eventually(t, "bob is noted as shut", func() bool { return d.status().GuestsShut == 1 })
	never(t, "the administrator is shut, or more lines", func() bool {
		return d.fake.named("cat")[0].Disabled || d.log.count("has become an administrator") > 1 || d.log.count("was deleted at the media server") > 1
	})
}

// TestGuestDelete deletes guests where the admin wants that.
func TestGuestDelete(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s, func(o *agent.Options) { o.Policy.DeleteGuests = true }).started()
	bob := s.join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	key := d.key(bob)
	d.exchanged(key, guest.LocalUserID)
	well(t, bob.Links.Remove(t.Context(), client.ID(guest.ID)))
	eventually(t, "deleted", func() bool { return len(d.fake.named("bob")) == 0 })
	calls := d.fake.asked()
	if len(calls) < 2 || !strings.HasPrefix(calls[len(calls)-2], "Revoke") {
		t.Errorf("%q: the token first", calls)
	}
	d.invite(bob, "bob")
	eventually(t, "a new one", func() bool { return len(d.fake.named("bob")) == 1 })
	if d.fake.count("CreateGuest") != 2 {
		t.Errorf("%q", d.fake.asked())
	}
}

// TestGuestNotDeletedYet shuts guests out who may come back: nobody is deleted
// before the service says that the link is gone.
func TestGuestNotDeletedYet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s, func(o *agent.Options) { o.Policy.DeleteGuests = true }).started()
	bob := s.join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	d.told("bob")
	well(t, s.store.Operators.Disable(t.Context(), "bob"))
	eventually(t, "disabled", func() bool { return d.status().GuestsShut == 1 })
	well(t, s.store.Operators.Enable(t.Context(), "bob"))
	eventually(t, "let in", func() bool { return d.status().Guests == 1 && !d.fake.named("bob")[0].Disabled })
	well(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{EndsAt: new(s.clock.Now().Add(time.Minute))}))
	eventually(t, "the end is known", func() bool { return !d.linkOf("bob").EndsAt.IsZero() })
	s.clock.Advance(time.Minute)
	eventually(t, "disabled", func() bool { return d.status().GuestsShut == 1 })
	never(t, "deleted", func() bool { return len(d.fake.named("bob")) == 0 })
	well(t, s.store.Sweep(t.Context()))
	eventually(t, "deleted", func() bool { return len(d.fake.named("bob")) == 0 })
}

// TestGuestDeleteLater wants guests deleted only from now on: those that were
// disabled before stay.
func TestGuestDeleteLater(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	well(t, bob.Links.Remove(t.Context(), client.ID(guest.ID)))
	eventually(t, "disabled", func() bool { return d.status().GuestsShut == 1 })
	d.halt()
	d.options.Policy.DeleteGuests = true
	d.open()
	d.run()
	eventually(t, "it runs", d.Ready)
	never(t, "deleted", func() bool { return len(d.fake.named("bob")) == 0 })
}

// TestGuestOfOthers links local users that were there: ending that never touches
// them, whatever the service calls it.
func TestGuestOfOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s, func(o *agent.Options) { o.Policy.DeleteGuests = true }).started()
	bob := s.join(t, "bob")
	at := d.localUserAt("u1")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].LocalUserID = at }) // a guest with a local user
	link := d.linkOf("bob")
	if link.Type != client.Guest || link.LocalUserID != "u1" {
		t.Fatalf("%+v", link)
	}
	d.exchanged(d.key(bob), "u1")
	well(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(link.ID), client.PersonChange{Libraries: &[]string{"l1"}}))
	eventually(t, "the change", func() bool { return d.linkOf("bob").Libraries != nil })
	well(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the removal", func() bool { return d.status().Links == 0 && d.status().OwedTokens == 0 })
	never(t, "the local user is touched", func() bool {
		return d.fake.count("Restrict")+d.fake.count("Disable")+d.fake.count("Delete")+d.fake.count("CreateGuest") > 0
	})
}

// TestGuestBecomesLinked links a former guest's local user with an account: it is
// no guest any more.
func TestGuestBecomesLinked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s, func(o *agent.Options) { o.Policy.DeleteGuests = true }).started()
	bob := s.join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	eventually(t, "the service knows", func() bool { // else it may be told while the link is removed
		list := must(d.asServer().Links(t.Context()))(t)
		return len(list) == 1 && list[0].LocalUser != nil
	})
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "Delete") {
			return errDown // not yet
		}
		return nil
	}, nil)
	well(t, bob.Links.Remove(t.Context(), client.ID(guest.ID)))
	eventually(t, "the removal", func() bool { return d.status().Links == 0 })
	d.linked(bob, "bob", guest.LocalUserID)
	d.fake.hook(nil, nil)
	eventually(t, "a line", func() bool { return d.log.count("an admin has linked a former guest") == 1 })
	never(t, "deleted", func() bool { return len(d.fake.named("bob")) == 0 })
	d.exchanged(d.key(bob), guest.LocalUserID)
}

// TestGuestRename renames the account: its local user keeps the name.
func TestGuestRename(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	if changed := must(bob.Accounts.Change(t.Context(), client.Profile{Username: new("robert")}))(t); changed.Username != "robert" {
		t.Fatalf("%+v", changed)
	}
	eventually(t, "the rename is known", func() bool {
		well(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{Libraries: &[]string{"l1"}}))
		return must(d.Links.List(t.Context()))(t)[0].Username == "robert"
	})
	if got := d.fake.named("bob"); len(got) != 1 || len(d.fake.named("robert")) != 0 {
		t.Errorf("%+v", got)
	}
	d.exchanged(d.key(bob), guest.LocalUserID)
}

// TestGuestPolicy makes no local users where the admin does not want that.
func TestGuestPolicy(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s, func(o *agent.Options) { o.Policy.CreateUsers = false }).started()
	bob := s.join(t, "bob")
	d.invite(bob, "bob")
	eventually(t, "a line", func() bool { return d.log.count("create-users is off") == 1 })
	_, err := d.exchange(d.key(bob))
	is(t, err, agent.ErrLocalUserRefused)
	never(t, "a local user, or more lines", func() bool { return d.fake.count("CreateGuest") > 0 || d.log.count("create-users is off") > 1 })
	if d.status().OwedGuests != 1 {
		t.Errorf("%+v", d.status())
	}
	d.halt()
	d.options.Policy.CreateUsers, d.options.Policy.GuestLimit = true, 1
	d.open()
	d.run()
	d.guestOf("bob")
	d.invite(s.join(t, "cat"), "cat")
	eventually(t, "a line", func() bool { return d.log.count("as many guests as guest-limit allows") == 1 })
	never(t, "a second local user", func() bool { return d.fake.count("CreateGuest") > 1 })
	d.fake.setDown(nil)
	d.halt()
	d.options.Policy.GuestLimit = 2
	d.open()
	d.run()
	d.guestOf("cat")
	eventually(t, "the end of it", func() bool { return !d.trouble("guest_limit") })
}

// TestGuestFlood has the service tell of many guests: they are not all made at
// once.
func TestGuestFlood(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	eventually(t, "the first comparison of links", func() bool { return must(d.store.Facts(t.Context()))(t)["change_seq"] != "" })
	many := make([]any, 2*agent.GuestsHourly)
	for i := range many {
		many[i] = map[string]any{
			"id": fmt.Sprint(1000 + i), "account_id": fmt.Sprint(2000 + i), "username": fmt.Sprintf("many%02d", i), "type": "guest", "status": "accepted",
			"active": true, "access_key_sha256": strings.Repeat(fmt.Sprintf("%02x", i), 32),
		}
	}
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/links") {
			writeJSON(w, map[string]any{"links": many})
			return
		}
		inner.ServeHTTP(w, r)
	})
	s.clock.Advance(7 * time.Hour) // links are compared
	eventually(t, "some are made", func() bool { return d.fake.count("CreateGuest") == agent.GuestsHourly })
	never(t, "more", func() bool { return d.fake.count("CreateGuest") > agent.GuestsHourly })
	if d.log.count("many local users were created within the last hour") != 1 {
		t.Errorf("log:\n%s", d.log)
	}
	s.clock.Advance(time.Hour + time.Second)
	eventually(t, "the others", func() bool { return d.fake.count("CreateGuest") == len(many) })
}

// TestGuestLibraries takes the libraries of guests from the settings.
func TestGuestLibraries(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s, func(o *agent.Options) { o.Policy.GuestLibraries = []string{"films", "Books"} }).started()
	bob := s.join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	if diff := cmp.Diff(mediaserver.Restriction{Libraries: []string{"l1"}}, d.fake.limit(guest.LocalUserID)); diff != "" {
		t.Error(diff)
	}
	if d.log.count("guest-libraries names libraries") != 1 {
		t.Errorf("log:\n%s", d.log)
	}
	d.fake.set(func() { d.fake.libraries = append(d.fake.libraries, mediaserver.Library{ID: "l3", Name: "Books"}) })
	eventually(t, "the other one as well", func() bool { return slices.Equal(d.fake.limit(guest.LocalUserID).Libraries, []string{"l1", "l3"}) })
	if d.trouble("guest_libraries") {
		t.Error("the trouble is not over")
	}
}

// TestGuestsSettleAlone is the pass over guests with many of them: one that fails
// does not hold up the others.
func TestGuestsSettleAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	var links []agent.Link
	for _, name := range []string{"bob", "cat", "dan"} {
		person := s.join(t, name)
		d.invite(person, name)
		links = append(links, d.guestOf(name))
	}
	stuck := links[0].LocalUserID
	d.fake.hook(func(call string) error {
		if call == "Disable "+stuck {
			return errDown
		}
		return nil
	}, nil)
	for _, link := range links {
		well(t, d.ann.People.Remove(context.Background(), d.serverID(), client.ID(link.ID)))
	}
	eventually(t, "the others are shut", func() bool { return d.status().GuestsShut == 2 })
	d.fake.hook(nil, nil)
	eventually(t, "all are shut", func() bool { return d.status().GuestsShut == 3 })
}
