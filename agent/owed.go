package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
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

// tellEnds tells the service of links that an admin has ended here.
func (l *Links) tellEnds(ctx context.Context) error {
	ended, err := readLinks(l.store.read(ctx), "unlinked_at > 0")
	if err != nil || len(ended) == 0 {
		return l.explainFile(ctx, err)
	}
	for i := range ended {
		if err := l.tellEnd(ctx, &ended[i]); err != nil {
			return err
		}
	}
	return nil
}

// tellEnd ends a link at the service and takes it away here.
func (l *Links) tellEnd(ctx context.Context, row *linkRow) error {
	service, err := l.service.client(ctx)
	if err != nil {
		return err
	}
	err = service.EndLink(ctx, client.ID(row.ID))
	if !errors.Is(err, client.ErrNotFound) {
		if err = l.service.explain(ctx, byOwed, err); err != nil {
			return err
		}
	}
	err = l.store.tx(ctx, "take a link away", func(tx *gorm.DB) error {
		_, err := l.store.dropLink(tx, row.ID)
		return err
	})
	if err != nil {
		return l.explainFile(ctx, err)
	}
	l.logLink(ctx, note{text: "the service has ended a link that was ended here", link: row})
	return nil
}

// tokens are the local access tokens that the agent has handed out, and that it
// revokes when their link or device ends.
type tokens struct{ *core }

// revokeOwed revokes the tokens that have to end.
func (t *tokens) revokeOwed(ctx context.Context) error {
	const atOnce = 50
	var failed error
	for again := true; again; {
		owed, err := t.store.owedTokens(ctx, atOnce)
		if err != nil {
			return t.explainFile(ctx, err)
		}
		again, err = t.revokeAll(ctx, owed)
		again = again && len(owed) == atOnce
		failed = errors.Join(failed, err)
	}
	if failed == nil {
		t.trouble.end(ctx, troubleRevoke)
	}
	return failed
}

// revokeAll revokes tokens. After a few that fail it gives up for now, and returns
// false. The next time others come first: one that can never be revoked must not
// hold them up.
func (t *tokens) revokeAll(ctx context.Context, owed []owedToken) (more bool, err error) {
	const failuresMost = 3
	var failed []error
	for _, token := range owed {
		err := t.revoke(ctx, token)
		if err == nil {
			continue
		}
		failed = append(failed, errors.Join(err, t.store.postpone(ctx, token.ID)))
		if len(failed) >= failuresMost || errors.Is(err, ErrMediaServerAway) {
			return false, errors.Join(failed...)
		}
	}
	return true, errors.Join(failed...)
}

// revoke revokes a token and forgets it.
func (t *tokens) revoke(ctx context.Context, owed owedToken) error {
	value, err := t.store.keys.Open(sealToken, owed.ID, owed.Sealed)
	if err != nil {
		t.log.LogAttrs(ctx, slog.LevelError, "a local token that has to end cannot be read: sign its device out at the media server",
			slog.String("link_id", owed.LinkID), slog.String("local_user_id", owed.LocalUserID))
		return t.explainFile(ctx, t.store.dropToken(ctx, owed.ID))
	}
	within, cancel := context.WithTimeout(ctx, t.pace.media)
	defer cancel()
	if err := t.opt.MediaServer.Revoke(within, value); err != nil && !isAnswer(err) {
		return t.stuck(ctx, owed, err)
	}
	if err := t.store.dropToken(ctx, owed.ID); err != nil {
		return t.explainFile(ctx, err)
	}
	t.log.LogAttrs(ctx, slog.LevelInfo, "a local token was revoked",
		slog.String("account_id", owed.AccountID), slog.String("link_id", owed.LinkID), slog.String("local_user_id", owed.LocalUserID))
	return nil
}

// stuck tells why a token could not be revoked: the media server is away, or it is
// there and does not do that. The error is [ErrMediaServerAway] only when it is
// away.
func (t *tokens) stuck(ctx context.Context, owed owedToken, err error) error {
	if errors.Is(err, mediaserver.ErrKeyRefused) || ctx.Err() != nil {
		return t.media.explain(ctx, err)
	}
	if away := t.media.check(ctx); away != nil {
		return away
	}
	t.trouble.begin(ctx, troubleRevoke, "the media server does not end a local token that has to end: sign that local user's devices out there. It is tried again and again",
		slog.String("local_user_id", owed.LocalUserID), slog.String("link_id", owed.LinkID), slog.String("cause", readable(err.Error())))
	return fmt.Errorf("end a local token: %w", err)
}
