package client_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

func TestSiteQuickConnects(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.Join(t, "ann"), s.Join(t, "bob")
	den := s.Register(t, ann, servicetest.Den())
	agent, id := den.Agent, den.ID
	made := must(agent.Invite(ctx, client.AskInvite{
		To: "bob", Type: client.Linked, LocalUser: "u1", Libraries: []string{"l1"}, Note: "Hello", EndsAt: s.Clock.Now().Add(time.Hour),
	}))(t)
	if made.From != "ann" || len(made.Servers) != 1 || made.Servers[0].LocalUser == nil || made.Servers[0].LocalUser.Name != "Kid" || made.Servers[0].EndsAt.IsZero() {
		t.Errorf("invite %+v, want one of ann to the local user Kid, with an end", made)
	}
	_, err := agent.Invite(ctx, client.AskInvite{To: "nobody-here", Type: client.Guest})
	isError(t, err, client.ErrInvalid)
	lone := must(ann.Servers.Register(ctx, client.NewServer{Name: "Lone", SystemID: "10e"}))(t)
	_, err = s.NewClient(t).As(lone.Key).Agent.Invite(ctx, client.AskInvite{To: "bob", Type: client.Guest})
	isError(t, err, client.ErrServerUnclaimed)
	noError(t, bob.Invites.Accept(ctx, made.ID))

	if none := must(bob.QuickConnects.Servers(ctx))(t); len(none) != 0 {
		t.Errorf("servers with Quick Connect %+v, want an empty list", none)
	}
	_, err = bob.QuickConnects.Ask(ctx, id, "123456")
	isError(t, err, client.ErrInvalid)
	report := client.Report{Name: "Den", SystemID: "5ed", LocalUsers: []client.ReportedLocalUser{{ID: "u1", Name: "Kid"}}, QuickConnect: true}
	must(agent.Report(ctx, report))(t)
	if can := must(bob.QuickConnects.Servers(ctx))(t); len(can) != 1 || can[0].ID != id || can[0].Name != "Den" || can[0].LocalUser != "Kid" {
		t.Errorf("servers with Quick Connect %+v, want Den with the local user Kid", can)
	}
	before := must(agent.Changes(ctx, 0, 0))(t)
	asked := must(bob.QuickConnects.Ask(ctx, id, "123 456"))(t)
	if after := must(agent.Changes(ctx, before.Last, 0))(t); len(after.Changes) != 1 || after.Changes[0].Kind != client.QuickConnectAsked {
		t.Errorf("changes %+v, want one that a code was asked for", after)
	}
	open := must(agent.QuickConnects(ctx))(t)
	if len(open) != 1 || open[0].ID != asked.ID || open[0].Code != "123456" || open[0].LinkID == "" || open[0].AccountID == "" || !open[0].ExpiresAt.Equal(asked.ExpiresAt) {
		t.Fatalf("open codes %+v, want %s with the code 123456, its link, account and expiry", open, asked.ID)
	}
	_, err = ann.QuickConnects.Get(ctx, asked.ID)
	isError(t, err, client.ErrNotFound)
	noError(t, agent.CompleteQuickConnect(ctx, asked.ID))
	isError(t, agent.CompleteQuickConnect(ctx, asked.ID), client.ErrNotFound)
	if got := must(bob.QuickConnects.Get(ctx, asked.ID))(t); got.Status != "done" || got.Server != "Den" {
		t.Errorf("code %+v, want it done at Den", got)
	}
	asked = must(bob.QuickConnects.Ask(ctx, id, "654321"))(t)
	isError(t, agent.FailQuickConnect(ctx, asked.ID, client.QuickConnectExpired), client.ErrInvalid)
	noError(t, agent.FailQuickConnect(ctx, asked.ID, client.CodeWrong))
	if got := must(bob.QuickConnects.Get(ctx, asked.ID))(t); got.Status != "failed" || got.Reason != client.CodeWrong {
		t.Errorf("code %+v, want it failed with the reason %s", got, client.CodeWrong)
	}
	s.Clock.Advance(25 * time.Hour)
	_, err = bob.QuickConnects.Ask(ctx, id, "123456")
	isError(t, err, client.ErrConfirmPassword)
}
