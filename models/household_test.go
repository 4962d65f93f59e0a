package models_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// family is a guardian with a PIN, and two members, the first without and the second with a PIN.
type family struct {
	guardian, child, teen models.Account
}

const (
	guardianPIN = "8305"
	teenPIN     = "9413"
)

// householdFamily makes a family.
func (k *kit) householdFamily() family {
	k.t.Helper()
	f := family{k.account(), k.account(), k.account()}
	k.exec("UPDATE accounts SET guardian_id = ? WHERE id IN (?, ?)", f.guardian.ID, f.child.ID, f.teen.ID)
	k.must(k.PINs.Set(k.t.Context(), f.guardian.ID, "", guardianPIN, home))
	k.must(k.PINs.Set(k.t.Context(), f.teen.ID, "", teenPIN, home))
	return f
}

// switchTo switches from a session to an account.
func (k *kit) switchTo(from models.SignedIn, a models.Account, pin string) models.SignedIn {
	k.t.Helper()
	in, err := k.Households.Switch(k.t.Context(), from.Session, a.ID, pin, tv)
	k.must(err)
	return in
}

// switchFails fails the test unless a switch gets an error.
func (k *kit) switchFails(from models.SignedIn, a models.Account, pin string, want error) {
	k.t.Helper()
	_, err := k.Households.Switch(k.t.Context(), from.Session, a.ID, pin, tv)
	k.is(err, want)
}

// tiles returns the usernames of the people of a device.
func (k *kit) tiles(in models.SignedIn) []string {
	k.t.Helper()
	found, err := k.Households.List(k.t.Context(), in.Session)
	k.must(err)
	names := []string{}
	for _, one := range found.People {
		names = append(names, one.Username)
	}
	return names
}

// lives reports whether a switched or other session lives.
func (k *kit) lives(in models.SignedIn) bool {
	k.t.Helper()
	_, err := k.Sessions.Look(models.ForSwitched(k.t.Context()), in.Token)
	if err != nil {
		k.is(err, models.ErrNoSession)
	}
	return err == nil
}

// allEnd fails the test if one of the sessions lives.
func (k *kit) allEnd(sessions ...models.SignedIn) {
	k.t.Helper()
	for i, in := range sessions {
		if k.lives(in) {
			k.t.Errorf("session %d of %d lives, want it ended", i, len(sessions))
		}
	}
}

func TestHouseholdSwitches(t *testing.T) {
	each(t, func(k *kit) {
		f := k.householdFamily()
		first := k.onDevice(f.guardian, "tv-1")
		if diff := cmp.Diff([]string{f.guardian.Username, f.child.Username, f.teen.Username}, k.tiles(first)); diff != "" {
			k.t.Errorf("people (-want +got): %s", diff)
		}
		child := k.switchTo(first, f.child, "")
		if child.Session.AccountID != f.child.ID || !child.Session.Switched || child.Session.DeviceID != "tv-1" || child.Session.ExpiresAt.After(first.Session.ExpiresAt) {
			k.t.Errorf("got the session %+v, want a switched one of the child on the device", child.Session)
		}
		stranger := k.account()
		k.switchFails(child, stranger, "", models.ErrNotFound)
		k.switchFails(child, f.teen, "", fieldError("pin", "field_required"))
		k.switchFails(child, f.teen, "7264", fieldError("pin", "current_pin_wrong"))
		k.switchFails(child, f.teen, "no", fieldError("pin", "current_pin_invalid"))
		if !k.lives(child) {
			k.t.Error("the child's session ended by a wrong PIN, want it to live")
		}
		teen := k.switchTo(child, f.teen, teenPIN)
		k.allEnd(child) // a device shows one person at a time
		k.switchFails(child, f.child, "", models.ErrNoSession)
		k.switchFails(teen, f.guardian, "9999", fieldError("pin", "current_pin_wrong"))
		back := k.switchTo(teen, f.guardian, guardianPIN)
		if !back.Session.Switched {
			k.t.Error("a PIN alone gave a full session, want a switched one")
		}
		if !k.lives(first) {
			k.t.Error("the first session ended, want it to live")
		}
		found, err := k.Households.List(k.t.Context(), back.Session)
		k.must(err)
		if !found.Switched || found.Own.Username != f.guardian.Username || !found.People[0].Current || found.People[1].Current || found.People[1].HasPIN || !found.People[1].Member {
			k.t.Errorf("got the household %+v, want the guardian's own", found)
		}
		events, err := k.History.List(k.t.Context(), f.teen.ID, 1)
		k.must(err)
		if events[0].Kind != models.EventSwitchedTo {
			k.t.Errorf("the newest event is %s, want %s", events[0].Kind, models.EventSwitchedTo)
		}
		sessions := k.sessions(f.guardian.ID)
		if !slices.ContainsFunc(sessions, func(one models.Session) bool { return one.ID == back.Session.ID && one.Switched }) {
			k.t.Errorf("sessions %+v, want the switched one as what it is", sessions)
		}
		k.must(k.PINs.Remove(k.t.Context(), f.guardian.ID, guardianPIN, home))
		k.switchFails(first, f.guardian, "", models.ErrSwitchNeedsPIN)
		alone := k.onDevice(k.account(), "tv-2")
		k.switchFails(alone, f.child, "", models.ErrNotFound)
	})
}

