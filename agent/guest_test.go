package agent_test

import (
	"context"
	"errors"
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
	"github.com/latchkey-media/latchkey/servicetest"
)

func (f *fake) limit(id string) mediaserver.Restriction {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.limits[id]
}

// count returns how many calls begin with call.
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
func (d *deployment) told(name string) {
	d.t.Helper()
	eventually(d.t, "the service knows the guest", func() bool {
		return slices.ContainsFunc(must(d.asServer().Links(d.t.Context()))(d.t), func(l client.AgentLink) bool {
			return l.Username == name && l.LocalUser != nil
		})
	})
}

// TestGuestComesBackWithNewLink ends a guest's link and invites them again. The guest must
// get the same local user again, with the new restriction.
func TestGuestComesBackWithNewLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l1"} })
	first := d.guestOf("bob")
	d.exchanged(d.key(bob), first.LocalUserID)
	noError(t, bob.Links.Remove(t.Context(), client.ID(first.ID)))
	eventually(t, "disabled", func() bool { return d.fake.named("bob")[0].Disabled })
	eventually(t, "noted", func() bool { return d.status().GuestsShut == 1 && d.status().OwedTokens == 0 })
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l2"} })
	again := d.guestOf("bob")
	if again.LocalUserID != first.LocalUserID || again.ID == first.ID {
		t.Errorf("link %+v, want a new one with local user %s", again, first.LocalUserID)
	}
	eventually(t, "let in", func() bool { return !d.fake.named("bob")[0].Disabled })
	if diff := cmp.Diff(mediaserver.Restriction{Libraries: []string{"l2"}}, d.fake.limit(again.LocalUserID)); diff != "" {
		t.Errorf("restriction (-want +got):\n%s", diff)
	}
	calls := d.fake.asked()
	if want := []string{"Restrict g1", "Enable g1"}; !slices.Equal(calls[len(calls)-2:], want) {
		t.Errorf("calls %q, want the last ones %q", calls, want)
	}
	eventually(t, "a token", func() bool { _, err := d.exchange(d.key(bob)); return err == nil })
	if d.fake.count("CreateGuest") != 1 {
		t.Errorf("calls %q, want one CreateGuest", d.fake.asked())
	}
}

// TestGuestFollowsItsLink changes what a guest may see, disables the account and
// enables it again.
func TestGuestFollowsItsLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	d.told("bob")
	if !d.fake.limit(guest.LocalUserID).AllLibraries {
		t.Errorf("restriction %+v, want all libraries", d.fake.limit(guest.LocalUserID))
	}
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{Libraries: &[]string{"l2"}}))
	eventually(t, "restricted", func() bool { return slices.Equal(d.fake.limit(guest.LocalUserID).Libraries, []string{"l2"}) })
	if d.fake.limit(guest.LocalUserID).AllLibraries || d.fake.count("Enable") > 0 {
		t.Errorf("restriction %+v, calls %q; want library l2 alone and no Enable", d.fake.limit(guest.LocalUserID), d.fake.asked())
	}
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{Libraries: &[]string{}}))
	eventually(t, "nothing at all", func() bool {
		to := d.fake.limit(guest.LocalUserID)
		return len(to.Libraries) == 0 && !to.AllLibraries
	})
	d.exchanged(d.key(bob), guest.LocalUserID)
	noError(t, s.Store.Operators.Disable(t.Context(), "bob"))
	eventually(t, "shut", func() bool { return d.fake.named("bob")[0].Disabled && len(d.fake.live(guest.LocalUserID)) == 0 })
	noError(t, s.Store.Operators.Enable(t.Context(), "bob"))
	eventually(t, "open", func() bool { return !d.fake.named("bob")[0].Disabled })

	// The link ends by its date, while the service is away.
	bob = s.SignIn(t, "bob")
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{EndsAt: new(s.Clock.Now().Add(time.Minute))}))
	eventually(t, "the end is known", func() bool { return !d.linkOf("bob").EndsAt.IsZero() })
	eventually(t, "a token", func() bool { _, err := d.exchange(d.key(bob)); return err == nil })
	s.Down()
	s.Clock.Advance(time.Minute)
	eventually(t, "ended", func() bool { return d.fake.named("bob")[0].Disabled && len(d.fake.live(guest.LocalUserID)) == 0 })
	if d.fake.count("Delete") > 0 {
		t.Errorf("calls %q, want no Delete", d.fake.asked())
	}
}

