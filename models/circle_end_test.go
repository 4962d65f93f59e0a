package models_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
)

// If an owner has ended the link of a person, or the days of the link are over, the person cannot take the server again
// without that owner, and not with a link of another owner either.
func TestCircleEndsStay(t *testing.T) {
	eachCircle(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.circle(open(), models.CircleTerms{PeopleMost: 10, LinkDays: 30})
		first, second := f.owners[0].ID, f.owners[1].ID
		a, b := k.inCircle(f.owners[0], f.circle), k.inCircle(f.owners[0], f.circle)
		place := func(who models.Account, server int) (models.RosterEntry, error) {
			_, list, err := k.Roster.List(ctx, f.owners[server].ID, f.servers[server].ID, models.RosterAsk{Name: who.Username, Most: 2})
			k.must(err)
			if len(list) != 1 {
				return models.RosterEntry{}, models.ErrNotFound
			}
			return list[0], nil
		}
		again := func(who models.Account) {
			t.Helper()
			k.must(k.CirclePeople.Leave(ctx, who.ID, f.circle, home))
			_, link := k.circleInvite(f.owners[1], f.circle)
			k.must(k.InviteLinks.Accept(ctx, who.ID, link, home))
		}

		// The first owner ends the link on the page of the server, and not on that of the circle.
		entry, err := place(a, 0)
		k.must(err)
		k.must(k.People.Remove(ctx, first, f.servers[0].ID, entry.ID))
		k.wantStates(a, f.circle, "shut in")
		_, err = k.CirclePeople.Take(ctx, a.ID, f.circle, f.servers[0].ID, home)
		k.is(err, models.ErrCircleShut)
		again(a)
		k.wantStates(a, f.circle, "shut waiting")
		people, err := k.Circles.Get(ctx, first, f.circle)
		k.must(err)
		if refused := people.Servers[0].RefusedPeople; len(refused) != 1 || refused[0].AccountID != a.ID {
			k.t.Errorf("the first owner sees %+v as refused, want the person whose link they have ended", refused)
		}
		k.must(k.CirclePeople.Allow(ctx, first, f.circle, f.servers[0].ID, a.ID))
		_, err = k.CirclePeople.Take(ctx, a.ID, f.circle, f.servers[0].ID, home)
		k.must(err)

		// The days at the second server are over.
		for _, sweep := range []bool{false, true} {
			k.clock.Advance(32 * 24 * time.Hour)
			if sweep {
				k.must(k.Sweep(ctx))
			}
			k.wantStates(b, f.circle, "in asks")
			for range 2 {
				state, err := k.CirclePeople.Take(ctx, b.ID, f.circle, f.servers[1].ID, home)
				k.must(err)
				if state != models.CircleWaiting {
					k.t.Fatalf("after the end the person is %q, want waiting", state)
				}
			}
			list, err := k.Circles.People(ctx, second, f.circle, 0, 10)
			k.must(err)
			if got := list[len(list)-1].Places[0].State; got != models.CircleWaiting {
				k.t.Errorf("the owner sees the place %q, want waiting", got)
			}
			k.must(k.CirclePeople.Admit(ctx, second, f.circle, f.servers[1].ID, b.ID))
			k.wantStates(b, f.circle, "in in")
			list, err = k.Circles.People(ctx, second, f.circle, 0, 10)
			k.must(err)
			if got := list[len(list)-1].Places[0].State; got != models.CircleIn {
				k.t.Errorf("the owner sees the place %q, want in", got)
			}
		}

		// A server that leaves and comes back has not forgotten whom it refused.
		k.must(k.CirclePeople.Refuse(ctx, second, f.circle, f.servers[1].ID, b.ID, home))
		k.must(k.Circles.TakeOut(ctx, second, f.circle, f.servers[1].ID, home))
		k.must(k.Circles.Ask(ctx, first, f.circle, f.owners[1].Username, home))
		k.must(k.Circles.Join(ctx, second, f.circle, f.servers[1].ID, open(), home))
		k.wantStates(b, f.circle, "in shut")
		_, err = k.CirclePeople.Take(ctx, b.ID, f.circle, f.servers[1].ID, home)
		k.is(err, models.ErrCircleShut)
	})
}

// An owner who brings a server again and again does not flood the people of the circle with mails.
func TestCircleOffersAreCounted(t *testing.T) {
	eachCircle(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.circle(open())
		a := k.inCircle(f.owners[0], f.circle)
		offers := func() (n int) {
			for range 5 {
				m := k.agent(f.owners[0])
				k.must(k.Circles.Join(ctx, f.owners[0].ID, f.circle, m.ID, open(), home))
				k.must(k.Circles.TakeOut(ctx, f.owners[0].ID, f.circle, m.ID, home))
			}
			rows := k.query("SELECT id FROM outbox WHERE kind = ? AND account_id = ?", models.MailCircleOffered, a.ID)
			return len(rows)
		}
		if got := offers(); got != 3 {
			k.t.Errorf("five servers in a day make %d mails, want 3", got)
		}
		k.clock.Advance(25 * time.Hour)
		if got := offers(); got != 6 {
			k.t.Errorf("five servers on each of two days make %d mails, want 6", got)
		}
	})
}

