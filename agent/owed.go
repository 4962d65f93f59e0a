package agent

import (
	"context"
	"errors"
)

// owedWork carries out what the agent's own file says is still to be done: at the
// media server, and towards the service.
type owedWork struct {
	*core

	links  *Links
	guests *guests
	tokens *tokens
}

// settleLoop does what is owed at the media server: tokens that end, guests. All of
// it stands in the own file, so that nothing is lost by a crash or while the media
// server is away.
func (w *owedWork) settleLoop(ctx context.Context) {
	for {
		_ = w.settle(ctx) // it has told of its trouble, and is tried again soon
		if !w.wake.media.wait(ctx, w.pace.owed) {
			return
		}
	}
}

// settle does all that is owed and can be done now.
func (w *owedWork) settle(ctx context.Context) error {
	if err := w.store.endLinks(ctx); err != nil {
		return w.explainFile(ctx, err)
	}
	w.trouble.end(ctx, troubleStore)
	if err := w.media.confirm(ctx); err != nil {
		return err
	}
	return errors.Join(w.tokens.revokeOwed(ctx), w.guests.settle(ctx))
}

// tellLoop tells the service what it has to hear. It is a loop of its own: a
// service that hangs must not keep tokens alive that have ended here.
func (w *owedWork) tellLoop(ctx context.Context) {
	failures := 0
	for {
		wait := w.pace.owed
		if err := w.tell(ctx); err != nil {
			failures++
			wait = max(wait, w.pace.backoff(failures))
		} else {
			failures = 0
		}
		if !w.wake.service.wait(ctx, wait) {
			return
		}
	}
}

// tell tells the service of links that were ended here and guests that were made.
func (w *owedWork) tell(ctx context.Context) error {
	err := errors.Join(w.links.tellEnds(ctx), w.guests.tellAll(ctx))
	if err == nil {
		w.service.endTrouble(ctx, byOwed) // nothing is left that the service has to hear
	}
	return err
}