// TestGuestChangedByAdminIsLeftAlone changes guests at the media server, as an admin does.
// A disabled guest must stay disabled, and a guest who became an administrator must be left
// alone. A deleted guest is not created again, but their link ends.
func TestGuestChangedByAdminIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	people, guests := map[string]*client.Client{}, map[string]agent.Link{}
	for _, name := range []string{"bob", "cat", "dan"} {
		people[name] = s.Join(t, name)
		d.invite(people[name], name)
		guests[name] = d.guestOf(name)
	}
	d.fake.set(func() {
		d.fake.find(guests["bob"].LocalUserID).Disabled = true
		d.fake.find(guests["cat"].LocalUserID).Administrator = true
		d.fake.users = slices.DeleteFunc(d.fake.users, func(u mediaserver.LocalUser) bool { return u.ID == guests["dan"].LocalUserID })
	})
	eventually(t, "the end of dan's link", func() bool {
		return len(must(people["dan"].Links.List(t.Context(), ""))(t)) == 0 && len(must(d.Links.List(t.Context()))(t)) == 2
	})
	delete(guests, "dan")
	for name := range guests { // this comes before the libraries are changed below, because after that change the administrator needs a yes
		_, err := d.exchange(d.key(people[name]))
		isError(t, err, agent.ErrLocalUserRefused)
	}
	for _, link := range guests {
		noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(link.ID), client.PersonChange{Libraries: &[]string{"l1"}}))
	}
	eventually(t, "lines", func() bool {
		return d.log.Count("has become an administrator") == 1 && d.log.Count("was deleted at the media server, so the link ends") == 1 &&
			slices.Equal(d.fake.limit(guests["bob"].LocalUserID).Libraries, []string{"l1"})
	}, d.log)
	if d.fake.count("Enable") > 0 || d.fake.count("CreateGuest") != 3 {
		t.Errorf("calls %q, want 3 CreateGuest and no Enable", d.fake.asked())
	}
	for _, link := range guests {
		noError(t, d.ann.People.Remove(t.Context(), d.serverID(), client.ID(link.ID)))
	}
	eventually(t, "bob is noted as shut", func() bool { return d.status().GuestsShut == 1 })
	d.never("the administrator is shut, or more lines", func() bool {
		return d.fake.named("cat")[0].Disabled || d.log.Count("has become an administrator") > 1 || d.log.Count("was deleted at the media server, so the link ends") > 1
	})
}

// TestGuestIsDeleted switches DeleteGuests on and removes a guest's link.
func TestGuestIsDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.DeleteGuests = true }).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	key := d.key(bob)
	d.exchanged(key, guest.LocalUserID)
	noError(t, bob.Links.Remove(t.Context(), client.ID(guest.ID)))
	eventually(t, "deleted", func() bool { return len(d.fake.named("bob")) == 0 })
	calls := d.fake.asked()
	if len(calls) < 2 || !strings.HasPrefix(calls[len(calls)-2], "Revoke") {
		t.Errorf("calls %q, want a Revoke before the last one", calls)
	}
	d.invite(bob, "bob")
	eventually(t, "a new one", func() bool { return len(d.fake.named("bob")) == 1 })
	if d.fake.count("CreateGuest") != 2 {
		t.Errorf("calls %q, want 2 CreateGuest", d.fake.asked())
	}
}

// TestGuestTokenIsRevokedBeforeDeletion removes a guest's link while the agent revokes
// another local user's token. The list of tokens to revoke was read before the
// removal, and the guest must nevertheless not be deleted before their own token is revoked.
func TestGuestTokenIsRevokedBeforeDeletion(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.DeleteGuests = true }).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	token := d.exchanged(d.key(bob), guest.LocalUserID)
	link := d.linked(cat, "cat", "u1")
	other := d.exchanged(d.key(cat), "u1")
	d.fake.hook(func(call string) error {
		if call == "Revoke "+other {
			if err := bob.Links.Remove(context.Background(), client.ID(guest.ID)); err != nil {
				t.Error(err)
			}
			if !servicetest.Becomes(func() bool { return d.status().Links == 0 }) {
				t.Error("the agent has not heard of the removal, want it to")
			}
		}
		return nil
	}, nil)
	noError(t, cat.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the guest is deleted", func() bool { return len(d.fake.named("bob")) == 0 })
	calls := d.fake.asked()
	revoked, deleted := slices.Index(calls, "Revoke "+token), slices.Index(calls, "Delete "+guest.LocalUserID)
	if revoked < 0 || revoked > deleted {
		t.Errorf("calls %q, want the guest's token revoked before the guest is deleted", calls)
	}
}

