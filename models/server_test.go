package models_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func TestAddressesKeepTheirOrder(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.server(owner)
		const lan, wan, own = "http://192.168.1.2:8096", "http://media.example.test:8096", "https://den.example.org:443"
		list := func(want string) {
			k.t.Helper()
			if got := urls(k.detail(owner, m).Addresses); got != want {
				k.t.Errorf("addresses are %s\nwant %s", got, want)
			}
		}
		report := func(wan ...string) {
			k.t.Helper()
			_, err := k.Registrations.Update(ctx, m.Server, models.Registration{WAN: wan, LAN: den.LAN})
			k.must(err)
		}
		list(lan + " " + wan)
		k.must(k.addAddress(owner, m, "https://den.example.org"))
		list(lan + " " + wan + " " + own)
		k.isKind(k.addAddress(owner, m, own), models.KindConflict)
		k.isKind(k.addAddress(owner, m, "nonsense"), models.KindInvalid)
		k.must(k.Addresses.Move(ctx, owner.ID, m.ID, k.addressID(owner, m, own), true))
		k.must(k.Addresses.Move(ctx, owner.ID, m.ID, k.addressID(owner, m, own), true))
		k.must(k.Addresses.Move(ctx, owner.ID, m.ID, k.addressID(owner, m, own), true)) // the first address cannot move up
		list(own + " " + lan + " " + wan)
		k.must(k.Addresses.Move(ctx, owner.ID, m.ID, k.addressID(owner, m, lan), false))
		list(own + " " + wan + " " + lan)
		k.must(k.Addresses.Hide(ctx, owner.ID, m.ID, k.addressID(owner, m, lan), true))
		report(wan)
		list(own + " " + wan + " (" + lan + ")")
		// A new address comes last, and an address that is no longer reported is deleted.
		report("http://203.0.113.9:8096")
		list(own + " (" + lan + ") http://203.0.113.9:8096")
		// A hidden address is still hidden when it is reported again.
		_, err := k.Registrations.Update(ctx, m.Server, models.Registration{WAN: []string{wan}})
		k.must(err)
		report(wan)
		list(own + " (" + lan + ") " + wan)
		if got := k.located(k.linked(m), models.LinkAccepted); len(got) != 1 || urls(got[0].Addresses) != own+" "+wan {
			k.t.Errorf("the guest sees the servers %+v, want one with its visible addresses", got)
		}
		k.must(k.Addresses.Hide(ctx, owner.ID, m.ID, k.addressID(owner, m, lan), false))
		k.must(k.Addresses.Remove(ctx, owner.ID, m.ID, k.addressID(owner, m, own)))
		list(lan + " " + wan)
		k.is(k.Addresses.Remove(ctx, owner.ID, m.ID, 7), models.ErrNotFound)
		k.is(k.Addresses.Move(ctx, owner.ID, m.ID, 7, true), models.ErrNotFound)
		k.is(k.Addresses.Hide(ctx, owner.ID, m.ID, 7, true), models.ErrNotFound)
	})
}

// linked returns a new account with an accepted link to a server.
func (k *kit) linked(m media) models.Account {
	k.t.Helper()
	a := k.account()
	k.link(m, a)
	return a
}

