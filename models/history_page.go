package models

import (
	"context"

	"github.com/latchkey-media/latchkey/internal/database"
)

// PastEvent is an event with its id; later events have higher ids.
type PastEvent struct {
	ID int64
	Event
}

// Page returns the newest events of an account, at most n of them and the newest first. If
// before is not 0, it returns only events that are older than the event with the id before.
// Events whose life is over are left out even before they are swept.
func (h *History) Page(ctx context.Context, accountID, before int64, n int) ([]PastEvent, error) {
	query := database.G[historyRow](h.read(ctx)).Where("account_id = ? AND created_at > ?", accountID, h.Now().Add(-h.opt.Lives.History))
	if before != 0 {
		query = query.Where("id < ?", before)
	}
	rows, err := query.Order("id DESC").Limit(n).Find(ctx)
	if err != nil {
		return nil, explained("read the history", err)
	}
	events, err := h.events(ctx, h.read(ctx), rows)
	if err != nil {
		return nil, err
	}
	past := make([]PastEvent, len(rows))
	for i, r := range rows {
		past[i] = PastEvent{ID: r.ID, Event: events[i]}
	}
	return past, nil
}
