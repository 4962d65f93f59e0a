package models_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

func TestUnlock(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(false)
		levels := k.levelsOf(h.m, h.guest.ID)
		if diff := cmp.Diff(cartoons(), *levels.Everyday); diff != "" || levels.Unlocked == nil || levels.Unlock != nil || levels.PINRequired {
			k.t.Errorf("got the levels %+v (-want +got: %s), want cartoons and nothing open", levels, diff)
		}
		before := k.last(h.m)
		one := k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
		if one.UnlockID == 0 || !one.EndsAt.Equal(k.Now().Add(time.Hour)) || one.ServerID != h.m.ID {
			k.t.Errorf("got the unlock %+v, want one for an hour", one)
		}
		if k.last(h.m) == before || !k.isOpen(h.m, h.guest.ID) {
			k.t.Error("the agent does not learn of the unlock, want a change with it")
		}
		checked, err := k.Agents.Check(ctx, h.m.Server, models.ShownKey{Hash: secret.Sum(k.keyOf(h.m)), AccountID: h.guest.ID})
		k.must(err)
		if checked.Levels == nil || checked.Levels.Unlock == nil {
			k.t.Errorf("the check of the access key has the levels %+v, want the open unlock", checked.Levels)
		}
		again := k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
		k.is(k.Unlocks.Close(ctx, h.guest.ID, one.UnlockID, home), models.ErrNotFound) // the later one has replaced it
		k.is(k.Unlocks.Close(ctx, h.owner.ID, again.UnlockID, home), models.ErrNotFound)
		k.must(k.Unlocks.Close(ctx, h.guest.ID, again.UnlockID, home))
		if k.isOpen(h.m, h.guest.ID) {
			k.t.Error("a closed unlock is open at the agent")
		}
		k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
		k.clock.Advance(time.Hour)
		if list, err := k.Unlocks.List(ctx, h.guest.ID, h.guest.ID); err != nil || len(list) != 1 || list[0].UnlockID != 0 || k.isOpen(h.m, h.guest.ID) {
			k.t.Errorf("after an hour: %+v, %v; want nothing open", list, err)
		}
		if k.eventOf(h.guest.ID, models.EventUnlocked).Subject == "" || k.eventOf(h.guest.ID, models.EventLocked).Subject == "" {
			k.t.Error("the history does not name the server")
		}
	})
}

func TestUnlockRefused(t *testing.T) {
	each(t, func(k *kit) {
		h := k.protectedHome(false)
		stranger, other := k.account(), k.agent(k.account())
		k.unlockFails(h.guest.ID, 0, guestPIN, fieldError("server_ids", "unlock_server"), other.ID)
		k.unlockFails(h.guest.ID, 0, guestPIN, fieldError("server_ids", "unlock_server"))
		k.unlockFails(h.guest.ID, 0, "", fieldError("pin", "field_required"), h.m.ID)
		k.unlockFails(h.guest.ID, 0, "no", fieldError("pin", "current_pin_invalid"), h.m.ID)
		k.unlockFails(stranger.ID, h.guest.ID, guestPIN, models.ErrNotFound, h.m.ID)
		for _, long := range []time.Duration{0, time.Second, models.UnlockLongest + time.Second} {
			_, err := k.Unlocks.Open(k.t.Context(), h.guest.ID, models.Unlock{ServerIDs: []int64{h.m.ID}, PIN: guestPIN, For: long}, home)
			k.is(err, fieldError("minutes", "unlock_minutes"))
		}
		bare := k.guestWith(h.owner, h.m)
		k.unlockFails(bare.ID, 0, "1", models.ErrPINNotSet, h.m.ID)
		k.must(k.Protections.Set(k.t.Context(), h.owner.ID, h.m.ID, models.Protection{Active: true, Everyday: cartoons()}, home))
		k.unlockFails(h.guest.ID, 0, guestPIN, models.ErrNothingToUnlock, h.m.ID)
		k.must(k.Protections.Set(k.t.Context(), h.owner.ID, h.m.ID, models.Protection{}, home))
		k.unlockFails(h.guest.ID, 0, guestPIN, models.ErrNothingToUnlock, h.m.ID)
		if k.levelsOf(h.m, h.guest.ID) != nil {
			k.t.Error("protection is off, and the agent gets levels")
		}
	})
}

