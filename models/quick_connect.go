package models

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/typed"
)

// QuickConnects are the operations that sign a device in by a code of Quick Connect, six
// digits that an app of the media server shows even though it does not know this service.
// The person types the code here and names the server, and the agent of that server
// approves it for the person's local user.
type QuickConnects struct{ *core }

// The states of a try with a code of Quick Connect.
const (
	QuickAsked  = "asked" // the agent has not answered yet
	QuickDone   = "done"
	QuickFailed = "failed" // see Reason
)

// The reasons of a failed try. Agents report the first six; the service sets the others.
const (
	QuickCodeWrong   = "code_wrong"    // the media server does not know the code
	QuickNotAllowed  = "not_allowed"   // the local user may not use Quick Connect, or the link has ended
	QuickPINRequired = "pin_required"  // nobody is let in before the person has given their PIN at /unlock
	QuickNoLocalUser = "no_local_user" // the agent has not created the local user of a guest yet, and does not do it soon
	QuickTooMany     = "too_many"      // the agent tries no more codes within this hour
	QuickUnavailable = "unavailable"   // the media server does not answer, or has Quick Connect switched off
	QuickExpired     = "expired"       // the agent did not answer, or the person signed out everywhere
	QuickReplaced    = "replaced"      // another code was typed later
)

const (
	quickLife = 10 * time.Minute // as long as a media server keeps a code
	quickKept = time.Hour        // the result of a try can be read for this time
)

// quickRow is a row of quick_connects.
type quickRow struct {
	ID        int64
	ServerID  int64
	AccountID int64
	LinkID    int64
	Code      string // sealed, bound to the row's id; "" once it is settled
	State     string
	Reason    string
	Address   string // of the browser in which the code was typed
	Device    string
	CreatedAt time.Time
	ExpiresAt time.Time
	AskedBy   int64 // the owner of the server who has typed the code, see [Televisions]; 0 for the person
}

// TableName returns the name of the table, quick_connects.
func (quickRow) TableName() string { return "quick_connects" }

// sealQuickCode names the purpose for which codes are sealed.
const sealQuickCode = "quick connect code"

// QuickConnect is one try to sign a device in by a code. Times are UTC.
type QuickConnect struct {
	ID, ServerID, AccountID, LinkID int64
	ServerName                      string // filled for the pages that people see
	Code                            string // six digits; only from [QuickConnects.Open]
	State, Reason                   string
	Address, Device                 string // of the browser in which the code was typed
	CreatedAt, ExpiresAt            time.Time
	ByOwner                         bool // the owner of the server has typed the code, see [Televisions]
}

func (c *core) quick(r *quickRow) QuickConnect {
	q := QuickConnect{
		ID: r.ID, ServerID: r.ServerID, AccountID: r.AccountID, LinkID: r.LinkID, State: r.State, Reason: r.Reason,
		Address: r.Address, Device: r.Device, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), ByOwner: r.AskedBy != 0,
	}
	if r.State == QuickAsked && !r.ExpiresAt.After(c.Now()) {
		q.State, q.Reason = QuickFailed, QuickExpired
	}
	return q
}

// QuickServer is a server on which a person can sign devices in by a code.
type QuickServer struct {
	ID, LinkID int64
	Name       string
	LocalUser  string // the local user that the device will use; "" when only the agent knows
	Paused     bool   // the owner has paused the link, see stay.go: nothing can be signed in there now
}

// quickServers lists the servers of an account's accepted links whose agent has reported
// that codes can be approved.
const quickServers = `SELECT s.id, l.id AS link_id, l.paused_at, l.paused_until, s.name, s.own_name, u.name AS local_user
FROM links l JOIN servers s ON s.id = l.server_id
LEFT JOIN local_users u ON u.id = l.local_user_id
WHERE l.account_id = ? AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?)
 AND s.kind = ? AND s.quick_connect = ? AND s.disabled_at IS NULL ORDER BY l.id`

// Servers lists the servers on which an account can sign devices in by a code.
func (q *QuickConnects) Servers(ctx context.Context, accountID int64) ([]QuickServer, error) {
	list, err := q.serversOf(ctx, q.read(ctx), accountID)
	return slices.DeleteFunc(list, func(one QuickServer) bool { return one.Paused }), explained("list the servers with Quick Connect", err)
}

func (q *QuickConnects) serversOf(ctx context.Context, db *gorm.DB, accountID int64) ([]QuickServer, error) {
	var rows []struct {
		ID, LinkID    int64
		Name, OwnName string
		LocalUser     *string

		PausedAt, PausedUntil *time.Time
	}
	err := db.WithContext(ctx).Raw(quickServers, accountID, LinkAccepted, q.Now(), ServerAgent, true).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	list := make([]QuickServer, len(rows))
	for i, r := range rows {
		server := describedRow{Name: r.Name, OwnName: r.OwnName}
		list[i] = QuickServer{ID: r.ID, LinkID: r.LinkID, Name: server.description().Name, Paused: pauseAt(r.PausedAt, r.PausedUntil, q.Now()).On()}
		if r.LocalUser != nil {
			list[i].LocalUser = *r.LocalUser
		}
	}
	return list, nil
}

