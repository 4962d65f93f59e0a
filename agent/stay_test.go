package agent_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// bobEnabled reports whether the local user of the guest bob can sign in.
func (f *fake) bobEnabled() bool {
	users := f.named("bob")
	return len(users) == 1 && !users[0].Disabled
}

// stayGuest returns a guest named bob, whom the service knows, with a token of a device.
func (d *deployment) stayGuest() (bob *client.Client, guest agent.Link) {
	d.t.Helper()
	bob = d.site.Join(d.t, "bob")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l1"} })
	guest = d.guestOf("bob")
	d.told("bob")
	d.exchanged(d.key(bob), guest.LocalUserID)
	return bob, guest
}

// TestPausedGuest pauses and resumes a guest. The local user stays, with what they have watched, and is disabled
// meanwhile; tokens end, and a device hears of the pause and keeps its key.
func TestPausedGuest(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t)).started()
	bob, guest := d.stayGuest()
	key := d.key(bob)
	noError(t, d.ann.People.Pause(t.Context(), d.serverID(), client.ID(guest.ID), time.Time{}))
	eventually(t, "disabled, without tokens", func() bool { return !d.fake.bobEnabled() && len(d.fake.live(guest.LocalUserID)) == 0 })
	if _, err := d.exchange(key); !errors.Is(err, agent.ErrStayPaused) || !strings.Contains(err.Error(), "The person who runs this server can end the pause") {
		t.Errorf("error %v, want that the stay is paused and who can end the pause", err)
	}
	noError(t, d.ann.People.Resume(t.Context(), d.serverID(), client.ID(guest.ID)))
	eventually(t, "enabled", func() bool { return d.fake.bobEnabled() })
	eventually(t, "a token for the same key", func() bool { _, err := d.exchange(key); return err == nil })
	if got := d.fake.count("CreateGuest") + d.fake.count("Delete"); got != 1 {
		t.Errorf("calls %q, want one local user who is never deleted", d.fake.asked())
	}
	if diff := cmp.Diff(mediaserver.Restriction{Libraries: []string{"l1"}}, d.fake.limit(guest.LocalUserID)); diff != "" {
		t.Errorf("restriction (-want +got):\n%s", diff)
	}
}

// TestPauseEndsWithoutTheService lets a pause and then the stay end while the service is away and the agent was
// restarted in between: both times are in the agent's own file.
func TestPauseEndsWithoutTheService(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	_, guest := d.stayGuest()
	ends := s.Clock.Now().Add(30 * time.Hour)
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{EndsAt: &ends}))
	noError(t, d.ann.People.Pause(t.Context(), d.serverID(), client.ID(guest.ID), s.Clock.Now().Add(10*time.Hour)))
	eventually(t, "disabled", func() bool { return !d.fake.bobEnabled() })
	s.Down()
	d.restart()
	d.never("enabled before the time", func() bool { return d.fake.bobEnabled() })
	s.Clock.Advance(10*time.Hour + time.Minute)
	eventually(t, "enabled", func() bool { return d.fake.bobEnabled() })
	s.Clock.Advance(20 * time.Hour)
	eventually(t, "disabled at the end", func() bool { return !d.fake.bobEnabled() })
}

// TestPauseDespiteCrash ends the program at each step of pausing and of resuming a guest. The guest must get the
// wanted state nevertheless, and the agent must not take any of these steps for a change by hand.
func TestPauseDespiteCrash(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		step   string
		resume bool
	}{
		"before disabling": {"before Disable", false},
		"after disabling":  {"after Disable", false},
		"before enabling":  {"before Enable", true},
		"after enabling":   {"after Enable", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t, newSite(t)).started()
			_, guest := d.stayGuest()
			pause := func() {
				noError(t, d.ann.People.Pause(t.Context(), d.serverID(), client.ID(guest.ID), time.Time{}))
			}
			if test.resume {
				pause()
				eventually(t, "disabled", func() bool {
					return d.status().GuestsShut == 1 && !d.fake.bobEnabled() && d.fake.count("Disable") == 1
				})
			}
			crash := d.crashAt(test.step)
			crash.arm()
			if !test.resume {
				pause()
			} else {
				noError(t, d.ann.People.Resume(t.Context(), d.serverID(), client.ID(guest.ID)))
			}
			eventually(t, "the crash", crash.struck.Load)
			d.restart()
			eventually(t, "the state that was asked for", func() bool { return d.fake.bobEnabled() == test.resume })
			d.never("a change by hand", func() bool {
				stay := must(d.ann.People.Stay(t.Context(), d.serverID(), client.ID(guest.ID)))(t)
				return len(stay.Hand) > 0 || d.fake.bobEnabled() != test.resume
			})
		})
	}
}

