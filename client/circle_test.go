package client_test

import (
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// Programs of two owners put their servers into a circle, and a person gets in with one link.
func TestSiteCircles(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob, eve := s.Join(t, "ann"), s.Join(t, "bob"), s.Join(t, "eve")
	den, attic := s.Register(t, ann, servicetest.Den()), s.Register(t, bob, servicetest.Den())
	circle := must(ann.Circles.Make(ctx, "Friends", den.ID, client.NewCircleTerms{People: 10}))(t)
	_, err := ann.Circles.Make(ctx, "Friends", attic.ID, client.NewCircleTerms{People: 10})
	wantField(t, err, "server_id", "server_unknown")
	_, err = ann.Circles.Make(ctx, "Friends", den.ID, client.NewCircleTerms{})
	wantField(t, err, "people", "people_most_invalid")
	noError(t, ann.Circles.Ask(ctx, circle.ID, "bob"))
	noError(t, ann.Circles.TakeBack(ctx, circle.ID, must(ann.Circles.Get(ctx, circle.ID))(t).Asks[0].AccountID))
	isError(t, bob.Circles.Decline(ctx, circle.ID), client.ErrNotFound)
	noError(t, ann.Circles.Ask(ctx, circle.ID, "bob"))
	noError(t, bob.Circles.Join(ctx, circle.ID, attic.ID, client.NewCircleTerms{People: 10, AskFirst: true}))
	isError(t, ann.Circles.Dissolve(ctx, circle.ID), client.ErrCircleOthers)
	noError(t, bob.Circles.Rename(ctx, circle.ID, "Film friends"))
	wantField(t, bob.Circles.Rename(ctx, circle.ID, " "), "name", "circle_name_invalid")
	isError(t, eve.Circles.Rename(ctx, circle.ID, "Mine"), client.ErrNotFound)
	if got := must(ann.Circles.Get(ctx, circle.ID))(t).Name; got != "Film friends" {
		t.Errorf("ann sees the name %q, want the new one", got)
	}

	made := must(ann.Circles.Invite(ctx, circle.ID, client.NewCircleInvite{Link: true}))(t)
	if made.Circle == nil || len(made.Circle.Servers) != 2 || made.Circle.Servers[1].Owner != "bob" {
		t.Fatalf("the invite is to %+v, want two servers", made.Circle)
	}
	_, secret, _ := strings.Cut(made.Link.URL, "#")
	noError(t, eve.Invites.AcceptLink(ctx, secret))
	var people []client.CircleGuest
	for one, err := range bob.Circles.People(ctx, circle.ID) {
		noError(t, err)
		people = append(people, one)
	}
	if len(people) != 3 || people[2].Username != "eve" || people[2].InvitedBy != "ann" || people[2].Places[0].Status != client.CircleWaiting {
		t.Fatalf("bob sees %+v, want eve who came through ann and waits", people)
	}
	noError(t, bob.Circles.Admit(ctx, circle.ID, attic.ID, people[2].AccountID))
	noError(t, bob.Circles.SetTerms(ctx, circle.ID, attic.ID, client.NewCircleTerms{People: 1, LinkDays: 5}))
	_, err = ann.Circles.Take(ctx, circle.ID, attic.ID)
	isError(t, err, client.ErrCircleFull)
	noError(t, bob.Circles.Refuse(ctx, circle.ID, attic.ID, people[2].AccountID))
	if status := must(ann.Circles.Take(ctx, circle.ID, attic.ID))(t); status != client.CircleIn {
		t.Errorf("ann is %q at bob's, want in", status)
	}
	noError(t, bob.Circles.Allow(ctx, circle.ID, attic.ID, people[2].AccountID))
	noError(t, eve.Circles.Leave(ctx, circle.ID))
	noError(t, bob.Circles.TakeOut(ctx, circle.ID, attic.ID))
	noError(t, ann.Circles.Dissolve(ctx, circle.ID))
	for one, err := range ann.Circles.List(ctx) {
		t.Errorf("ann has the circle %+v with error %v, want none", one, err)
	}
}
