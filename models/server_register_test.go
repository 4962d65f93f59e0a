package models_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func TestRegisterMakesAServer(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		done, err := k.Registrations.Register(ctx, den, home)
		k.must(err)
		if done.Server.OwnerID != 0 || done.Server.Name != "Den" || !done.Server.ClaimedAt.IsZero() {
			k.t.Errorf("registered the server %+v, want it named Den and without an owner", done.Server)
		}
		found, err := k.ServerKeys.Look(ctx, done.Key)
		k.must(err)
		if diff := cmp.Diff(done.Server, found); diff != "" {
			k.t.Errorf("the key finds another server (-registered +found):\n%s", diff)
		}
		for _, key := range []string{"", done.Key + " ", done.Key[:len(done.Key)-1], strings.ToUpper(done.Key), "lks" + done.Key[3:], "bogus", "0"} {
			_, err := k.ServerKeys.Look(ctx, key)
			k.is(err, models.ErrNoServer)
		}
		for name, change := range map[string]func(*models.Registration){
			"name":      func(r *models.Registration) { r.Name = " \u200b " },
			"system_id": func(r *models.Registration) { r.SystemID = "a b" },
		} {
			in := den
			change(&in)
			_, err := k.Registrations.Register(ctx, in, home)
			e, ok := errors.AsType[*models.Error](err)
			if !ok || e.Kind != models.KindInvalid || len(e.Fields) != 1 || e.Fields[0].Field != name {
				k.t.Errorf("%s: got error %v, want one error about this field", name, err)
			}
		}
	})
}

func TestRegisterPolicies(t *testing.T) {
	eachServer(t, func(k *kit) {
		_, err := k.Registrations.Register(k.t.Context(), den, home)
		k.is(err, models.ErrServersOff)
		k.server(k.account())
	}, func(o *models.Options) { o.Servers = models.ServersClaimed })
	t.Run("off", func(t *testing.T) {
		eachServer(t, func(k *kit) {
			_, _, err := k.Registrations.NewClaimCode(k.t.Context(), k.account().ID)
			k.is(err, models.ErrServersOff)
			in := den
			in.ClaimCode = "BCDF-GHJK"
			_, err = k.Registrations.Register(k.t.Context(), in, home)
			k.is(err, models.ErrServersOff)
		}, func(o *models.Options) { o.Servers = models.ServersOff })
	})
}

func TestRegisterIsLimited(t *testing.T) {
	each(t, func(k *kit) {
		for range 5 {
			k.stray()
		}
		_, err := k.Registrations.Register(k.t.Context(), den, home)
		k.is(err, models.ErrThrottled)
		k.clock.Advance(time.Hour)
		k.stray()
	})
}

func TestRegisterAgainInheritsNothing(t *testing.T) {
	eachServer(t, func(k *kit) {
		owner, guest := k.account(), k.account()
		first := k.server(owner)
		k.link(first, guest)
		second := k.stray()
		if second.ID == first.ID || second.key == first.key {
			k.t.Fatal("a registration with a known system id got the known server or key, want a new one")
		}
		if list := k.authorizations(second); len(list) != 0 {
			k.t.Errorf("the new server has %d links, want 0", len(list))
		}
		found, err := k.ServerKeys.Look(k.t.Context(), second.key)
		k.must(err)
		if found.OwnerID != 0 {
			k.t.Error("the new server has an owner, want none")
		}
		if located := k.located(guest, models.LinkAccepted); len(located) != 1 || located[0].ServerID != first.ID {
			k.t.Errorf("the guest's servers are %+v, want the first one only", located)
		}
	})
}

