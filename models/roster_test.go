package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// manyLocalUsers returns a report with a number of local users, whose names are in no order.
func manyLocalUsers(n int) models.Report {
	in := report()
	in.LocalUsers = nil
	for i := range n {
		in.LocalUsers = append(in.LocalUsers, models.LocalUser{ExternalID: fmt.Sprint("u-", i), Name: fmt.Sprintf("User %03d", i*7919%n)})
	}
	return in
}

// roster reads the whole roster of a server in pages of a size. Each entry is written as "name status".
func (k *kit) roster(owner models.Account, m media, ask models.RosterAsk) string {
	k.t.Helper()
	var all []string
	for {
		_, page, err := k.Roster.List(k.t.Context(), owner.ID, m.ID, ask)
		k.must(err)
		for _, one := range page {
			name := one.LocalUser.Name
			if name == "" {
				name = one.Username
			}
			all = append(all, name+" "+one.Status)
			ask.After = one.Position
		}
		if len(page) < ask.Most {
			return strings.Join(all, ", ")
		}
	}
}

// Every link and every local user is in the roster once, whatever the size of a page: links without a local user first,
// then local users by name, without regard to case and to marks on letters. Filters and searches find what they name.
func TestRosterHasEverybodyOnce(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		in := report()
		in.LocalUsers = append(in.LocalUsers, models.LocalUser{ExternalID: "u-eli", Name: "éli"}, models.LocalUser{ExternalID: "u-eva", Name: "Eva"},
			models.LocalUser{ExternalID: "u-cleo", Name: "cleo_100%", Disabled: true}, models.LocalUser{ExternalID: "u-zoe", Name: "Zoë"})
		k.report(m, in)
		pending := k.named("pia")
		k.ask(m, pending)
		guest := k.named("gus")
		k.accept(k.offerTo(owner, guest, m, models.LinkGuest, ""), guest)
		anna, cleo, zoe := k.named("ann.x"), k.named("cl.o"), k.named("qqq")
		k.accept(k.offerTo(owner, anna, m, models.LinkLinked, "u-anna"), anna)
		k.accept(k.offerTo(owner, cleo, m, models.LinkLinked, "u-cleo"), cleo)
		k.offerTo(owner, zoe, m, models.LinkLinked, "u-zoe")

		const all = "pia waiting, gus out, Anna in, Ben free, cleo_100% out, éli free, Eva free, Root free, Zoë waiting"
		for size := 1; size <= 12; size++ {
			if got := k.roster(owner, m, models.RosterAsk{Most: size}); got != all {
				k.t.Fatalf("pages of %d:\ngot  %s\nwant %s", size, got, all)
			}
		}
		filtered := []struct {
			ask  models.RosterAsk
			want string
		}{
			{models.RosterAsk{Status: models.RosterIn}, "Anna in"},
			{models.RosterAsk{Status: models.RosterOut}, "gus out, cleo_100% out"},
			{models.RosterAsk{Status: models.RosterWaiting}, "pia waiting, Zoë waiting"},
			{models.RosterAsk{Status: models.RosterFree}, "Ben free, éli free, Eva free, Root free"},
			{models.RosterAsk{Name: "ELI"}, "éli free"},
			{models.RosterAsk{Name: " zoë "}, "Zoë waiting"},
			{models.RosterAsk{Name: "e"}, "Ben free, cleo_100% out, éli free, Eva free, Zoë waiting"},
			{models.RosterAsk{Name: "0%"}, "cleo_100% out"},
			{models.RosterAsk{Name: "o_1"}, "cleo_100% out"},
			{models.RosterAsk{Name: "o%1"}, ""},
			{models.RosterAsk{Name: "N.X"}, "Anna in"},
			{models.RosterAsk{Name: "gu"}, "gus out"},
			{models.RosterAsk{Name: "e", Status: models.RosterOut}, "cleo_100% out"},
			{models.RosterAsk{Name: "nobody", Status: models.RosterFree}, ""},
		}
		for _, one := range filtered {
			ask, want := one.ask, one.want
			for _, size := range []int{1, 2, 20} {
				ask.Most = size
				if got := k.roster(owner, m, ask); got != want {
					k.t.Errorf("%+v:\ngot  %s\nwant %s", ask, got, want)
				}
			}
		}
		for _, after := range []string{"x", "l", "lx", "u1", "l1:x", "\x00"} {
			_, _, err := k.Roster.List(ctx, owner.ID, m.ID, models.RosterAsk{After: after, Most: 1})
			k.isKind(err, models.KindNotFound)
		}
		_, _, err := k.Roster.List(ctx, anna.ID, m.ID, models.RosterAsk{Most: 1})
		k.isKind(err, models.KindNotFound)
		user := k.localUser(owner, m, "u-anna")
		_, byUser, err := k.Roster.Get(ctx, owner.ID, m.ID, user.ID)
		k.must(err)
		_, byLink, err := k.Roster.Get(ctx, owner.ID, m.ID, byUser.ID)
		k.must(err)
		if diff := cmp.Diff(byUser, byLink); diff != "" || byUser.Username != "ann.x" || byUser.InvitedBy != owner.Username {
			k.t.Errorf("the entry by its local user and by its link:\n%s%+v", diff, byUser)
		}
		_, _, err = k.Roster.Get(ctx, anna.ID, m.ID, user.ID)
		k.isKind(err, models.KindNotFound)
		other := k.agent(owner)
		_, _, err = k.Roster.Get(ctx, owner.ID, other.ID, user.ID)
		k.isKind(err, models.KindNotFound)

		sum, err := k.Servers.Summary(ctx, owner.ID, m.ID)
		k.must(err)
		got := [6]int{sum.People, sum.Pending, sum.KeptOut, sum.NotAllowed, sum.Free, sum.Invites}
		if want := [6]int{3, 1, 2, 0, 5, 1}; got != want {
			k.t.Errorf("people, pending, kept out, not allowed, free and invites: got %v, want %v", got, want)
		}
		if diff := cmp.Diff([]string{models.TroubleKeptOut}, sum.Troubles()); diff != "" {
			k.t.Errorf("troubles (-want +got):\n%s", diff)
		}

		for _, who := range []models.Account{anna, cleo} { // a pause keeps people out, and is nothing that is wrong
			k.must(k.Stays.Pause(ctx, owner.ID, m.ID, k.linkIDOf(m, who.ID), time.Time{}))
		}
		inside := k.roster(owner, m, models.RosterAsk{Status: models.RosterIn, Most: 20})
		out := k.roster(owner, m, models.RosterAsk{Status: models.RosterOut, Most: 20})
		if sum, err = k.Servers.Summary(ctx, owner.ID, m.ID); err != nil || inside != "" || out != "gus out, Anna out, cleo_100% out" || sum.KeptOut != 1 {
			k.t.Errorf("with a pause: in %q, out %q, kept out %d with error %v; want nobody in, and gus alone kept out", inside, out, sum.KeptOut, err)
		}
	})
}