// TestGuestChangedByHand changes a guest in the dashboard. The agent tells the owner, and does not change the guest
// back until the owner asks for a reset of the guest.
func TestGuestChangedByHand(t *testing.T) {
	t.Parallel()
	set := func(f *fake, id string, change func(u *mediaserver.LocalUser)) { f.set(func() { change(f.find(id)) }) }
	for name, test := range map[string]struct {
		paused bool
		hand   string
		change func(f *fake, id string)
		is     func(f *fake, id string) bool // still as the administrator has set it
	}{
		"disabled": {
			false, client.HandDisabled, func(f *fake, id string) { set(f, id, func(u *mediaserver.LocalUser) { u.Disabled = true }) },
			func(f *fake, _ string) bool { return !f.bobEnabled() },
		},
		"enabled during a pause": {
			true, client.HandEnabled, func(f *fake, id string) { set(f, id, func(u *mediaserver.LocalUser) { u.Disabled = false }) },
			func(f *fake, _ string) bool { return f.bobEnabled() },
		},
		"other libraries": {
			false, client.HandLibraries, func(f *fake, id string) { f.set(func() { f.limits[id] = mediaserver.Restriction{AllLibraries: true} }) },
			func(f *fake, id string) bool { return f.limit(id).AllLibraries },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t, newSite(t)).started()
			_, guest := d.stayGuest()
			stay := func() client.Stay {
				return must(d.ann.People.Stay(t.Context(), d.serverID(), client.ID(guest.ID)))(t)
			}
			if test.paused {
				noError(t, d.ann.People.Pause(t.Context(), d.serverID(), client.ID(guest.ID), time.Time{}))
				eventually(t, "disabled", func() bool { return !d.fake.bobEnabled() })
			}
			test.change(d.fake, guest.LocalUserID)
			eventually(t, "it is told", func() bool { return slices.Equal(stay().Hand, []string{test.hand}) }, d.log)
			d.never("fought", func() bool { return !test.is(d.fake, guest.LocalUserID) })
			noError(t, d.ann.People.AnswerHand(t.Context(), d.serverID(), client.ID(guest.ID), true))
			d.restart()
			d.never("fought", func() bool { return !test.is(d.fake, guest.LocalUserID) })
			if got := stay(); !got.HandKept || !slices.Equal(got.Hand, []string{test.hand}) {
				t.Errorf("stay %+v, want %s kept", got, test.hand)
			}
			noError(t, d.ann.People.AnswerHand(t.Context(), d.serverID(), client.ID(guest.ID), false))
			eventually(t, "set again", func() bool { return !test.is(d.fake, guest.LocalUserID) })
			eventually(t, "that is told", func() bool { return len(stay().Hand) == 0 })
			if diff := cmp.Diff(mediaserver.Restriction{Libraries: []string{"l1"}}, d.fake.limit(guest.LocalUserID)); diff != "" {
				t.Errorf("restriction (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGuestDisabledByHandStaysSoAfterAPause disables a guest in the dashboard, and then pauses and resumes the stay.
func TestGuestDisabledByHandStaysSoAfterAPause(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t)).started()
	_, guest := d.stayGuest()
	stay := func() client.Stay {
		return must(d.ann.People.Stay(t.Context(), d.serverID(), client.ID(guest.ID)))(t)
	}
	d.fake.set(func() { d.fake.find(guest.LocalUserID).Disabled = true })
	eventually(t, "it is told", func() bool { return slices.Equal(stay().Hand, []string{client.HandDisabled}) })
	noError(t, d.ann.People.Pause(t.Context(), d.serverID(), client.ID(guest.ID), time.Time{}))
	eventually(t, "paused", func() bool { return d.fake.count("Disable") == 1 })
	d.rounds(2)
	noError(t, d.ann.People.Resume(t.Context(), d.serverID(), client.ID(guest.ID)))
	eventually(t, "restricted again", func() bool { return d.fake.count("Restrict") == 1 })
	d.never("enabled", func() bool { return d.fake.bobEnabled() })
}

// TestGuestWhoIsAdministratorForAWhile makes a guest an administrator and takes that back. The agent looks after the
// guest again when the owner asks for it.
func TestGuestWhoIsAdministratorForAWhile(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t)).started()
	_, guest := d.stayGuest()
	stay := func() client.Stay {
		return must(d.ann.People.Stay(t.Context(), d.serverID(), client.ID(guest.ID)))(t)
	}
	admin := func(is bool) { d.fake.set(func() { d.fake.find(guest.LocalUserID).Administrator = is }) }
	change := func(library string) {
		noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(guest.ID), client.PersonChange{Libraries: &[]string{library}}))
	}
	admin(true)
	change("l2")
	eventually(t, "it is told", func() bool { return slices.Equal(stay().Hand, []string{client.HandAdministrator}) })
	eventually(t, "left alone", func() bool { return d.log.Count("a guest has become an administrator") == 1 })
	admin(false)
	d.never("changed", func() bool { return slices.Equal(d.fake.limit(guest.LocalUserID).Libraries, []string{"l2"}) })
	noError(t, d.ann.People.AnswerHand(t.Context(), d.serverID(), client.ID(guest.ID), false))
	eventually(t, "looked after again", func() bool { return slices.Equal(d.fake.limit(guest.LocalUserID).Libraries, []string{"l2"}) })
	eventually(t, "that is told", func() bool { return len(stay().Hand) == 0 })
}

// TestFormerGuestWhoWasTakenOver ends a stay, and an administrator enables the local user for something else. When the
// person is invited again, they get another local user.
func TestFormerGuestWhoWasTakenOver(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t)).started()
	bob, first := d.stayGuest()
	noError(t, bob.Links.Remove(t.Context(), client.ID(first.ID)))
	eventually(t, "shut", func() bool { return d.status().GuestsShut == 1 && !d.fake.bobEnabled() })
	d.fake.set(func() {
		user := d.fake.find(first.LocalUserID)
		user.Disabled, user.Name = false, "bobby the second"
	})
	d.invite(bob, "bob")
	if again := d.guestOf("bob"); again.LocalUserID == first.LocalUserID {
		t.Errorf("link %+v, want another local user than %s", again, first.LocalUserID)
	}
	if d.fake.count("Enable")+d.fake.count("Delete")+d.fake.count("Restrict "+first.LocalUserID) > 0 {
		t.Errorf("calls %q, want the former guest left alone", d.fake.asked())
	}
}