// IsQuickCode reports whether text is a code of Quick Connect as people type it.
func IsQuickCode(text string) bool {
	_, ok := ParseQuickCode(text)
	return ok
}

// ParseQuickCode reads a code of Quick Connect as people type it: six digits of any
// script, with any separators between them (see [typed.Plain]). It reports false for
// another text, also for one with a letter in it, because that is the code of a TV.
func ParseQuickCode(text string) (code string, ok bool) {
	const digits = 6
	if len(text) > codeTypedMax {
		return "", false
	}
	code = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) {
			return -1
		}
		return r
	}, typed.Plain(text))
	if len(code) != digits || strings.Trim(code, "0123456789") != "" {
		return "", false
	}
	return code, true
}

// Ask passes a code to the agent of a server that the person is linked to. Each call, with a
// right or a wrong code, is first counted by account, source and server, because the media
// server does not count tries. A text that cannot be a code is not counted. If a try with
// the same code is still open at this server, Ask returns that try. A try with another code
// is replaced. It returns [ErrThrottled], errors about the fields server_id and code,
// [ErrNotFound] for an account that was disabled, [ErrStayPaused], [ErrNoSession], or [ErrUnavailable] while
// the clocks differ.
func (q *QuickConnects) Ask(ctx context.Context, this Session, serverID int64, text string, caller Caller) (QuickConnect, error) {
	if err := q.clock.agrees(); err != nil {
		return QuickConnect{}, ErrUnavailable.because(err)
	}
	code, server, err := q.check(ctx, this, serverID, text, caller)
	if err != nil {
		return QuickConnect{}, err
	}
	row := quickRow{
		ServerID: server.ID, AccountID: this.AccountID, LinkID: server.LinkID, State: QuickAsked,
		Address: caller.Address, Device: caller.Device, CreatedAt: q.Now(),
	}
	row.ExpiresAt = row.CreatedAt.Add(quickLife)
	if row.ID, err = q.newID(); err != nil {
		return QuickConnect{}, explained("make an id", err)
	}
	id := row.ID
	if row.Code, err = q.keys.Seal(q.opt.Random, sealQuickCode, FormatID(id), code); err != nil {
		return QuickConnect{}, explained("seal a code", err)
	}
	err = q.tx(ctx, "ask for Quick Connect", func(tx *gorm.DB) error {
		id, err = q.ask(ctx, tx, this, &row, code)
		return err
	})
	if err != nil {
		return QuickConnect{}, err
	}
	return q.Get(ctx, this.AccountID, id)
}

// check counts the try, and returns the code and the server, if the person may sign devices
// in there.
func (q *QuickConnects) check(ctx context.Context, this Session, serverID int64, text string, caller Caller) (string, QuickServer, error) {
	code, ok := ParseQuickCode(text)
	if !ok {
		return "", QuickServer{}, fieldError(KindInvalid, "code", "quick_code_invalid")
	}
	from, l := q.throttle.placeOf(caller.Address), q.opt.Limits
	for _, rule := range []struct {
		what, subject string
		limit         Limit
	}{
		{"quick connect", FormatID(this.AccountID), l.QuickAccount},
		{"quick connect hour", FormatID(this.AccountID), l.QuickHour},
		{"quick connect source", from.near, l.QuickSource.times(from.times)},
	} {
		if err := q.throttle.allow(ctx, q.throttle.key(rule.what, rule.subject), rule.limit); err != nil {
			return "", QuickServer{}, err
		}
	}
	servers, err := q.serversOf(ctx, q.read(ctx), this.AccountID)
	if err != nil {
		return "", QuickServer{}, explained("list the servers with Quick Connect", err)
	}
	at := slices.IndexFunc(servers, func(s QuickServer) bool { return s.ID == serverID })
	if at < 0 { // without a link the try does not count for the server
		return "", QuickServer{}, fieldError(KindInvalid, "server_id", "quick_server_unknown")
	}
	if servers[at].Paused {
		return "", QuickServer{}, ErrStayPaused
	}
	if err := q.throttle.allow(ctx, q.throttle.key("quick connect server", FormatID(serverID)), l.QuickServer); err != nil {
		return "", QuickServer{}, err
	}
	return code, servers[at], nil
}

// ask writes the try and returns its id, or the id of the open try for the same code.
func (q *QuickConnects) ask(ctx context.Context, tx *gorm.DB, this Session, row *quickRow, code string) (int64, error) {
	if err := q.stillMay(ctx, tx, this, row); err != nil {
		return 0, err
	}
	return q.put(ctx, tx, row, code)
}

// put does the rest of [QuickConnects.ask]: everything is locked, and the code may be asked about.
func (q *QuickConnects) put(ctx context.Context, tx *gorm.DB, row *quickRow, code string) (int64, error) {
	if known, err := q.replaceOpen(ctx, tx, row, code); err != nil || known != 0 {
		return known, err
	}
	if err := database.G[quickRow](tx).Create(ctx, row); err != nil {
		return 0, err
	}
	return row.ID, q.feedChange(ctx, tx, changeRow{
		ServerID: row.ServerID, Kind: ChangeQuickConnectAsked, LinkID: row.LinkID, AccountID: row.AccountID,
	})
}