// Every look-up refuses a switched session unless the request is open to it.
func TestSwitchedSessionIsRefused(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.householdFamily()
		first := k.signIn(f.guardian)
		child := k.switchTo(first, f.child, "")
		_, err := k.Sessions.Look(ctx, child.Token)
		k.is(err, models.ErrSwitched)
		_, err = k.Sessions.LookVisitor(ctx, child.Token)
		k.is(err, models.ErrSwitched)
		_, err = k.Sessions.LookUser(ctx, child.Token)
		k.is(err, models.ErrSwitched)
		_, err = k.Sessions.LookOwnAccount(ctx, child.Token)
		k.is(err, models.ErrSwitched)
		_, _, err = k.Sessions.LookTag(ctx, child.Token)
		k.is(err, models.ErrSwitched)
		open := models.ForSwitched(ctx)
		user, err := k.Sessions.LookUser(open, child.Token)
		k.must(err)
		if user.Username != f.child.Username || user.Email != "" {
			k.t.Errorf("got the user %+v, want the child without an address", user)
		}
		visitor, err := k.Sessions.LookVisitor(open, child.Token)
		k.must(err)
		if !visitor.Switched || visitor.AccountID != f.child.ID {
			k.t.Errorf("got the visitor %+v, want a switched one", visitor)
		}
		k.is(k.Households.Join(ctx, child.Session, first.Token), models.ErrSwitched)
		k.is(k.Households.LeaveOut(ctx, child.Session, true), models.ErrSwitched)
	})
}

