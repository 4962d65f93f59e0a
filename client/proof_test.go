package client_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

func TestSiteProofs(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.Join(t, "ann"), s.Join(t, "bob")
	den := s.Register(t, ann, servicetest.Den())
	agent, id := den.Agent, den.ID
	_, err := bob.Proofs.Get(ctx, id)
	isError(t, err, client.ErrNotFound)
	must(ann.Servers.Change(ctx, id, client.ServerChange{SelfService: new(true)}))(t)
	started := must(bob.Proofs.Start(ctx, id))(t)
	open := must(agent.Proofs(ctx))(t)
	if len(open) != 1 || open[0].ID != started.ID || open[0].Username != "bob" {
		t.Fatalf("open proofs %+v, want %s of bob", open, started.ID)
	}
	noError(t, agent.ProposeProof(ctx, started.ID, "123456", ""))
	if got := must(bob.Proofs.Get(ctx, id))(t); got.Status != "shown" || got.Code != "123456" {
		t.Errorf("proof %+v, want it shown with the code 123456", got)
	}
	noError(t, agent.CompleteProof(ctx, started.ID, "u1"))
	if got := must(bob.Proofs.Get(ctx, id))(t); got.Status != "done" {
		t.Errorf("proof %+v, want it done", got)
	}
	if list := must(bob.Servers.List(ctx))(t); len(list.Servers) != 1 {
		t.Errorf("servers %+v, want the one that bob proved", list)
	}
	isError(t, agent.FailProof(ctx, started.ID, client.ProofDenied), client.ErrNotFound)
}
