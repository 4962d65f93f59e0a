package models_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// One link gives a person a guest at each server of a circle, by the terms of that server.
func TestCircle(t *testing.T) {
	eachCircle(t, func(k *kit) {
		ctx := k.t.Context()
		films := []models.Library{{ExternalID: "l-films"}}
		last := k.Now().AddDate(0, 0, 40)
		f := k.circle(open(), models.CircleTerms{PeopleMost: 10, Libraries: films, LinkDays: 30, EndsAt: last}, models.CircleTerms{PeopleMost: 10, LinkDays: 90, EndsAt: last})
		for i, owner := range f.owners {
			if got := k.events(owner)[models.EventCircleServerIn]; got != 1 {
				k.t.Errorf("owner %d has %d events about the server, want 1", i, got)
			}
		}
		invite, link := k.circleInvite(f.owners[0], f.circle)
		if invite.Circle == nil || invite.Circle.Name != "Friends" || len(invite.Circle.Servers) != 3 || invite.Circle.Servers[1].OwnerUsername != f.owners[1].Username {
			k.t.Fatalf("the invite is to %+v, want the three servers of Friends with their owners", invite.Circle)
		}
		looked, _, err := k.Invites.Look(ctx, link, home)
		k.must(err)
		for _, one := range looked.Circle.Servers {
			if one.State != models.CircleOpen {
				k.t.Errorf("somebody without an account sees %+v, want an open door", one)
			}
		}
		a := k.account()
		k.must(k.InviteLinks.Accept(ctx, a.ID, link, home))
		k.wantStates(a, f.circle, "in in in")
		k.wantGuests(f, 1, 1, 1)
		second, third := k.agentLinks(f.servers[1])[0], k.agentLinks(f.servers[2])[0]
		if len(second.Libraries) != 1 || second.Type != models.LinkGuest || second.RequestedBy != f.owners[0].Username || second.EndsAt.After(k.Now().AddDate(0, 0, 31)) {
			k.t.Errorf("the link at the second server is %+v, want a guest of the first owner with films for 30 days", second)
		}
		if !third.EndsAt.Equal(last) {
			k.t.Errorf("the link at the third server ends at %s, want the last day %s, which is earlier than 90 days", third.EndsAt, last)
		}
		people, err := k.Circles.People(ctx, f.owners[2].ID, f.circle, 0, 10)
		k.must(err)
		if len(people) != 4 || people[3].Username != a.Username || people[3].InvitedBy != f.owners[0].Username || people[3].Places[0].State != models.CircleIn {
			k.t.Errorf("the third owner sees the people %+v, want the three owners, and %s who came through the first", people, a.Username)
		}
		k.is(k.InviteLinks.Accept(ctx, a.ID, link, home), models.ErrInviteUsed)
		_, again := k.circleInvite(f.owners[1], f.circle)
		k.is(k.InviteLinks.Accept(ctx, a.ID, again, home), models.ErrAlreadyMember)
		// The owners are people, too: nobody made links for them, and they take a server by one click.
		k.wantStates(f.owners[0], f.circle, "own open open")
		state, err := k.CirclePeople.Take(ctx, f.owners[0].ID, f.circle, f.servers[1].ID, home)
		k.must(err)
		if state != models.CircleIn {
			k.t.Errorf("the first owner is %q at the second server, want in", state)
		}
		_, err = k.CirclePeople.Take(ctx, f.owners[0].ID, f.circle, f.servers[0].ID, home)
		k.is(err, models.ErrNotFound)
	})
}

// A newcomer gets in at all servers of a circle with one form, and can take no new server before the
// address is confirmed.
func TestCircleSignUp(t *testing.T) {
	eachCircle(t, func(k *kit) {
		f := k.circle(open(), open())
		_, link := k.circleInvite(f.owners[1], f.circle)
		a, _ := k.newcomer(newName(), link)
		k.wantStates(a, f.circle, "in in")
		k.wantGuests(f, 1, 1)
		m := k.agent(f.owners[0])
		k.must(k.Circles.Join(k.t.Context(), f.owners[0].ID, f.circle, m.ID, open(), home))
		_, err := k.CirclePeople.Take(k.t.Context(), a.ID, f.circle, m.ID, home)
		k.is(err, models.ErrAddressFirst)
	})
}

