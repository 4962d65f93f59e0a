package models_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// parlour is a server whose agent lets its owner sign televisions in, and a guest there.
type parlour struct {
	owner, guest models.Account
	session      models.Session // of the owner
	m            media
	in           models.Report
}

func (k *kit) parlour(televisions string) *parlour {
	k.t.Helper()
	p := &parlour{owner: k.account(), in: report()}
	p.m = k.agent(p.owner)
	p.guest = k.guestWith(p.owner, p.m, "l-films")
	p.session = k.signIn(p.owner).Session
	p.in.QuickConnect, p.in.Televisions = true, televisions
	k.report(p.m, p.in)
	p.m = k.again(p.m)
	return p
}

// signIn types digits for a person.
func (p *parlour) signIn(k *kit, person models.Account, code string) (models.QuickConnect, error) {
	return k.Televisions.SignIn(k.t.Context(), p.session, p.m.ID, k.linkIDOf(p.m, person.ID), code, home)
}

// The owner types the digits for a guest, the agent approves them, and the guest learns of it.
func TestTelevision(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, p := k.t.Context(), k.parlour(models.TelevisionsGuests)
		asked, err := p.signIn(k, p.guest, "123 456")
		k.must(err)
		if same, err := p.signIn(k, p.guest, "123456"); err != nil || same.ID != asked.ID {
			k.t.Errorf("the same digits are %+v with error %v, want the same try", same, err)
		}
		own := k.quick(k.signIn(p.guest).Session, p.m, "654321")
		open := k.openQuick(p.m)
		if len(open) != 2 || !open[0].ByOwner || open[0].Code != "123456" || open[0].AccountID != p.guest.ID || open[1].ByOwner || open[1].ID != own.ID {
			k.t.Fatalf("the agent gets %+v, want the digits of the owner and those of the guest", open)
		}
		k.letters()
		_, err = k.QuickConnects.Get(ctx, p.guest.ID, asked.ID)
		k.is(err, models.ErrNotFound)
		_, err = k.Televisions.Get(ctx, p.guest.ID, p.m.ID, asked.ID)
		k.is(err, models.ErrNotFound)
		_, err = k.Televisions.Get(ctx, p.owner.ID, p.m.ID, own.ID)
		k.is(err, models.ErrNotFound)
		k.must(k.QuickConnects.Arrived(ctx, p.m.Server, asked.ID, models.QuickDevice{DeviceID: "set-1", Name: "Set"}))
		k.must(k.QuickConnects.Complete(ctx, p.m.Server, asked.ID))
		got, err := k.Televisions.Get(ctx, p.owner.ID, p.m.ID, asked.ID)
		k.must(err)
		if got.State != models.QuickDone || got.ServerName != "Den" {
			k.t.Errorf("the owner reads %+v, want that it is done", got)
		}
		letter := k.letter(models.MailTelevision, p.guest.Email)
		if letter.Facts.Server != "Den" || letter.Facts.Address+letter.Facts.Device != "" {
			k.t.Errorf("the mail has the facts %+v, want the server and nothing about the owner", letter.Facts)
		}
		events, err := k.History.List(ctx, p.guest.ID, 1)
		if err != nil || events[0].Kind != models.EventTelevision || events[0].Subject != "Den" || events[0].Address != "" {
			k.t.Errorf("the history begins with %+v and error %v, want the television", events, err)
		}
		if devices, err := k.QuickConnects.Arrivals(ctx, p.guest.ID); err != nil || len(devices) != 1 || devices[0].DeviceID != "set-1" {
			k.t.Errorf("the devices of the guest are %+v with error %v, want the television", devices, err)
		}
	})
}

