package models

import (
	"context"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// These statements are run by every signed-in request, so they are prepared, and read only
// what the request needs. Whether the session still lives is decided in Go: a time that is
// read costs less than a time that is compared in the database.
const (
	aliveColumns = "SELECT s.id, s.kind, s.last_seen_at, s.expires_at, s.switched_from, s.household_id"

	fromSessions = " FROM sessions s JOIN accounts a ON a.id = s.account_id"
	whereHash    = " WHERE s.token_hash = ? AND a.disabled_at IS NULL AND a.confirmed_at IS NOT NULL AND " + stillLookedAfter
	ofToken      = fromSessions + whereHash

	lookSession = aliveColumns + ", s.confirmed_at, a.id, a.username, a.display_name, a.locale" + ofToken

	// lookVisitor counts the links that wait, and finds out from indexes alone whether the
	// page needs any other statement. A confirmed account owns the address of its row, see
	// claimEmail, so that the table of addresses need not be read.
	lookVisitor = aliveColumns + `, s.confirmed_at, a.id, a.username, a.display_name, a.locale,
 (SELECT COUNT(*) FROM links l JOIN servers m ON m.id = l.server_id
  WHERE l.account_id = a.id AND l.state = '` + LinkPending + `' AND m.disabled_at IS NULL AND (l.ends_at IS NULL OR l.ends_at > ?)),
 EXISTS (SELECT 1 FROM invites i WHERE i.account_id = a.id AND i.state = '` + invitePending + `')
 OR EXISTS (SELECT 1 FROM invites i WHERE i.email_key = a.email_key AND i.state = '` + invitePending + `'),
 EXISTS (SELECT 1 FROM servers o WHERE o.owner_id = a.id), a.newcomer_of <> 0, a.picture, a.time_zone, a.operator` + ofToken

	lookUser = aliveColumns + ", a.id, a.username, a.display_name, a.email, a.confirmed_at, a.picture" + ofToken

	lookOwnAccount = aliveColumns + `, a.id, a.username, a.display_name, a.email, a.confirmed_at, a.locale, a.time_zone, a.picture, a.pin_hash <> '', a.operator, a.created_at,
 (SELECT e.new_email FROM email_changes e WHERE e.account_id = a.id AND e.state = '` + changeWaiting + `' AND e.expires_at > ?
  ORDER BY e.id DESC LIMIT 1)` + ofToken
)

// aliveRow has the columns that say whether a session lives.
type aliveRow struct {
	id                int64
	kind              string
	lastSeen, expires time.Time
	from, household   int64 // see household.go; 0 for most sessions
}

// scans returns where the columns of aliveColumns belong, with the places of others after them.
func (r *aliveRow) scans(others ...any) []any {
	const own = 6
	into := make([]any, own, own+len(others))
	into[0], into[1], into[2], into[3], into[4], into[5] = &r.id, &r.kind, &r.lastSeen, &r.expires, &r.from, &r.household
	return append(into, others...)
}

// alive returns nil if a session was found, lives and may make the request of the context. Then
// it notes the use in memory. It returns [ErrNoSession] or [ErrSwitched].
func (s *Sessions) alive(ctx context.Context, r *aliveRow, found bool) error {
	if !found || !s.isAlive(r.kind, r.lastSeen, r.expires) {
		return ErrNoSession
	}
	if r.from != 0 && !switchedMay(ctx) {
		return ErrSwitched
	}
	s.noteUse(r.id, r.lastSeen, s.Now())
	s.noteHousehold(r)
	return nil
}

// isAlive reports whether a session has neither run out nor been unused for too long.
func (c *core) isAlive(kind string, lastSeen, expires time.Time) bool {
	now, idle := c.Now(), c.opt.Lives.DeviceIdle
	if kind == SessionBrowser {
		idle = c.opt.Lives.SessionIdle
	}
	return expires.After(now) && lastSeen.After(now.Add(-idle))
}

// Look finds the session of a token and notes its use in memory. It returns [ErrNoSession] for a
// token that is malformed, unknown or expired, or whose account is disabled. It returns
// [ErrSwitched] for the session of a person who was chosen on a shared device, unless the context
// belongs to a request that such a session may make, see [OpenToSwitched]. If the database does not
// answer, it returns [ErrUnavailable].
func (s *Sessions) Look(ctx context.Context, text string) (Session, error) {
	if !secret.WellFormed(secret.SessionToken, text) {
		return Session{}, ErrNoSession
	}
	var r aliveRow
	var found Session
	hash := secret.Sum(text)
	ok, err := s.hot.session.One(ctx, []any{hash[:]}, r.scans(
		&found.ConfirmedAt, &found.AccountID, &found.Username, &found.DisplayName, &found.Locale)...)
	if err != nil {
		return Session{}, explained("look up a session", err)
	}
	if err := s.alive(ctx, &r, ok); err != nil {
		return Session{}, err
	}
	found.lookedUp(&r)
	return found, nil
}

// Visitor is the session of a browser, with what every page says about its account.
type Visitor struct {
	Session

	WaitingLinks int  // that wait for the answer of the account
	Invited      bool // whether invites may wait, too: [Invites.WaitingFor] counts those that can be answered
	OwnsServers  bool
	Newcomer     bool   // has not confirmed an address yet, see newcomer.go
	Picture      string // token of the picture, see [Pictures]; "" for none
	TimeZone     string // of the account, see [Account]; "" while it is not known
	Operator     bool   // may open the pages of operators
}

// LookVisitor does what [Sessions.Look] does, for a page. It takes one statement, where the
// header and the page would take four.
func (s *Sessions) LookVisitor(ctx context.Context, text string) (Visitor, error) {
	if !secret.WellFormed(secret.SessionToken, text) {
		return Visitor{}, ErrNoSession
	}
	var r aliveRow
	var found Visitor
	hash := secret.Sum(text)
	ok, err := s.hot.visitor.One(ctx, []any{s.Now(), hash[:]}, r.scans(
		&found.ConfirmedAt, &found.AccountID, &found.Username, &found.DisplayName, &found.Locale,
		&found.WaitingLinks, &found.Invited, &found.OwnsServers, &found.Newcomer, &found.Picture, &found.TimeZone, &found.Operator)...)
	if err != nil {
		return Visitor{}, explained("look up the session of a page", err)
	}
	if err := s.alive(ctx, &r, ok); err != nil {
		return Visitor{}, err
	}
	found.lookedUp(&r)
	return found, nil
}

// lookedUp completes a session after the columns of its account were read.
func (s *Session) lookedUp(r *aliveRow) {
	s.ID, s.Kind, s.LastSeenAt, s.ExpiresAt, s.ConfirmedAt = r.id, r.kind, r.lastSeen.UTC(), r.expires.UTC(), s.ConfirmedAt.UTC()
	s.Switched = r.from != 0
}

// LookUser finds the account of a token by one statement, with what the Emby wire tells
// about it: ID, Username, DisplayName, Email, ConfirmedAt and Picture. It returns the errors
// of [Sessions.Look].
func (s *Sessions) LookUser(ctx context.Context, text string) (Account, error) {
	if !secret.WellFormed(secret.SessionToken, text) {
		return Account{}, ErrNoSession
	}
	var r aliveRow
	var found Account
	hash := secret.Sum(text)
	ok, err := s.hot.user.One(ctx, []any{hash[:]}, r.scans(
		&found.ID, &found.Username, &found.DisplayName, &found.Email, &found.ConfirmedAt, &found.Picture)...)
	if err != nil {
		return Account{}, explained("look up the account of a session", err)
	}
	if err := s.alive(ctx, &r, ok); err != nil {
		return Account{}, err
	}
	if r.from != 0 {
		found.Email = "" // a PIN never shows an address
	}
	found.ConfirmedAt = found.ConfirmedAt.UTC()
	return found, nil
}

// OwnAccount is an account as its owner sees it first.
type OwnAccount struct {
	Account             // without PINOff, PINChangedAt and PasswordChangedAt
	PendingEmail string // the new address that was asked for and not yet confirmed; "" without one
}

// LookOwnAccount finds the account of a token, and its change of address, by one
// statement. It returns the errors of [Sessions.Look].
func (s *Sessions) LookOwnAccount(ctx context.Context, text string) (OwnAccount, error) {
	if !secret.WellFormed(secret.SessionToken, text) {
		return OwnAccount{}, ErrNoSession
	}
	var r aliveRow
	var found OwnAccount
	var pending *string
	hash := secret.Sum(text)
	ok, err := s.hot.ownAccount.One(ctx, []any{s.Now(), hash[:]}, r.scans(
		&found.ID, &found.Username, &found.DisplayName, &found.Email, &found.ConfirmedAt, &found.Locale, &found.TimeZone, &found.Picture, &found.HasPIN, &found.Operator,
		&found.CreatedAt, &pending)...)
	if err != nil {
		return OwnAccount{}, explained("look up the account of a session", err)
	}
	if err := s.alive(ctx, &r, ok); err != nil {
		return OwnAccount{}, err
	}
	found.ConfirmedAt, found.CreatedAt = found.ConfirmedAt.UTC(), found.CreatedAt.UTC()
	if pending != nil {
		found.PendingEmail = *pending
	}
	return found, nil
}
