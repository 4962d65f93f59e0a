package models_test

import (
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// friends are three owners with a server each in one circle.
type friends struct {
	circle  int64
	owners  []models.Account
	servers []media
}

// open are terms that let ten people in.
func open() models.CircleTerms { return models.CircleTerms{PeopleMost: 10} }

// circle returns a circle of owners with a server each. The first owner has made it.
func (k *kit) circle(terms ...models.CircleTerms) friends {
	k.t.Helper()
	var f friends
	for i, one := range terms {
		owner := k.account()
		m := k.agent(owner)
		f.owners, f.servers = append(f.owners, owner), append(f.servers, m)
		if i == 0 {
			id, err := k.Circles.Make(k.t.Context(), owner.ID, "Friends", m.ID, one, home)
			k.must(err)
			f.circle = id
			continue
		}
		k.must(k.Circles.Ask(k.t.Context(), f.owners[0].ID, f.circle, owner.Username, home))
		k.must(k.Circles.Join(k.t.Context(), owner.ID, f.circle, m.ID, one, home))
	}
	return f
}

// circleInvite returns the link of an invite to a circle.
func (k *kit) circleInvite(owner models.Account, circle int64) (models.Invite, string) {
	k.t.Helper()
	invite, err := k.CirclePeople.Invite(k.t.Context(), owner.ID, circle, models.NewInvite{Link: true}, home)
	k.must(err)
	link, err := k.InviteLinks.Secret(k.t.Context(), owner.ID, invite.ID)
	k.must(err)
	return invite, link
}

// inCircle returns an account that has accepted an invite of an owner to a circle.
func (k *kit) inCircle(owner models.Account, circle int64) models.Account {
	k.t.Helper()
	a := k.account()
	_, link := k.circleInvite(owner, circle)
	k.must(k.InviteLinks.Accept(k.t.Context(), a.ID, link, home))
	return a
}

// states returns the states of the servers of a circle for an account, in the order in which they came.
func (k *kit) states(a models.Account, circle int64) string {
	k.t.Helper()
	got, err := k.Circles.Get(k.t.Context(), a.ID, circle)
	k.must(err)
	var words []string
	for _, one := range got.Servers {
		words = append(words, one.State)
	}
	return strings.Join(words, " ")
}

// wantStates compares the states of a circle's servers for an account.
func (k *kit) wantStates(a models.Account, circle int64, want string) {
	k.t.Helper()
	if got := k.states(a, circle); got != want {
		k.t.Errorf("%s sees the servers %q, want %q", a.Username, got, want)
	}
}

// wantGuests compares the number of links of servers.
func (k *kit) wantGuests(f friends, want ...int) {
	k.t.Helper()
	for i, m := range f.servers {
		if got := len(k.agentLinks(m)); got != want[i] {
			k.t.Errorf("server %d has %d links, want %d", i, got, want[i])
		}
	}
}

func eachCircle(t *testing.T, f func(k *kit)) {
	t.Helper()
	eachInvite(t, f, func(o *models.Options) {
		o.Limits.CircleHour = models.Limit{Hits: 1 << 30, Window: o.Limits.CircleHour.Window}
	})
}

// tellCircles lets people come into circles and leave them. It returns the events that the histories must have then.
func (k *kit) tellCircles() []told {
	ctx := k.t.Context()
	f := k.circle(open(), models.CircleTerms{PeopleMost: 5, AskFirst: true})
	first, second := f.owners[0], f.owners[1]
	a := k.inCircle(first, f.circle)
	k.must(k.CirclePeople.Admit(ctx, second.ID, f.circle, f.servers[1].ID, a.ID))
	k.must(k.CirclePeople.Refuse(ctx, first.ID, f.circle, f.servers[0].ID, a.ID, home))
	k.must(k.CirclePeople.Leave(ctx, a.ID, f.circle, home))
	k.must(k.Circles.TakeOut(ctx, second.ID, f.circle, f.servers[1].ID, home))
	return []told{
		{first, models.EventCircleServerIn, "Den (Friends)"},
		{first, models.EventCircleAsked, "Friends"},
		{a, models.EventCircleJoined, "Friends"},
		{a, models.EventCircleAdmitted, "Den"},
		{first, models.EventCircleRefused, "Den"},
		{a, models.EventCircleLeft, "Friends"},
		{second, models.EventCircleServerOut, "Den (Friends)"},
	}
}