// The service sends the agent no code for a person whom the agent does not let in, and tells the owner why.
func TestTelevisionRefused(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, p := k.t.Context(), k.parlour(models.TelevisionsGuests)
		anna := k.linkedWith(p.owner, p.m, "u-anna")
		refused := func(why string, person models.Account, want string) {
			k.t.Helper()
			place, err := k.Televisions.Place(ctx, p.owner.ID, p.m.ID, k.linkIDOf(p.m, person.ID))
			k.must(err)
			if place.Refused != want {
				k.t.Errorf("%s: refused because of %q, want %q", why, place.Refused, want)
			}
			if _, err = p.signIn(k, person, "123456"); want == "" {
				k.must(err)
			} else {
				k.is(err, models.ErrTelevisionRefused)
			}
		}
		says := func(change func(in *models.Report)) {
			k.t.Helper()
			p.in.LocalUsers = slices.Clone(report().LocalUsers)
			p.in.QuickConnect, p.in.Televisions = true, models.TelevisionsLinked
			change(&p.in)
			k.report(p.m, p.in)
		}
		refused("guests alone", anna, models.TelevisionLinked)
		says(func(*models.Report) {})
		refused("everybody", anna, "")
		says(func(in *models.Report) { in.LocalUsers[0].Administrator = true })
		refused("an administrator", anna, models.LocalUserAdministrator)
		says(func(in *models.Report) { in.LocalUsers[0].NotAllowed = true })
		refused("no yes", anna, models.LocalUserNotAllowed)
		says(func(in *models.Report) { in.LocalUsers[0].Disabled = true })
		refused("a disabled local user", anna, models.TelevisionDisabled)
		says(func(in *models.Report) { in.LocalUsers = in.LocalUsers[1:] })
		refused("a local user who is gone", anna, models.LocalUserGone)
		says(func(in *models.Report) { in.QuickConnect = false })
		refused("no codes", anna, models.TelevisionNoCodes)
		says(func(in *models.Report) { in.Televisions = models.TelevisionsOff })
		refused("switched off", p.guest, models.TelevisionOff)
		says(func(in *models.Report) { in.Televisions = "everybody" })
		refused("a word of a later version", p.guest, models.TelevisionOff)
		says(func(in *models.Report) { in.Televisions = "" })
		refused("an older agent", p.guest, models.TelevisionOff)
		if open := k.openQuick(p.m); len(open) > 0 {
			k.t.Errorf("an older agent gets %+v, want nothing: it would not look who has typed the digits", open)
		}
		says(func(*models.Report) {})
		k.must(k.PINs.Set(ctx, p.guest.ID, "", guestPIN, home))
		k.must(k.Protections.Set(ctx, p.owner.ID, p.m.ID, models.Protection{Active: true, PINRequired: true}, home))
		stay := k.linkIDOf(p.m, p.guest.ID)
		k.must(k.Stays.Pause(ctx, p.owner.ID, p.m.ID, stay, time.Time{}))
		refused("a paused stay", p.guest, models.LocalUserPaused)
		k.must(k.Stays.Resume(ctx, p.owner.ID, p.m.ID, stay))
		refused("a PIN at the door", p.guest, models.TelevisionPINRequired)
		k.opened(p.guest.ID, 0, guestPIN, p.m.ID)
		refused("the PIN was given", p.guest, "")
		k.clock.Advance(2 * time.Hour)
		refused("the unlock is over", p.guest, models.TelevisionPINRequired)
	})
}

// Only the owner of the server signs televisions in there, for the people of that server.
func TestTelevisionIsOfTheOwner(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, p := k.t.Context(), k.parlour(models.TelevisionsLinked)
		other := k.parlour(models.TelevisionsLinked)
		link := k.linkIDOf(p.m, p.guest.ID)
		for what, one := range map[string]struct{ reader, server, link int64 }{
			"a stranger": {other.owner.ID, p.m.ID, link}, "the guest": {p.guest.ID, p.m.ID, link},
			"another server": {other.owner.ID, other.m.ID, link}, "no link": {p.owner.ID, p.m.ID, link + 1},
		} {
			if _, err := k.Televisions.Place(ctx, one.reader, one.server, one.link); models.KindOf(err) != models.KindNotFound {
				k.t.Errorf("%s: error %v, want not found", what, err)
			}
		}
		_, err := k.Televisions.SignIn(ctx, other.session, p.m.ID, link, "123456", home)
		k.is(err, models.ErrNotFound)
		_, err = p.signIn(k, p.guest, "12345")
		k.is(err, fieldError("code", "quick_code_invalid"))
		asked, err := p.signIn(k, p.guest, "123456")
		k.must(err)
		k.must(k.People.Remove(ctx, p.owner.ID, p.m.ID, link))
		if open := k.openQuick(p.m); len(open) > 0 {
			k.t.Errorf("the agent gets %+v, want nothing after the link has ended", open)
		}
		got, err := k.Televisions.Get(ctx, p.owner.ID, p.m.ID, asked.ID)
		k.must(err)
		if got.State != models.QuickFailed || got.Reason != models.QuickNotAllowed {
			k.t.Errorf("the owner reads %+v, want it failed", got)
		}
	})
}

// The owner has a limited number of tries in an hour.
func TestTelevisionTriesAreLimited(t *testing.T) {
	eachInvite(t, func(k *kit) {
		p := k.parlour(models.TelevisionsGuests)
		most := models.ProductionLimits().QuickHour.Hits
		for i := range most + 1 {
			k.clock.Advance(2 * time.Minute)
			_, err := p.signIn(k, p.guest, []string{"123456", "654321"}[i%2])
			if limited := models.KindOf(err) == models.KindThrottled; limited != (i == most) {
				k.t.Fatalf("try %d has the error %v, want %d tries", i+1, err, most)
			}
		}
	}, limitedQuick)
}
