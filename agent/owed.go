package agent

import (
	"context"
	"errors"
)

// owedWork does what the agent's own file lists as not done yet, at the media
// server and towards the service.
type owedWork struct {
	*core

	links  *Links
	guests *guests
	tokens *tokens
	levels *Levels

	passwords *localPasswords
}

// settleLoop does what is owed at the media server: it revokes tokens, replaces
// passwords, carries out levels and settles guests. All of it is listed in the agent's own file, so that a crash or an
// absence of the media server loses nothing.
func (w *owedWork) settleLoop(ctx context.Context) {
	for {
		_ = w.settle(ctx) // settle has begun a trouble, and is tried again soon
		if !w.wake.media.wait(ctx, w.levels.wait(w.pace.owed)) {
			return
		}
	}
}

// settle does everything that is owed at the media server and can be done now.
func (w *owedWork) settle(ctx context.Context) error {
	defer w.guests.wakeToTell()
	defer w.levels.wakeToTell(ctx, w.store.now())
	if err := w.store.endLinks(ctx, w.opt.Policy.AllowAllUsers); err != nil {
		return w.explainFile(ctx, err)
	}
	w.trouble.end(ctx, troubleStore)
	if err := w.noteWaiting(ctx); err != nil {
		return err
	}
	if err := errors.Join(w.levels.closeUnlocks(ctx), w.passwords.endBehindPIN(ctx)); err != nil {
		return err
	}
	if err := w.media.confirm(ctx); err != nil {
		return err
	}
	// Levels come first: the end of an unlock must not wait for other work.
	err := errors.Join(w.levels.settle(ctx), w.tokens.revokeOwed(ctx), w.tokens.endUnfinished(ctx), w.passwords.replaceOwed(ctx))
	if !w.copy.current(ctx) {
		return err // the links of the guests may have changed
	}
	return errors.Join(err, w.guests.settle(ctx))
}

// tellLoop tells the service what it has to hear. It is separate from settleLoop:
// a service that hangs must not keep alive tokens that have ended here.
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

// tell tells the service which links were ended here, which guests were created, why other guests were
// not created, what administrators changed at guests by hand, and how the levels were applied.
func (w *owedWork) tell(ctx context.Context) error {
	err := errors.Join(w.links.tellEnds(ctx), w.guests.tellAll(ctx), w.guests.tellReasons(ctx), w.guests.tellHand(ctx), w.levels.tell(ctx))
	if err == nil {
		w.service.endTrouble(ctx, byOwed) // the service has heard everything
	}
	return err
}
