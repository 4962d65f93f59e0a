package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// tokens are the local access tokens that the agent has given to devices. It
// revokes them when their link or device ends.
type tokens struct {
	*core

	minting keyLocks  // lets one token at a time be made for a link and device
	failed  time.Time // when a token that nobody got could not be ended
}

func newTokens(c *core) *tokens {
	return &tokens{core: c, minting: keyLocks{held: map[string]*keyLock{}}}
}

// revokeOwed revokes all tokens that have to be revoked.
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

// revokeAll revokes the tokens of owed. After a few failures it gives up for now
// and returns false. A token that failed comes last the next time, so that a
// token that can never be revoked does not hold up the others.
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
		t.log.LogAttrs(ctx, slog.LevelError, "a local token that must be revoked cannot be read: sign its device out at the media server",
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

// revokeByID revokes a token at once instead of in its turn. If that fails, the
// token stays owed.
func (t *tokens) revokeByID(ctx context.Context, id string) {
	owed, err := t.store.owedToken(ctx, id)
	if err != nil || t.revoke(ctx, owed) != nil {
		t.wake.media.now()
	}
}

// stuck begins a trouble for a token that could not be revoked. It returns
// [ErrMediaServerAway] if the media server does not answer, and another error if
// it answers but does not revoke the token.
func (t *tokens) stuck(ctx context.Context, owed owedToken, err error) error {
	if errors.Is(err, mediaserver.ErrKeyRefused) || ctx.Err() != nil {
		return t.media.explain(ctx, err)
	}
	if away := t.media.check(ctx); away != nil {
		return away
	}
	t.trouble.begin(ctx, troubleRevoke, "the media server does not revoke a local token: sign out the devices of that local user there. The agent keeps trying",
		slog.String("local_user_id", owed.LocalUserID), slog.String("link_id", owed.LinkID), causeOf(err))
	return fmt.Errorf("end a local token: %w", err)
}
