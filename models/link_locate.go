package models

import (
	"context"
	"database/sql"
)

// Located is a server that a person may use, with its addresses. Of the link it has ID,
// ServerID, AccountID, Type, State and AccessKey.
type Located struct {
	Link
	Addresses []Address // in the order in which a client should try them; hidden ones are left out
}

// locate is the statement that answers "where are my servers". Televisions ask it all the
// time, so it is prepared, and reads only what they are told.
const locate = "SELECT " + describedColumns + `, l.id, l.server_id, l.type, l.access_key, a.kind, a.scheme, a.host, a.port, a.path
FROM links l JOIN servers s ON s.id = l.server_id
LEFT JOIN server_addresses a ON a.server_id = l.server_id AND a.hidden = ?
WHERE l.account_id = ? AND l.state = ? AND s.disabled_at IS NULL AND (l.ends_at IS NULL OR l.ends_at > ?)
ORDER BY l.id, a.position, a.id`

// locatedRow is a row of [locate]: a link with one of its addresses.
type locatedRow struct {
	server                   describedRow
	id, serverID             int64
	linkType, sealed         string
	kind, scheme, host, path sql.NullString // not valid for a server without an address
	port                     sql.NullInt64
}

// scans returns the fields in the order of the columns. The same fields take every row.
func (r *locatedRow) scans() []any {
	return append(r.server.scans(), &r.id, &r.serverID, &r.linkType, &r.sealed, &r.kind, &r.scheme, &r.host, &r.port, &r.path)
}

// Locate lists the servers of an account's links in a state. Accepted links come with
// their access keys, pending links without a key. After an error the list is nil,
// never a shorter list.
func (l *Links) Locate(ctx context.Context, accountID int64, state string) ([]Located, error) {
	rows, err := l.hot.locate.Rows(ctx, false, accountID, state, l.Now())
	if err != nil {
		return nil, explained("locate the servers", err)
	}
	defer func() { _ = rows.Close() }()
	var r locatedRow
	var found []Located
	into := r.scans()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, explained("locate the servers", err)
		}
		if len(found) == 0 || found[len(found)-1].ID != r.id {
			link, err := l.locatedLink(&r, accountID, state)
			if err != nil {
				return nil, err
			}
			found = append(found, Located{Link: link})
		}
		if r.kind.Valid {
			last := &found[len(found)-1]
			last.Addresses = append(last.Addresses, Address{
				Kind: r.kind.String, Scheme: r.scheme.String, Host: r.host.String, Port: int(r.port.Int64), Path: r.path.String,
			})
		}
	}
	if err := rows.Err(); err != nil {
		return nil, explained("locate the servers", err)
	}
	return found, nil
}

// locatedLink returns the link of a row. It opens the access key of an accepted link; a
// pending link has none for the person.
func (l *Links) locatedLink(r *locatedRow, accountID int64, state string) (Link, error) {
	link := Link{ID: r.id, ServerID: r.serverID, AccountID: accountID, Server: r.server.description(), Type: r.linkType, State: state}
	if state != LinkAccepted {
		return link, nil
	}
	key, err := l.keys.Open(sealAccessKey, FormatID(link.ID), r.sealed)
	link.AccessKey = key
	return link, explained("open an access key", err)
}