// The terms of each server decide when a person gets in: the server may let in nobody new, its owner may
// have to agree, and the number of people may be limited.
func TestCircleTerms(t *testing.T) {
	eachCircle(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.circle(open(), models.CircleTerms{PeopleMost: 10, AskFirst: true}, models.CircleTerms{PeopleMost: 1})
		a := k.inCircle(f.owners[0], f.circle)
		letters := k.letters()
		k.only(letters, models.MailLinkAccepted, f.owners[2].Email)
		k.only(letters, models.MailCircleWaits, f.owners[1].Email)
		b := k.inCircle(f.owners[0], f.circle)
		k.wantStates(a, f.circle, "in waiting in")
		k.wantStates(b, f.circle, "in waiting full")
		_, err := k.CirclePeople.Take(ctx, b.ID, f.circle, f.servers[2].ID, home)
		k.is(err, models.ErrCircleFull)
		second := f.owners[1].ID
		k.must(k.CirclePeople.Admit(ctx, second, f.circle, f.servers[1].ID, a.ID))
		k.is(k.CirclePeople.Admit(ctx, second, f.circle, f.servers[1].ID, a.ID), models.ErrNotFound)
		k.wantStates(a, f.circle, "in in in")
		k.letter(models.MailCircleAdmitted, a.Email)
		k.must(k.CirclePeople.Refuse(ctx, second, f.circle, f.servers[1].ID, b.ID, home))
		k.wantStates(b, f.circle, "in shut full")
		k.is(k.CirclePeople.Admit(ctx, second, f.circle, f.servers[1].ID, b.ID), models.ErrNotFound)

		k.must(k.Circles.SetTerms(ctx, second, f.circle, f.servers[1].ID, models.CircleTerms{PeopleMost: 1}))
		k.must(k.CirclePeople.Allow(ctx, second, f.circle, f.servers[1].ID, b.ID))
		k.is(k.CirclePeople.Allow(ctx, second, f.circle, f.servers[1].ID, b.ID), models.ErrNotFound)
		k.wantStates(b, f.circle, "in full full")
		k.must(k.Circles.SetTerms(ctx, f.owners[2].ID, f.circle, f.servers[2].ID, models.CircleTerms{PeopleMost: 5, Shut: true}))
		k.wantStates(b, f.circle, "in full shut")
		k.wantStates(a, f.circle, "in in in") // a person who is in stays
		_, err = k.CirclePeople.Take(ctx, b.ID, f.circle, f.servers[2].ID, home)
		k.is(err, models.ErrCircleShut)
		k.must(k.Circles.SetTerms(ctx, f.owners[2].ID, f.circle, f.servers[2].ID, models.CircleTerms{PeopleMost: 5}))
		_, err = k.CirclePeople.Take(ctx, b.ID, f.circle, f.servers[2].ID, home)
		k.must(err)
		_, err = k.CirclePeople.Take(ctx, b.ID, f.circle, f.servers[2].ID, home)
		k.is(err, models.ErrAlreadyMember)

		for _, wrong := range []models.CircleTerms{{}, {PeopleMost: 501}, {PeopleMost: 1, LinkDays: -1}, {PeopleMost: 1, EndsAt: k.Now().Add(-time.Hour)}, {PeopleMost: 1, Libraries: []models.Library{{ExternalID: "x"}}}, {PeopleMost: 1, Profile: "no"}} {
			k.isKind(k.Circles.SetTerms(ctx, second, f.circle, f.servers[1].ID, wrong), models.KindInvalid)
		}
	})
}

