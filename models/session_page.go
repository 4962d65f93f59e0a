package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/latchkey-media/latchkey/internal/database"
)

// SessionPlace is a place in the list of the sessions of an account: after the session
// with the id After. The zero place is the beginning. Times are UTC, in milliseconds.
type SessionPlace struct {
	Begun   time.Time // the latest use that was written when the first page was read
	LastUse time.Time // of the session After, when its page was read
	After   int64
}

// SessionPage is a part of the list of sessions.
type SessionPage struct {
	Sessions []Session
	Next     SessionPlace // where the next page begins; zero on the last page
}

// beginning reports whether the place is the beginning of the list.
func (p SessionPlace) beginning() bool { return p.After == 0 }

// usedMeanwhile reports whether the session After was used since the first page was read,
// and therefore came at the end of the list.
func (p SessionPlace) usedMeanwhile() bool { return p.LastUse.After(p.Begun) }

// validSessions selects the sessions of an account that neither expired nor are unused for
// too long.
func (s *Sessions) validSessions(ctx context.Context, accountID int64) database.Rows[sessionRow] {
	now, lives := s.Now(), s.opt.Lives
	return database.G[sessionRow](s.read(ctx)).Where("account_id = ? AND expires_at > ?", accountID, now).
		Where("last_seen_at > CASE kind WHEN 'browser' THEN ? ELSE ? END", now.Add(-lives.SessionIdle), now.Add(-lives.DeviceIdle))
}

// Count returns the number of the valid sessions of an account.
func (s *Sessions) Count(ctx context.Context, accountID int64) (int, error) {
	n, err := s.validSessions(ctx, accountID).Count(ctx, "*")
	if err != nil {
		return 0, explained("count the sessions", err)
	}
	return int(n), nil
}

// Page returns at most n valid sessions of an account after a place, the most recently used first.
// A use moves a session to the front, where later pages would miss it. So the sessions that were
// used or opened after the first page was read come at the end, sorted by their ids. Therefore all
// pages together have every session that is valid all the time, and have a session twice only if
// it was used meanwhile. The pages are in the order of the uses that are written to the database.
// Within a page, uses that [Sessions.Flush] has not written yet count, too.
func (s *Sessions) Page(ctx context.Context, accountID int64, place SessionPlace, n int) (SessionPage, error) {
	query := s.validSessions(ctx, accountID)
	switch {
	case place.beginning():
		query = query.Order("last_seen_at DESC, id DESC")
	case place.usedMeanwhile():
		query = query.Where("last_seen_at > ? AND id < ?", place.Begun, place.After).Order("id DESC")
	default:
		query = query.Where("(last_seen_at > ? OR last_seen_at < ? OR (last_seen_at = ? AND id < ?))",
			place.Begun, place.LastUse, place.LastUse, place.After).
			Order(clause.OrderBy{Expression: gorm.Expr("CASE WHEN last_seen_at > ? THEN NULL ELSE last_seen_at END DESC, id DESC", place.Begun)})
	}
	rows, err := query.Limit(n + 1).Find(ctx)
	if err != nil {
		return SessionPage{}, explained("list the sessions", err)
	}
	var page SessionPage
	if len(rows) > n {
		rows = rows[:n]
		page.Next = place.next(rows)
	}
	page.Sessions = s.withLatestUses(rows)
	return page, nil
}

// next returns the place after the last row of a page that began at the place p.
func (p SessionPlace) next(rows []sessionRow) SessionPlace {
	last := rows[len(rows)-1]
	if p.beginning() {
		p.Begun = rows[0].LastSeenAt.UTC()
	}
	return SessionPlace{Begun: p.Begun, LastUse: last.LastSeenAt.UTC(), After: last.ID}
}

// withLatestUses turns rows into sessions. A session whose later use is not written to the
// database yet gets the time of that use. The session that was used last comes first.
func (s *Sessions) withLatestUses(rows []sessionRow) []Session {
	sessions := make([]Session, len(rows))
	for i := range rows {
		sessions[i] = rows[i].session()
		if at, ok := s.seen.get(rows[i].ID); ok {
			sessions[i].LastSeenAt = at
		}
	}
	slices.SortStableFunc(sessions, func(a, b Session) int { return b.LastSeenAt.Compare(a.LastSeenAt) })
	return sessions
}
