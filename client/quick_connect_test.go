package client_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

func TestSiteQuickConnects(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.join(t, "ann"), s.join(t, "bob")
	agent, id := den(t, s, ann)
	made := must(agent.Invite(ctx, client.AskInvite{
		To: "bob", Type: client.Linked, LocalUser: "u1", Libraries: []string{"l1"}, Note: "Hello", EndsAt: s.clock.Now().Add(time.Hour),
	}))(t)
	if made.From != "ann" || len(made.Servers) != 1 || made.Servers[0].LocalUser == nil || made.Servers[0].LocalUser.Name != "Kid" || made.Servers[0].EndsAt.IsZero() {
		t.Errorf("%+v", made)
	}
	_, err := agent.Invite(ctx, client.AskInvite{To: "nobody-here", Type: client.Guest})
	is(t, err, client.ErrInvalid)
	lone := must(ann.Servers.Register(ctx, client.NewServer{Name: "Lone", SystemID: "10e"}))(t)
	_, err = s.client(t).As(lone.Key).Agent.Invite(ctx, client.AskInvite{To: "bob", Type: client.Guest})
	is(t, err, client.ErrServerUnclaimed)
	well(t, bob.Invites.Accept(ctx, made.ID))

	if none := must(bob.QuickConnects.Servers(ctx))(t); len(none) != 0 {
		t.Errorf("%+v", none)
	}
	_, err = bob.QuickConnects.Ask(ctx, id, "123456")
	is(t, err, client.ErrInvalid)
	report := client.Report{Name: "Den", SystemID: "5ed", LocalUsers: []client.ReportedLocalUser{{ID: "u1", Name: "Kid"}}, QuickConnect: true}
	must(agent.Report(ctx, report))(t)
	if can := must(bob.QuickConnects.Servers(ctx))(t); len(can) != 1 || can[0].ID != id || can[0].Name != "Den" || can[0].LocalUser != "Kid" {
		t.Errorf("%+v", can)
	}
	before := must(agent.Changes(ctx, 0, 0))(t)
	asked := must(bob.QuickConnects.Ask(ctx, id, "123 456"))(t)
	if after := must(agent.Changes(ctx, before.Last, 0))(t); len(after.Changes) != 1 || after.Changes[0].Kind != client.QuickConnectAsked {
		t.Errorf("%+v", after)
	}
	open := must(agent.QuickConnects(ctx))(t)
	if len(open) != 1 || open[0].ID != asked.ID || open[0].Code != "123456" || open[0].LinkID == "" || open[0].AccountID == "" || !open[0].ExpiresAt.Equal(asked.ExpiresAt) {
		t.Fatalf("%+v", open)
	}
	_, err = ann.QuickConnects.Get(ctx, asked.ID)
	is(t, err, client.ErrNotFound)
	well(t, agent.CompleteQuickConnect(ctx, asked.ID))
	is(t, agent.CompleteQuickConnect(ctx, asked.ID), client.ErrNotFound)
	if got := must(bob.QuickConnects.Get(ctx, asked.ID))(t); got.Status != "done" || got.Server != "Den" {
		t.Errorf("%+v", got)
	}
	asked = must(bob.QuickConnects.Ask(ctx, id, "654321"))(t)
	is(t, agent.FailQuickConnect(ctx, asked.ID, client.QuickConnectExpired), client.ErrInvalid)
	well(t, agent.FailQuickConnect(ctx, asked.ID, client.CodeWrong))
	if got := must(bob.QuickConnects.Get(ctx, asked.ID))(t); got.Status != "failed" || got.Reason != client.CodeWrong {
		t.Errorf("%+v", got)
	}
	s.clock.Advance(25 * time.Hour)
	_, err = bob.QuickConnects.Ask(ctx, id, "123456")
	is(t, err, client.ErrConfirmPassword)
}
