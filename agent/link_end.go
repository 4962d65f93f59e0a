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

// tellEnd ends a link at the service and removes it from the agent's own copy.
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
	l.store.over.add(row.ID)
	err = l.store.tx(ctx, "remove a link", func(tx *gorm.DB) error {
		_, err := l.store.dropLink(tx, row.ID)
		return err
	})
	if err != nil {
		return l.explainFile(ctx, err)
	}
	l.logLink(ctx, note{text: "the service has ended a link that was ended here", link: row})
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
