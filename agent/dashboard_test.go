package agent_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// troubleText returns the text of a trouble, or "".
func (d *deployment) troubleText(name string) string {
	for _, trouble := range d.status().Trouble {
		if trouble.Name == name {
			return trouble.Text
		}
	}
	return ""
}

// When an administrator changes a linked local user in the dashboard so that the person
// cannot get in, the agent begins a trouble that names the account. The trouble ends when
// the change is undone.
func TestLocalUserChangedInDashboard(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change, undo func(f *fake)
		trouble      string
		ends         bool // the token ends
	}{
		"disabled": {
			func(f *fake) { f.find("u1").Disabled = true }, func(f *fake) { f.find("u1").Disabled = false }, "local_user_disabled", false,
		},
		"administrator": {
			func(f *fake) { f.find("u1").Administrator = true }, func(f *fake) { f.find("u1").Administrator = false }, "local_user_administrator", true,
		},
		"deleted": {
			func(f *fake) {
				f.users = slices.DeleteFunc(f.users, func(u mediaserver.LocalUser) bool { return u.ID == "u1" })
			},
			func(f *fake) {
				f.users = append(f.users, mediaserver.LocalUser{ID: "u1", Name: "Kid", RemoteAccess: true})
			}, "local_user_gone", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			d.linked(bob, "bob", "u1")
			d.exchanged(d.key(bob), "u1")
			d.fake.set(func() { test.change(d.fake) })
			eventually(t, "the trouble", func() bool { return strings.Contains(d.troubleText(test.trouble), "bob (local user Kid)") })
			if test.ends {
				eventually(t, "the end of the token", func() bool { return len(d.fake.live("u1")) == 0 && d.status().Tokens == 0 })
			}
			if d.linkOf("bob").LocalUserID != "u1" {
				t.Errorf("link %+v, want it to stay", d.linkOf("bob"))
			}
			d.fake.set(func() { test.undo(d.fake) })
			eventually(t, "the end of it", func() bool { return !d.trouble(test.trouble) })
			d.exchanged(d.key(bob), "u1")
		})
	}
}

// If AllowAdmins is on, a linked local user may become an administrator: their token stays
// valid, and no trouble begins.
func TestAdministratorInDashboardIsAllowed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.AllowAdmins = true }).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	token := d.exchanged(d.key(bob), "u1")
	d.fake.set(func() { d.fake.find("u1").Administrator = true })
	d.never("a trouble, or the end of the token", func() bool {
		return d.trouble("local_user_administrator") || !slices.Contains(d.fake.live("u1"), token)
	})
}

// A local user that was renamed is listed with the new name. For a day there is a trouble
// that names the account and both names.
func TestLocalUserRenamedInDashboard(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	d.linked(s.Join(t, "bob"), "bob", "u1")
	d.fake.set(func() { d.fake.find("u1").Name = "Teen" })
	eventually(t, "the new name", func() bool { return d.linkOf("bob").LocalUserName == "Teen" })
	eventually(t, "a line", func() bool { return d.log.Count("has another name now") == 1 })
	eventually(t, "the trouble", func() bool {
		text := d.troubleText("local_user_renamed")
		return strings.Contains(text, "bob (local user Teen, before Kid)") && strings.Contains(text, "end the link")
	})
	s.Clock.Advance(24 * time.Hour)
	eventually(t, "the end of it", func() bool { return !d.trouble("local_user_renamed") })
}

// When a library is gone, the agent begins a trouble that names the guests who were allowed
// to see it, because otherwise nobody would notice that these guests have lost the library.
func TestLibraryGoneInDashboard(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l1"} })
	guest := d.guestOf("bob")
	d.fake.set(func() { d.fake.libraries[0] = mediaserver.Library{ID: "l9", Name: "Movies"} })
	eventually(t, "the trouble", func() bool { return strings.Contains(d.troubleText("guest_library_gone"), "bob") })
	eventually(t, "the report with the new library", func() bool { // the trouble begins before the report is sent
		return d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{Libraries: &[]string{"l9"}}) == nil
	})
	eventually(t, "the end of it", func() bool { return !d.trouble("guest_library_gone") })
}

// A guest who is created while the media server lists its local users must not count as
// deleted.
func TestGuestCreatedDuringReportIsKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	listed, goOn := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() {
		close(listed)
		<-goOn
	})
	var held atomic.Bool
	d.fake.hook(nil, func(call string) error {
		if call == "LocalUsers" && held.CompareAndSwap(false, true) {
			first() // the list of a report, which bob is not in
		}
		return nil
	})
	<-listed
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	d.fake.hook(nil, nil)
	close(goOn)
	before := d.status().LastReport
	eventually(t, "two reports", func() bool {
		s.Clock.Advance(time.Second)
		d.Wake()
		return d.status().LastReport.After(before.Add(5 * time.Second))
	})
	if d.log.Count("so the link ends") > 0 || d.linkOf("bob").LocalUserID != guest.LocalUserID {
		t.Errorf("log:\n%s\nwant the link to stay", d.log)
	}
}

