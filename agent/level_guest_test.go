package agent_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// guestLevels starts an agent with the usual setting, and a guest who may see l1 and l2.
func guestLevels(t *testing.T) (d *deployment, service *levelService, bob *client.Client, linkID, user string) {
	t.Helper()
	s := newSite(t)
	service = levelled(s)
	d = newDeployment(t, s).started()
	bob = s.Join(t, "bob")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l1", "l2"} })
	link := d.guestOf("bob")
	return d, service, bob, link.ID, link.LocalUserID
}

// sees waits until a local user sees exactly some libraries.
func (d *deployment) sees(user string, want ...string) {
	d.t.Helper()
	eventually(d.t, "the libraries "+strings.Join(want, ", "), func() bool {
		to := d.fake.limit(user)
		return !to.AllLibraries && slices.Equal(to.Libraries, want)
	}, d.log)
}

// TestGuestHasALevel gives a guest levels. They see what is in both, the libraries of their link and the
// level; no level gives more than the link.
func TestGuestHasALevel(t *testing.T) {
	t.Parallel()
	d, service, bob, linkID, user := guestLevels(t)
	levels := &client.AgentLevels{
		Everyday: &client.Level{Libraries: []string{"l2", "l3"}, MaxRating: &client.LevelRating{Value: 6}}, Unlocked: &client.Level{},
	}
	d.fake.set(func() { d.fake.libraries = append(d.fake.libraries, mediaserver.Library{ID: "l3", Name: "More"}) })
	d.rounds(2)
	service.send(d, linkID, levels)
	d.sees(user, "l2")
	service.send(d, linkID, open(levels, "7", d.site.Clock.Now(), time.Hour))
	d.sees(user, "l1", "l2")
	d.isState(service, linkID, client.LevelUnlocked)
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(linkID), client.PersonChange{Libraries: &[]string{"l1", "l2", "l3"}}))
	d.sees(user, "l1", "l2", "l3")
	d.site.Clock.Advance(time.Hour)
	d.sees(user, "l2", "l3")
	if got := d.isState(service, linkID, client.LevelEveryday); len(got.ByHand) > 0 || d.trouble("guest_sees_less") || d.trouble("guest_sees_more") {
		t.Errorf("told %+v, troubles %+v, want nothing by hand", got, d.status().Trouble)
	}

	// The link ends while it is unlocked, and comes back.
	service.send(d, linkID, open(levels, "8", d.site.Clock.Now(), time.Hour))
	d.sees(user, "l1", "l2", "l3")
	noError(t, bob.Links.Remove(t.Context(), client.ID(linkID)))
	eventually(t, "disabled", func() bool { return d.fake.named("bob")[0].Disabled })
	d.rounds(2)
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l3"} })
	again := d.guestOf("bob")
	eventually(t, "let in", func() bool { return !d.fake.named("bob")[0].Disabled })
	d.sees(user, "l3")
	eventually(t, "the row is gone", func() bool { return must(d.store.Levelled(t.Context()))(t) == 0 })
	if got := d.fake.policyOf(user); got.MaxRating != nil || again.LocalUserID != user {
		t.Errorf("rating %+v of %s, want no limit any more", got.MaxRating, again.LocalUserID)
	}
}

// TestGuestIsCreatedWithTheirLevel invites a guest whose link has levels and needs the PIN from the first
// moment: they are let in only when the level holds.
func TestGuestIsCreatedWithTheirLevel(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	service := levelled(s)
	service.all = kids()
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "Limits") {
			return errDown
		}
		return nil
	}, nil)
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	d.rounds(2)
	if _, err := d.exchange(d.key(bob)); err == nil {
		t.Error("a device was let in before the level holds")
	}
	d.fake.hook(nil, nil)
	eventually(t, "let in", func() bool { _, err := d.exchange(d.key(bob)); return err == nil }, d.log)
	if got := d.fake.policyOf(guest.LocalUserID); got.MaxRating == nil || got.MaxRating.Value != 6 || !slices.Equal(got.Libraries, []string{"l2"}) {
		t.Errorf("limits %+v, want the everyday level", got)
	}
	service.send(d, guest.ID, open(kids(), "7", s.Clock.Now(), time.Hour))
	eventually(t, "unlocked", func() bool { return d.fake.limit(guest.LocalUserID).AllLibraries })
}

// TestChangeByHandOfAGuestStays changes the libraries of a guest in the dashboard. That stays at every level,
// until the libraries of the link are chosen again.
func TestChangeByHandOfAGuestStays(t *testing.T) {
	t.Parallel()
	d, service, _, linkID, user := guestLevels(t)
	levels := &client.AgentLevels{Everyday: &client.Level{Libraries: []string{"l2"}}, Unlocked: &client.Level{}}
	service.send(d, linkID, levels)
	d.sees(user, "l2")
	d.isState(service, linkID, client.LevelEveryday)
	d.fake.byHand(user, func(l *mediaserver.Limits) { l.Restriction = mediaserver.Restriction{AllLibraries: true} })
	eventually(t, "it is told", func() bool { return slices.Equal(service.state(linkID).ByHand, []string{"libraries"}) }, d.log)
	service.send(d, linkID, open(levels, "7", d.site.Clock.Now(), time.Hour))
	d.isState(service, linkID, client.LevelUnlocked)
	d.site.Clock.Advance(time.Hour)
	d.isState(service, linkID, client.LevelEveryday)
	if !d.fake.limit(user).AllLibraries {
		t.Errorf("restriction %+v, want what the administrator gave", d.fake.limit(user))
	}
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(linkID), client.PersonChange{Libraries: &[]string{"l1"}}))
	d.sees(user)
	service.send(d, linkID, open(levels, "8", d.site.Clock.Now(), time.Hour))
	d.sees(user, "l1")
}

// TestRestoredFolderShutsLevels replaces the agent's folder by an older copy while the media server has a
// level that was unlocked after that copy was made. This level does not count as a change by hand, and the
// everyday level comes back.
func TestRestoredFolderShutsLevels(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	service.send(d, link.ID, kids())
	d.limited(everydayKid())
	d.isState(service, link.ID, client.LevelEveryday)
	restore, _ := d.backUp()
	d.open()
	d.run()
	service.send(d, link.ID, open(kids(), "7", s.Clock.Now(), time.Hour))
	d.limited(unlockedKid())
	d.halt()
	restore()
	service.put(link.ID, kids())
	d.open()
	d.run()
	d.limited(everydayKid())
	if got := d.isState(service, link.ID, client.LevelEveryday); len(got.ByHand) > 0 {
		t.Errorf("changed by hand %q, want nothing", got.ByHand)
	}
	service.send(d, link.ID, nil)
	d.limited(everything())
	if diff := cmp.Diff(0, must(d.store.Levelled(context.Background()))(t)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
