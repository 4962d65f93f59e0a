package models_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

const dayLong = 24 * time.Hour

// stayHome is a server of an owner with an agent, and a guest whose stay ends.
type stayHome struct {
	owner, guest models.Account
	m            media
	linkID       int64
	end          time.Time
}

// stayHome returns a server of an owner with an agent, and a guest whose stay ends after the time
// in.
func (k *kit) stayHome(in time.Duration) stayHome {
	k.t.Helper()
	owner, guest := k.account(), k.account()
	h := stayHome{owner: owner, guest: guest, m: k.agent(owner), end: k.Now().Add(in)}
	invite, err := k.Invites.Create(k.t.Context(), owner.ID, models.NewInvite{
		To: guest.Username, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: h.m.ID, EndsAt: h.end}},
	}, home)
	k.must(err)
	k.must(k.Invites.Accept(k.t.Context(), guest.ID, invite.ID, home))
	h.linkID = k.linkTo(guest, h.m)
	k.letters()
	return h
}

func (k *kit) stayOf(h stayHome) models.Stay {
	k.t.Helper()
	found, err := k.Stays.Get(k.t.Context(), h.owner.ID, h.m.ID, h.linkID)
	k.must(err)
	return found
}

// reminders calls the worker, and returns the kinds of mails that the two people get.
func (k *kit) reminders(h stayHome) (guest, owner []models.MailKind) {
	k.t.Helper()
	k.must(k.Stays.Remind(k.t.Context()))
	letters := k.letters()
	return kinds(letters, h.guest.Email), kinds(letters, h.owner.Email)
}

// For each end, both people get one mail seven days before it and one mail a day before it. If the
// end changes, the mails begin again.
func TestRemindersOfAnEnd(t *testing.T) {
	eachInvite(t, func(k *kit) {
		h := k.stayHome(10 * dayLong)
		want := func(when string, n int) {
			k.t.Helper()
			guest, owner := k.reminders(h)
			if len(guest) != n || len(owner) != n || n == 1 && (guest[0] != models.MailStayEnding || owner[0] != models.MailStayEndingOwner) {
				k.t.Errorf("%s: the guest got %v, the owner %v; want %d reminder each", when, guest, owner, n)
			}
		}
		want("ten days before", 0)
		k.clock.Advance(3*dayLong + time.Minute)
		want("seven days before", 1)
		want("again", 0)
		k.clock.Advance(6 * dayLong)
		want("one day before", 1)
		want("again", 0)
		end := k.Now().Add(8 * dayLong)
		k.must(k.People.SetTerms(k.t.Context(), h.owner.ID, h.m.ID, h.linkID, models.Terms{EndsAt: &end}))
		k.letters()
		want("after the change", 0)
		k.clock.Advance(dayLong + time.Minute)
		want("seven days before the new end", 1)
		k.clock.Advance(30 * dayLong)
		want("after the end", 0)
	})
}

// A stay that ends sooner than a span has no mail for that span.
func TestNoReminderOfANearEnd(t *testing.T) {
	eachInvite(t, func(k *kit) {
		h := k.stayHome(3 * dayLong)
		if guest, owner := k.reminders(h); len(guest)+len(owner) > 0 {
			k.t.Errorf("got %v and %v, want no mail three days before", guest, owner)
		}
		k.clock.Advance(2*dayLong + time.Minute)
		if guest, _ := k.reminders(h); !slices.Equal(guest, []models.MailKind{models.MailStayEnding}) {
			k.t.Errorf("got %v, want one mail a day before", guest)
		}
	})
}

// Several instances that look at the same time owe each mail once.
func TestRemindersOfSeveralInstances(t *testing.T) {
	eachInvite(t, func(k *kit) {
		h := k.stayHome(8 * dayLong)
		k.clock.Advance(dayLong + time.Minute)
		var all sync.WaitGroup
		failed := make([]error, 4)
		for i := range failed {
			all.Go(func() { failed[i] = k.Stays.Remind(k.t.Context()) })
		}
		all.Wait()
		k.must(errors.Join(failed...))
		letters := k.letters()
		if guest, owner := kinds(letters, h.guest.Email), kinds(letters, h.owner.Email); len(guest) != 1 || len(owner) != 1 {
			k.t.Errorf("the guest got %v, the owner %v; want one mail each", guest, owner)
		}
	})
}

