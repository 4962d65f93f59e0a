package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// A member who leaves a server and comes back finds the same things locked as before. The member cannot leave without a
// guardian while something is locked.
func TestUnlockLeaveAndComeBack(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(false)
		guardian := k.account()
		kim := k.child(guardian)
		k.must(k.PINs.Set(ctx, guardian.ID, "", guardianPIN, home))
		_, link := k.inviteLink(h.owner, models.NewInvite{Uses: 5}, h.m)
		k.must(k.InviteLinks.Accept(ctx, kim.ID, link, home))
		k.must(k.Holds.Set(ctx, guardian.ID, kim.ID, h.m.ID, &models.Level{MaxRating: &models.LevelRating{Value: 6}}, "", home))
		k.must(k.Protections.SetLink(ctx, h.owner.ID, h.m.ID, k.linkIDOf(h.m, kim.ID), &models.LinkProtection{PINRequired: true, Everyday: cartoons()}, home))
		k.opened(guardian.ID, kim.ID, guardianPIN, h.m.ID)
		k.is(k.Links.Remove(ctx, kim.ID, k.linkIDOf(h.m, kim.ID), home), models.ErrGuardianOnly)
		k.must(k.Members.RemoveLink(ctx, guardian.ID, kim.ID, k.linkIDOf(h.m, kim.ID), home))
		k.must(k.InviteLinks.Accept(ctx, kim.ID, link, home))
		l := k.levelsOf(h.m, kim.ID)
		if l == nil || l.Everyday == nil || !l.PINRequired || l.Everyday.MaxRating.Value != 6 || l.Unlock != nil {
			k.t.Errorf("after leaving and coming back the levels are %+v, want those of before and nothing open", l)
		}
	})
}

// A person whose PIN was removed cannot unlock things again by leaving the server and coming back.
func TestUnlockStoppedAndComesBack(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(true)
		k.must(k.PINs.Remove(ctx, h.guest.ID, guestPIN, home))
		k.must(k.PINs.Set(ctx, h.guest.ID, "", "8305", home))
		_, link := k.inviteLink(h.owner, models.NewInvite{Uses: 5}, h.m)
		k.must(k.Links.Remove(ctx, h.guest.ID, k.linkIDOf(h.m, h.guest.ID), home))
		k.must(k.InviteLinks.Accept(ctx, h.guest.ID, link, home))
		k.unlockFails(h.guest.ID, 0, "8305", models.ErrUnlockStopped, h.m.ID)
	})
}

func TestUnlockAndRestore(t *testing.T) {
	each(t, func(k *kit) {
		h := k.protectedHome(true)
		k.opened(h.guest.ID, 0, guestPIN, h.m.ID) // the backup is made here
		k.clock.Advance(time.Minute)
		k.must(k.Restores.Declare(k.t.Context()))
		_, err := k.Restores.Finish(k.t.Context())
		k.must(err)
		k.shut(h, "the database was restored")
	})
}

// When somebody else confirms the address of a newcomer, the PIN of the newcomer ends, and so do the
// unlocks that it has opened.
func TestUnlockOfANewcomer(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(true)
		_, link := k.inviteLink(h.owner, models.NewInvite{}, h.m)
		mallory, _ := k.newcomer(newName(), link)
		k.must(k.PINs.Set(ctx, mallory.ID, "", "8305", home))
		k.opened(mallory.ID, 0, "8305", h.m.ID)
		_, err := k.Emails.ConfirmChange(ctx, k.letter(models.MailEmailConfirm, addressOf(mallory.Username)).Secret, 0, home)
		k.must(err)
		if k.isOpen(h.m, mallory.ID) {
			k.t.Error("the unlock is open, want it shut with its PIN")
		}
		k.must(k.PINs.Set(ctx, mallory.ID, "", "8306", home))
		k.unlockFails(mallory.ID, 0, "8306", models.ErrUnlockStopped, h.m.ID)
	})
}