// stillMay locks the account, the session and the server. It returns an error if one of
// them or the link no longer exists: a transaction that ends one of them either waits for
// this transaction or has come first.
func (q *QuickConnects) stillMay(ctx context.Context, tx *gorm.DB, this Session, row *quickRow) error {
	if err := lockUsableAccount(tx, row.AccountID); err != nil {
		return err
	}
	err := lockRow(tx, "sessions", "id = ? AND account_id = ?", this.ID, row.AccountID)
	if err != nil && KindOf(err) == KindNotFound {
		return ErrNoSession
	}
	if err != nil {
		return err
	}
	gone := fieldError(KindInvalid, "server_id", "quick_server_unknown")
	err = lockServer(tx, "id = ?", row.ServerID)
	if err != nil && KindOf(err) == KindNotFound {
		return gone
	}
	if err != nil {
		return err
	}
	servers, err := q.serversOf(ctx, tx, row.AccountID)
	if err == nil && !slices.ContainsFunc(servers, func(s QuickServer) bool { return s.LinkID == row.LinkID && !s.Paused }) {
		return gone
	}
	return err
}

// replaceOpen ends the open tries of the same asker with other codes. It returns the id of the open try with
// the same code, or 0 if there is none.
func (q *QuickConnects) replaceOpen(ctx context.Context, tx *gorm.DB, row *quickRow, code string) (sameID int64, err error) {
	open, err := database.G[quickRow](tx).Where("account_id = ? AND state = ? AND server_id = ? AND asked_by = ?", row.AccountID, QuickAsked, row.ServerID, row.AskedBy).Find(ctx)
	if err != nil {
		return 0, err
	}
	for _, one := range open {
		reason := QuickExpired
		if one.ExpiresAt.After(q.Now()) {
			if known, err := q.keys.Open(sealQuickCode, FormatID(one.ID), one.Code); err == nil && known == code {
				return one.ID, nil
			}
			reason = QuickReplaced
		}
		err = tx.Exec("UPDATE quick_connects SET state = ?, reason = ?, code = '' WHERE id = ? AND state = ?",
			QuickFailed, reason, one.ID, QuickAsked).Error
		if err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// quickOf reads a try of an account, its server's name, and whether the link still exists.
const quickOf = `SELECT q.*, s.name, s.own_name, l.id AS held
FROM quick_connects q JOIN servers s ON s.id = q.server_id
LEFT JOIN links l ON l.id = q.link_id AND l.account_id = q.account_id AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?)
 AND s.disabled_at IS NULL
WHERE q.id = ? AND q.account_id = ? AND q.asked_by = 0`

// Get reads a try of an account. It returns [ErrNotFound] for a try of another account, and
// for a try that ended long ago.
func (q *QuickConnects) Get(ctx context.Context, accountID, id int64) (QuickConnect, error) {
	var rows []struct {
		Row           quickRow `gorm:"embedded"`
		Name, OwnName string
		Held          *int64
	}
	if err := q.read(ctx).Raw(quickOf, LinkAccepted, q.Now(), id, accountID).Scan(&rows).Error; err != nil {
		return QuickConnect{}, explained("read a try of Quick Connect", err)
	}
	if len(rows) != 1 {
		return QuickConnect{}, ErrNotFound
	}
	one := q.quick(&rows[0].Row)
	server := describedRow{Name: rows[0].Name, OwnName: rows[0].OwnName}
	one.ServerName = server.description().Name
	if one.State == QuickAsked && rows[0].Held == nil { // without the link no agent will answer
		one.State, one.Reason = QuickFailed, QuickNotAllowed
	}
	return one, nil
}

// endQuickConnects ends the tries of an account that no agent has answered.
func endQuickConnects(tx *gorm.DB, accountID int64) error {
	return tx.Exec("UPDATE quick_connects SET state = ?, reason = ?, code = '' WHERE account_id = ? AND state = ?",
		QuickFailed, QuickExpired, accountID, QuickAsked).Error
}

// sweepQuickCodes erases the codes that no agent has answered in time, long before
// their rows are deleted.
func (s *Store) sweepQuickCodes(ctx context.Context) error {
	const over = "expires_at <= ? AND state = ?"
	for {
		var ids []int64
		now := s.Now()
		err := s.read(ctx).Raw("SELECT id FROM quick_connects WHERE "+over+" LIMIT ?", now, QuickAsked, sweepStep).Scan(&ids).Error
		if err != nil {
			return explained("find old codes", err)
		}
		if len(ids) > 0 {
			err = s.db.Again(ctx, func(db *gorm.DB) error {
				return db.Exec("UPDATE quick_connects SET state = ?, reason = ?, code = '' WHERE id IN ? AND "+over,
					QuickFailed, QuickExpired, ids, now, QuickAsked).Error
			})
			if err != nil {
				return explained("erase old codes", err)
			}
		}
		if len(ids) < sweepStep {
			return nil
		}
	}
}
