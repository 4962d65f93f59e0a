package client_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// An owner's program saves choices as a profile, and makes invites with it, at the service and at the server.
func TestInviteProfiles(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann := s.Join(t, "ann")
	den := s.Register(t, ann, servicetest.Den())
	made := must(ann.Invites.MakeProfile(ctx, den.ID, client.InviteProfileChoices{Name: "Club", Libraries: []string{"l1"}, Uses: 30}))(t)
	if made.ID == "" || made.Uses != 30 || made.InviteDays != 14 || len(made.Libraries) != 1 {
		t.Errorf("profile %+v, want the choices", made)
	}
	changed := must(ann.Invites.ChangeProfile(ctx, den.ID, made.ID, client.InviteProfileChoices{Name: "Club", Uses: 20, InviteDays: 3}))(t)
	if list := must(ann.Invites.Profiles(ctx, den.ID))(t); len(list) != 1 || list[0].ID != changed.ID || list[0].Uses != 20 || list[0].Libraries != nil {
		t.Errorf("profiles %+v, want the changed one", list)
	}
	invite := must(ann.Invites.Create(ctx, client.NewInvite{
		Link: true, Type: client.Guest, Profile: "club", Servers: []client.NewInviteServer{{ServerID: den.ID}},
	}))(t)
	here := must(den.Agent.Invite(ctx, client.AskInvite{Link: true, Type: client.Guest, Profile: "Club", Greeting: "Nina", Uses: 2}))(t)
	if invite.Uses != 20 || here.Uses != 2 || here.Link == nil || here.Link.URL == "" {
		t.Errorf("invites for %d and %d people, want 20 and 2 with a link", invite.Uses, here.Uses)
	}
	waiting := must(den.Agent.Invites(ctx))(t)
	if len(waiting) != 2 || waiting[0].Greeting != "Nina" || !waiting[0].HasLink || waiting[0].Uses != 2 || waiting[0].Used != 0 {
		t.Errorf("the server sees the invites %+v, want two with links", waiting)
	}
	attic := servicetest.Den()
	attic.Name, attic.SystemID = "Attic", "attic"
	other := s.Register(t, ann, attic)
	copied := must(ann.Invites.CopyProfile(ctx, den.ID, made.ID, other.ID))(t)
	if copied.Profile.ID == made.ID || copied.Profile.Uses != 20 || copied.Profile.Name != "Club" || len(copied.Missing) != 0 {
		t.Errorf("copy %+v, want the choices under another id, and nothing missing", copied)
	}
	noError(t, ann.Invites.DeleteProfile(ctx, den.ID, made.ID))
	_, err := ann.Invites.Create(ctx, client.NewInvite{Link: true, Type: client.Guest, Profile: "club", Servers: []client.NewInviteServer{{ServerID: den.ID}}})
	isError(t, err, client.ErrInvalid)
}