func TestServersBelongToTheirOwners(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, other := k.t.Context(), k.account(), k.account()
		m, theirs := k.server(owner), k.server(other)
		link := k.link(m, other)
		foreign := k.addressID(other, theirs, "http://192.168.1.2:8096")
		for what, do := range map[string]func() error{
			"get":                             func() error { _, err := k.Servers.Get(ctx, other.ID, m.ID); return err },
			"change nothing":                  func() error { return k.Servers.Change(ctx, other.ID, m.ID, models.ServerChange{}) },
			"rename":                          func() error { return k.Servers.Change(ctx, other.ID, m.ID, models.ServerChange{OwnName: new("Mine")}) },
			"add address":                     func() error { return k.addAddress(other, m, "http://a.test") },
			"move address":                    func() error { return k.Addresses.Move(ctx, owner.ID, m.ID, foreign, true) },
			"hide address":                    func() error { return k.Addresses.Hide(ctx, owner.ID, m.ID, foreign, true) },
			"remove address":                  func() error { return k.Addresses.Remove(ctx, owner.ID, m.ID, foreign) },
			"rotate":                          func() error { _, err := k.ServerKeys.Rotate(ctx, other.ID, m.ID, home); return err },
			"hand over":                       func() error { return k.Servers.HandOver(ctx, other.ID, m.ID, other.Username, home) },
			"hand over to nobody":             func() error { return k.Servers.HandOver(ctx, other.ID, m.ID, "nobody", home) },
			"remove":                          func() error { return k.Servers.Remove(ctx, other.ID, m.ID, home) },
			"remove person":                   func() error { return k.People.Remove(ctx, other.ID, m.ID, link.ID) },
			"remove person of another server": func() error { return k.People.Remove(ctx, other.ID, theirs.ID, link.ID) },
		} {
			if err := do(); !errors.Is(err, models.ErrNotFound) {
				k.t.Errorf("%s: got %v, want not found", what, err)
			}
		}
		k.must(k.Servers.Change(ctx, owner.ID, m.ID, models.ServerChange{OwnName: new("  My \u202eden ")}))
		if got := k.detail(owner, m); got.Name != "My den" || got.ReportedName != "Den" {
			k.t.Errorf("got the name %q (reported %q), want \"My den\" (\"Den\")", got.Name, got.ReportedName)
		}
		if got := k.located(other, models.LinkAccepted); got[0].Server.Name != "My den" {
			k.t.Errorf("the guest sees the name %q, want \"My den\"", got[0].Server.Name)
		}
		k.must(k.Servers.Change(ctx, owner.ID, m.ID, models.ServerChange{OwnName: new("")}))
		if got := k.detail(owner, m); got.Name != "Den" {
			k.t.Errorf("got the name %q, want \"Den\"", got.Name)
		}
	})
}

func TestRotateKey(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.server(owner)
		next, err := k.ServerKeys.Rotate(ctx, owner.ID, m.ID, home)
		k.must(err)
		if next == m.key {
			k.t.Fatal("the rotation gave the same key, want a new one")
		}
		works := func(key string, want bool) {
			k.t.Helper()
			found, err := k.ServerKeys.Look(ctx, key)
			if want {
				k.must(err)
				if found.ID != m.ID {
					k.t.Error("the key belongs to another server, want the rotated one")
				}
				return
			}
			k.is(err, models.ErrNoServer)
		}
		works(m.key, true)
		works(next, true)
		k.clock.Advance(24*time.Hour - time.Millisecond)
		works(m.key, true)
		k.clock.Advance(time.Millisecond)
		works(m.key, false)
		works(next, true)
		k.is(k.Registrations.Claim(ctx, k.account().ID, m.ID, m.key, home), models.ErrNotFound) // a replaced key cannot claim the server
		k.must(k.Sweep(ctx))
		works(next, true)
		if n := k.texts("SELECT COUNT(*) FROM server_keys WHERE server_id = ?", m.ID)[0][0]; n != "1" {
			k.t.Errorf("%s keys are left after the sweep, want 1", n)
		}
		if k.events(owner)[models.EventServerKeyRotated] != 1 {
			k.t.Error("the rotation is not in the history, want one event")
		}
	})
}

func TestHandOver(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, heir := k.t.Context(), k.account(), k.account()
		m := k.server(owner)
		guest := k.linked(m)
		k.letters()
		waiting := newName()
		k.signUp(waiting)
		gone := k.account()
		k.must(k.Operators.Disable(ctx, gone.Username))
		for _, name := range []string{"", "nobody", heir.Email, waiting, gone.Username} {
			err := k.Servers.HandOver(ctx, owner.ID, m.ID, name, home)
			k.isKind(err, models.KindInvalid)
			k.is(err, fieldError("username", "username_unknown"))
		}
		err := k.Servers.HandOver(ctx, owner.ID, m.ID, " "+strings.ToUpper(owner.Username), home)
		k.isKind(err, models.KindInvalid)
		k.is(err, fieldError("username", "username_own"))
		if k.events(owner)[models.EventServerHandedOver] != 0 {
			k.t.Error("a refused handing-over is in the history, want no event")
		}
		k.letters()
		k.must(k.Servers.HandOver(ctx, owner.ID, m.ID, strings.ToUpper(heir.Username), home))
		letter := k.letter(models.MailServerHandedOver, heir.Email)
		if letter.Facts.Person != owner.Username || letter.Facts.Server != "Den" {
			k.t.Errorf("the mail has the facts %v, want the previous owner and the server", letter.Facts)
		}
		if detail := k.detail(heir, m); detail.OwnerID != heir.ID || len(detail.Links) != 1 || detail.Links[0].AccountID != guest.ID {
			k.t.Errorf("got the server %+v, want the new owner and the guest's link", detail)
		}
		if k.events(owner)[models.EventServerHandedOver] != 1 || k.events(heir)[models.EventServerReceived] != 1 {
			k.t.Error("the handing-over is not in both histories, want one event each")
		}
		list, err := k.History.List(ctx, heir.ID, 1)
		k.must(err)
		if list[0].Address != "" || list[0].Device != "" {
			k.t.Errorf("the new owner sees the network address or device of the previous one in %+v, want neither", list[0])
		}
		_, err = k.Servers.Get(ctx, owner.ID, m.ID)
		k.is(err, models.ErrNotFound)
		_, err = k.ServerKeys.Look(ctx, m.key)
		k.must(err)
	})
}

