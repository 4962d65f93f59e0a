package models_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestProofLinksTheAccount(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		_, err := k.Proofs.Start(ctx, anna.ID, m.ID)
		k.is(err, models.ErrNotFound) // the owner has not allowed it
		k.must(k.Servers.Change(ctx, owner.ID, m.ID, models.ServerChange{SelfService: new(true)}))
		proof, err := k.Proofs.Start(ctx, anna.ID, m.ID)
		k.must(err)
		again, err := k.Proofs.Start(ctx, anna.ID, m.ID)
		if err != nil || again.ID != proof.ID {
			k.t.Errorf("the second request gave the proof %+v with error %v, want the first proof", again, err)
		}
		open, err := k.Proofs.Open(ctx, m.Server)
		if err != nil || len(open) != 1 || open[0].Username != anna.Username || !slices.Contains(k.changeKinds(m, 0), models.ChangeProofAsked) {
			k.t.Errorf("got the open proofs %+v with error %v, want one of the account, and a change in the feed", open, err)
		}
		k.isKind(k.Proofs.Propose(ctx, m.Server, proof.ID, "", "javascript:alert(1)"), models.KindInvalid)
		k.must(k.Proofs.Propose(ctx, m.Server, proof.ID, "123456", ""))
		other := k.agent(owner)
		k.is(k.Proofs.Complete(ctx, other.Server, proof.ID, "u-anna", home), models.ErrNotFound)
		k.isKind(k.Proofs.Complete(ctx, m.Server, proof.ID, "u-nobody", home), models.KindInvalid)
		k.oneWinner(parallel(8, func(int) error { return k.Proofs.Complete(ctx, m.Server, proof.ID, "u-anna", home) }), models.ErrNotFound)
		if links := k.agentLinks(m); len(links) != 1 || links[0].LocalUserID != "u-anna" || links[0].State != models.LinkAccepted {
			k.t.Errorf("got the links %+v, want one accepted link with the local user", links)
		}
		got, err := k.Proofs.Get(ctx, anna.ID, m.ID)
		if err != nil || got.State != models.ProofDone || got.Code != "123456" {
			k.t.Errorf("got the proof %+v with error %v, want it done with its code", got, err)
		}
		_, err = k.Proofs.Start(ctx, anna.ID, m.ID)
		k.is(err, models.ErrAlreadyLinked)
		ben := k.account()
		late, err := k.Proofs.Start(ctx, ben.ID, m.ID)
		k.must(err)
		k.is(k.Proofs.Complete(ctx, m.Server, late.ID, "u-anna", home), models.ErrLocalUserTaken)
		k.isKind(k.Proofs.Fail(ctx, m.Server, late.ID, "because"), models.KindInvalid)
		k.must(k.Proofs.Fail(ctx, m.Server, late.ID, "denied"))
		late, err = k.Proofs.Start(ctx, ben.ID, m.ID)
		k.must(err)
		k.clock.Advance(10 * time.Minute)
		k.is(k.Proofs.Propose(ctx, m.Server, late.ID, "1", ""), models.ErrNotFound)
		got, err = k.Proofs.Get(ctx, ben.ID, m.ID)
		if err != nil || got.State != models.ProofFailed || got.Reason != "expired" {
			k.t.Errorf("got the proof %+v with error %v, want it failed as expired", got, err)
		}
		k.clock.Advance(time.Hour)
		k.must(k.Sweep(ctx))
		_, err = k.Proofs.Get(ctx, ben.ID, m.ID)
		k.is(err, models.ErrNotFound)
	})
}

// Stopping self-service also stops open proofs, so that no person waits for a proof
// that can never be completed.
func TestStoppedSelfServiceEndsProofs(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m, other := k.agent(owner), k.agent(owner)
		for _, one := range []media{m, other} {
			k.must(k.Servers.Change(ctx, owner.ID, one.ID, models.ServerChange{SelfService: new(true)}))
			_, err := k.Proofs.Start(ctx, anna.ID, one.ID)
			k.must(err)
		}
		k.must(k.Servers.Change(ctx, owner.ID, m.ID, models.ServerChange{SelfService: new(true)})) // repeating it does not stop the proof
		k.must(k.Servers.Change(ctx, owner.ID, other.ID, models.ServerChange{SelfService: new(false)}))
		for _, tt := range []struct {
			at           media
			state, wrong string
			open         int
			start        error
		}{
			{m, models.ProofAsked, "", 1, nil},
			{other, models.ProofFailed, "not_allowed", 0, models.ErrNotFound},
		} {
			got, err := k.Proofs.Get(ctx, anna.ID, tt.at.ID)
			if err != nil || got.State != tt.state || got.Reason != tt.wrong {
				k.t.Errorf("got the proof %+v with error %v, want the state and reason of the case", got, err)
			}
			open, err := k.Proofs.Open(ctx, tt.at.Server)
			if err != nil || len(open) != tt.open {
				k.t.Errorf("the agent sees the proofs %+v with error %v, want the number of the case", open, err)
			}
			_, err = k.Proofs.Start(ctx, anna.ID, tt.at.ID)
			k.is(err, tt.start)
		}
	})
}