// Three wrong PINs stop the unlocks of that link; the account's own count goes on.
func TestUnlockTries(t *testing.T) {
	each(t, func(k *kit) {
		h := k.protectedHome(true)
		second := k.agent(h.owner)
		_, err := k.Invites.Create(k.t.Context(), h.owner.ID, models.NewInvite{To: h.guest.Username, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: second.ID}}}, home)
		k.must(err)
		received, err := k.Invites.Received(k.t.Context(), h.guest.ID)
		k.must(err)
		k.must(k.Invites.Accept(k.t.Context(), h.guest.ID, received[0].ID, home))
		k.must(k.Protections.Set(k.t.Context(), h.owner.ID, second.ID, models.Protection{Active: true, PINRequired: true}, home))
		for left := 2; left >= 0; left-- { // of the three tries at this server, and not of the five of the account
			_, err := k.unlock(h.guest.ID, 0, "9413", h.m.ID)
			k.is(err, fieldError("pin", "current_pin_wrong"))
			if wrong, _ := errors.AsType[*models.Error](err); wrong.Params["Left"] != strconv.Itoa(left) {
				k.t.Errorf("the person is told of %s more tries, want %d", wrong.Params["Left"], left)
			}
		}
		k.unlockFails(h.guest.ID, 0, guestPIN, models.ErrUnlockThrottled, h.m.ID)
		k.opened(h.guest.ID, 0, guestPIN, second.ID)
		k.unlockFails(h.guest.ID, 0, guestPIN, models.ErrUnlockThrottled, h.m.ID, second.ID)
		k.clock.Advance(15 * time.Minute)
		k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
		for _, m := range []media{h.m, h.m, second, second, h.m} {
			k.unlockFails(h.guest.ID, 0, "9413", fieldError("pin", "current_pin_wrong"), m.ID)
		}
		k.unlockFails(h.guest.ID, 0, guestPIN, models.ErrPINThrottled, second.ID)
	})
}

// A PIN that is replaced, removed or switched off shuts what it has opened. One that was removed opens
// nothing again before the owner has allowed it.
func TestUnlockEndsWithThePIN(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(true)
		link := k.linkIDOf(h.m, h.guest.ID)
		k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
		k.must(k.PINs.Set(ctx, h.guest.ID, guestPIN, "8305", home))
		k.shut(h, "the PIN was replaced")
		k.opened(h.guest.ID, 0, "8305", h.m.ID)
		k.must(k.PINs.Remove(ctx, h.guest.ID, "8305", home))
		k.shut(h, "the PIN was removed")
		k.must(k.PINs.Set(ctx, h.guest.ID, "", guestPIN, home))
		k.unlockFails(h.guest.ID, 0, guestPIN, models.ErrUnlockStopped, h.m.ID)
		k.is(k.Protections.LetUnlock(ctx, h.guest.ID, h.m.ID, link, home), models.ErrNotFound)
		k.must(k.Protections.LetUnlock(ctx, h.owner.ID, h.m.ID, link, home))
		k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
		for range 10 {
			k.clock.Advance(4 * time.Minute)
			_ = k.PINs.Verify(ctx, h.guest.ID, "9413", home)
		}
		k.is(k.PINs.Verify(ctx, h.guest.ID, guestPIN, home), models.ErrPINOff)
		k.shut(h, "the PIN was switched off")
		k.unlockFails(h.guest.ID, 0, guestPIN, models.ErrPINOff, h.m.ID)
	})
}

// shut fails the test if something is open at the agent.
func (k *kit) shut(h protectedHome, why string) {
	k.t.Helper()
	if k.isOpen(h.m, h.guest.ID) {
		k.t.Errorf("%s: the unlock is open, want it shut", why)
	}
}

