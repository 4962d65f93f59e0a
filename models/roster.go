package models

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Roster has the operations of an owner on the one list of a server's people and of its local users.
// ADR 0038 says why the list has its order.
type Roster struct{ *core }

// The states of an entry of a roster. They are also the filters of [Roster.List].
const (
	RosterIn      = "in"      // the person has accepted, and nothing that is known keeps them out
	RosterOut     = "out"     // the person has accepted, and [Link.LocalUserState] says what keeps them out
	RosterWaiting = "waiting" // the person has not answered yet: there is a pending link, or an invite for the local user
	RosterFree    = "free"    // a local user without a link and without an invite
)

// RosterEntry is one row of a roster: a link with its local user, a link alone, or a local user alone.
// A field that belongs to the missing part is zero.
type RosterEntry struct {
	Person          // ID is 0 without a link; Libraries, InvitedBy and RequestedBy are only from [Roster.Get]
	EntryID  int64  // the id of the link, or of the local user if there is no link
	Position string // of the entry in the list, for [RosterAsk]; only from [Roster.List]
	Status   string // RosterIn or another state
	InviteID int64  // the invite that waits for an answer and names the local user; 0 for none
	LocalUserState
}

// RosterAsk says which entries [Roster.List] returns. The zero value asks for the first entries.
type RosterAsk struct {
	Status string // RosterIn or another state; "" for all
	Name   string // a part of the name of a local user, of a username or of a display name; "" for all
	After  string // the Position of the entry before the first one; "" for the beginning
	Most   int    // the largest number of entries
}

const rosterLink = `l.id, l.server_id, l.account_id, l.type, l.state, l.created_at, l.accepted_at, l.ends_at, l.paused_at, l.paused_until, l.waits_for, a.username, a.display_name, a.picture`

const rosterLocalUser = `u.id AS local_user_id, u.external_id, u.name, u.name_key, u.disabled, u.administrator, u.not_allowed, u.gone_at, u.seen_at, u.devices, u.kept_out`

// rosterInvite is the invite that names the local user u and can still be accepted.
const rosterInvite = `(SELECT MAX(v.invite_id) FROM invite_servers v JOIN invites i ON i.id = v.invite_id
 WHERE v.server_id = u.server_id AND v.local_user_id = u.id AND i.state = 'pending' AND i.expires_at > ?)`

// rosterAlone lists the links of a server that have no local user, in the order in which they were made.
// A condition and the limit follow.
const rosterAlone = "SELECT " + rosterLink + ` FROM links l JOIN accounts a ON a.id = l.account_id
WHERE l.server_id = ? AND l.local_user_id IS NULL AND l.id > ? AND (l.ends_at IS NULL OR l.ends_at > ?)`

// rosterNamed lists the local users of a server by name, each with its link. A condition and the limit
// follow.
const rosterNamed = "SELECT " + rosterLocalUser + ", " + rosterLink + ", " + rosterInvite + ` AS invite_id
FROM local_users u
LEFT JOIN links l ON l.server_id = u.server_id AND l.local_user_id = u.id AND (l.ends_at IS NULL OR l.ends_at > ?)
LEFT JOIN accounts a ON a.id = l.account_id
WHERE u.server_id = ? AND u.name_key >= ? AND (u.name_key > ? OR u.id > ?)`

const (
	rosterAloneOrder = " ORDER BY l.id LIMIT ?"
	rosterNamedOrder = " ORDER BY u.name_key, u.id LIMIT ?"

	rosterLocked     = "(u.gone_at IS NOT NULL OR u.disabled = ? OR u.not_allowed = ? OR u.administrator = ?)"
	rosterPaused     = "(l.paused_at IS NOT NULL AND (l.paused_until IS NULL OR l.paused_until > ?))"
	rosterAloneMatch = " AND (a.username_key LIKE ? ESCAPE '!' OR (l.state = 'accepted' AND (a.display_name LIKE ? ESCAPE '!' OR LOWER(a.display_name) LIKE ? ESCAPE '!')))"
	rosterNamedMatch = " AND (u.name_key LIKE ? ESCAPE '!' OR a.username_key LIKE ? ESCAPE '!' OR (l.state = 'accepted' AND (a.display_name LIKE ? ESCAPE '!' OR LOWER(a.display_name) LIKE ? ESCAPE '!')))"
)

type rosterRow struct {
	Person personRow `gorm:"embedded"`

	NameKey  string
	SeenAt   *time.Time
	Devices  int
	KeptOut  string
	InviteID *int64
}

