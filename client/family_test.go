package client_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// A program adds a member, looks after it, and asks another person to do the same.
func TestSiteFamily(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob, eve := s.Join(t, "ann"), s.Join(t, "bob"), s.Join(t, "eve")
	kim := must(ann.Families.AddMember(ctx, client.NewMember{Username: "kim", DisplayName: "Kim"}))(t)
	noError(t, ann.Families.SetPIN(ctx, kim.ID, "8305"))
	noError(t, ann.Families.Ask(ctx, "bob", client.RoleGuardian))
	isError(t, ann.Families.Ask(ctx, "eve", client.RoleGuardian), client.ErrSecondGuardian)
	isError(t, bob.Families.EndSessions(ctx, kim.ID), client.ErrNotFound)
	waiting := must(bob.Families.Get(ctx))(t).Invitations
	if len(waiting) != 1 || waiting[0].Username != "ann" || waiting[0].Role != client.RoleGuardian {
		t.Fatalf("got the invitations %+v, want one of ann", waiting)
	}
	noError(t, bob.Families.Accept(ctx, waiting[0].FamilyID))
	detail := must(bob.Families.Member(ctx, kim.ID))(t)
	if !detail.HasPIN || detail.HasPassword || detail.Username != "kim" || len(detail.Sessions)+len(detail.Links)+len(detail.Invites) != 0 {
		t.Errorf("the second guardian sees %+v, want kim with a PIN", detail)
	}
	noError(t, bob.Families.SetPassword(ctx, kim.ID, "seven slow tigers nap"))
	noError(t, bob.Families.EndSessions(ctx, kim.ID))
	noError(t, bob.Families.LetGo(ctx, kim.ID, "kim@example.org"))
	if got := must(ann.Families.Member(ctx, kim.ID))(t).Leaving; got != "kim@example.org" {
		t.Errorf("the address %q waits, want kim@example.org", got)
	}
	noError(t, ann.Families.TakeBackLetGo(ctx, kim.ID))
	isError(t, bob.Families.TakeBackLetGo(ctx, kim.ID), client.ErrNotFound)
	isError(t, eve.Families.SetPicture(ctx, kim.ID, picturetest.PNG(t, 2, 2)), client.ErrNotFound)
	noError(t, bob.Families.SetPicture(ctx, kim.ID, picturetest.PNG(t, 2, 2)))
	if got := must(ann.Families.Member(ctx, kim.ID))(t); got.Picture == "" || got.Leaving != "" {
		t.Errorf("got %+v, want a picture and no address that waits", got)
	}
	noError(t, ann.Families.RemovePicture(ctx, kim.ID))
	_, err := eve.Families.Member(ctx, kim.ID)
	isError(t, err, client.ErrNotFound)
	noError(t, ann.Families.Ask(ctx, "eve", client.RoleAdult))
	noError(t, eve.Families.Decline(ctx, must(eve.Families.Get(ctx))(t).Invitations[0].FamilyID))
	noError(t, bob.Families.Leave(ctx))
	isError(t, bob.Families.Leave(ctx), client.ErrNotFound)
	noError(t, ann.Families.Ask(ctx, "bob", client.RoleAdult))
	people := must(ann.Families.Get(ctx))(t).People
	noError(t, ann.Families.Remove(ctx, people[0].AccountID))
	noError(t, ann.Families.DeleteMember(ctx, kim.ID))
	if got := must(ann.Families.Get(ctx))(t); got.Role != client.RoleFirst || len(got.Members)+len(got.People) != 0 {
		t.Errorf("got the family %+v, want an empty one", got)
	}
}

// A program of a guardian answers an invite for the whole family once.
func TestSiteInviteForTheFamily(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	olga, ann, bob := s.Join(t, "olga"), s.Join(t, "ann"), s.Join(t, "bob")
	kim := must(ann.Families.AddMember(ctx, client.NewMember{Username: "kim"}))(t)
	den := s.Register(t, olga, servicetest.Den())
	asked := client.NewInvite{To: "ann", Type: client.Guest, Family: true, Servers: []client.NewInviteServer{{ServerID: den.ID}}}
	invite := must(olga.Invites.Create(ctx, asked))(t)
	if received := must(ann.Invites.Received(ctx))(t); len(received) != 1 || !received[0].Family {
		t.Fatalf("got the invites %+v, want one for the whole family", received)
	}
	people := must(ann.Invites.Family(ctx, invite.ID))(t)
	if len(people) != 2 || !people[0].Own || people[1].ID != kim.ID || people[1].HasAll {
		t.Fatalf("got the people %+v, want ann and kim", people)
	}
	_, err := bob.Invites.Family(ctx, invite.ID)
	isError(t, err, client.ErrNotFound)
	wantField(t, ann.Invites.AcceptForFamily(ctx, invite.ID, nil), "account_ids", "family_nobody_chosen")
	isError(t, bob.Invites.AcceptForFamily(ctx, invite.ID, []client.ID{kim.ID}), client.ErrNotFound)
	noError(t, ann.Invites.AcceptForFamily(ctx, invite.ID, []client.ID{kim.ID}))
	if links := must(ann.Families.Member(ctx, kim.ID))(t).Links; len(links) != 1 || links[0].Status != "accepted" {
		t.Errorf("kim has the links %+v, want an accepted one", links)
	}
	asked.To = "kim@example.org"
	asked.Type = client.Linked
	_, err = olga.Invites.Create(ctx, asked)
	wantField(t, err, "family", "family_one_guest")
}
