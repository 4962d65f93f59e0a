package agent

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
)

// tellEnds tells the service which links an admin has ended here.
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

// tellEnd ends a link at the service. The agent keeps its own copy, marked as told, until the feed says
// that the link was removed or the service does not list it: an answer of the service that is on its way
// meanwhile may still have the link as it was before, and must not bring it back.
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
	err = l.store.tx(ctx, "note that the service has ended a link", func(tx *gorm.DB) error {
		return tx.Exec("UPDATE links SET unlinked_at = -unlinked_at WHERE id = ? AND unlinked_at > 0", row.ID).Error
	})
	if err != nil {
		return l.explainFile(ctx, err)
	}
	l.logLink(ctx, note{text: "the service has ended a link that was ended here", link: row})
	return nil
}

// settleTold looks at the links that were ended here, after the service has listed all links. It removes
// the links that the service does not list. It tells the service again to end the links that it still
// lists: the service may have been restored to a moment before the end.
func (l *Links) settleTold(tx *gorm.DB) error {
	told, err := readLinks(tx, "unlinked_at < 0")
	if err != nil {
		return err
	}
	for i := range told {
		if told[i].Missing == listed {
			err = tx.Exec("UPDATE links SET unlinked_at = -unlinked_at WHERE id = ?", told[i].ID).Error
		} else if _, err = l.store.dropLink(tx, told[i].ID); err == nil {
			err = endPassword(tx, &told[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// EndOf ends the link of a local user. It returns [ErrNotLinked].
func (l *Links) EndOf(ctx context.Context, localUserID string) error {
	if localUserID == "" {
		return ErrNotLinked
	}
	return l.end(ctx, "local_user_id = ? AND unlinked_at = 0", localUserID)
}

// End ends a link. It returns [ErrNotLinked].
func (l *Links) End(ctx context.Context, linkID string) error {
	return l.end(ctx, "id = ? AND unlinked_at = 0", linkID)
}

// end ends the links that fulfil an SQL condition, and disallows their local users. This
// has an effect at once, even if the service is away: end tries to tell the service now,
// and if that fails, tellLoop does it later. It returns [ErrNotLinked] if no link fulfils
// the condition.
func (l *Links) end(ctx context.Context, condition string, args ...any) error {
	var ended []linkRow
	err := l.store.tx(ctx, "end a link", func(tx *gorm.DB) error {
		var err error
		if ended, err = readLinks(tx, condition, args...); err != nil {
			return err
		}
		for _, link := range ended {
			if err := l.store.endLink(tx, link); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return l.explainFile(ctx, err)
	}
	if len(ended) == 0 {
		return ErrNotLinked
	}
	l.wake.media.now()
	l.wake.report.now()
	for i := range ended {
		l.logLink(ctx, note{text: "a link was ended here by an admin", link: &ended[i]})
		_ = l.tellEnd(ctx, &ended[i]) // if it fails, tellLoop tries again
	}
	return nil
}