func TestUnlockForAMember(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(true)
		guardian := k.account()
		kim := k.child(guardian)
		k.must(k.PINs.Set(ctx, guardian.ID, "", guardianPIN, home))
		made, err := k.Invites.Create(ctx, h.owner.ID, models.NewInvite{To: kim.Username, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: h.m.ID, Libraries: chosen("l-films", "l-series")}}}, home)
		k.must(err)
		k.must(k.Members.AcceptInvite(ctx, guardian.ID, kim.ID, made.ID, home))
		k.must(k.Members.SetPIN(ctx, guardian.ID, kim.ID, teenPIN, home))
		h.guest.ID = kim.ID
		k.unlockFails(kim.ID, 0, teenPIN, models.ErrGuardianOnly, h.m.ID)
		k.is(k.Holds.Set(ctx, kim.ID, kim.ID, h.m.ID, nil, teenPIN, home), models.ErrGuardianOnly)
		k.unlockFails(guardian.ID, kim.ID, teenPIN, fieldError("pin", "current_pin_wrong"), h.m.ID)
		one := k.opened(guardian.ID, kim.ID, guardianPIN, h.m.ID)
		if event := k.eventOf(kim.ID, models.EventUnlocked); event.By != guardian.Username || !k.isOpen(h.m, kim.ID) {
			k.t.Errorf("the history says %+v, want the guardian", event)
		}
		k.must(k.Unlocks.Close(ctx, guardian.ID, one.UnlockID, home))
		k.opened(guardian.ID, kim.ID, guardianPIN, h.m.ID)
		k.must(k.OperatedAccounts.Disable(ctx, models.CommandLine, guardian.ID))
		k.shut(h, "the guardian was disabled")
		k.must(k.OperatedAccounts.Enable(ctx, models.CommandLine, guardian.ID))
		k.must(k.PINs.Remove(ctx, guardian.ID, guardianPIN, home))
		k.must(k.PINs.Set(ctx, guardian.ID, "", guardianPIN, home))
		k.opened(guardian.ID, kim.ID, guardianPIN, h.m.ID) // a guardian may always
		second := k.second(guardian)
		k.must(k.PINs.Set(ctx, second.ID, "", guestPIN, home))
		k.opened(second.ID, kim.ID, guestPIN, h.m.ID)
		k.must(k.Families.Leave(ctx, second.ID, home))
		k.shut(h, "the second guardian has left")
	})
}

func TestCeiling(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(false)
		guardian, stranger := k.account(), k.account()
		kim := k.child(guardian)
		made, err := k.Invites.Create(ctx, h.owner.ID, models.NewInvite{To: kim.Username, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: h.m.ID}}}, home)
		k.must(err)
		k.must(k.Members.AcceptInvite(ctx, guardian.ID, kim.ID, made.ID, home))
		k.is(k.Members.SetCeiling(ctx, stranger.ID, kim.ID, &models.Ceiling{Age: 6}, home), models.ErrNotFound)
		k.is(k.Members.SetCeiling(ctx, guardian.ID, kim.ID, &models.Ceiling{Age: models.CeilingMost + 1}, home), fieldError("age", "ceiling_age"))
		for _, row := range []struct{ age, everyday, unlocked int }{{6, 6, 6}, {12, 10, 12}} {
			k.must(k.Members.SetCeiling(ctx, guardian.ID, kim.ID, &models.Ceiling{Age: row.age, Unrated: true}, home))
			levels := k.levelsOf(h.m, kim.ID)
			if levels.Everyday.MaxRating.Value != row.everyday || levels.Unlocked.MaxRating.Value != row.unlocked || len(levels.Unlocked.Unrated) == 0 {
				k.t.Errorf("up to the age of %d: got %+v and %+v, want %d every day and %d unlocked", row.age, levels.Everyday, levels.Unlocked, row.everyday, row.unlocked)
			}
		}
		k.must(k.Protections.Set(ctx, h.owner.ID, h.m.ID, models.Protection{}, home))
		if levels := k.levelsOf(h.m, kim.ID); levels.Everyday.MaxRating.Value != 12 || levels.Unlocked != nil {
			k.t.Errorf("without protection: got %+v, want the ceiling alone", levels)
		}
		detail, err := k.Members.Get(ctx, guardian.ID, kim.ID)
		k.must(err)
		if detail.Ceiling == nil || detail.Ceiling.Age != 12 {
			k.t.Errorf("the guardian sees the ceiling %+v, want 12", detail.Ceiling)
		}
		k.must(k.Members.SetCeiling(ctx, guardian.ID, kim.ID, nil, home))
		if levels := k.levelsOf(h.m, kim.ID); levels != nil {
			k.t.Errorf("without a ceiling: got %+v, want nothing", levels)
		}
	})
}

