package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// endUnfinished ends the tokens whose values the agent does not know. These are the tokens of
// devices that came in by Quick Connect, and tokens that the media server may have made
// although nobody got them. The latter happens if the program was killed in the middle of an
// exchange, or if the answer of the media server was lost. Only one goroutine calls it. After
// a failure it does nothing for the time pace.refused, unless the media server was away.
func (t *tokens) endUnfinished(ctx context.Context) error {
	notes, err := t.store.unfinishedTokens(ctx, "")
	if err != nil {
		return t.explainFile(ctx, err)
	}
	now := t.opt.Now()
	if len(notes) == 0 || now.Sub(t.failed).Abs() < t.pace.refused {
		return nil
	}
	for _, note := range notes {
		err := t.endUnfinishedOne(ctx, note)
		if errors.Is(err, ErrMediaServerAway) {
			return err
		}
		if err != nil {
			t.failed = now
			t.log.LogAttrs(ctx, slog.LevelWarn, "a device cannot be signed out at the media server yet; the agent keeps trying",
				slog.String("link_id", note.LinkID), slog.String("local_user_id", note.LocalUserID), causeOf(err))
		}
	}
	return nil
}

// endUnfinishedOne ends the token of one note, unless it is being made at this moment.
func (t *tokens) endUnfinishedOne(ctx context.Context, note owedToken) error {
	unlock, free := t.minting.tryLock(note.LinkID + "/" + note.DeviceID)
	if !free {
		return nil
	}
	defer unlock()
	still, err := t.store.unfinishedTokens(ctx, note.ID)
	if err != nil || len(still) == 0 { // the exchange has succeeded meanwhile
		return t.explainFile(ctx, err)
	}
	if err := t.endTrial(ctx, note.LocalUserID); err != nil {
		return err
	}
	former, err := t.store.formerTokens(ctx, note)
	if err != nil {
		return t.explainFile(ctx, err)
	}
	if len(former) > 0 {
		if lives, err := t.lives(ctx, former[0]); err != nil {
			return err
		} else if lives { // a new token would have ended this one, so the media server has made no new token
			return t.explainFile(ctx, t.store.dropToken(ctx, note.ID))
		}
	}
	if err := t.endOnDevice(ctx, note); err != nil {
		return err
	}
	for _, ended := range append(former, note) {
		if err := t.store.dropToken(ctx, ended.ID); err != nil {
			return t.explainFile(ctx, err)
		}
	}
	t.log.LogAttrs(ctx, slog.LevelInfo, "what a local user had on a device was ended",
		slog.String("account_id", note.AccountID), slog.String("link_id", note.LinkID), slog.String("local_user_id", note.LocalUserID))
	return nil
}

// endTrial ends what the attempt to make a token may have left behind at the media server.
func (t *tokens) endTrial(ctx context.Context, localUserID string) error {
	within, cancel := context.WithTimeout(ctx, t.pace.media)
	defer cancel()
	return t.media.explain(ctx, t.opt.MediaServer.EndTrial(within, localUserID))
}

// lives reports whether the media server still accepts a token.
func (t *tokens) lives(ctx context.Context, token owedToken) (bool, error) {
	value, err := t.store.keys.Open(sealToken, token.ID, token.Sealed)
	if err != nil {
		return false, nil // the agent cannot ask about this token
	}
	within, cancel := context.WithTimeout(ctx, t.pace.media)
	defer cancel()
	_, err = t.opt.MediaServer.Administrator(within, value)
	if errors.Is(err, mediaserver.ErrTokenEnded) {
		return false, nil
	}
	return err == nil, t.media.explain(ctx, err)
}

// endOnDevice ends the token of a note by its device, because the agent does not know its
// value. A local user who was deleted or disabled has no tokens.
func (t *tokens) endOnDevice(ctx context.Context, note owedToken) error {
	within, cancel := context.WithTimeout(ctx, t.pace.media)
	defer cancel()
	user, err := t.opt.MediaServer.LocalUser(within, note.LocalUserID)
	if errors.Is(err, mediaserver.ErrNotFound) || err == nil && user.Disabled {
		return nil
	}
	if err != nil {
		return t.media.explain(ctx, err)
	}
	err = t.opt.MediaServer.EndDevice(within, note.LocalUserID, note.DeviceID)
	if err != nil && (isAnswer(err) || errors.Is(err, mediaserver.ErrQuickConnectOff)) {
		return fmt.Errorf("sign a device out: %w", err)
	}
	return t.media.explain(ctx, err)
}
