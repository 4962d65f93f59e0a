package models

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
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
	return l.locate(ctx, accountID, state, func(*locatedRow) {})
}

// LocateTagged is [Links.Locate] for the accepted links. It also returns the tag of the
// list, see [Sessions.LookTag].
func (l *Links) LocateTagged(ctx context.Context, accountID int64) (found []Located, tag string, err error) {
	text := make([]byte, 0, 2048)
	found, err = l.locate(ctx, accountID, LinkAccepted, func(r *locatedRow) { text = r.appendTo(text) })
	return found, tagOf(text), err
}

func (l *Links) locate(ctx context.Context, accountID int64, state string, each func(r *locatedRow)) ([]Located, error) {
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
		each(&r)
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

// The engine ends each field of a text of rows with fieldEnd, and each row with rowEnd. No
// name has these characters.
const (
	fieldEnd = 0x1f
	rowEnd   = 0x1e
)

// lookTag finds a session together with the text of the rows that [locate] would return: all
// that a list of servers is made from, and no more. It has the same conditions and the same
// order. The access keys in it stay sealed.
const lookTag = aliveColumns + ", a.id, %s" + ofToken

const rowsText = `(SELECT GROUP_CONCAT(CONCAT_WS(CHAR(31), ` + describedColumns + `, l.id, l.server_id, l.type, l.access_key,
 d.kind, d.scheme, d.host, d.port, d.path, CHAR(30)) ORDER BY l.id, d.position, d.id)
FROM links l JOIN servers s ON s.id = l.server_id
LEFT JOIN server_addresses d ON d.server_id = l.server_id AND d.hidden = ?
WHERE l.account_id = a.id AND l.state = '` + LinkAccepted + `' AND s.disabled_at IS NULL AND (l.ends_at IS NULL OR l.ends_at > ?))`

// lookTagFor returns the statement for an engine. SQLite's driver would take a text that has
// no column for a time, and try to read it in all ways.
func lookTagFor(dialect database.Dialect) string {
	if dialect == database.SQLite {
		return strings.Replace(lookTag, "%s", "CAST("+rowsText+" AS BLOB)", 1)
	}
	return strings.Replace(lookTag, "%s", rowsText, 1)
}

// appendTo appends the row to a text of rows, as the engine writes it.
func (r *locatedRow) appendTo(text []byte) []byte {
	if len(text) > 0 {
		text = append(text, ',')
	}
	field := func(value string) { text = append(append(text, value...), fieldEnd) }
	number := func(value int64) { text = append(strconv.AppendInt(text, value, 10), fieldEnd) }
	for _, value := range []string{r.server.SystemID, r.server.Name, r.server.OwnName, r.server.Kind, r.server.Version} {
		field(value)
	}
	number(r.id)
	number(r.serverID)
	field(r.linkType)
	field(r.sealed)
	if r.kind.Valid {
		field(r.kind.String)
		field(r.scheme.String)
		field(r.host.String)
		number(r.port.Int64)
		field(r.path.String)
	}
	return append(text, rowEnd)
}

// tagOf returns the tag of a text of rows.
func tagOf(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// LookTag finds the account of a token, and the tag of the servers to which it has accepted
// links, by one statement. The tag is a digest of all that [Links.LocateTagged] reads, so it
// changes whenever anything in the list changes, and costs less than the list. It returns
// the errors of [Sessions.Look].
func (s *Sessions) LookTag(ctx context.Context, token string) (accountID int64, tag string, err error) {
	if !secret.WellFormed(secret.SessionToken, token) {
		return 0, "", ErrNoSession
	}
	var r aliveRow
	var text []byte
	hash := secret.Sum(token)
	ok, err := s.hot.tag.One(ctx, []any{false, s.Now(), hash[:]}, &r.id, &r.kind, &r.lastSeen, &r.expires, &accountID, &text)
	if err != nil {
		return 0, "", explained("look up the tag of the servers", err)
	}
	if !ok || !s.alive(&r) {
		return 0, "", ErrNoSession
	}
	return accountID, tagOf(text), nil
}