// A page of the roster and the summary run as many statements for a thousand local users as for ten, and none of the
// list's statements sorts or reads a whole table.
func TestRosterReadsLittle(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		for _, n := range []int{10, 1000} {
			k.report(m, manyLocalUsers(n))
			k.ask(m, k.account())
			if n == 1000 {
				k.analyze()
			}
			said := k.listen()
			ask := models.RosterAsk{Most: 5}
			for range 2 {
				_, list, err := k.Roster.List(ctx, owner.ID, m.ID, ask)
				k.must(err)
				if len(list) != ask.Most {
					k.t.Fatalf("%d entries, want %d", len(list), ask.Most)
				}
				ask.After = list[ask.Most-1].Position
			}
			statements := said.take()
			if len(statements) != 5 { // the server twice, the links without a local user once, the local users twice
				k.t.Errorf("two pages of %d local users took %d statements, want 5: %+v", n, len(statements), statements)
			}
			if _, err := k.Servers.Summary(ctx, owner.ID, m.ID); err != nil {
				k.t.Fatal(err)
			}
			if summary := said.take(); len(summary) != 8 {
				k.t.Errorf("the summary of %d local users took %d statements, want 8: %+v", n, len(summary), summary)
			}
			if n == 10 {
				continue
			}
			for _, one := range statements {
				if !strings.Contains(one.text, "local_users u") {
					continue
				}
				if plan := k.planText(one.text, one.args...); !strings.Contains(plan, "local_users_name_key") || strings.Contains(strings.ToLower(plan), "filesort") || strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") {
					k.t.Errorf("the list of local users is not read in the order of its index:\n%s", plan)
				}
			}
		}
	})
}

