package agent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// offered waits until the service offers a person exactly some libraries for what their PIN protects. Without names
// the service does not know which ones the person sees.
func (d *deployment) offered(person *client.Client, want ...string) {
	d.t.Helper()
	var got []string
	eventually(d.t, "the libraries that the service offers", func() bool {
		got = nil
		for _, one := range must(person.Holds.Get(d.t.Context(), d.serverID(), ""))(d.t).Libraries {
			got = append(got, one.Name)
		}
		return slices.Equal(got, want)
	}, d.log)
}

// seenFrom goes through what a linked local user sees: all, one, and what a level of the agent takes away, which
// changes nothing about what is reported.
func seenFrom(t *testing.T, s *servicetest.Service, d *deployment, kid string) {
	t.Helper()
	ctx, media := t.Context(), d.options.MediaServer
	libraries := must(media.Libraries(ctx))(t)
	slices.SortFunc(libraries, func(a, b mediaserver.Library) int { return compareText(a.Name, b.Name) })
	names := make([]string, len(libraries))
	for i, l := range libraries {
		names[i] = l.Name
	}
	bob := s.Join(t, "bob")
	eventually(t, "the service knows the local user", func() bool {
		return slices.ContainsFunc(must(d.ann.People.LocalUsers(ctx, d.serverID()))(t), func(u client.LocalUser) bool { return u.ExternalID == kid })
	})
	d.linked(bob, "bob", kid)
	d.offered(bob, names...)
	dashboard := func(ids ...string) {
		t.Helper()
		noError(t, media.ChangeLimits(ctx, kid, func(now mediaserver.Limits) (mediaserver.Limits, error) {
			now.Restriction = mediaserver.Restriction{Libraries: ids}
			return now, nil
		}))
	}
	dashboard(libraries[0].ID)
	d.offered(bob, names[0])
	dashboard(libraries[0].ID, libraries[1].ID)
	d.offered(bob, names[:2]...)

	noError(t, bob.PINs.Set(ctx, "7264", ""))
	noError(t, bob.Holds.Set(ctx, d.serverID(), client.HoldChange{Hold: &client.Level{HiddenLibraries: []string{libraries[0].ID}}}))
	eventually(t, "the level holds", func() bool {
		to := must(media.AllLimits(ctx))(t)[kid].Restriction
		return !to.AllLibraries && slices.Equal(to.Libraries, []string{libraries[1].ID})
	}, d.log)
	reports := d.status().LastReport
	s.Clock.Advance(time.Minute)
	eventually(t, "another report", func() bool { return d.status().LastReport.After(reports) })
	d.offered(bob, names[:2]...)
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// TestSeenLibraries goes through what a local user sees on each media server.
func TestSeenLibraries(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.9", "10.10", "10.11", "12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d, fake := onJellyfin(t, s, version, whose(client.LevelsLinked))
			kid := fake.AddUser("Kid", "secret", false)
			seenFrom(t, s, d.started(), kid)
		})
	}
	t.Run("builtin", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		d, server := onBuiltin(t, s, must(builtin.ReadCatalogue(builtin.DemoCatalogue))(t), whose(client.LevelsLinked))
		kid := must(server.AddUser(t.Context(), "Kid", "", false))(t)
		seenFrom(t, s, d.started(), kid.ID)
	})
}

// TestSeenLibrariesAreToldOfFew reports what is seen only for linked local users as whom somebody is let in, and for
// guests what they were given.
func TestSeenLibrariesAreToldOfFew(t *testing.T) {
	t.Parallel()
	s, d, service, _, _ := newLevels(t)
	reported := func(id string) (found client.ReportedLocalUser) {
		service.mu.Lock()
		defer service.mu.Unlock()
		for _, u := range service.report.LocalUsers {
			if u.ID == id {
				found = u
			}
		}
		return found
	}
	isSeen := func(what, id string, all bool, want ...string) {
		t.Helper()
		eventually(t, what, func() bool {
			sees := reported(id).Sees
			return sees != nil && sees.All == all && slices.Equal(sees.Libraries, want)
		}, d.log)
	}
	isSeen("everything is seen", "u1", true)
	cat := s.Join(t, "cat")
	d.invite(cat, "cat", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l2"} })
	guest := d.guestOf("cat").LocalUserID
	isSeen("the guest sees what was given", guest, false, "l2")
	d.fake.byHand(guest, func(l *mediaserver.Limits) { l.Restriction = mediaserver.Restriction{AllLibraries: true} })
	d.fake.byHand("u1", func(l *mediaserver.Limits) {
		l.Restriction = mediaserver.Restriction{Libraries: []string{"l2", "l1", "l9"}}
	})
	isSeen("the dashboard has changed", "u1", false, "l1", "l2", "l9")
	isSeen("the guest was given no more", guest, false, "l2")
	for _, id := range []string{"u2", "u3", "u5"} {
		if u := reported(id); u.ID != id || u.Sees != nil {
			t.Errorf("local user %+v, want it without what it sees", u)
		}
	}
	d.fake.set(func() { d.fake.find("u1").Disabled = true })
	eventually(t, "a disabled local user is told without", func() bool { return reported("u1").Disabled && reported("u1").Sees == nil })
	d.fake.set(func() { d.fake.find("u1").Disabled, d.fake.find("u1").Administrator = false, true })
	eventually(t, "an administrator is told without", func() bool { return reported("u1").Administrator && reported("u1").Sees == nil })

	many := make([]string, 300)
	for i := range many {
		many[i] = "l" + string(rune('a'+i/26)) + string(rune('a'+i%26))
	}
	d.fake.set(func() { d.fake.find("u1").Administrator = false })
	d.fake.byHand("u1", func(l *mediaserver.Limits) { l.Restriction = mediaserver.Restriction{Libraries: many} })
	eventually(t, "at most 200", func() bool { sees := reported("u1").Sees; return sees != nil && len(sees.Libraries) == 200 })
}