// A grown person is one of the people of a household only on devices on which they signed in and
// proved the device.
func TestHouseholdOfGrownPeople(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.householdFamily()
		first := k.onDevice(f.guardian, "tv-1")
		child := k.switchTo(first, f.child, "")
		aunt := k.account()
		in := k.onDevice(aunt, "tv-1") // the same device id alone means nothing
		k.switchFails(child, aunt, "", models.ErrNotFound)
		k.is(k.Households.Join(ctx, in.Session, "nonsense"), fieldError("session_token", "session_token_wrong"))
		k.is(k.Households.Join(ctx, in.Session, in.Token), fieldError("session_token", "session_token_wrong"))
		k.is(k.Households.Join(ctx, in.Session, k.signIn(aunt).Token), fieldError("session_token", "session_token_wrong"))
		k.must(k.Households.Join(ctx, in.Session, child.Token))
		k.must(k.Households.Join(ctx, in.Session, first.Token)) // once more changes nothing
		if diff := cmp.Diff([]string{f.guardian.Username, f.child.Username, f.teen.Username, aunt.Username}, k.tiles(in)); diff != "" {
			k.t.Errorf("people (-want +got): %s", diff)
		}
		k.switchFails(child, aunt, "", models.ErrSwitchNeedsPIN)
		k.must(k.PINs.Set(ctx, aunt.ID, "", "7264", home))
		asAunt := k.switchTo(child, aunt, "7264")
		k.is(k.Households.Join(ctx, in.Session, k.onDevice(k.account(), "tv-3").Token), models.ErrHouseholdMember)

		k.must(k.Households.LeaveOut(ctx, in.Session, true))
		k.allEnd(asAunt)
		k.switchFails(first, aunt, "7264", models.ErrNotFound)
		k.must(k.Households.LeaveOut(ctx, in.Session, false))
		k.must(k.Households.LeaveOut(ctx, first.Session, true))
		if diff := cmp.Diff([]string{f.child.Username, f.teen.Username, aunt.Username}, k.tiles(first)); diff != "" {
			k.t.Errorf("people without the guardian (-want +got): %s", diff)
		}
		asAunt = k.switchTo(first, aunt, "7264")

		// The guardian signs in once more: the others stay.
		anew := k.onDevice(f.guardian, "another")
		k.must(k.Households.Join(ctx, anew.Session, asAunt.Token))
		k.allEnd(first)
		if !k.lives(in) || !k.lives(asAunt) || len(k.tiles(anew)) != 4 {
			k.t.Errorf("people %v after the guardian signed in once more, want all four", k.tiles(anew))
		}
		again := k.onDevice(aunt, "more")
		k.must(k.Households.Join(ctx, again.Session, anew.Token))
		k.allEnd(in, asAunt)

		k.must(k.Sessions.End(ctx, aunt.ID, again.Session.ID, home))
		if len(k.tiles(anew)) != 3 {
			k.t.Errorf("people %v after the aunt left, want three", k.tiles(anew))
		}
		for range 10 {
			k.must(k.Households.Join(ctx, k.onDevice(k.account(), "many").Session, anew.Token))
		}
		k.is(k.Households.Join(ctx, k.onDevice(aunt, "full").Session, anew.Token), models.ErrHouseholdFull)
	}, modelstest.Unlimited)
}