// TestGuestIsNotDeletedWhileLinkExists shuts out guests who may come back. They
// must not be deleted before the service has removed the link.
func TestGuestIsNotDeletedWhileLinkExists(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.DeleteGuests = true }).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	d.told("bob")
	noError(t, s.Store.Operators.Disable(t.Context(), "bob"))
	eventually(t, "disabled", func() bool { return d.status().GuestsShut == 1 })
	noError(t, s.Store.Operators.Enable(t.Context(), "bob"))
	eventually(t, "let in", func() bool { return d.status().Guests == 1 && !d.fake.named("bob")[0].Disabled })
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{EndsAt: new(s.Clock.Now().Add(time.Minute))}))
	eventually(t, "the end is known", func() bool { return !d.linkOf("bob").EndsAt.IsZero() })
	s.Clock.Advance(time.Minute)
	eventually(t, "disabled", func() bool { return d.status().GuestsShut == 1 })
	d.never("deleted", func() bool { return len(d.fake.named("bob")) == 0 })
	noError(t, s.Store.Sweep(t.Context()))
	eventually(t, "deleted", func() bool { return len(d.fake.named("bob")) == 0 })
}

// TestDisabledGuestIsNotDeletedLater switches DeleteGuests on after a guest was disabled.
// The guest must stay.
func TestDisabledGuestIsNotDeletedLater(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	noError(t, bob.Links.Remove(t.Context(), client.ID(guest.ID)))
	eventually(t, "disabled", func() bool { return d.status().GuestsShut == 1 })
	d.halt()
	d.options.Policy.DeleteGuests = true
	d.open()
	d.run()
	eventually(t, "it runs", d.Ready)
	d.never("deleted", func() bool { return len(d.fake.named("bob")) == 0 })
}

// TestGuestLinkDoesNotTouchExistingLocalUser makes a guest link to an existing
// local user. Changing and ending the link must not touch the local user.
func TestGuestLinkDoesNotTouchExistingLocalUser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.DeleteGuests = true }).started()
	bob := s.Join(t, "bob")
	d.allow("u1")
	at := d.localUserAt("u1")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].LocalUserID = at }) // a guest with a local user
	link := d.linkOf("bob")
	if link.Type != client.Guest || link.LocalUserID != "u1" {
		t.Fatalf("link %+v, want a guest with local user u1", link)
	}
	d.exchanged(d.key(bob), "u1")
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(link.ID), client.PersonChange{Libraries: &[]string{"l1"}}))
	eventually(t, "the change", func() bool { return d.linkOf("bob").Libraries != nil })
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the removal", func() bool { return d.status().Links == 0 && d.status().OwedTokens == 0 })
	d.never("the local user is touched", func() bool {
		return d.fake.count("Restrict")+d.fake.count("Disable")+d.fake.count("Delete")+d.fake.count("CreateGuest") > 0
	})
}

// TestLinkedFormerGuestIsLeftAlone links an account to the local user of a former guest.
// From then on the agent must not treat this local user as a guest.
func TestLinkedFormerGuestIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.DeleteGuests = true }).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	eventually(t, "the service knows", func() bool { // otherwise the agent could tell the service while the link is removed
		list := must(d.asServer().Links(t.Context()))(t)
		return len(list) == 1 && list[0].LocalUser != nil
	})
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "Delete") {
			return errDown // not yet
		}
		return nil
	}, nil)
	noError(t, bob.Links.Remove(t.Context(), client.ID(guest.ID)))
	eventually(t, "the removal", func() bool { return d.status().Links == 0 })
	d.linked(bob, "bob", guest.LocalUserID)
	d.fake.hook(nil, nil)
	eventually(t, "a line", func() bool { return d.log.Count("an admin has linked a former guest") == 1 })
	d.never("deleted", func() bool { return len(d.fake.named("bob")) == 0 })
	d.exchanged(d.key(bob), guest.LocalUserID)
}