// crowdCircles writes the rows of n circles, and lets the engine count the rows.
func (k *kit) crowdCircles(n int) {
	k.t.Helper()
	now := k.Now()
	k.crowd(n)
	k.insert("circles", "id, name, created_at", n, func(i int) []any { return []any{i, "Circle", now} })
	k.insert("circle_servers", "circle_id, server_id, owner_id, link_days, people_most, ask_first, shut, joined_at", n, func(i int) []any {
		return []any{i, i, i, 0, 10, false, false, now}
	})
	k.insert("circle_people", "circle_id, account_id, invited_by, joined_at", n, func(i int) []any { return []any{i, i, 0, now} })
	k.insert("circle_asks", "circle_id, account_id, asked_by, created_at, expires_at", n, func(i int) []any { return []any{i, i, i, now, now.Add(time.Hour)} })
	k.insert("circle_answers", "circle_id, server_id, account_id, state, created_at", n, func(i int) []any {
		return []any{i, i, i, tenth(i, "refused", "waiting"), now}
	})
	k.insert("libraries", "id, server_id, external_id, name", n, func(i int) []any { return []any{i, i, "l-films", "Films"} })
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		k.exec("ANALYZE")
	}
}

// On SQLite, the statements of a circle use an index, however many circles there are. More people do not need more statements.
func TestCircleReadsLittle(t *testing.T) {
	eachCircle(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.circle(open(), open())
		k.crowdCircles(1000)
		var counts []int
		for _, people := range []int{1, 5} {
			for range people {
				k.inCircle(f.owners[0], f.circle)
			}
			said := k.listen()
			_, err := k.Circles.List(ctx, f.owners[0].ID, 0, 10)
			k.must(err)
			_, err = k.Circles.Get(ctx, f.owners[0].ID, f.circle)
			k.must(err)
			_, err = k.Circles.People(ctx, f.owners[0].ID, f.circle, 0, 20)
			k.must(err)
			statements := said.take()
			counts = append(counts, len(statements))
			for _, one := range statements {
				if models.DatabaseOf(k.Store).Dialect != database.SQLite {
					break
				}
				lines, scans := k.plan(one)
				own := slices.ContainsFunc(lines, func(line string) bool { // the three lists of ids, which are read one after the other
					return line == "SCAN x" || strings.HasPrefix(line, "SCAN (subquery") || strings.Contains(line, "<derived")
				})
				if scans && !own {
					k.t.Errorf("a whole table is read:\n%s\n%q", one.text, lines)
				}
			}
		}
		if counts[0] != counts[1] {
			k.t.Errorf("got %d statements for one person and %d for six, want as many", counts[0], counts[1])
		}
	})
}

// A stay that came by a circle and is brought back from the mail belongs to the circle again: it ends when the person
// leaves the circle. Somebody who left the circle before comes back as an ordinary guest.
func TestStayOfACircleComesBack(t *testing.T) {
	eachCircle(t, func(k *kit) {
		ctx := k.t.Context()
		f := k.circle(models.CircleTerms{PeopleMost: 10, LinkDays: 30})
		owner := f.owners[0]
		stays, leaves := k.inCircle(owner, f.circle), k.inCircle(owner, f.circle)
		k.letters()
		k.clock.Advance(23*24*time.Hour + time.Hour)
		k.must(k.Stays.Remind(ctx))
		var secrets []string
		for _, letter := range k.letters() {
			if letter.Kind == models.MailStayEndingOwner {
				secrets = append(secrets, letter.Secret)
			}
		}
		k.clock.Advance(10 * 24 * time.Hour)
		k.must(k.Sweep(ctx))
		k.wantGuests(f, 0)
		k.must(k.CirclePeople.Leave(ctx, leaves.ID, f.circle, home))
		for _, secret := range secrets {
			_, err := k.Stays.ExtendByMail(ctx, secret, home)
			k.must(err)
		}
		k.wantGuests(f, 2)
		k.wantStates(stays, f.circle, "in")
		k.must(k.CirclePeople.Leave(ctx, stays.ID, f.circle, home))
		k.wantGuests(f, 1)
		if left := k.agentLinks(f.servers[0]); left[0].AccountID != leaves.ID {
			k.t.Errorf("the link of %d is left, want the one of the person who had left the circle before", left[0].AccountID)
		}
	})
}