// Everything that ends the first session of a device, or the right to switch to a person, also ends
// the sessions that depend on it.
func TestHouseholdEnds(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		for name, end := range map[string]func(f family, first, child models.SignedIn) error{
			"the child signs the device out": func(_ family, _, child models.SignedIn) error {
				return k.Sessions.SignOut(models.ForSwitched(ctx), child.Token, tv)
			},
			"the guardian signs it out": func(_ family, first, _ models.SignedIn) error { return k.Sessions.SignOut(ctx, first.Token, tv) },
			"the guardian ends it": func(f family, first, _ models.SignedIn) error {
				return k.Sessions.End(ctx, f.guardian.ID, first.Session.ID, home)
			},
			"the guardian signs out everywhere": func(f family, _, _ models.SignedIn) error { return k.Sessions.EndAll(ctx, f.guardian.ID, home) },
			"the guardian ends the others": func(f family, _, _ models.SignedIn) error {
				return k.Sessions.EndOthers(ctx, k.signIn(f.guardian).Session, home)
			},
			"the guardian has a new password": func(f family, _, _ models.SignedIn) error {
				_, err := k.Accounts.ChangePassword(ctx, k.signIn(f.guardian).Session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
				return err
			},
			"the guardian is disabled": func(f family, _, _ models.SignedIn) error { return k.Operators.Disable(ctx, f.guardian.Username) },
			"the guardian is deleted":  func(f family, _, _ models.SignedIn) error { return k.Operators.Delete(ctx, f.guardian.Username) },
			"the guardian is deleted with the members": func(f family, _, _ models.SignedIn) error {
				return k.Accounts.DeleteWithMembers(ctx, f.guardian.ID, goodPassword, home)
			},
			"a browser signs in anew": func(f family, _, child models.SignedIn) error {
				_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: f.guardian.Username, Password: goodPassword, OldToken: child.Token}, home)
				return err
			},
			"it runs out": func(_ family, _, _ models.SignedIn) error {
				k.clock.Advance(400 * 24 * time.Hour)
				return k.Sweep(ctx)
			},
		} {
			k.run(name, func(k *kit) {
				f := k.householdFamily()
				first := k.onDevice(f.guardian, "tv-1")
				child := k.switchTo(first, f.child, "")
				k.must(end(f, first, child))
				k.allEnd(first, child)
				if rows := k.texts("SELECT id FROM sessions WHERE id IN (?, ?)", first.Session.ID, child.Session.ID); len(rows) != 0 {
					k.t.Errorf("%d rows stay, want none", len(rows))
				}
			})
		}
		for name, end := range map[string]func(f family) error{
			"the child is let go": func(f family) error {
				k.exec("UPDATE accounts SET guardian_id = NULL WHERE id = ?", f.child.ID)
				return nil
			},
			"the child has another guardian": func(f family) error {
				k.exec("UPDATE accounts SET guardian_id = ? WHERE id = ?", f.teen.ID, f.child.ID)
				return nil
			},
			"the child is deleted":           func(f family) error { return k.Operators.Delete(ctx, f.child.Username) },
			"the child is disabled":          func(f family) error { return k.Operators.Disable(ctx, f.child.Username) },
			"the child's sessions are ended": func(f family) error { return k.Sessions.EndAll(ctx, f.child.ID, home) },
		} {
			k.run(name, func(k *kit) {
				f := k.householdFamily()
				first := k.onDevice(f.guardian, "tv-1")
				child := k.switchTo(first, f.child, "")
				k.must(end(f))
				k.allEnd(child)
				if !k.lives(first) {
					k.t.Error("the guardian's session ended, want it to live")
				}
			})
		}
	})
}

// The use of a switched session keeps the sessions alive on which the switched session depends.
func TestSwitchedSessionKeepsItsHousehold(t *testing.T) {
	each(t, func(k *kit) {
		f := k.householdFamily()
		first := k.signIn(f.guardian)
		child := k.switchTo(first, f.child, "")
		for range 4 {
			k.clock.Advance(6 * 24 * time.Hour)
			if !k.lives(child) {
				k.t.Fatal("the switched session ended, want it to live")
			}
			k.must(k.Sessions.Flush(k.t.Context()))
			k.must(k.Sweep(k.t.Context()))
		}
		if !k.lives(first) {
			k.t.Error("the first session ran out while the child watched, want it to live")
		}
		k.clock.Advance(7 * 24 * time.Hour) // the first session ends, so the switched one does
		k.allEnd(first, child)
	})
}

// Wrong PINs count by account, through however many devices.
func TestSwitchCountsWrongPINs(t *testing.T) {
	each(t, func(k *kit) {
		f := k.householdFamily()
		one, other := k.onDevice(f.guardian, "tv-1"), k.onDevice(f.guardian, "tv-2")
		for i := range 5 {
			from := one
			if i%2 == 1 {
				from = other
			}
			k.switchFails(from, f.teen, "7264", fieldError("pin", "current_pin_wrong"))
		}
		k.switchFails(other, f.teen, teenPIN, models.ErrPINThrottled)
		k.switchTo(other, f.child, "") // another person is not hindered
		k.clock.Advance(16 * time.Minute)
		for range 4 {
			k.switchFails(one, f.teen, "7264", fieldError("pin", "current_pin_wrong"))
		}
		k.switchFails(one, f.teen, "7264", models.ErrPINOff)
		k.clock.Advance(48 * time.Hour)
		k.switchFails(other, f.teen, teenPIN, models.ErrPINOff) // it never counts as absent
		k.switchFails(other, f.teen, "", models.ErrPINOff)
	})
}

