package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// proofsMost is how many proofs are worked on at once.
const proofsMost = 8

// proofLoop works on proofs of local users, as people ask for them.
func (a *Agent) proofLoop(ctx context.Context, work func(func())) {
	failures := 0
	for {
		wait := a.o.ReportEvery // the feed tells of new ones
		switch err := a.startProofs(ctx, work); {
		case errors.Is(err, ErrNotRegistered):
			wait = a.pace.shutOut(err)
		case err != nil:
			failures++
			wait = a.pace.backoff(failures)
		default:
			failures = 0
		}
		if !a.proofs.wait(ctx, wait) {
			return
		}
	}
}

// startProofs begins with the proofs that wait for the agent and that nobody
// works on.
func (a *Agent) startProofs(ctx context.Context, work func(func())) error {
	service, err := a.service(ctx)
	if err != nil {
		return err
	}
	open, err := service.Proofs(ctx)
	if err = a.heard(ctx, byProofs, err); err != nil {
		return err
	}
	for _, proof := range open {
		id := string(proof.ID)
		a.mu.Lock()
		take := !a.shown[id] && len(a.shown) < proofsMost && a.proving.take("")
		if take {
			a.shown[id] = true
		}
		a.mu.Unlock()
		if !take {
			continue
		}
		work(func() {
			if !a.prove(ctx, service, proof) {
				pause(ctx, a.pace.longest) // the service still lists it
			}
			a.mu.Lock()
			delete(a.shown, id)
			a.mu.Unlock()
			a.proofs.now() // somebody may wait for this place
		})
	}
	return nil
}

// prove works on one proof until it is decided. It reports whether the service
// knows.
func (a *Agent) prove(ctx context.Context, service *client.Agent, proof client.OpenProof) bool {
	attrs := []slog.Attr{slog.String("account", readable(proof.Username)), slog.String("proof_id", readable(string(proof.ID)))}
	user, reason := a.proveUser(ctx, service, proof)
	if ctx.Err() != nil {
		return false // the next run begins anew
	}
	if reason == "" {
		reason = a.completeProof(ctx, service, proof, user)
	}
	attrs = append(attrs, slog.String("local_user", readable(user.Name)))
	if reason == "" {
		a.log.LogAttrs(ctx, slog.LevelInfo, "a person has proved which local user they are", attrs...)
		return true
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, "a proof of a local user came to nothing", append(attrs, slog.String("reason", reason))...)
	return a.heard(ctx, once, service.FailProof(ctx, proof.ID, reason)) == nil // else it expires
}

// proveUser finds out which local user a person is. It returns the reason for
// which it could not, "" when it could.
func (a *Agent) proveUser(ctx context.Context, service *client.Agent, proof client.OpenProof) (mediaserver.LocalUser, string) {
	var nobody mediaserver.LocalUser
	if a.confirm(ctx) != nil {
		return nobody, client.ProofUnavailable
	}
	begun, err := a.o.MediaServer.StartProof(ctx, proof.Username)
	if err != nil {
		_ = a.mediaServer(ctx, err) // it has been told
		return nobody, client.ProofUnavailable
	}
	if err := a.heard(ctx, once, service.ProposeProof(ctx, proof.ID, begun.Code, begun.URL)); err != nil {
		return nobody, client.ProofUnavailable
	}
	end := proof.ExpiresAt
	if !begun.ExpiresAt.IsZero() && begun.ExpiresAt.Before(end) {
		end = begun.ExpiresAt
	}
	user, reason := a.awaitProof(ctx, begun.Secret, end)
	switch {
	case reason != "":
		return nobody, reason
	case user.Administrator && !a.o.Policy.AllowAdmins, user.Disabled:
		return user, client.ProofNotAllowed
	}
	return user, ""
}

// awaitProof asks the media server until the person has answered.
func (a *Agent) awaitProof(ctx context.Context, secret string, end time.Time) (mediaserver.LocalUser, string) {
	for pause(ctx, a.pace.proof) {
		within, cancel := context.WithTimeout(ctx, a.pace.media)
		user, err := a.o.MediaServer.CheckProof(within, secret)
		cancel()
		switch {
		case err == nil:
			return user, ""
		case errors.Is(err, mediaserver.ErrProofOver) && a.o.Now().Before(end):
			return user, client.ProofDenied
		case isAnswer(err) && !errors.Is(err, mediaserver.ErrProofPending) && a.o.Now().Before(end):
			return user, client.ProofUnavailable
		case !isAnswer(err):
			_ = a.mediaServer(ctx, err) // it may be back before the end
		}
		if !a.o.Now().Before(end) {
			return user, client.ProofExpired
		}
	}
	return mediaserver.LocalUser{}, client.ProofUnavailable
}

// completeProof tells the service who was proved. It returns the reason for which
// the service has no link for that.
func (a *Agent) completeProof(ctx context.Context, service *client.Agent, proof client.OpenProof, user mediaserver.LocalUser) string {
	err := service.CompleteProof(ctx, proof.ID, user.ID)
	if wrong, is := errors.AsType[*client.Error](err); is {
		if _, unknown := wrong.Field("local_user"); unknown && a.reportNow(ctx) == nil { // made since the last report
			err = service.CompleteProof(ctx, proof.ID, user.ID)
		}
	}
	switch err = a.heard(ctx, once, err); {
	case err == nil:
		return ""
	case errors.Is(err, ErrServiceRefused):
		a.log.LogAttrs(ctx, slog.LevelWarn, "the service does not make a link of a proof: that local user may be linked already",
			slog.String("account", readable(proof.Username)), slog.String("local_user", readable(user.Name)), slog.String("cause", err.Error()))
		return client.ProofNotAllowed
	default:
		return client.ProofUnavailable
	}
}