// entry returns the row as an entry at a server of a kind.
func (r *rosterRow) entry(kind string, now time.Time) RosterEntry {
	r.Person.Kind = kind
	e := RosterEntry{
		Person:         r.Person.person(now),
		LocalUserState: LocalUserState{SeenAt: orZero(r.SeenAt), Devices: r.Devices, KeptOut: strings.Fields(r.KeptOut)},
	}
	e.EntryID, e.Position = e.ID, "l"+FormatID(e.ID)
	if r.Person.ExternalID != nil {
		e.ExternalID = *r.Person.ExternalID
		e.Position = "u" + FormatID(e.LocalUser.ID) + ":" + r.NameKey
	}
	if e.ID == 0 {
		e.EntryID = e.LocalUser.ID
	}
	if r.InviteID != nil {
		e.InviteID = *r.InviteID
	}
	switch {
	case e.State == LinkPending || e.ID == 0 && e.InviteID != 0:
		e.Status = RosterWaiting
	case e.ID == 0:
		e.Status = RosterFree
	case e.Person.LocalUserState != "":
		e.Status = RosterOut
	default:
		e.Status = RosterIn
	}
	return e
}

// List returns at most ask.Most entries of the roster of an owner's server. Links without a local user come
// first, in the order in which they were made: their people still wait for something. All local users follow
// by name. It returns [ErrNotFound], also for an ask.After that no entry can have.
func (r *Roster) List(ctx context.Context, ownerID, serverID int64, ask RosterAsk) (Server, []RosterEntry, error) {
	server, err := r.ownedServer(ctx, r.read(ctx), ownerID, serverID)
	if err != nil {
		return Server{}, nil, err
	}
	list, err := r.list(ctx, &server, ask)
	return server.server(), list, err
}

// list does the work of [Roster.List] for a server.
func (r *Roster) list(ctx context.Context, server *serverRow, ask RosterAsk) ([]RosterEntry, error) {
	from, ok := readRosterPosition(ask.After)
	if !ok {
		return nil, ErrNotFound
	}
	list := make([]RosterEntry, 0, ask.Most)
	add := func(statement string, args []any) error {
		var rows []rosterRow
		if err := r.read(ctx).Raw(statement, args...).Scan(&rows).Error; err != nil {
			return explained("list the roster", err)
		}
		for i := range rows {
			list = append(list, rows[i].entry(server.Kind, r.Now()))
		}
		return nil
	}
	if !from.named && ask.Status != RosterFree {
		condition, args := rosterAloneWhere(ask, server.Kind, r.Now())
		err := add(rosterAlone+condition+rosterAloneOrder, slices.Concat([]any{server.ID, from.id, r.Now()}, args, []any{ask.Most}))
		if err != nil || len(list) == ask.Most {
			return list, err
		}
		from = rosterPosition{}
	}
	condition, args := r.rosterNamedWhere(ask)
	now := r.Now()
	err := add(rosterNamed+condition+rosterNamedOrder,
		slices.Concat([]any{now, now, server.ID, from.key, from.key, from.id}, args, []any{ask.Most - len(list)}))
	return list, err
}

// rosterAloneWhere returns the condition of the links without a local user.
func rosterAloneWhere(ask RosterAsk, kind string, now time.Time) (condition string, args []any) {
	guest := ""
	if kind == ServerAgent {
		guest = LinkGuest // an agent still has to create the local user of a guest
	}
	switch ask.Status {
	case RosterIn:
		condition, args = " AND l.state = ? AND l.type <> ? AND NOT "+rosterPaused, []any{LinkAccepted, guest, now}
	case RosterOut:
		condition, args = " AND l.state = ? AND (l.type = ? OR "+rosterPaused+")", []any{LinkAccepted, guest, now}
	case RosterWaiting:
		condition, args = " AND l.state = ?", []any{LinkPending}
	}
	if name := nameSearch(ask.Name); name != nil {
		condition, args = condition+rosterAloneMatch, append(args, name[1:]...)
	}
	return condition, args
}