// Nobody has any power over a server of another owner.
func TestCircleGivesNoPower(t *testing.T) {
	eachCircle(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.circle(open(), open())
		a, stranger := k.inCircle(f.owners[0], f.circle), k.account()
		theirs := k.agent(stranger)
		liar, other := f.owners[1].ID, f.servers[0].ID
		for what, err := range map[string]error{
			"terms of another":             k.Circles.SetTerms(ctx, liar, f.circle, other, models.CircleTerms{PeopleMost: 500}),
			"taking another out":           k.Circles.TakeOut(ctx, liar, f.circle, other, home),
			"refusing at another":          k.CirclePeople.Refuse(ctx, liar, f.circle, other, a.ID, home),
			"admitting at another":         k.CirclePeople.Admit(ctx, liar, f.circle, other, a.ID),
			"allowing at another":          k.CirclePeople.Allow(ctx, liar, f.circle, other, a.ID),
			"refusing oneself":             k.CirclePeople.Refuse(ctx, liar, f.circle, f.servers[1].ID, liar, home),
			"refusing a stranger":          k.CirclePeople.Refuse(ctx, liar, f.circle, f.servers[1].ID, stranger.ID, home),
			"joining without being asked":  k.Circles.Join(ctx, stranger.ID, f.circle, theirs.ID, open(), home),
			"a person who brings a server": k.Circles.Join(ctx, a.ID, f.circle, theirs.ID, open(), home),
			"a person who asks":            k.Circles.Ask(ctx, a.ID, f.circle, stranger.Username, home),
			"a person who takes back":      k.Circles.TakeBack(ctx, a.ID, f.circle, stranger.ID),
			"a person who renames":         k.Circles.Rename(ctx, a.ID, f.circle, "Mine"),
			"a stranger who renames":       k.Circles.Rename(ctx, stranger.ID, f.circle, "Mine"),
			"a stranger who leaves":        k.CirclePeople.Leave(ctx, stranger.ID, f.circle, home),
			"a stranger who declines":      k.Circles.Decline(ctx, stranger.ID, f.circle),
			"a person who dissolves":       k.Circles.Dissolve(ctx, a.ID, f.circle, home),
		} {
			if !errors.Is(err, models.ErrNotFound) {
				k.t.Errorf("%s: got %v, want not found", what, err)
			}
		}
		k.is(k.Circles.Dissolve(ctx, liar, f.circle, home), models.ErrCircleOthers)
		_, err := k.CirclePeople.Invite(ctx, a.ID, f.circle, models.NewInvite{Link: true}, home)
		k.is(err, models.ErrNotFound)
		_, err = k.Circles.Get(ctx, stranger.ID, f.circle)
		k.is(err, models.ErrNotFound)
		_, err = k.Circles.People(ctx, a.ID, f.circle, 0, 10)
		k.is(err, models.ErrNotFound)
		_, err = k.CirclePeople.Take(ctx, stranger.ID, f.circle, other, home)
		k.is(err, models.ErrNotFound)
		k.isKind(k.Circles.Join(ctx, liar, f.circle, theirs.ID, open(), home), models.KindInvalid)
		k.isKind(k.Circles.Join(ctx, liar, f.circle, f.servers[1].ID, open(), home), models.KindConflict)
		k.isKind(k.Circles.Ask(ctx, liar, f.circle, f.owners[0].Username, home), models.KindConflict)
		k.isKind(k.Circles.Ask(ctx, liar, f.circle, "nobody.at.all", home), models.KindInvalid)
		_, err = k.Circles.Make(ctx, liar, "Mine", other, open(), home)
		k.isKind(err, models.KindInvalid)
		k.wantGuests(f, 1, 1)

		circle, err := k.Circles.Get(ctx, liar, f.circle)
		k.must(err)
		if first := circle.Servers[0]; first.Terms != nil || first.Guests != 0 {
			k.t.Errorf("the second owner sees %+v of the first server, want no terms and no numbers", first)
		}
		if last := circle.Servers[1]; last.Terms == nil || last.Guests != 1 {
			k.t.Errorf("the second owner sees %+v of the own server, want the terms and one guest", last)
		}
	})
}

