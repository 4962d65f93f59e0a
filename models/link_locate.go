package models

import (
	"context"
	"database/sql"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// Located is a server that a person may use, with its addresses. Its Link has only ID,
// ServerID, AccountID, Type, State and AccessKey.
type Located struct {
	Link
	Addresses []Address // in the order in which a client should try them; hidden ones are left out
}

// locate is the statement that answers "where are my servers". Televisions ask it all the
// time, so it is prepared, and reads only what they are told. It reads the version of the
// list too: both are of the same instant, even if another node of a cluster answers the
// next statement.
const locate = "SELECT " + describedColumns + `, l.id, l.server_id, l.type, l.access_key, s.device_keys, a.kind, a.scheme, a.host, a.port, a.path, v.version, v.ends_at
FROM links l JOIN servers s ON s.id = l.server_id
LEFT JOIN server_lists v ON v.account_id = l.account_id
LEFT JOIN server_addresses a ON a.server_id = l.server_id AND a.hidden = ?
WHERE l.account_id = ? AND l.state = ? AND s.disabled_at IS NULL AND (l.ends_at IS NULL OR l.ends_at > ?) AND (l.paused_at IS NULL OR l.paused_until <= ?)
ORDER BY l.id, a.position, a.id`

// locatedRow is a row of [locate]: a link with one of its addresses.
type locatedRow struct {
	server                   describedRow
	id, serverID             int64
	linkType, sealed         string
	deviceKeys               bool
	kind, scheme, host, path sql.NullString // not valid for a server without an address
	port                     sql.NullInt64
	list                     listVersion
}

// scans returns the fields in the order of the columns. The same fields take every row.
func (r *locatedRow) scans() []any {
	return append(r.server.scans(), &r.id, &r.serverID, &r.linkType, &r.sealed, &r.deviceKeys, &r.kind, &r.scheme, &r.host, &r.port, &r.path,
		&r.list.version, &r.list.endsAt)
}

// Locate lists the servers of an account's links in a state, without access keys. Paused links are left
// out. After an error the list is nil, never a shorter list.
func (l *Links) Locate(ctx context.Context, accountID int64, state string) ([]Located, error) {
	found, _, err := l.locate(ctx, Session{AccountID: accountID}, state)
	return found, err
}

// LocateTagged lists the servers of the accepted links of the account of a session, with the
// access keys that are for this session. Paused links are left out. It also returns the tag of the list, see
// [Sessions.LookTag]. The tag is "" for an empty list, and while a link or a pause that
// has ended is not swept yet. It reads only ID and AccountID of the session. After an error the list is nil.
func (l *Links) LocateTagged(ctx context.Context, this Session) (found []Located, tag string, err error) {
	return l.locate(ctx, this, LinkAccepted)
}

func (l *Links) locate(ctx context.Context, this Session, state string) (found []Located, tag string, err error) {
	now := l.Now()
	var at any = now // one value for two parameters costs one allocation
	rows, err := l.hot.locate.Rows(ctx, false, this.AccountID, state, at, at)
	if err != nil {
		return nil, "", explained("locate the servers", err)
	}
	defer func() { _ = rows.Close() }()
	var r locatedRow
	into := r.scans()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, "", explained("locate the servers", err)
		}
		if len(found) == 0 || found[len(found)-1].ID != r.id {
			link, err := l.locatedLink(&r, this, state)
			if err != nil {
				return nil, "", err
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
		return nil, "", explained("locate the servers", err)
	}
	return found, r.list.tag(this.ID, now), nil
}

// locatedLink returns the link of a row. For a session it has the access key of an accepted
// link; a person never gets the key of a pending link.
func (l *Links) locatedLink(r *locatedRow, this Session, state string) (Link, error) {
	link := Link{ID: r.id, ServerID: r.serverID, AccountID: this.AccountID, Server: r.server.description(), Type: r.linkType, State: state}
	if state != LinkAccepted || this.ID == 0 {
		return link, nil
	}
	key, err := l.keys.Open(sealAccessKey, FormatID(link.ID), r.sealed)
	if err != nil {
		return link, explained("open an access key", err)
	}
	if r.deviceKeys {
		key = secret.DeviceKey(secret.Sum(key), this.ID)
	}
	link.AccessKey = key
	return link, nil
}

// lookTag finds a session together with the version of the list of its account.
const lookTag = aliveColumns + ", a.id, v.version, v.ends_at" + fromSessions + " LEFT JOIN server_lists v ON v.account_id = s.account_id" + whereHash

// LookTag finds the session of a token, and the tag of the servers to which its account has accepted links, by one statement. Of
// the session, only ID, AccountID and Switched are set. The tag changes whenever anything changes in the list that
// [Links.LocateTagged] returns. The tag is "" while a link that has ended is not swept yet; then nobody can tell from the tag
// whether the list is still the same. LookTag returns the errors of [Sessions.Look].
func (s *Sessions) LookTag(ctx context.Context, token string) (this Session, tag string, err error) {
	if !secret.WellFormed(secret.SessionToken, token) {
		return Session{}, "", ErrNoSession
	}
	var r aliveRow
	var list listVersion
	hash := secret.Sum(token)
	ok, err := s.hot.tag.One(ctx, []any{hash[:]}, r.scans(&this.AccountID, &list.version, &list.endsAt)...)
	if err != nil {
		return Session{}, "", explained("look up the tag of the servers", err)
	}
	if err := s.alive(ctx, &r, ok); err != nil {
		return Session{}, "", err
	}
	this.ID, this.Switched = r.id, r.from != 0
	return this, list.tag(r.id, s.Now()), nil
}