func TestHold(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(false)
		k.must(k.Protections.Set(ctx, h.owner.ID, h.m.ID, models.Protection{}, home))
		set := func(hold *models.Level, pin string) error {
			return k.Holds.Set(ctx, h.guest.ID, h.guest.ID, h.m.ID, hold, pin, home)
		}
		films := &models.Level{HiddenLibraries: []string{"l-films"}}
		both := &models.Level{HiddenLibraries: []string{"l-films", "l-series"}, MaxRating: &models.LevelRating{Name: "PG", Value: 10}}
		k.is(set(&models.Level{HiddenLibraries: []string{"l-secret"}}, ""), fieldError("hold.hidden_libraries", "library_unknown"))
		k.is(set(&models.Level{MaxRating: &models.LevelRating{Name: "Nobody", Value: 3}}, ""), fieldError("hold.max_rating", "rating_unknown"))
		k.must(set(films, ""))
		k.must(set(both, "")) // stricter: no PIN
		k.is(set(films, ""), fieldError("pin", "field_required"))
		k.is(set(nil, "9413"), fieldError("pin", "current_pin_wrong"))
		if levels := k.levelsOf(h.m, h.guest.ID); len(levels.Everyday.HiddenLibraries) != 2 || levels.Unlocked == nil {
			k.t.Errorf("got %+v, want both libraries behind the PIN", levels)
		}
		k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
		k.must(set(films, guestPIN))
		k.must(k.PINs.Remove(ctx, h.guest.ID, guestPIN, home))
		k.must(k.PINs.Set(ctx, h.guest.ID, "", "8305", home))
		k.is(set(nil, "8305"), models.ErrUnlockStopped)
		k.must(k.Protections.LetUnlock(ctx, h.owner.ID, h.m.ID, k.linkIDOf(h.m, h.guest.ID), home))
		k.must(set(nil, "8305"))
		if levels := k.levelsOf(h.m, h.guest.ID); levels != nil {
			k.t.Errorf("got %+v, want no levels", levels)
		}
		bare := k.guestWith(h.owner, h.m, "l-films")
		k.is(k.Holds.Set(ctx, bare.ID, bare.ID, h.m.ID, films, "", home), models.ErrPINNotSet)
		k.is(k.Holds.Set(ctx, bare.ID, bare.ID, h.m.ID+1, films, "", home), models.ErrNotFound)
	})
}

func TestProtectionOfOnePerson(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(false)
		link, stranger := k.linkIDOf(h.m, h.guest.ID), k.account()
		own := &models.LinkProtection{PINRequired: true, Everyday: models.Level{Hours: []models.LevelHours{{Day: "Weekend", From: 480, To: 1200}}}}
		k.is(k.Protections.SetLink(ctx, stranger.ID, h.m.ID, link, own, home), models.ErrNotFound)
		k.is(k.Protections.SetLink(ctx, h.owner.ID, h.m.ID, link+1, own, home), models.ErrNotFound)
		k.must(k.Protections.SetLink(ctx, h.owner.ID, h.m.ID, link, own, home))
		if levels := k.levelsOf(h.m, h.guest.ID); !levels.PINRequired || len(levels.Everyday.Hours) != 1 || levels.Unlocked != nil || levels.Everyday.MaxRating != nil {
			k.t.Errorf("got %+v, want the person's own levels", levels)
		}
		k.must(k.Agents.TellLevels(ctx, h.m.Server, []models.LevelState{{LinkID: link, State: models.LevelEveryday, ByHand: []string{"max_rating", "odd"}, Problem: "odd"}}))
		got, err := k.Protections.Get(ctx, h.owner.ID, h.m.ID)
		k.must(err)
		if p := got.People[0]; len(got.People) != 1 || p.Own == nil || p.State != models.LevelEveryday || len(p.ByHand) != 1 || p.Problem != "" || !p.HasPIN {
			k.t.Errorf("the owner sees %+v, want own levels and a rating changed by hand", p)
		}
		if got.AgentLevels != models.LevelsGuests || len(got.Choices.Ratings) != 4 || !got.Choices.HidesFolders || len(got.Libraries) != 2 {
			k.t.Errorf("got %+v, want what the agent reported", got)
		}
		k.must(k.Protections.SetLink(ctx, h.owner.ID, h.m.ID, link, nil, home))
		if levels := k.levelsOf(h.m, h.guest.ID); levels.PINRequired || levels.Everyday.MaxRating == nil {
			k.t.Errorf("got %+v, want the defaults", levels)
		}
		_, err = k.Protections.Get(ctx, stranger.ID, h.m.ID)
		k.is(err, models.ErrNotFound)
		k.is(k.Agents.AskedUnlock(ctx, k.agent(stranger).Server, link, "TV", "App"), models.ErrNotFound)
		k.must(k.Agents.AskedUnlock(ctx, h.m.Server, link, "TV", "App"))
		list, err := k.Unlocks.List(ctx, h.guest.ID, h.guest.ID)
		k.must(err)
		if list[0].AskedDevice != "TV" || list[0].AskedClient != "App" || list[0].AskedAt.IsZero() {
			k.t.Errorf("got %+v, want the device that asked", list[0])
		}
	})
}