// Nothing is open before the time at which it was opened: a clock that is set back does not make an unlock longer
// than it was.
func TestUnlockWhenTheClockIsSetBack(t *testing.T) {
	each(t, func(k *kit) {
		h := k.protectedHome(true)
		k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
		k.clock.Advance(-time.Minute)
		k.shut(h, "the clock is before the unlock")
	})
}

// If a person removes their PIN while the operator has disabled a server, a new PIN unlocks nothing
// at that server after the operator has enabled it again.
func TestUnlockAtADisabledServer(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(true)
		k.must(k.OperatedServers.Disable(ctx, models.CommandLine, h.m.ID))
		k.must(k.PINs.Remove(ctx, h.guest.ID, guestPIN, home))
		k.must(k.OperatedServers.Enable(ctx, models.CommandLine, h.m.ID))
		k.must(k.PINs.Set(ctx, h.guest.ID, "", "8305", home))
		k.unlockFails(h.guest.ID, 0, "8305", models.ErrUnlockStopped, h.m.ID)
	})
}

// A person learns no names of what their link does not show.
func TestHoldNames(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(false)
		few := k.guestWith(h.owner, h.m, "l-films")
		k.must(k.Protections.Set(ctx, h.owner.ID, h.m.ID, models.Protection{
			Active: true, Everyday: models.Level{Libraries: []string{"l-films", "l-series"}, BlockedTags: []string{"war"}}, Unlocked: &models.Level{},
		}, home))
		place, err := k.Holds.Get(ctx, few.ID, few.ID, h.m.ID)
		k.must(err)
		if len(place.Libraries) != 1 || len(place.Choices.Folders) != 0 || len(place.Choices.Tags) != 0 {
			k.t.Errorf("a guest of one library is offered %+v and %+v, want that library alone", place.Libraries, place.Choices)
		}
		told := place.Everyday.Told(place.Libraries)
		if len(told.Libraries) != 1 || told.BlockedTags != nil {
			k.t.Errorf("the guest reads %+v, want one library and no tags", told)
		}
	})
}

// A person tries to unlock two servers at once, and the second one makes them wait. Then no PIN is
// compared, and the try does not count at the first one.
func TestUnlockTriesAreGivenBack(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(true)
		second := k.agent(h.owner)
		_, link := k.inviteLink(h.owner, models.NewInvite{Uses: 5}, second)
		k.must(k.InviteLinks.Accept(ctx, h.guest.ID, link, home))
		k.must(k.Protections.Set(ctx, h.owner.ID, second.ID, models.Protection{Active: true, PINRequired: true}, home))
		for range 3 {
			k.unlockFails(h.guest.ID, 0, "9413", fieldError("pin", "current_pin_wrong"), second.ID)
		}
		for range 4 {
			k.unlockFails(h.guest.ID, 0, guestPIN, models.ErrUnlockThrottled, h.m.ID, second.ID)
		}
		k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
	})
}

// An unlock that has ended stays ended, also when the clock of the service is set back after the end.
func TestEndedUnlockStaysEnded(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(true)
		k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
		k.clock.Advance(50 * time.Minute)
		k.must(k.EndUnlocks(ctx))
		if !k.isOpen(h.m, h.guest.ID) {
			k.t.Fatal("the unlock is shut after 50 minutes, want it open for an hour")
		}
		k.clock.Advance(10 * time.Minute)
		k.must(k.EndUnlocks(ctx))
		k.clock.Advance(-30 * time.Minute)
		k.shut(h, "the clock was set back after the end")
		if list, err := k.Unlocks.List(ctx, h.guest.ID, h.guest.ID); err != nil || list[0].UnlockID != 0 {
			k.t.Errorf("the person sees %+v with error %v, want nothing open", list, err)
		}
		if e := k.opened(h.guest.ID, 0, guestPIN, h.m.ID); !k.isOpen(h.m, h.guest.ID) || e.UnlockID == 0 {
			k.t.Error("a new unlock is shut, want it open")
		}
	})
}