// A server that leaves ends its own guests alone, and takes the open invites of its owner with it.
func TestCircleLeaves(t *testing.T) {
	eachCircle(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.circle(open(), open(), open())
		a, b := k.inCircle(f.owners[1], f.circle), k.account()
		k.must(k.Invites.Accept(ctx, b.ID, k.invite(f.owners[1], b.Username, f.servers[1]).ID, home)) // not by the circle
		_, byB := k.circleInvite(f.owners[0], f.circle)
		k.must(k.InviteLinks.Accept(ctx, b.ID, byB, home))
		_, open1 := k.circleInvite(f.owners[1], f.circle)
		k.wantGuests(f, 2, 2, 2)
		k.must(k.Circles.TakeOut(ctx, f.owners[1].ID, f.circle, f.servers[1].ID, home))
		k.is(k.Circles.TakeOut(ctx, f.owners[1].ID, f.circle, f.servers[1].ID, home), models.ErrNotFound)
		k.wantGuests(f, 2, 1, 2)
		k.letter(models.MailLinkEnded, a.Email)
		k.wantStates(a, f.circle, "in in")
		k.is(k.InviteLinks.Accept(ctx, k.account().ID, open1, home), models.ErrInviteWithdrawn)
		_, err := k.CirclePeople.Invite(ctx, f.owners[1].ID, f.circle, models.NewInvite{Link: true}, home)
		k.is(err, models.ErrNotFound)
		k.wantStates(f.owners[1], f.circle, "open open") // still a person of the circle

		// A person leaves: all that came by the circle ends.
		k.must(k.CirclePeople.Leave(ctx, b.ID, f.circle, home))
		k.wantGuests(f, 1, 1, 1)
		k.is(k.CirclePeople.Leave(ctx, b.ID, f.circle, home), models.ErrNotFound)

		// An invite moves to another server of its owner.
		more := k.agent(f.owners[0])
		k.must(k.Circles.Join(ctx, f.owners[0].ID, f.circle, more.ID, open(), home))
		k.letter(models.MailCircleOffered, a.Email)
		k.wantStates(a, f.circle, "in in open")
		_, moved := k.circleInvite(f.owners[0], f.circle)
		k.must(k.Circles.TakeOut(ctx, f.owners[0].ID, f.circle, f.servers[0].ID, home))
		c := k.account()
		k.must(k.InviteLinks.Accept(ctx, c.ID, moved, home))
		k.wantStates(c, f.circle, "in in")
		k.must(k.Circles.TakeOut(ctx, f.owners[2].ID, f.circle, f.servers[2].ID, home))
		k.must(k.Circles.Dissolve(ctx, f.owners[0].ID, f.circle, home))
		_, err = k.Circles.Get(ctx, c.ID, f.circle)
		k.is(err, models.ErrNotFound)
		k.wantGuests(friends{servers: []media{more}}, 0)
		for _, table := range []string{"circles", "circle_servers", "circle_people", "circle_asks", "circle_answers"} {
			if rows := k.query("SELECT * FROM " + table); len(rows) != 0 {
				k.t.Errorf("%s still has %d rows, want none", table, len(rows))
			}
		}
	})
}

// If the work was cut off after a server had left a circle, the sweep finishes it. It does nothing
// for servers that are still in the circle.
func TestCircleSweep(t *testing.T) {
	eachCircle(t, func(k *kit) {
		f := k.circle(open(), open())
		k.inCircle(f.owners[0], f.circle)
		k.exec("DELETE FROM circle_servers WHERE server_id = ?", f.servers[1].ID)
		k.must(k.Sweep(k.t.Context()))
		k.wantGuests(f, 1, 0)
		k.must(k.Circles.Ask(k.t.Context(), f.owners[0].ID, f.circle, k.account().Username, home))
		k.clock.Advance(15 * 24 * time.Hour)
		k.must(k.Sweep(k.t.Context()))
		if rows := k.query("SELECT * FROM circle_asks"); len(rows) != 0 {
			k.t.Errorf("%d owners are still asked, want none after 15 days", len(rows))
		}
	})
}

