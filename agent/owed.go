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

// owedLoop does what is owed at the media server: tokens that end, guests. All of
// it stands in the own file, so that nothing is lost by a crash or while the media
// server is away.
func (a *Agent) owedLoop(ctx context.Context) {
	for {
		_ = a.settle(ctx) // it has told of its trouble, and is tried again soon
		if !a.owed.wait(ctx, a.pace.owed) {
			return
		}
	}
}

// settle does all that is owed and can be done now.
func (a *Agent) settle(ctx context.Context) error {
	if err := a.store.endLinks(ctx); err != nil {
		return a.ownFile(ctx, err)
	}
	a.trouble.end(ctx, troubleStore)
	if err := a.confirm(ctx); err != nil {
		return err
	}
	return errors.Join(a.revokeOwed(ctx), a.settleGuests(ctx))
}

// tellLoop tells the service what it has to hear. It is a loop of its own: a
// service that hangs must not keep tokens alive that have ended here.
func (a *Agent) tellLoop(ctx context.Context) {
	failures := 0
	for {
		wait := a.pace.owed
		if err := a.tell(ctx); err != nil {
			failures++
			wait = max(wait, a.pace.backoff(failures))
		} else {
			failures = 0
		}
		if !a.told.wait(ctx, wait) {
			return
		}
	}
}

// tell tells the service of links that were ended here and guests that were made.
func (a *Agent) tell(ctx context.Context) error {
	err := errors.Join(a.tellEnds(ctx), a.tellGuests(ctx))
	if err == nil {
		a.clears(ctx, byOwed) // nothing is left that the service has to hear
	}
	return err
}

// tellEnds tells the service of links that an admin has ended here.
func (a *Agent) tellEnds(ctx context.Context) error {
	ended, err := links(a.store.read(ctx), "unlinked_at > 0")
	if err != nil || len(ended) == 0 {
		return a.ownFile(ctx, err)
	}
	for i := range ended {
		if err := a.tellEnd(ctx, &ended[i]); err != nil {
			return err
		}
	}
	return nil
}

// tellEnd ends a link at the service and takes it away here.
func (a *Agent) tellEnd(ctx context.Context, row *linkRow) error {
	service, err := a.service(ctx)
	if err != nil {
		return err
	}
	err = service.EndLink(ctx, client.ID(row.ID))
	if !errors.Is(err, client.ErrNotFound) {
		if err = a.heard(ctx, byOwed, err); err != nil {
			return err
		}
	}
	err = a.store.tx(ctx, "take a link away", func(tx *gorm.DB) error {
		_, err := a.store.dropLink(tx, row.ID)
		return err
	})
	if err != nil {
		return a.ownFile(ctx, err)
	}
	a.say(ctx, note{text: "the service has ended a link that was ended here", link: row})
	return nil
}

// revokeOwed revokes the tokens that have to end.
func (a *Agent) revokeOwed(ctx context.Context) error {
	const atOnce = 50
	var failed error
	for again := true; again; {
		owed, err := a.store.owedTokens(ctx, atOnce)
		if err != nil {
			return a.ownFile(ctx, err)
		}
		again, err = a.revokeAll(ctx, owed)
		again = again && len(owed) == atOnce
		failed = errors.Join(failed, err)
	}
	if failed == nil {
		a.trouble.end(ctx, troubleRevoke)
	}
	return failed
}

// revokeAll revokes tokens. After a few that fail it gives up for now, and returns
// false. The next time others come first: one that can never be revoked must not
// hold them up.
func (a *Agent) revokeAll(ctx context.Context, owed []owedToken) (more bool, err error) {
	const failuresMost = 3
	var failed []error
	for _, token := range owed {
		err := a.revoke(ctx, token)
		if err == nil {
			continue
		}
		failed = append(failed, errors.Join(err, a.store.postpone(ctx, token.ID)))
		if len(failed) >= failuresMost || errors.Is(err, ErrMediaServerAway) {
			return false, errors.Join(failed...)
		}
	}
	return true, errors.Join(failed...)
}

// revoke revokes a token and forgets it.
func (a *Agent) revoke(ctx context.Context, owed owedToken) error {
	value, err := a.store.keys.Open(sealToken, owed.ID, owed.Sealed)
	if err != nil {
		a.log.LogAttrs(ctx, slog.LevelError, "a local token that has to end cannot be read: sign its device out at the media server",
			slog.String("link_id", owed.LinkID), slog.String("local_user_id", owed.LocalUserID))
		return a.ownFile(ctx, a.store.dropToken(ctx, owed.ID))
	}
	within, cancel := context.WithTimeout(ctx, a.pace.media)
	defer cancel()
	if err := a.o.MediaServer.Revoke(within, value); err != nil && !isAnswer(err) {
		return a.stuck(ctx, owed, err)
	}
	if err := a.store.dropToken(ctx, owed.ID); err != nil {
		return a.ownFile(ctx, err)
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, "a local token was revoked",
		slog.String("account_id", owed.AccountID), slog.String("link_id", owed.LinkID), slog.String("local_user_id", owed.LocalUserID))
	return nil
}

// stuck tells why a token could not be revoked: the media server is away, or it is
// there and does not do that. The error is [ErrMediaServerAway] only when it is
// away.
func (a *Agent) stuck(ctx context.Context, owed owedToken, err error) error {
	if errors.Is(err, mediaserver.ErrKeyRefused) || ctx.Err() != nil {
		return a.mediaServer(ctx, err)
	}
	if away := a.look(ctx); away != nil {
		return away
	}
	a.trouble.begin(ctx, troubleRevoke, "the media server does not end a local token that has to end: sign that local user's devices out there. It is tried again and again",
		slog.String("local_user_id", owed.LocalUserID), slog.String("link_id", owed.LinkID), slog.String("cause", readable(err.Error())))
	return fmt.Errorf("end a local token: %w", err)
}