func TestClaimByCode(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		code := k.claimCode(owner)
		in := den
		in.ClaimCode = strings.ToLower(strings.ReplaceAll(code, "-", " "))
		done, err := k.Registrations.Register(ctx, in, home)
		k.must(err)
		if done.Server.OwnerID != owner.ID || done.Server.ClaimedAt.IsZero() {
			k.t.Errorf("claimed the server %+v, want the owner and the time", done.Server)
		}
		if k.events(owner)[models.EventServerClaimed] != 1 {
			k.t.Error("the claim is not in the history, want one event")
		}
		mine, err := k.Servers.Mine(ctx, owner.ID)
		k.must(err)
		if len(mine) != 1 || mine[0].ID != done.Server.ID {
			k.t.Errorf("the owner has the servers %+v, want the claimed one", mine)
		}
		fail := func(code string) {
			k.t.Helper()
			in.ClaimCode = code
			_, err := k.Registrations.Register(ctx, in, home)
			k.is(err, models.ErrClaimCodeWrong)
		}
		fail(code) // a code works once
		fail("BCDF-GHJ")
		fail("BCDF-GHJK")
		old := k.claimCode(owner)
		k.clock.Advance(10 * time.Minute)
		fail(old)
		lost := k.claimCode(owner)
		k.must(k.Operators.Disable(ctx, owner.Username))
		fail(lost)
		if n := k.texts("SELECT COUNT(*) FROM servers")[0][0]; n != "1" {
			k.t.Errorf("%s servers, want 1: a wrong code registered one", n)
		}
	})
}

func TestClaimByKey(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, other := k.t.Context(), k.account(), k.account()
		a, b := k.stray(), k.stray()
		k.is(k.Registrations.Claim(ctx, owner.ID, a.ID, b.key, home), models.ErrNotFound)
		k.is(k.Registrations.Claim(ctx, owner.ID, a.ID, "bogus", home), models.ErrNotFound)
		k.is(k.Registrations.Claim(ctx, owner.ID, 0, a.key, home), models.ErrNotFound)
		k.must(k.Registrations.Claim(ctx, owner.ID, a.ID, a.key, home))
		k.is(k.Registrations.Claim(ctx, other.ID, a.ID, a.key, home), models.ErrServerClaimed)
		k.is(k.Registrations.Claim(ctx, owner.ID, a.ID, a.key, home), models.ErrServerClaimed)
		if k.events(owner)[models.EventServerClaimed] != 1 || k.detail(owner, a).OwnerID != owner.ID {
			k.t.Error("the claim is not in the history or the server has another owner, want one event and the owner")
		}
		for range 15 { // the limit is 20 an hour, and wrong keys count
			k.is(k.Registrations.Claim(ctx, owner.ID, b.ID, a.key, home), models.ErrNotFound)
		}
		k.is(k.Registrations.Claim(ctx, other.ID, b.ID, a.key, home), models.ErrNotFound)
		k.is(k.Registrations.Claim(ctx, owner.ID, b.ID, a.key, home), models.ErrNotFound)
		k.is(k.Registrations.Claim(ctx, owner.ID, b.ID, b.key, home), models.ErrThrottled)
	})
}

func TestUpdateServer(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.server(owner)
		k.clock.Advance(time.Hour)
		done, err := k.Registrations.Update(ctx, m.Server, models.Registration{Name: `Den & Co + 50% "Server"`, Version: "4.8", WAN: []string{"http://[::1]:8096"}})
		k.must(err)
		found, err := k.ServerKeys.Look(ctx, m.key)
		k.must(err)
		if done.Server.ReportedName != `Den & Co + 50% "Server"` || found.ReportedName != done.Server.ReportedName ||
			found.SystemID != den.SystemID || found.Version != "4.8" || found.OwnerID != owner.ID {
			k.t.Errorf("updated to %+v, want the same system id and owner, and version 4.8", found)
		}
		if !found.LastSeenAt.Equal(k.Now()) {
			k.t.Error("the update did not renew the time last seen, want it renewed")
		}
		if got := urls(k.detail(owner, m).Addresses); got != "http://[::1]:8096" {
			k.t.Errorf("got the addresses %s, want http://[::1]:8096", got)
		}
		for _, wrong := range []models.Registration{ // refused, so that the server's log says it; nothing is dropped
			{WAN: []string{"nonsense"}},
			{WAN: []string{"https://den.example.org?jellyfin"}, LAN: []string{"http://192.168.1.9:8096"}},
			{WAN: []string{"https://den.example.org"}, LAN: []string{"http://192.168.1.9:8096/../emby"}},
		} {
			_, err = k.Registrations.Update(ctx, m.Server, wrong)
			k.isKind(err, models.KindInvalid)
			if got := urls(k.detail(owner, m).Addresses); got != "http://[::1]:8096" {
				k.t.Errorf("after a refused report the addresses are %s, want http://[::1]:8096", got)
			}
		}
		_, err = k.Registrations.Update(ctx, m.Server, models.Registration{WAN: []string{"HTTPS://Den.Example.org.//emby/"}, LAN: []string{""}})
		k.must(err)
		if got := urls(k.detail(owner, m).Addresses); got != "https://den.example.org:443/emby" {
			k.t.Errorf("got the addresses %s, want https://den.example.org:443/emby in the stored form", got)
		}
		k.must(k.Servers.Remove(ctx, owner.ID, m.ID, home))
		_, err = k.Registrations.Update(ctx, m.Server, den)
		k.is(err, models.ErrNotFound)
		if n := k.texts("SELECT COUNT(*) FROM server_addresses")[0][0]; n != "0" {
			k.t.Errorf("the removed server has %s addresses, want 0", n)
		}
	})
}