// The reminder of a member without an address goes to the guardian.
func TestReminderOfAMember(t *testing.T) {
	eachInvite(t, func(k *kit) {
		h := k.stayHome(8 * dayLong)
		guardian := k.account()
		k.exec("UPDATE accounts SET email = '', email_key = '', guardian_id = ? WHERE id = ?", guardian.ID, h.guest.ID)
		k.clock.Advance(dayLong + time.Minute)
		k.must(k.Stays.Remind(k.t.Context()))
		if got := kinds(k.letters(), guardian.Email); !slices.Equal(got, []models.MailKind{models.MailStayEnding}) {
			k.t.Errorf("the guardian got %v, want the reminder", got)
		}
	})
}

// ownersLink returns the secret of the mail to the owner a week before the end.
func (k *kit) ownersLink(h stayHome) string {
	k.t.Helper()
	k.clock.Advance(h.end.Sub(k.Now()) - 7*dayLong + time.Minute)
	k.must(k.Stays.Remind(k.t.Context()))
	return k.letter(models.MailStayEndingOwner, h.owner.Email).Secret
}

// The link of the owner's mail gives two more weeks, once, and to look at it changes nothing.
func TestTwoMoreWeeksFromTheMail(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, h := k.t.Context(), k.stayHome(10*dayLong)
		text := k.ownersLink(h)
		for range 2 {
			offer, err := k.Stays.Look(ctx, text)
			k.must(err)
			if !offer.EndsAt.Equal(h.end) || !offer.Until.Equal(h.end.AddDate(0, 0, 14)) || offer.Username != h.guest.Username || offer.Server != "Den" {
				k.t.Errorf("offer %+v, want from %s two weeks more", offer, h.end)
			}
		}
		if got := k.stayOf(h).EndsAt; !got.Equal(h.end) {
			k.t.Fatalf("to look moved the end to %s, want %s", got, h.end)
		}
		results := make([]error, 4)
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() { _, results[i] = k.Stays.ExtendByMail(ctx, text, home) })
		}
		all.Wait()
		k.oneWinner(results, models.ErrTokenSpent)
		if got, want := k.stayOf(h).EndsAt, h.end.AddDate(0, 0, 14); !got.Equal(want) {
			k.t.Errorf("the end is %s, want %s", got, want)
		}
		if got := kinds(k.letters(), h.guest.Email); !slices.Equal(got, []models.MailKind{models.MailStayChanged}) {
			k.t.Errorf("the guest got %v, want to hear of the new end", got)
		}
		if k.events(h.guest)[models.EventStayChanged] != 1 || k.events(h.owner)[models.EventStayExtended] != 1 {
			k.t.Errorf("events %v and %v, want one of each", k.events(h.guest), k.events(h.owner))
		}
	})
}

// The link also works for 30 days after the end: the person comes back.
func TestTwoMoreWeeksAfterTheEnd(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, h := k.t.Context(), k.stayHome(10*dayLong)
		text := k.ownersLink(h)
		k.clock.Advance(20 * dayLong)
		k.must(k.Sweep(ctx))
		if n := len(k.agentLinks(h.m)); n != 0 {
			k.t.Fatalf("%d links after the end, want none", n)
		}
		_, err := k.Stays.ExtendByMail(ctx, text, home)
		k.must(err)
		links := k.agentLinks(h.m)
		if len(links) != 1 || links[0].State != models.LinkAccepted || links[0].Type != models.LinkGuest || links[0].AccountID != h.guest.ID || links[0].EndsAt.Before(k.Now().Add(13*dayLong)) {
			k.t.Fatalf("links %+v, want the guest back for two weeks", links)
		}
		_, err = k.Stays.ExtendByMail(ctx, text, home)
		k.is(err, models.ErrTokenSpent)
	})
}

