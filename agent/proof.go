package agent

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/limit"
)

// proofsMost is the greatest number of proofs that are in progress at once.
const proofsMost = 8

// proofs let people prove which local user they are.
type proofs struct {
	*core

	reports *reports
	begun   *limit.Bucket // limits the proofs that this run begins

	mu         sync.Mutex
	inProgress map[string]bool // ids of the proofs that a goroutine works on
}

func newProofs(c *core, reports *reports) *proofs {
	return &proofs{core: c, reports: reports, begun: limit.NewBucket(c.opt.Now, 120, time.Hour), inProgress: map[string]bool{}}
}

// loop works on the proofs that people ask for, until ctx ends. It uses the function work
// to start goroutines.
func (p *proofs) loop(ctx context.Context, work func(func())) {
	p.repeat(ctx, p.wake.proofs, p.opt.ReportEvery, func() error { return p.start(ctx, work) }) // a change wakes the loop sooner
}

// start begins the proofs that wait for the agent and are not in progress yet.
func (p *proofs) start(ctx context.Context, work func(func())) error {
	service, err := p.service.client(ctx)
	if err != nil {
		return err
	}
	open, err := service.Proofs(ctx)
	if err = p.service.explain(ctx, byProofs, err); err != nil {
		return err
	}
	for _, proof := range open {
		id := string(proof.ID)
		p.mu.Lock()
		take := !p.inProgress[id] && len(p.inProgress) < proofsMost && p.begun.Allow()
		if take {
			p.inProgress[id] = true
		}
		p.mu.Unlock()
		if !take {
			continue
		}
		work(func() {
			if !p.prove(ctx, service, proof) {
				pause(ctx, p.pace.longest) // the service still lists it, so do not begin at once again
			}
			p.mu.Lock()
			delete(p.inProgress, id)
			p.mu.Unlock()
			p.wake.proofs.now() // another proof may wait for this place
		})
	}
	return nil
}

// prove works on one proof until the proof has succeeded or failed. It reports whether the
// service knows the result.
func (p *proofs) prove(ctx context.Context, service *client.Agent, proof client.OpenProof) bool {
	attrs := []slog.Attr{slog.String("account", readable(proof.Username)), slog.String("proof_id", readable(string(proof.ID)))}
	user, reason := p.identify(ctx, service, proof)
	if ctx.Err() != nil {
		return false // the next run begins the proof again
	}
	if reason == "" {
		reason = p.allowed(ctx, user)
	}
	if reason == "" {
		reason = p.complete(ctx, service, proof, user)
	}
	attrs = append(attrs, slog.String("local_user", readable(user.Name)))
	if reason == "" {
		p.log.LogAttrs(ctx, slog.LevelInfo, "a person has proved which local user they are", attrs...)
		return true
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "a proof of a local user has failed", append(attrs, slog.String("reason", reason))...)
	return p.service.explain(ctx, byNobody, service.FailProof(ctx, proof.ID, reason)) == nil // if that fails, the proof expires
}

// allowed stores a yes to a local user, because a person has proved to be that local user.
// It returns "", or the reason for the service if the yes cannot be stored.
func (p *proofs) allowed(ctx context.Context, user mediaserver.LocalUser) string {
	if _, err := p.give(ctx, user, givenByProof); err != nil {
		return client.ProofUnavailable
	}
	return ""
}

// identify finds out which local user a person is. It returns "" as the second result, or
// the reason why it could not find out.
func (p *proofs) identify(ctx context.Context, service *client.Agent, proof client.OpenProof) (mediaserver.LocalUser, string) {
	var nobody mediaserver.LocalUser
	if p.media.check(ctx) != nil {
		return nobody, client.ProofUnavailable
	}
	begun, err := p.opt.MediaServer.StartProof(ctx, proof.Username)
	if err != nil {
		_ = p.media.explain(ctx, err) // begins a trouble
		return nobody, client.ProofUnavailable
	}
	if err := p.service.explain(ctx, byNobody, service.ProposeProof(ctx, proof.ID, begun.Code, begun.URL)); err != nil {
		return nobody, client.ProofUnavailable
	}
	end := proof.ExpiresAt
	if !begun.ExpiresAt.IsZero() && begun.ExpiresAt.Before(end) {
		end = begun.ExpiresAt
	}
	user, reason := p.await(ctx, begun.Secret, end)
	switch {
	case reason != "":
		return nobody, reason
	case user.Administrator && !p.opt.Policy.AllowAdmins, user.Disabled:
		return user, client.ProofNotAllowed
	}
	return user, ""
}

// await asks the media server again and again until the person has answered or the time end
// has come. It returns the local user, or the reason for a failure.
func (p *proofs) await(ctx context.Context, secret string, end time.Time) (mediaserver.LocalUser, string) {
	for pause(ctx, p.pace.proof) {
		within, cancel := context.WithTimeout(ctx, p.pace.media)
		user, err := p.opt.MediaServer.CheckProof(within, secret)
		cancel()
		switch {
		case err == nil:
			return user, ""
		case errors.Is(err, mediaserver.ErrProofOver) && p.opt.Now().Before(end):
			return user, client.ProofDenied
		case isAnswer(err) && !errors.Is(err, mediaserver.ErrProofPending) && p.opt.Now().Before(end):
			return user, client.ProofUnavailable
		case !isAnswer(err):
			_ = p.media.explain(ctx, err) // the media server may be back before the end
		}
		if !p.opt.Now().Before(end) {
			return user, client.ProofExpired
		}
	}
	return mediaserver.LocalUser{}, client.ProofUnavailable
}

// complete tells the service which local user was proved. It returns the reason why the
// service makes no link from the proof, or "".
func (p *proofs) complete(ctx context.Context, service *client.Agent, proof client.OpenProof, user mediaserver.LocalUser) string {
	err := service.CompleteProof(ctx, proof.ID, user.ID)
	if wrong, is := errors.AsType[*client.Error](err); is {
		if _, unknown := wrong.Field("local_user"); unknown && p.reports.sendNow(ctx) == nil { // created since the last report
			err = service.CompleteProof(ctx, proof.ID, user.ID)
		}
	}
	switch err = p.service.explain(ctx, byNobody, err); {
	case err == nil:
		return ""
	case errors.Is(err, ErrServiceRefused):
		p.log.LogAttrs(ctx, slog.LevelWarn, "the service refuses to make a link from a proof: the local user may have a link already",
			slog.String("account", readable(proof.Username)), slog.String("local_user", readable(user.Name)), slog.String("cause", err.Error()))
		return client.ProofNotAllowed
	default:
		return client.ProofUnavailable
	}
}
