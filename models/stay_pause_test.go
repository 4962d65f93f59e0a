package models_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// A pause reaches the agent, the lists of both people and the mailbox of the person, and does not move the end.
func TestPauseAndResume(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, h := k.t.Context(), k.stayHome(60*dayLong)
		until := k.Now().Add(5 * dayLong)
		k.must(k.Stays.Pause(ctx, h.owner.ID, h.m.ID, h.linkID, until))
		if got := k.stayOf(h); !got.Pause.On() || !got.Pause.Until.Equal(until) || !got.EndsAt.Equal(h.end) {
			k.t.Errorf("stay %+v, want paused until %s with the end %s", got, until, h.end)
		}
		link := k.agentLinks(h.m)[0]
		if link.Active || link.Pause == nil || !link.Pause.Active || !link.Pause.Until.Equal(until) {
			k.t.Errorf("the agent sees %+v, want a pause", link)
		}
		listed, err := k.Links.List(ctx, h.guest.ID, models.LinkAccepted)
		k.must(err)
		people, err := k.People.List(ctx, h.owner.ID, h.m.ID, 0, 9)
		k.must(err)
		if listed[0].LocalUserState != models.LocalUserPaused || people[0].LocalUserState != models.LocalUserPaused || !people[0].Pause.Until.Equal(until) {
			k.t.Errorf("lists %+v and %+v, want paused", listed[0], people[0])
		}
		letter := k.letter(models.MailStayChanged, h.guest.Email)
		if letter.Facts.What != "paused_until" || !letter.Facts.Ends.Equal(until.Truncate(time.Second)) {
			k.t.Errorf("mail %+v, want the pause until %s", letter.Facts, until)
		}
		k.must(k.Stays.Resume(ctx, h.owner.ID, h.m.ID, h.linkID))
		k.must(k.Stays.Resume(ctx, h.owner.ID, h.m.ID, h.linkID))
		if link := k.agentLinks(h.m)[0]; !link.Active || link.Pause != nil {
			k.t.Errorf("the agent sees %+v, want it resumed", link)
		}
		if got := kinds(k.letters(), h.guest.Email); len(got) != 1 {
			k.t.Errorf("the guest got %v, want one mail about the resume", got)
		}
		if events := k.events(h.guest); events[models.EventStayPaused] != 1 || events[models.EventStayResumed] != 1 {
			k.t.Errorf("events %v, want one pause and one resume", events)
		}
	})
}

// A pause with an end is over at its time, also before the worker has looked.
func TestPauseEndsByItself(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, h := k.t.Context(), k.stayHome(60*dayLong)
		k.must(k.Stays.Pause(ctx, h.owner.ID, h.m.ID, h.linkID, k.Now().Add(dayLong)))
		k.must(k.Stays.EndPauses(ctx))
		if !k.stayOf(h).Pause.On() {
			k.t.Error("the pause is over before its time, want it on")
		}
		k.clock.Advance(dayLong + time.Second)
		if k.stayOf(h).Pause.On() || !k.agentLinks(h.m)[0].Active {
			k.t.Error("the pause is on after its time, want it over")
		}
		before := k.last(h.m)
		k.must(k.Stays.EndPauses(ctx))
		k.must(k.Stays.EndPauses(ctx))
		if got := k.changeKinds(h.m, before); !slices.Equal(got, []models.ChangeKind{models.ChangeLink}) || k.events(h.guest)[models.EventStayResumed] != 1 {
			k.t.Errorf("changes %v, events %v; want one of each", got, k.events(h.guest))
		}
	})
}

// A paused server is not among those that apps are told to use, and they hear of it as soon as the pause ends, also
// before the worker has looked.
func TestPausedServerIsNotListed(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, h := k.t.Context(), k.stayHome(60*dayLong)
		in, old := k.signIn(h.guest), map[string]bool{}
		listed := func(what string, want int) {
			k.t.Helper()
			found, _ := k.tagged(in)
			alone := k.alone(in)
			if len(found) != want || old[alone] {
				k.t.Errorf("%s: %d servers with the tag %q, want %d with a tag that no list had before", what, len(found), alone, want)
			}
			old[alone] = alone != ""
		}
		pause := func(until time.Time) { k.must(k.Stays.Pause(ctx, h.owner.ID, h.m.ID, h.linkID, until)) }
		listed("in use", 1)
		pause(time.Time{})
		listed("paused", 0)
		k.must(k.Stays.Resume(ctx, h.owner.ID, h.m.ID, h.linkID))
		listed("resumed", 1)
		pause(k.Now().Add(dayLong))
		listed("paused for a day", 0)
		k.clock.Advance(dayLong + time.Second)
		listed("the pause is over", 1)
		k.must(k.Stays.EndPauses(ctx))
		listed("ended by the worker", 1)
	})
}

// While a link is paused, nothing opens there.
func TestPauseRefuses(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, h := k.t.Context(), k.stayHome(60*dayLong)
		k.must(k.Stays.Pause(ctx, h.owner.ID, h.m.ID, h.linkID, time.Time{}))
		in := k.signIn(h.guest)
		_, err := k.Opens.Note(ctx, in.Session, h.m.ID, false)
		k.is(err, models.ErrStayPaused)
		k.exec("UPDATE servers SET quick_connect = ? WHERE id = ?", true, h.m.ID)
		_, err = k.QuickConnects.Ask(ctx, in.Session, h.m.ID, "123456", home)
		k.is(err, models.ErrStayPaused)
		if servers, err := k.QuickConnects.Servers(ctx, h.guest.ID); err != nil || len(servers) != 0 {
			k.t.Errorf("servers for digits %v, error %v; want none", servers, err)
		}
		k.exec("UPDATE servers SET password_key = 'x' WHERE id = ?", h.m.ID)
		place, err := k.LocalPasswords.Place(ctx, h.guest.ID, h.m.ID)
		k.must(err)
		if place.Refused != "paused" {
			k.t.Errorf("a password is refused with %q, want paused", place.Refused)
		}
	})
}

// A person who leaves in a pause and comes back by an invite that is open to them is paused still: only the owner, or
// the end of the pause, opens the server again.
func TestPauseOutlivesLeaving(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, h := k.t.Context(), k.stayHome(60*dayLong)
		text := k.ownersLink(h)
		until := k.Now().Add(90 * dayLong)
		k.must(k.Stays.Pause(ctx, h.owner.ID, h.m.ID, h.linkID, until))
		k.must(k.Links.Remove(ctx, h.guest.ID, h.linkID, home))
		_, err := k.Stays.ExtendByMail(ctx, text, home)
		k.is(err, models.ErrTokenSpent) // the person wanted to leave
		k.clock.Advance(40 * dayLong)
		k.must(k.Sweep(ctx))
		k.must(k.Invites.Accept(ctx, h.guest.ID, k.invite(h.owner, h.guest.Username, h.m).ID, home))
		link := k.agentLinks(h.m)[0]
		if link.Active || link.Pause == nil || !link.Pause.Active || !link.Pause.Until.Equal(until) {
			k.t.Errorf("after leaving and coming back the agent sees %+v, want a pause until %s", link, until)
		}
		k.must(k.Links.Remove(ctx, h.guest.ID, link.ID, home))
		k.clock.Advance(60 * dayLong)
		k.must(k.Sweep(ctx))
		k.must(k.Invites.Accept(ctx, h.guest.ID, k.invite(h.owner, h.guest.Username, h.m).ID, home))
		if link := k.agentLinks(h.m)[0]; !link.Active || link.Pause != nil && link.Pause.Active {
			k.t.Errorf("after the end of the pause the agent sees %+v, want no pause", link)
		}
	})
}