// rosterNamedWhere returns the condition of the local users.
func (r *Roster) rosterNamedWhere(ask RosterAsk) (condition string, args []any) {
	switch ask.Status {
	case RosterIn:
		condition, args = " AND l.state = ? AND NOT "+rosterLocked+" AND NOT "+rosterPaused, []any{LinkAccepted, true, true, true, r.Now()}
	case RosterOut:
		condition, args = " AND l.state = ? AND ("+rosterLocked+" OR "+rosterPaused+")", []any{LinkAccepted, true, true, true, r.Now()}
	case RosterWaiting:
		condition, args = " AND (l.state = ? OR l.id IS NULL AND "+rosterInvite+" IS NOT NULL)", []any{LinkPending, r.Now()}
	case RosterFree:
		condition, args = " AND l.id IS NULL AND "+rosterInvite+" IS NULL", []any{r.Now()}
	}
	if name := nameSearch(ask.Name); name != nil {
		condition, args = condition+rosterNamedMatch, append(args, name...)
	}
	return condition, args
}

// nameSearch returns the patterns for the key of a local user, for the key of a username, and twice for a
// display name. It returns nil for a text without any visible character.
func nameSearch(name string) []any {
	name = strings.TrimSpace(name)
	if name == "" {
		return nil
	}
	pattern := func(text string) string {
		return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text) + "%"
	}
	return []any{pattern(nameOrder(name)), pattern(strings.ToLower(name)), pattern(name), pattern(strings.ToLower(name))}
}

// nameOrderMax is the greatest length of a key by which names are sorted, in bytes.
const nameOrderMax = 200

// nameOrder returns the key by which names are sorted and searched: in lower case, without the marks on
// letters. Different names may have the same key.
func nameOrder(name string) string {
	key := strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(name)))
	for len(key) > nameOrderMax {
		_, last := utf8.DecodeLastRuneInString(key)
		key = key[:len(key)-last]
	}
	return key
}

// rosterPosition is a place in a roster: after the link with an id, or, if named is true, after the local user
// with an id and a key.
type rosterPosition struct {
	named bool
	id    int64
	key   string
}

// readRosterPosition reads [RosterEntry.Position]. It returns false for any other text.
func readRosterPosition(text string) (rosterPosition, bool) {
	if text == "" {
		return rosterPosition{}, true
	}
	id, key, named := strings.Cut(text[1:], ":")
	number, err := strconv.ParseInt(id, 10, 64)
	return rosterPosition{named: named, id: number, key: key}, err == nil && named == (text[0] == 'u')
}

// rosterOne reads one entry by its link or by its local user.
const (
	rosterOneLink = "SELECT " + rosterLocalUser + ", " + rosterLink + ", l.requested_by, l.libraries, b.username AS invited_by, " + rosterInvite + ` AS invite_id
FROM links l JOIN accounts a ON a.id = l.account_id
LEFT JOIN local_users u ON u.id = l.local_user_id
LEFT JOIN accounts b ON b.id = l.invited_by
WHERE l.server_id = ? AND (l.id = ? OR l.local_user_id = ?) AND (l.ends_at IS NULL OR l.ends_at > ?)`
	rosterOneUser = "SELECT " + rosterLocalUser + ", " + rosterInvite + " AS invite_id FROM local_users u WHERE u.server_id = ? AND u.id = ?"
)

// Get returns one entry of the roster of an owner's server. The parameter id belongs to its link or to its
// local user. It returns [ErrNotFound].
func (r *Roster) Get(ctx context.Context, ownerID, serverID, id int64) (Server, RosterEntry, error) {
	server, err := r.ownedServer(ctx, r.read(ctx), ownerID, serverID)
	if err != nil {
		return Server{}, RosterEntry{}, err
	}
	entry, err := r.rosterEntry(ctx, &server, id)
	return server.server(), entry, err
}

// rosterEntry does the work of [Roster.Get] for a server.
func (c *core) rosterEntry(ctx context.Context, server *serverRow, id int64) (RosterEntry, error) {
	now := c.Now()
	var rows []rosterRow
	err := c.read(ctx).Raw(rosterOneLink, now, server.ID, id, id, now).Scan(&rows).Error
	if err == nil && len(rows) == 0 {
		err = c.read(ctx).Raw(rosterOneUser, now, server.ID, id).Scan(&rows).Error
	}
	if err != nil {
		return RosterEntry{}, explained("read an entry of the roster", err)
	}
	if len(rows) == 0 {
		return RosterEntry{}, ErrNotFound
	}
	names, err := c.namesOfLibraries(ctx, c.read(ctx), server.ID)
	if err != nil {
		return RosterEntry{}, err
	}
	entry := rows[0].entry(server.Kind, now)
	if entry.Libraries, err = names.unpack(server.ID, rows[0].Person.Libraries); err != nil {
		return RosterEntry{}, explained("read a link", err)
	}
	return entry, nil
}
