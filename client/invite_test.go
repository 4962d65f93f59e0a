package client_test

import (
	"slices"
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

func TestSiteInvites(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.Join(t, "ann"), s.Join(t, "bob")
	den := s.Register(t, ann, servicetest.Den())
	agent, id := den.Agent, den.ID
	users := must(ann.People.LocalUsers(ctx, id))(t)
	if len(users) != 2 || users[0].ExternalID != "u1" || users[0].LinkedTo != "" {
		t.Fatalf("local users %+v, want u1 and another, not linked", users)
	}
	in := client.NewInvite{
		To: "bob", Type: client.Linked, Note: "Come in", IdempotencyKey: "bob-0123456789abcdef",
		Servers: []client.NewInviteServer{{ServerID: id, LocalUserID: users[0].ID, Libraries: []string{"l1"}}},
	}
	made := must(ann.Invites.Create(ctx, in))(t)
	if again := must(ann.Invites.Create(ctx, in))(t); again.ID != made.ID {
		t.Errorf("created again as %+v, want the same invite %s", again, made.ID)
	}
	_, err := ann.Invites.Create(ctx, client.NewInvite{To: "bob", Type: "x", Servers: in.Servers})
	isError(t, err, client.ErrInvalid)
	got := must(bob.Invites.Received(ctx))(t)
	if len(got) != 1 || got[0].From != "ann" || got[0].Note != "Come in" || got[0].Servers[0].Name != "Den" {
		t.Fatalf("received invites %+v, want the one of ann to Den, with its note", got)
	}
	noError(t, bob.Invites.Accept(ctx, made.ID))
	isError(t, bob.Invites.Accept(ctx, made.ID), client.ErrNotFound)
	links := must(agent.Links(ctx))(t)
	if len(links) != 1 || links[0].LocalUser == nil || links[0].LocalUser.ID != "u1" || len(links[0].Libraries) != 1 || !links[0].Active {
		t.Errorf("links %+v, want an active one of u1 with one library", links)
	}
	guest := must(ann.Invites.Create(ctx, client.NewInvite{
		To: "guest@example.org", Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: id}},
	}))(t)
	noError(t, ann.Invites.Withdraw(ctx, guest.ID))
	isError(t, bob.Invites.Decline(ctx, guest.ID), client.ErrNotFound)
	var sent []string
	for invite, err := range ann.Invites.Sent(ctx) {
		noError(t, err)
		sent = append(sent, invite.To+" "+invite.Status)
	}
	if !slices.Equal(sent, []string{"guest@example.org withdrawn", "bob accepted"}) {
		t.Errorf("sent invites %q, want a withdrawn one and an accepted one", sent)
	}
}