// A guest whom the agent itself has disabled, and has not let in again yet, causes no
// trouble.
func TestGuestDisabledByAgentIsNoTrouble(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	d.guestOf("bob")
	noError(t, s.Store.Operators.Disable(t.Context(), "bob"))
	eventually(t, "the guest is disabled", func() bool { return d.status().GuestsShut == 1 })
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "Enable") {
			return errDown
		}
		return nil
	}, nil)
	noError(t, s.Store.Operators.Enable(t.Context(), "bob"))
	eventually(t, "the link is in use", func() bool { return d.linkOf("bob").Active })
	d.never("the trouble", func() bool { return d.trouble("local_user_disabled") })
	d.fake.hook(nil, nil)
	eventually(t, "the guest is let in", func() bool { return d.status().GuestsShut == 0 })
}

// Two reports may find at the same time that the local user of a guest was deleted. One line
// of the log reports it.
func TestDeletedGuestIsSaidOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	dan := s.Join(t, "dan")
	d.invite(dan, "dan")
	guest := d.guestOf("dan")
	d.told("dan")
	var armed atomic.Bool
	var both sync.WaitGroup
	both.Add(2)
	d.fake.hook(nil, func(call string) error {
		if call == "Libraries" && armed.Load() { // after the links were read, and before they are compared
			both.Done()
			both.Wait()
		}
		return nil
	})
	d.stop()
	d.fake.set(func() {
		d.fake.users = slices.DeleteFunc(d.fake.users, func(u mediaserver.LocalUser) bool { return u.ID == guest.LocalUserID })
	})
	armed.Store(true)
	var reports sync.WaitGroup
	for _, one := range []*agent.Agent{d.Agent, agent.New(d.options).Hurry()} { // two programs on one file
		reports.Go(func() { _ = one.ReportNow(t.Context()) })
	}
	reports.Wait()
	if n := d.log.Count("was deleted at the media server, so the link ends"); n != 1 {
		t.Errorf("the line was logged %d times, want once:\n%s", n, d.log)
	}
}

// When an administrator lets a guest see other libraries in the dashboard, the agent begins
// a trouble that names the guest, and does not undo the change. The trouble ends when the
// administrator undoes the change, or when the owner chooses the libraries again.
func TestGuestSeesOtherLibrariesByDashboard(t *testing.T) {
	t.Parallel()
	all, none := mediaserver.Restriction{AllLibraries: true}, mediaserver.Restriction{}
	some := func(ids ...string) mediaserver.Restriction { return mediaserver.Restriction{Libraries: ids} }
	for name, test := range map[string]struct {
		libraries []string // of the invite; nil for all
		admin     mediaserver.Restriction
		trouble   string // "" for none
	}{
		"one more":                 {[]string{"l1"}, some("l1", "l2"), "guest_sees_more"},
		"all":                      {[]string{"l1"}, all, "guest_sees_more"},
		"another":                  {[]string{"l1"}, some("l2"), "guest_sees_more"},
		"none":                     {[]string{"l1"}, none, "guest_sees_less"},
		"one of all":               {nil, some("l1"), "guest_sees_less"},
		"one that is gone as well": {[]string{"l1"}, some("l1", "l9"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].Libraries = test.libraries })
			guest := d.guestOf("bob")
			given := d.fake.limit(guest.LocalUserID)
			d.fake.set(func() { d.fake.limits[guest.LocalUserID] = test.admin })
			if test.trouble == "" {
				d.never("a trouble", func() bool { return d.trouble("guest_sees_more") || d.trouble("guest_sees_less") })
				return
			}
			begun := func() bool { return strings.Contains(d.troubleText(test.trouble), "bob (local user bob)") }
			ended := func() bool { return !d.trouble(test.trouble) }
			eventually(t, "the trouble", begun)
			if diff := cmp.Diff(test.admin, d.fake.limit(guest.LocalUserID)); diff != "" {
				t.Errorf("what the administrator chose was changed (-want +got):\n%s", diff)
			}
			d.fake.set(func() { d.fake.limits[guest.LocalUserID] = given })
			eventually(t, "the end after the administrator", ended)
			d.fake.set(func() { d.fake.limits[guest.LocalUserID] = test.admin })
			eventually(t, "the trouble again", begun)
			noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{Libraries: &[]string{"l2"}}))
			eventually(t, "the end after the owner", ended)
			if diff := cmp.Diff(some("l2"), d.fake.limit(guest.LocalUserID)); diff != "" {
				t.Errorf("what the owner chose (-want +got):\n%s", diff)
			}
		})
	}
}