// Handing over, deleting, removing and disabling have one clear outcome each.
func TestCircleOutcomes(t *testing.T) {
	eachCircle(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.circle(open(), open(), open(), open())
		a := k.inCircle(f.owners[0], f.circle)
		k.must(k.CirclePeople.Refuse(ctx, f.owners[1].ID, f.circle, f.servers[1].ID, f.owners[0].ID, home))
		k.must(k.Servers.HandOver(ctx, f.owners[1].ID, f.servers[1].ID, k.account().Username, home))
		k.wantStates(a, f.circle, "in in in")
		k.wantGuests(f, 1, 1, 1, 1)
		k.must(k.Accounts.Delete(ctx, f.owners[2].ID, goodPassword, home))
		k.wantStates(a, f.circle, "in in")
		k.wantGuests(friends{servers: []media{f.servers[2]}}, 1)
		k.must(k.Sweep(ctx))
		k.wantGuests(friends{servers: []media{f.servers[1], f.servers[2]}}, 1, 1)
		k.disableServer(f.servers[3])
		b := k.inCircle(f.owners[0], f.circle)
		k.wantStates(b, f.circle, "in away")
		_, err := k.CirclePeople.Take(ctx, b.ID, f.circle, f.servers[3].ID, home)
		k.is(err, models.ErrCircleShut)
		k.must(k.OperatedServers.Enable(ctx, models.CommandLine, f.servers[3].ID))
		k.wantStates(b, f.circle, "in open")
		k.must(k.Servers.Remove(ctx, f.owners[3].ID, f.servers[3].ID, home))
		k.wantStates(b, f.circle, "in")
		k.must(k.Accounts.Delete(ctx, a.ID, goodPassword, home))
		k.wantGuests(friends{servers: f.servers[:1]}, 1)
		k.must(k.Accounts.Delete(ctx, f.owners[0].ID, goodPassword, home))
		if rows := k.query("SELECT * FROM circles"); len(rows) != 0 {
			k.t.Errorf("%d circles are left, want none without servers", len(rows))
		}
	})
}

// An owner who is asked declines, or is not asked any longer.
func TestCircleAsk(t *testing.T) {
	eachCircle(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.circle(open())
		asked := k.account()
		k.must(k.Circles.Ask(ctx, f.owners[0].ID, f.circle, asked.Username, home))
		k.isKind(k.Circles.Ask(ctx, f.owners[0].ID, f.circle, asked.Username, home), models.KindConflict)
		k.letter(models.MailCircleAsked, asked.Email)
		list, err := k.Circles.List(ctx, asked.ID, 0, 10)
		k.must(err)
		if len(list) != 1 || !list[0].Asked || list[0].AskedBy != f.owners[0].Username || len(list[0].Servers) != 1 || list[0].Asks != nil {
			k.t.Errorf("got the circles %+v, want one that asks, with its server", list)
		}
		k.must(k.Circles.Decline(ctx, asked.ID, f.circle))
		k.must(k.Circles.Ask(ctx, f.owners[0].ID, f.circle, asked.Username, home))
		k.must(k.Circles.TakeBack(ctx, f.owners[0].ID, f.circle, asked.ID))
		k.is(k.Circles.Join(ctx, asked.ID, f.circle, k.agent(asked).ID, open(), home), models.ErrNotFound)
	})
}

// Of 64 people who come at once, exactly as many get a link as the owner lets in.
func TestCircleLimitAtOnce(t *testing.T) {
	eachCircle(t, func(k *kit) {
		const most = 7
		f := k.circle(open(), models.CircleTerms{PeopleMost: most})
		k.must(k.Circles.SetTerms(k.t.Context(), f.owners[0].ID, f.circle, f.servers[0].ID, models.CircleTerms{PeopleMost: 200}))
		people, links := make([]models.Account, many), make([]string, many)
		for i := range people {
			people[i] = k.account()
			_, links[i] = k.circleInvite(f.owners[i%2], f.circle)
		}
		for i, err := range parallel(many, func(i int) error { return k.InviteLinks.Accept(k.t.Context(), people[i].ID, links[i], home) }) {
			if err != nil {
				k.t.Errorf("person %d: got %v, want to be in the circle", i, err)
			}
		}
		k.wantGuests(f, many, most)
		states := map[string]int{}
		for _, a := range people {
			states[k.states(a, f.circle)]++
		}
		if want := map[string]int{"in in": most, "in full": many - most}; fmt.Sprint(states) != fmt.Sprint(want) {
			k.t.Errorf("got the states %v, want %v", states, want)
		}
	})
}
