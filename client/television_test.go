package client_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// TestSiteTelevisions signs a television in for a guest.
func TestSiteTelevisions(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.Join(t, "ann"), s.Join(t, "bob")
	den := s.Register(t, ann, servicetest.Den())
	made := must(ann.Invites.Create(ctx, client.NewInvite{To: "bob", Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: den.ID}}}))(t)
	noError(t, bob.Invites.Accept(ctx, made.ID))
	var link client.ID
	for one, err := range ann.People.List(ctx, den.ID) {
		noError(t, err)
		link = one.ID
	}
	if got := must(ann.People.Television(ctx, den.ID, link))(t); got.LinkID != link || got.Username != "bob" || got.Refused != client.TelevisionOff {
		t.Errorf("television %+v, want bob and an agent that takes none", got)
	}
	_, err := ann.People.SignTelevisionIn(ctx, den.ID, link, "123456")
	isError(t, err, client.ErrTelevisionRefused)
	report := client.Report{Name: "Den", SystemID: "5ed", QuickConnect: true, Televisions: client.TelevisionsGuests}
	must(den.Agent.Report(ctx, report))(t)
	if got := must(ann.People.Television(ctx, den.ID, link))(t); got.Refused != "" {
		t.Errorf("television %+v, want nothing against it", got)
	}
	_, err = bob.People.Television(ctx, den.ID, link)
	isError(t, err, client.ErrNotFound)
	_, err = ann.People.SignTelevisionIn(ctx, den.ID, link, "12345")
	isError(t, err, client.ErrInvalid)
	asked := must(ann.People.SignTelevisionIn(ctx, den.ID, link, "123 456"))(t)
	open := must(den.Agent.QuickConnects(ctx))(t)
	if len(open) != 1 || !open[0].ByOwner || open[0].LinkID != link || open[0].ID != asked.ID {
		t.Fatalf("open %+v, want the digits of the owner", open)
	}
	noError(t, den.Agent.CompleteQuickConnect(ctx, asked.ID))
	if got := must(ann.People.TelevisionTry(ctx, den.ID, asked.ID))(t); got.Status != "done" || got.Server != "Den" {
		t.Errorf("try %+v, want it done", got)
	}
	_, err = bob.QuickConnects.Get(ctx, asked.ID)
	isError(t, err, client.ErrNotFound)
}