// The link of the mail does nothing any more after another end was chosen, after the person was invited again, after
// the server has another owner, and 30 days after the end.
func TestTwoMoreWeeksTooLate(t *testing.T) {
	for name, spoil := range map[string]func(k *kit, h stayHome){
		"another end": func(k *kit, h stayHome) {
			end := k.Now().Add(90 * dayLong)
			k.must(k.People.SetTerms(k.t.Context(), h.owner.ID, h.m.ID, h.linkID, models.Terms{EndsAt: &end}))
		},
		"removed": func(k *kit, h stayHome) { k.must(k.People.Remove(k.t.Context(), h.owner.ID, h.m.ID, h.linkID)) },
		"invited again": func(k *kit, h stayHome) {
			k.clock.Advance(8 * dayLong)
			k.must(k.Sweep(k.t.Context()))
			k.must(k.Invites.Accept(k.t.Context(), h.guest.ID, k.invite(h.owner, h.guest.Username, h.m).ID, home))
		},
		"handed over": func(k *kit, h stayHome) {
			k.must(k.Servers.HandOver(k.t.Context(), h.owner.ID, h.m.ID, k.account().Username, home))
		},
		"too old": func(k *kit, _ stayHome) { k.clock.Advance(38 * dayLong) },
	} {
		t.Run(name, func(t *testing.T) {
			eachInvite(t, func(k *kit) {
				h := k.stayHome(10 * dayLong)
				text := k.ownersLink(h)
				spoil(k, h)
				_, err := k.Stays.Look(k.t.Context(), text)
				k.is(err, models.ErrTokenSpent)
				_, err = k.Stays.ExtendByMail(k.t.Context(), text, home)
				k.is(err, models.ErrTokenSpent)
			})
		})
	}
}

// The days by which the owner prolongs a stay are days in the owner's time zone, also if the clocks
// are changed in between.
func TestTwoMoreWeeksInTheZoneOfTheOwner(t *testing.T) {
	eachInvite(t, func(k *kit) {
		h := k.stayHome(10 * dayLong)
		k.exec("UPDATE accounts SET time_zone = 'Europe/Berlin' WHERE id = ?", h.owner.ID)
		end := time.Date(k.Now().Year()+1, time.March, 20, 22, 59, 59, int(999*time.Millisecond), time.UTC) // midnight in Berlin, before summer time
		k.must(k.People.SetTerms(k.t.Context(), h.owner.ID, h.m.ID, h.linkID, models.Terms{EndsAt: &end}))
		got, err := k.Stays.Extend(k.t.Context(), h.owner.ID, h.m.ID, h.linkID)
		k.must(err)
		if want := end.AddDate(0, 0, 14).Add(-time.Hour); !got.Equal(want) {
			k.t.Errorf("the end is %s, want %s", got, want)
		}
	})
}

// Only the owner decides, and only about an accepted link of a server with an agent.
func TestStaysOfOthers(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, h := k.t.Context(), k.stayHome(60*dayLong)
		for _, who := range []models.Account{h.guest, k.account()} {
			_, err := k.Stays.Get(ctx, who.ID, h.m.ID, h.linkID)
			k.is(err, models.ErrNotFound)
			k.is(k.Stays.Pause(ctx, who.ID, h.m.ID, h.linkID, time.Time{}), models.ErrNotFound)
			k.is(k.Stays.Resume(ctx, who.ID, h.m.ID, h.linkID), models.ErrNotFound)
			_, err = k.Stays.Extend(ctx, who.ID, h.m.ID, h.linkID)
			k.is(err, models.ErrNotFound)
			k.is(k.Stays.AnswerHand(ctx, who.ID, h.m.ID, h.linkID, true), models.ErrNotFound)
		}
		emby := k.server(h.owner)
		linked := k.link(emby, h.guest)
		k.is(k.Stays.Pause(ctx, h.owner.ID, emby.ID, linked.ID, time.Time{}), models.ErrPauseAgentOnly)
		_, err := k.Stays.Extend(ctx, h.owner.ID, emby.ID, linked.ID)
		k.is(err, models.ErrStayEndless)
		k.isKind(k.Stays.Pause(ctx, h.owner.ID, h.m.ID, h.linkID, k.Now()), models.KindInvalid)
		k.is(k.Stays.AnswerHand(ctx, h.owner.ID, h.m.ID, h.linkID, true), models.ErrNotByHand)
	})
}

