package client_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

func TestSiteProofs(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.join(t, "ann"), s.join(t, "bob")
	agent, id := den(t, s, ann)
	_, err := bob.Proofs.Get(ctx, id)
	is(t, err, client.ErrNotFound)
	must(ann.Servers.Change(ctx, id, client.ServerChange{SelfService: new(true)}))(t)
	started := must(bob.Proofs.Start(ctx, id))(t)
	open := must(agent.Proofs(ctx))(t)
	if len(open) != 1 || open[0].ID != started.ID || open[0].Username != "bob" {
		t.Fatalf("%+v", open)
	}
	well(t, agent.ProposeProof(ctx, started.ID, "123456", ""))
	if got := must(bob.Proofs.Get(ctx, id))(t); got.Status != "shown" || got.Code != "123456" {
		t.Errorf("%+v", got)
	}
	well(t, agent.CompleteProof(ctx, started.ID, "u1"))
	if got := must(bob.Proofs.Get(ctx, id))(t); got.Status != "done" {
		t.Errorf("%+v", got)
	}
	if list := must(bob.Servers.List(ctx))(t); len(list.Servers) != 1 {
		t.Errorf("%+v", list)
	}
	is(t, agent.FailProof(ctx, started.ID, client.ProofDenied), client.ErrNotFound)
}