func TestRemoveServer(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, kept := k.server(owner), k.server(owner)
		guest := k.linked(m)
		k.link(kept, guest)
		k.must(k.Servers.Remove(ctx, owner.ID, m.ID, home))
		_, err := k.ServerKeys.Look(ctx, m.key)
		k.is(err, models.ErrNoServer)
		if got := k.located(guest, models.LinkAccepted); len(got) != 1 || got[0].ServerID != kept.ID || len(got[0].Addresses) != 2 {
			k.t.Errorf("the guest's servers are %+v, want the other server with two addresses", got)
		}
		for _, table := range []string{"links", "server_keys", "servers"} {
			if n := k.texts("SELECT COUNT(*) FROM " + table)[0][0]; n != "1" {
				k.t.Errorf("%s rows left in %s, want 1", n, table)
			}
		}
		k.is(k.Servers.Remove(ctx, owner.ID, m.ID, home), models.ErrNotFound)
	})
}

func TestDisabledServer(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, open := k.server(owner), k.server(owner)
		guest, waits := k.linked(m), k.account()
		k.link(open, guest)
		asked := k.ask(m, waits)
		k.must(k.Servers.Change(ctx, owner.ID, m.ID, models.ServerChange{OwnName: new("My den")}))
		k.disableServer(m)
		_, err := k.ServerKeys.Look(ctx, m.key)
		k.is(err, models.ErrServerDisabled)
		if got := k.located(guest, models.LinkAccepted); len(got) != 1 || got[0].ServerID != open.ID {
			k.t.Errorf("got the servers %+v, want only the enabled one", got)
		}
		// A pending link is neither shown nor counted, and cannot be accepted.
		k.is(k.Links.Accept(ctx, waits.ID, asked.ID, home), models.ErrNotFound)
		if n, err := k.Links.Waiting(ctx, waits.ID); err != nil || n != 0 || len(k.located(waits, models.LinkPending)) != 0 {
			k.t.Errorf("%d pending links wait, error %v; want none counted and none listed", n, err)
		}
		_, err = k.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: owner.ID})
		k.is(err, models.ErrNotFound)
		// The people of the server still see it and can leave.
		list, err := k.Links.List(ctx, guest.ID, models.LinkAccepted)
		k.must(err)
		if len(list) != 2 || list[0].Server.Name != "My den" || !list[0].ServerDisabled || list[1].ServerDisabled || list[1].Server.Name != "Den" ||
			list[0].AccessKey != "" || !list[0].AcceptedAt.Equal(k.Now()) {
			k.t.Errorf("got the links %+v, want no access key and the time of now", list)
		}
		k.must(k.Links.Remove(ctx, guest.ID, list[0].ID, home))
		if list, err := k.Links.List(ctx, guest.ID, models.LinkAccepted); err != nil || len(list) != 1 {
			k.t.Errorf("got the links %+v with error %v, want one", list, err)
		}
		k.must(k.OperatedServers.Enable(ctx, models.CommandLine, m.ID))
		k.must(k.Links.Accept(ctx, waits.ID, asked.ID, home))
		// A server that an operator has disabled cannot be claimed.
		stray := k.stray()
		k.disableServer(stray)
		k.is(k.Registrations.Claim(ctx, owner.ID, stray.ID, stray.key, home), models.ErrNotFound)
		k.must(k.OperatedServers.Remove(ctx, models.CommandLine, stray.ID))
		k.is(k.Registrations.Claim(ctx, owner.ID, stray.ID, stray.key, home), models.ErrNotFound)
	})
}