func TestTouchWritesOnlyAfterAWhile(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		m := k.stray()
		k.clock.Advance(time.Minute)
		k.must(k.Agents.Touch(ctx, m.Server))
		found, err := k.ServerKeys.Look(ctx, m.key)
		k.must(err)
		if !found.LastSeenAt.Equal(m.LastSeenAt) {
			k.t.Error("the time of a call one minute later was written, want it left out")
		}
		k.clock.Advance(time.Hour)
		k.must(k.Agents.Touch(ctx, found))
		found, err = k.ServerKeys.Look(ctx, m.key)
		k.must(err)
		if !found.LastSeenAt.Equal(k.Now()) {
			k.t.Error("the time of a call one hour later was not written, want it written")
		}
	})
}

// If a media server of Emby repeats its report, only the time of its last contact is
// written, together with the other noted times.
func TestRepeatedHeartbeatsWriteNothing(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		m, said := k.server(k.account()), k.listen()
		beat := func(change func(*models.Registration)) string {
			k.t.Helper()
			in := models.Registration{Name: "Attic", Version: "4.9", SystemID: "attic", WAN: []string{"http://attic.example.org:8096"}, LAN: []string{"http://192.168.1.5:8096"}}
			change(&in)
			this, err := k.ServerKeys.Look(ctx, m.key)
			k.must(err)
			said.takeAll()
			_, err = k.Registrations.Update(ctx, this, in)
			k.must(err)
			for _, s := range said.takeAll() {
				if !strings.HasPrefix(s.text, "SELECT") {
					return "writes"
				}
			}
			return "writes nothing"
		}
		same := func(*models.Registration) {}
		for _, c := range []struct {
			what   string
			change func(*models.Registration)
			after  time.Duration
			want   string
		}{
			{"the first one", same, 0, "writes"},
			{"the same again", same, 10 * time.Minute, "writes nothing"},
			{"another name", func(in *models.Registration) { in.Name = "Loft" }, 0, "writes"},
			{"the first name again", same, 0, "writes"},
			{"another version", func(in *models.Registration) { in.Version = "5.0" }, 0, "writes"},
			{"the first version again", same, 0, "writes"},
			{"another address", func(in *models.Registration) { in.WAN = []string{"http://loft.example.org:8096"} }, 0, "writes"},
			{"the first address again", same, 0, "writes"},
			{"no address", func(in *models.Registration) { in.WAN, in.LAN = nil, nil }, 0, "writes nothing"},
			{"one address less", func(in *models.Registration) { in.LAN = nil }, 0, "writes"},
			{"both addresses again", same, 0, "writes"},
			{"the same after an hour", same, time.Hour, "writes"},
		} {
			k.clock.Advance(c.after)
			if got := beat(c.change); got != c.want {
				k.t.Errorf("%s: a heartbeat %s, want that it %s", c.what, got, c.want)
			}
		}
		k.clock.Advance(10 * time.Minute)
		beat(same)
		k.must(k.Agents.Flush(ctx))
		this, err := k.ServerKeys.Look(ctx, m.key)
		k.must(err)
		if got, want := this.LastSeenAt, k.clock.Now(); !got.Equal(want) {
			k.t.Errorf("the last contact is %v, want %v", got, want)
		}
	})
}