// A name that the server has lost stays, so that the owner can keep it; a new one must exist.
func TestProtectionNames(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(false)
		in := report()
		in.Levels, in.Choices = models.LevelsLinked, &models.LevelChoices{}
		in.Libraries = in.Libraries[1:]
		k.report(k.again(h.m), in)
		set := func(l models.Level) error {
			return k.Protections.Set(ctx, h.owner.ID, h.m.ID, models.Protection{Active: true, Everyday: l, Unlocked: &models.Level{}}, home)
		}
		k.must(set(cartoons()))
		for field, level := range map[string]models.Level{
			"libraries": {Libraries: []string{"l-new"}}, "hidden_libraries": {HiddenLibraries: []string{"l-new"}}, "max_rating": {MaxRating: &models.LevelRating{Name: "G"}},
			"hidden_folders": {HiddenFolders: []string{"f-saga"}}, "types": {Types: []string{"films"}}, "unrated": {Unrated: []string{"Film"}}, "may_not": {MayNot: []string{"watch"}},
			"blocked_tags": {BlockedTags: []string{"a\nb"}}, "hours": {Hours: []models.LevelHours{{Day: "Everyday", From: 600, To: 600}}},
		} {
			err := set(level)
			if models.KindOf(err) != models.KindInvalid {
				k.t.Errorf("%s: got %v, want an error about the field", field, err)
				continue
			}
			wrong := err.(*models.Error) //nolint:errorlint // KindInvalid is always of this type
			if len(wrong.Fields) != 1 || wrong.Fields[0].Field != "everyday."+field {
				k.t.Errorf("%s: got errors about %+v, want everyday.%s", field, wrong.Fields, field)
			}
		}
		k.must(set(models.Level{MaxRating: &models.LevelRating{Value: 12}})) // an age needs no name
	})
}

// A person unlocks and locks things at the same time. The result is the state that the last of these
// calls has chosen, and no call returns an error.
func TestUnlocksAtOnce(t *testing.T) {
	each(t, func(k *kit) {
		ctx, h := k.t.Context(), k.protectedHome(true)
		link := k.linkIDOf(h.m, h.guest.ID)
		var all sync.WaitGroup
		errs := make(chan error, 64)
		for i := range 64 {
			all.Go(func() {
				var err error
				switch i % 3 {
				case 0:
					_, err = k.unlock(h.guest.ID, 0, guestPIN, h.m.ID)
				case 1:
					err = k.Protections.SetLink(ctx, h.owner.ID, h.m.ID, link, &models.LinkProtection{PINRequired: true, Unlocked: &models.Level{}}, home)
				default:
					var list []models.Unlockable
					if list, err = k.Unlocks.List(ctx, h.guest.ID, h.guest.ID); err == nil && list[0].UnlockID != 0 {
						if err = k.Unlocks.Close(ctx, h.guest.ID, list[0].UnlockID, home); models.KindOf(err) == models.KindNotFound {
							err = nil // another one was faster
						}
					}
				}
				errs <- err
			})
		}
		all.Wait()
		close(errs)
		for err := range errs {
			if err != nil && models.KindOf(err) != models.KindThrottled { // right PINs that are checked at once count as tries until they are found right
				k.t.Error(err)
			}
		}
		one := k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
		if !k.isOpen(h.m, h.guest.ID) {
			k.t.Error("the last one has opened, and the agent gets nothing open")
		}
		k.must(k.Unlocks.Close(ctx, h.guest.ID, one.UnlockID, home))
		k.shut(h, "the last one has closed")
	})
}
