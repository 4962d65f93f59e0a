package models

import (
	"context"
	"time"
)

// listLinks is a statement of the page of every signed-in person, so it is prepared.
const listLinks = `SELECT l.id, l.server_id, l.type, l.requested_by, l.created_at, l.accepted_at, l.ends_at,
 l.local_user_id, l.waits_for, l.paused_at, l.paused_until, u.gone_at, u.disabled, u.not_allowed, s.disabled_at, s.last_seen_at, o.username,
 EXISTS (SELECT 1 FROM server_addresses d WHERE d.server_id = s.id AND d.opens = ? AND d.hidden = ?), ` + describedColumns + `
FROM links l JOIN servers s ON s.id = l.server_id
LEFT JOIN accounts o ON o.id = s.owner_id
LEFT JOIN local_users u ON u.id = l.local_user_id
WHERE l.account_id = ? AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?) ORDER BY l.id`

// listedRow is a row of [listLinks].
type listedRow struct {
	link                           Link // the columns that need no conversion
	acceptedAt, endsAt, disabledAt *time.Time
	localUserID                    *int64
	waitsFor                       string
	pausedAt, pausedUntil          *time.Time
	goneAt                         *time.Time // when the local user was gone; the next two fields are about the local user, too
	disabled, notAllowed           *bool
	owner                          *string
	lastSeenAt                     time.Time // of the server
	server                         describedRow
}

// scans returns the fields in the order of the columns. The same fields take every row.
func (r *listedRow) scans() []any {
	l := &r.link
	return append([]any{
		&l.ID, &l.ServerID, &l.Type, &l.RequestedBy, &l.CreatedAt, &r.acceptedAt, &r.endsAt,
		&r.localUserID, &r.waitsFor, &r.pausedAt, &r.pausedUntil, &r.goneAt, &r.disabled, &r.notAllowed, &r.disabledAt, &r.lastSeenAt, &r.owner, &l.Opens,
	}, r.server.scans()...)
}

// AwayAfter is how long an agent is silent before people are told that its server is away.
// An agent that works asks for changes all the time, and that is noted every few minutes.
const AwayAfter = 15 * time.Minute

// listed returns the link of the row at the time now.
func (r *listedRow) listed(now time.Time) Link {
	l := r.link
	l.Server, l.CreatedAt, l.AcceptedAt, l.EndsAt = r.server.description(), l.CreatedAt.UTC(), orZero(r.acceptedAt), orZero(r.endsAt)
	l.ServerDisabled = r.disabledAt != nil
	l.ServerAway = r.server.Kind == ServerAgent && now.Sub(r.lastSeenAt) > AwayAfter
	if l.State == LinkAccepted {
		user := LocalUser{GoneAt: orZero(r.goneAt), Disabled: r.disabled != nil && *r.disabled, NotAllowed: r.notAllowed != nil && *r.notAllowed}
		if r.localUserID != nil {
			user.ID = *r.localUserID
		}
		l.Pause = pauseAt(r.pausedAt, r.pausedUntil, now)
		l.LocalUserState = pausedOr(l.Pause, user.state(r.server.Kind, l.Type))
		l.WaitsFor = waitsFor(l.LocalUserState, r.waitsFor)
	}
	if r.owner != nil {
		l.OwnerUsername = *r.owner
	}
	return l
}

// List lists an account's links in a state, for the page where the person manages
// them. Access keys and addresses are left out. Links to disabled servers are
// included, because the person can still leave them. After an error the list is nil.
func (l *Links) List(ctx context.Context, accountID int64, state string) ([]Link, error) {
	now := l.Now()
	rows, err := l.hot.links.Rows(ctx, true, false, accountID, state, now)
	if err != nil {
		return nil, explained("list the links", err)
	}
	defer func() { _ = rows.Close() }()
	r := listedRow{link: Link{AccountID: accountID, State: state}}
	into := r.scans()
	list := []Link{}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, explained("list the links", err)
		}
		list = append(list, r.listed(now))
	}
	if err := rows.Err(); err != nil {
		return nil, explained("list the links", err)
	}
	return list, nil
}