// TestGuestKeepsNameOfRenamedAccount renames an account. Its local user must keep
// the old name.
func TestGuestKeepsNameOfRenamedAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	if changed := must(bob.Accounts.Change(t.Context(), client.Profile{Username: new("robert")}))(t); changed.Username != "robert" {
		t.Fatalf("account %+v, want username robert", changed)
	}
	eventually(t, "the rename is known", func() bool {
		noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{Libraries: &[]string{"l1"}}))
		return must(d.Links.List(t.Context()))(t)[0].Username == "robert"
	})
	if got := d.fake.named("bob"); len(got) != 1 || len(d.fake.named("robert")) != 0 {
		t.Errorf("local users named bob: %+v, want one, and none named robert", got)
	}
	d.exchanged(d.key(bob), guest.LocalUserID)
}

// TestGuestsOffAndGuestLimit invites guests while CreateUsers is off, and beyond
// GuestLimit.
func TestGuestsOffAndGuestLimit(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.CreateUsers = false }).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	eventually(t, "a line", func() bool { return d.log.Count("create-users is off") == 1 })
	key := d.key(bob)
	eventually(t, "the guest is told what they wait for", func() bool { _, err := d.exchange(key); return errors.Is(err, agent.ErrGuestWaits) })
	d.never("a local user, or more lines", func() bool { return d.fake.count("CreateGuest") > 0 || d.log.Count("create-users is off") > 1 })
	if d.status().OwedGuests != 1 {
		t.Errorf("status %+v, want one owed guest", d.status())
	}
	d.halt()
	d.options.Policy.CreateUsers, d.options.Policy.GuestLimit = true, 1
	d.open()
	d.run()
	d.guestOf("bob")
	d.invite(s.Join(t, "cat"), "cat")
	eventually(t, "a line", func() bool { return d.log.Count("as many guests as guest-limit allows") == 1 })
	d.never("a second local user", func() bool { return d.fake.count("CreateGuest") > 1 })
	d.fake.setDown(nil)
	d.halt()
	d.options.Policy.GuestLimit = 2
	d.open()
	d.run()
	d.guestOf("cat")
	eventually(t, "the end of it", func() bool { return !d.trouble("guest_limit") })
}

// TestGuestsAreCreatedAtLimitedRate lets the service send many guests. They must not all be
// created at once.
func TestGuestsAreCreatedAtLimitedRate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const hourly = 6
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.GuestsHourly = hourly }).started()
	eventually(t, "the first comparison of links", func() bool { return must(d.store.Facts(t.Context()))(t)["change_seq"] != "" })
	many := make([]any, 2*hourly)
	for i := range many {
		many[i] = map[string]any{
			"id": fmt.Sprint(1000 + i), "account_id": fmt.Sprint(2000 + i), "username": fmt.Sprintf("many%02d", i), "type": "guest", "status": "accepted",
			"active": true, "access_key_sha256": strings.Repeat(fmt.Sprintf("%02x", i), 32),
		}
	}
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/links") {
			writeJSON(w, map[string]any{"links": many})
			return
		}
		inner.ServeHTTP(w, r)
	})
	s.Clock.Advance(7 * time.Hour) // links are compared
	eventually(t, "some are made", func() bool { return d.fake.count("CreateGuest") == hourly })
	d.never("more", func() bool { return d.fake.count("CreateGuest") > hourly })
	if d.log.Count("as many guests were created within the last hour as guests-hourly allows") != 1 {
		t.Errorf("want one line about the last hour; log:\n%s", d.log)
	}
	s.Clock.Advance(time.Hour + time.Second)
	eventually(t, "the others", func() bool { return d.fake.count("CreateGuest") == len(many) })
}

// TestFailingGuestHoldsUpNoOther lets the media server fail for one of several guests. The
// others must be shut nevertheless.
func TestFailingGuestHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	var links []agent.Link
	for _, name := range []string{"bob", "cat", "dan"} {
		person := s.Join(t, name)
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
		noError(t, d.ann.People.Remove(context.Background(), d.serverID(), client.ID(link.ID)))
	}
	eventually(t, "the others are shut", func() bool { return d.status().GuestsShut == 2 })
	d.fake.hook(nil, nil)
	eventually(t, "all are shut", func() bool { return d.status().GuestsShut == 3 })
}
