package models

import (
	"context"
	"database/sql"
)

// ServerWaits has what waits for the owner of a server, or for its people.
type ServerWaits struct {
	Invites  int // invites that nobody has answered yet
	ToAllow  int // people whose local user the machine of the media server has not allowed yet
	ToCreate int // guests whose local user the agent does not create, for a reason that it has told
}

// WaitingServer is a server of an owner, with what waits there.
type WaitingServer struct {
	OwnedServer
	Waits ServerWaits
}

// ownWaiting runs for a page that owners open often, so it is prepared. Its parameters are the values of ownServers
// before the owner, the values of ownWaits, the owner, the server after which it begins, and the number of servers.
const ownWaiting = ownColumns + ownWaits + " FROM servers s WHERE s.owner_id = ? AND s.id > ? ORDER BY s.id LIMIT ?"

// ownWaits counts what [ServerWaits] has, in its order.
const ownWaits = `, (SELECT COUNT(*) FROM invite_servers v JOIN invites i ON i.id = v.invite_id
 WHERE v.server_id = s.id AND i.owner_id = s.owner_id AND i.state = ? AND i.expires_at > ? AND (v.ends_at IS NULL OR v.ends_at > ?)),
 (SELECT COUNT(*) FROM links l JOIN local_users u ON u.id = l.local_user_id
 WHERE l.server_id = s.id AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?) AND u.not_allowed = ? AND u.gone_at IS NULL),
 (SELECT COUNT(*) FROM links l
 WHERE l.server_id = s.id AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?) AND l.local_user_id IS NULL AND l.waits_for <> '')`

// ListWaiting lists up to n servers of an owner in the order of their registration, with what waits at each.
// It begins after the server with the id after; 0 begins with the first. It runs one statement, however many
// servers there are.
func (s *Servers) ListWaiting(ctx context.Context, ownerID, after int64, n int) ([]WaitingServer, error) {
	now := s.Now()
	rows, err := s.hot.ownWaiting.Rows(ctx, LinkAccepted, now, LinkPending, now,
		invitePending, now, now, LinkAccepted, now, true, LinkAccepted, now, ownerID, after, n)
	if err != nil {
		return nil, explained("list the servers", err)
	}
	var list []WaitingServer
	var waits ServerWaits
	err = scanOwned(rows, func(one OwnedServer) { list = append(list, WaitingServer{one, waits}) }, &waits.Invites, &waits.ToAllow, &waits.ToCreate)
	if err != nil {
		return nil, err
	}
	return list, nil
}

// scanOwned reads the rows of ownServers or of ownWaiting, calls add for each, and closes them. If the rows have
// more columns than ownServers, the parameter more has pointers to variables for these columns.
func scanOwned(rows *sql.Rows, add func(one OwnedServer), more ...any) error {
	defer func() { _ = rows.Close() }()
	var r serverRow
	var told describedRow
	var one OwnedServer
	into := append([]any{
		&r.ID, &r.OwnerID, &r.CreatedAt, &r.ClaimedAt, &r.LastSeenAt, &r.DisabledAt, &r.ChangeSeq, &r.AckedSeq,
		&r.SelfService, &r.KeyVersion, &r.ReportHash, &one.People, &one.Pending,
	}, told.scans()...)
	into = append(into, more...)
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return explained("list the servers", err)
		}
		r.SystemID, r.Name, r.OwnName, r.Kind, r.Version, r.Picture = told.SystemID, told.Name, told.OwnName, told.Kind, told.Version, told.Picture
		one.Server = r.server()
		add(one)
	}
	return explained("list the servers", rows.Err())
}