// The owner sees the changes by hand that an agent reports, until the owner answers. Another change
// asks the owner again.
func TestChangesByHandAreAnswered(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, h := k.t.Context(), k.stayHome(60*dayLong)
		tell := func(hand ...string) {
			k.t.Helper()
			k.must(k.Agents.TellHand(ctx, h.m.Server, []models.HandState{{LinkID: h.linkID, Hand: hand}, {LinkID: 7, Hand: hand}}))
		}
		tell("disabled", "unheard-of", "libraries")
		if got := k.stayOf(h); !slices.Equal(got.Hand, []string{"disabled", "libraries"}) || got.HandKept {
			k.t.Errorf("stay %+v, want disabled and libraries, not answered", got)
		}
		k.must(k.Stays.AnswerHand(ctx, h.owner.ID, h.m.ID, h.linkID, true))
		tell("libraries", "disabled")
		if got := k.stayOf(h); !got.HandKept {
			k.t.Errorf("stay %+v, want it kept", got)
		}
		tell("libraries")
		if got := k.stayOf(h); got.HandKept {
			k.t.Errorf("stay %+v, want it asked again", got)
		}
		k.must(k.Stays.AnswerHand(ctx, h.owner.ID, h.m.ID, h.linkID, false))
		if got := k.agentLinks(h.m)[0].HandResetAt; !got.Equal(k.Now()) {
			k.t.Errorf("the agent is told to set it again at %s, want %s", got, k.Now())
		}
		tell()
		if got := k.stayOf(h); len(got.Hand) != 0 {
			k.t.Errorf("stay %+v, want nothing changed", got)
		}
	})
}

// Changes of one stay are limited, so that nobody floods a person with mails.
func TestChangesOfAStayAreLimited(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, h := k.t.Context(), k.stayHome(60*dayLong)
		for range 10 {
			k.must(k.Stays.Pause(ctx, h.owner.ID, h.m.ID, h.linkID, time.Time{}))
			k.must(k.Stays.Resume(ctx, h.owner.ID, h.m.ID, h.linkID))
		}
		k.isKind(k.Stays.Pause(ctx, h.owner.ID, h.m.ID, h.linkID, time.Time{}), models.KindThrottled)
		end := k.Now().Add(90 * dayLong)
		k.isKind(k.People.SetTerms(ctx, h.owner.ID, h.m.ID, h.linkID, models.Terms{EndsAt: &end}), models.KindThrottled)
	})
}

// tellStays lets a stay be paused, resumed, changed and prolonged by mail. It returns the events that the histories
// must have then.
func (k *kit) tellStays() []told {
	h := k.stayHome(10 * dayLong)
	text := k.ownersLink(h)
	k.must(k.Stays.Pause(k.t.Context(), h.owner.ID, h.m.ID, h.linkID, time.Time{}))
	k.must(k.Stays.Resume(k.t.Context(), h.owner.ID, h.m.ID, h.linkID))
	_, err := k.Stays.ExtendByMail(k.t.Context(), text, home)
	k.must(err)
	return []told{
		{h.guest, models.EventStayPaused, "Den"},
		{h.guest, models.EventStayResumed, "Den"},
		{h.guest, models.EventStayChanged, "Den"},
		{h.owner, models.EventStayExtended, "Den"},
	}
}