// The owner of a server sees which of its people have a disabled account.
func TestOwnerSeesWhoIsDisabled(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.server(owner)
		fine, gone := k.linked(m), k.linked(m)
		k.must(k.Operators.Disable(ctx, gone.Username))
		active := map[int64]bool{}
		for _, link := range k.detail(owner, m).Links {
			active[link.AccountID] = link.Active
			if link.AccessKey != "" {
				k.t.Error("the owner sees an access key, want none")
			}
		}
		if diff := cmp.Diff(map[int64]bool{fine.ID: true, gone.ID: false}, active); diff != "" {
			k.t.Errorf("active links (-want +got): %s", diff)
		}
	})
}

// If a server gets three keys within a day, each replaced key works for 24 hours from its
// own replacement.
func TestRotatedKeysEndOneByOne(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.server(owner)
		rotate := func() string {
			key, err := k.ServerKeys.Rotate(ctx, owner.ID, m.ID, home)
			k.must(err)
			return key
		}
		second := rotate()
		k.clock.Advance(10 * time.Hour)
		third := rotate()
		work := func(want ...bool) {
			k.t.Helper()
			for i, key := range []string{m.key, second, third} {
				if _, err := k.ServerKeys.Look(ctx, key); (err == nil) != want[i] {
					k.t.Errorf("key %d: %v, want %v", i, err, want[i])
				}
			}
		}
		work(true, true, true)
		k.clock.Advance(14*time.Hour - time.Millisecond)
		work(true, true, true)
		k.clock.Advance(time.Millisecond)
		work(false, true, true)
		k.clock.Advance(10*time.Hour - time.Millisecond)
		work(false, true, true)
		k.clock.Advance(time.Millisecond)
		work(false, false, true)
	})
}

// A key that was replaced still works for a day, but a thief who holds it must not
// replace the owner's new key.
func TestReplacedKeyCannotReplaceTheNewOne(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		old := k.again(k.server(owner))
		next, err := k.ServerKeys.Rotate(ctx, owner.ID, old.ID, home)
		k.must(err)
		for what, this := range map[string]models.Server{"looked up before the rotation": old.Server, "looked up after it": k.again(old).Server} {
			if _, _, err := k.ServerKeys.RotateOwn(ctx, this, "", home); !errors.Is(err, models.ErrNoServer) {
				k.t.Errorf("the replaced key, %s: error %v, want %v", what, err, models.ErrNoServer)
			}
		}
		present := k.again(media{old.Server, next})
		if !present.KeyExpiresAt.IsZero() {
			k.t.Errorf("the owner's new key ends at %v, want no end", present.KeyExpiresAt)
		}
		newest, _, err := k.ServerKeys.RotateOwn(ctx, present.Server, "", home)
		k.must(err)
		k.again(media{old.Server, newest})
		if n := k.events(owner)[models.EventServerKeyRotated] + k.events(owner)[models.EventServerKeyRenewed]; n != 2 {
			k.t.Errorf("%d rotations in the history, want 2", n)
		}
	})
}

func TestDeletionLeavesServersUnclaimed(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, heir := k.t.Context(), k.account(), k.account()
		m := k.server(owner)
		guest := k.linked(m)
		other := k.server(guest)
		k.link(other, owner)
		k.must(k.Accounts.Delete(ctx, owner.ID, goodPassword, home))
		found, err := k.ServerKeys.Look(ctx, m.key)
		k.must(err)
		if found.OwnerID != 0 || !found.ClaimedAt.IsZero() {
			k.t.Errorf("got the server %+v, want it without an owner", found)
		}
		if list := k.authorizations(m); len(list) != 1 || list[0].AccountID != guest.ID {
			k.t.Errorf("got the people %+v, want only the guest", list)
		}
		if got := k.located(guest, models.LinkAccepted); len(got) != 1 {
			k.t.Errorf("the guest's servers are %+v, want one", got)
		}
		if list := k.authorizations(other); len(list) != 0 {
			k.t.Errorf("got the links %+v, want none of the deleted account", list)
		}
		k.must(k.Registrations.Claim(ctx, heir.ID, m.ID, m.key, home))
		// The guest can still leave the server, whose owner has changed.
		k.must(k.Links.Remove(ctx, guest.ID, k.located(guest, models.LinkAccepted)[0].ID, home))
	})
}