// The states of local users are kept within their bounds, and a last use never becomes earlier. When an agent comes back
// after an absence, the time since which it is up begins again.
func TestLocalUserStatesAreTold(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		tell := func(states ...models.LocalUserState) models.RosterEntry {
			k.t.Helper()
			k.must(k.Agents.TellLocalUserStates(ctx, m.Server, models.AgentFacts{Version: "1.2.3", NeedsQuickConnect: true}, states))
			_, entry, err := k.Roster.Get(ctx, owner.ID, m.ID, k.localUser(owner, m, "u-anna").ID)
			k.must(err)
			return entry
		}
		at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		got := tell(models.LocalUserState{ExternalID: "u-anna", SeenAt: at, Devices: 3, KeptOut: []string{"sessions", "a word of a newer agent", "hours"}},
			models.LocalUserState{ExternalID: "u-nobody"}, models.LocalUserState{ExternalID: "\x00"}).LocalUserState
		want := models.LocalUserState{ExternalID: "u-anna", SeenAt: at.Truncate(time.Hour), Devices: 3, KeptOut: []string{"hours", "sessions"}}
		if diff := cmp.Diff(want, got); diff != "" {
			k.t.Errorf("state (-want +got):\n%s", diff)
		}
		got = tell(models.LocalUserState{ExternalID: "u-anna", SeenAt: at.Add(-24 * time.Hour), Devices: -1}).LocalUserState
		want = models.LocalUserState{ExternalID: "u-anna", SeenAt: at.Truncate(time.Hour), KeptOut: []string{}}
		if diff := cmp.Diff(want, got); diff != "" {
			k.t.Errorf("state after an earlier use (-want +got):\n%s", diff)
		}
		k.isKind(k.Agents.TellLocalUserStates(ctx, m.Server, models.AgentFacts{}, make([]models.LocalUserState, 5001)), models.KindInvalid)
		sum := func() models.ServerSummary {
			k.t.Helper()
			sum, err := k.Servers.Summary(ctx, owner.ID, m.ID)
			k.must(err)
			return sum
		}
		first := sum()
		if first.AgentVersion != "1.2.3" || !first.StatesAt.Equal(k.Now()) || first.Away || first.UpSince.IsZero() {
			k.t.Errorf("got %+v", first)
		}
		if diff := cmp.Diff([]string{models.TroubleQuickConnect}, first.Troubles()); diff != "" {
			k.t.Errorf("troubles (-want +got):\n%s", diff)
		}
		k.clock.Advance(models.AwayAfter + time.Minute)
		if away := sum(); !away.Away || away.UpSince != first.UpSince || away.Troubles()[0] != models.TroubleAway {
			k.t.Errorf("after a silence: got %+v", away)
		}
		k.Agents.NoteContact(k.again(m).Server)
		k.must(k.Agents.Flush(ctx))
		if back := sum(); back.Away || !back.UpSince.Equal(k.Now()) {
			k.t.Errorf("up since %s, away %t; want %s and not away", back.UpSince, back.Away, k.Now())
		}
		came := k.Now()
		k.clock.Advance(models.AwayAfter - time.Minute)
		k.Agents.NoteContact(k.again(m).Server)
		k.must(k.Agents.Flush(ctx))
		if still := sum(); !still.UpSince.Equal(came) || !still.LastSeenAt.Equal(k.Now()) {
			k.t.Errorf("up since %s, want still %s", still.UpSince, came)
		}
	})
}