// Somebody who holds a device cannot switch without end.
func TestSwitchesAreCounted(t *testing.T) {
	each(t, func(k *kit) {
		f := k.householdFamily()
		first := k.onDevice(f.guardian, "tv-1")
		k.switchTo(first, f.child, "")
		k.switchTo(first, f.child, "")
		k.switchFails(first, f.child, "", models.ErrThrottled)
	}, func(o *models.Options) { o.Limits.SwitchQuarter.Hits = 2 })
}

// Parallel switches leave one switched session, and the one that was opened last lives.
func TestFaultRacesForSwitches(t *testing.T) {
	each(t, func(k *kit) {
		f := k.householdFamily()
		first := k.onDevice(f.guardian, "tv-1")
		opened := make([]models.SignedIn, many)
		for _, err := range parallel(many, func(i int) (err error) {
			to, pin := f.child, ""
			if i%8 == 0 {
				to, pin = f.teen, teenPIN
			}
			opened[i], err = k.Households.Switch(k.t.Context(), first.Session, to.ID, pin, tv)
			return err
		}) {
			k.must(err)
		}
		living := 0
		for _, in := range opened {
			if k.lives(in) {
				living++
			}
		}
		rows := k.texts("SELECT id FROM sessions WHERE household_id = ?", first.Session.ID)
		if living != 1 || len(rows) != 1 || !k.lives(first) {
			k.t.Errorf("%d switched sessions live in %d rows, want one", living, len(rows))
		}
	}, modelstest.Unlimited)
}

// A session that is signed out while people switch leaves nothing behind.
func TestFaultRacesForSignOutAndSwitches(t *testing.T) {
	each(t, func(k *kit) {
		f := k.householdFamily()
		first := k.onDevice(f.guardian, "tv-1")
		for _, err := range parallel(many, func(i int) error {
			if i == many/2 {
				return k.Sessions.SignOut(k.t.Context(), first.Token, tv)
			}
			_, err := k.Households.Switch(k.t.Context(), first.Session, f.child.ID, "", tv)
			if models.KindOf(err) == models.KindUnauthenticated {
				return nil
			}
			return err
		}) {
			k.must(err)
		}
		if rows := k.texts("SELECT id FROM sessions WHERE household_id = ? OR id = ?", first.Session.ID, first.Session.ID); len(rows) != 0 {
			k.t.Errorf("%d rows stay, want none", len(rows))
		}
	}, modelstest.Unlimited)
}

// A switched session gets the keys of its own person, and they end with it.
func TestSwitchedSessionHasItsKeys(t *testing.T) {
	eachInvite(t, func(k *kit) {
		m, child, _, _ := k.keyHome()
		guardian := k.account()
		k.exec("UPDATE accounts SET guardian_id = ? WHERE id = ?", guardian.ID, child.ID)
		first := k.onDevice(guardian, "tv-9")
		in := k.switchTo(first, child, "")
		key := k.toldKey(in)
		k.must(k.checks(m, key, child.ID))
		last := k.changes(m, 0)
		after := last[len(last)-1].Seq
		again := k.switchTo(in, child, "")
		if ended, alone := k.endedKeys(m, after); !slices.Equal(ended, []int64{in.Session.ID}) || len(alone) != 0 {
			k.t.Errorf("ended %v and %v, want the switched session", ended, alone)
		}
		k.is(k.checks(m, key, child.ID), models.ErrAccessKeyWrong)
		last = k.changes(m, 0)
		after = last[len(last)-1].Seq
		key = k.toldKey(again)
		k.must(k.checks(m, key, 0))
		k.exec("UPDATE accounts SET guardian_id = NULL WHERE id = ?", child.ID)
		k.is(k.checks(m, key, 0), models.ErrAccessKeyWrong)
		k.must(k.Sessions.SignOut(k.t.Context(), first.Token, tv))
		if ended, _ := k.endedKeys(m, after); !slices.Equal(ended, []int64{again.Session.ID}) {
			k.t.Errorf("ended %v, want the switched session", ended)
		}
	})
}
