package models

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Televisions are the operations by which the owner of a server signs a television in for one of its people: the
// television shows six digits of Quick Connect, the owner types them and says who it is for. It is a try of
// [QuickConnects] that somebody else has asked for, so the agent, the lists of devices and the ends are the same.
type Televisions struct {
	*core

	quickConnects *QuickConnects
}

// The people for whom an agent lets the owner sign a television in.
const (
	TelevisionsOff    = "off"
	TelevisionsGuests = "guests"
	TelevisionsLinked = "linked" // guests and everybody else who is linked
)

// The reasons why the owner cannot sign a television in for a person. The agent checks each of these
// reasons again.
const (
	TelevisionOff         = "off"               // its agent does not let the owner do it
	TelevisionNoCodes     = "quick_connect_off" // the media server takes no codes now
	TelevisionLinked      = "linked"            // the local user was there before, and the agent does it for guests alone
	TelevisionDisabled    = "disabled"          // the account or the local user is disabled
	TelevisionPINRequired = "pin_required"      // nobody comes in before the person has given their PIN
)

// TelevisionPlace says whether the owner of a server may sign a television in for a person.
type TelevisionPlace struct {
	LinkID, ServerID, AccountID int64
	ServerName                  string
	Username, DisplayName       string // of the person
	LocalUser                   string // "" while only the agent knows
	Guest                       bool
	Refused                     string // why not: [TelevisionOff] and the others, or a state of a local user; "" for nothing
}

// televisionPlace reads a link of an owner's server that an agent runs.
const televisionPlace = `SELECT l.id AS link_id, l.type, l.account_id, s.name, s.own_name, s.quick_connect, COALESCE(lp.agent_televisions, '') AS agent_televisions,
 a.username, a.display_name, a.disabled_at, u.name AS local_user, u.administrator, u.disabled, u.not_allowed, u.gone_at, l.paused_at, l.paused_until, ` + levelColumns + `
FROM links l JOIN accounts a ON a.id = l.account_id JOIN servers s ON s.id = l.server_id
LEFT JOIN local_users u ON u.id = l.local_user_id` + levelTables + `
WHERE l.id = ? AND l.server_id = ? AND s.owner_id = ? AND s.kind = ? AND s.disabled_at IS NULL AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?)`

// televisionRow is a row of [televisionPlace].
type televisionRow struct {
	LinkID, AccountID                   int64
	Type, Name, OwnName                 string
	QuickConnect                        bool
	AgentTelevisions                    string
	Username, DisplayName               string
	DisabledAt, GoneAt                  *time.Time
	LocalUser                           *string
	Administrator, Disabled, NotAllowed *bool
	PausedAt, PausedUntil               *time.Time
	Levels                              levelParts `gorm:"embedded"`
}

// refused returns why the owner cannot sign a television in for the person, or "".
func (r *televisionRow) refused(now time.Time) string {
	is := func(flag *bool) bool { return flag != nil && *flag }
	switch {
	case r.AgentTelevisions != TelevisionsGuests && r.AgentTelevisions != TelevisionsLinked:
		return TelevisionOff
	case !r.QuickConnect:
		return TelevisionNoCodes
	case r.Type != LinkGuest && r.AgentTelevisions != TelevisionsLinked:
		return TelevisionLinked
	case pauseAt(r.PausedAt, r.PausedUntil, now).On():
		return LocalUserPaused
	case r.GoneAt != nil:
		return LocalUserGone
	case is(r.Administrator):
		return LocalUserAdministrator
	case r.DisabledAt != nil, is(r.Disabled):
		return TelevisionDisabled
	case is(r.NotAllowed):
		return LocalUserNotAllowed
	case r.Levels.pinRequired() && !r.Levels.isOpen(now):
		return TelevisionPINRequired
	default:
		return "" // also without a local user: the agent knows them, or creates them soon
	}
}

// Place reads whether the owner of a server may sign a television in for the person of a link. It returns [ErrNotFound]
// unless the link is in use at a server of the owner that an agent runs.
func (t *Televisions) Place(ctx context.Context, ownerID, serverID, linkID int64) (TelevisionPlace, error) {
	place, err := t.placeOf(ctx, t.read(ctx), ownerID, serverID, linkID)
	return place, explained("read for whom a television is", err)
}

func (t *Televisions) placeOf(ctx context.Context, db *gorm.DB, ownerID, serverID, linkID int64) (TelevisionPlace, error) {
	var rows []televisionRow
	now := t.Now()
	if err := db.WithContext(ctx).Raw(televisionPlace, linkID, serverID, ownerID, ServerAgent, LinkAccepted, now).Scan(&rows).Error; err != nil {
		return TelevisionPlace{}, err
	}
	if len(rows) != 1 {
		return TelevisionPlace{}, ErrNotFound
	}
	r := &rows[0]
	server := describedRow{Name: r.Name, OwnName: r.OwnName}
	place := TelevisionPlace{
		LinkID: r.LinkID, ServerID: serverID, AccountID: r.AccountID, ServerName: server.description().Name, Username: r.Username,
		DisplayName: visibleName(LinkAccepted, r.Username, r.DisplayName), Guest: r.Type == LinkGuest, Refused: r.refused(now),
	}
	if r.LocalUser != nil {
		place.LocalUser = *r.LocalUser
	}
	return place, nil
}

// SignIn passes the six digits of a television to the agent of an owner's server, for the person of a link. Each call
// with six digits is counted by owner, source and server. The same digits again are the same try, and others take its
// place. It returns an error about the field code, [ErrNotFound], [ErrTelevisionRefused] with the reason, [ErrThrottled],
// [ErrNoSession], or [ErrUnavailable] while the clocks differ.
func (t *Televisions) SignIn(ctx context.Context, this Session, serverID, linkID int64, text string, caller Caller) (QuickConnect, error) {
	if err := t.clock.agrees(); err != nil {
		return QuickConnect{}, ErrUnavailable.because(err)
	}
	code, ok := ParseQuickCode(text)
	if !ok {
		return QuickConnect{}, fieldError(KindInvalid, "code", "quick_code_invalid")
	}
	place, err := t.Place(ctx, this.AccountID, serverID, linkID)
	if err != nil {
		return QuickConnect{}, err
	}
	if err := t.count(ctx, this.AccountID, serverID, caller); err != nil {
		return QuickConnect{}, err
	}
	row := quickRow{ServerID: serverID, AccountID: place.AccountID, LinkID: linkID, State: QuickAsked, CreatedAt: t.Now(), AskedBy: this.AccountID}
	row.ExpiresAt = row.CreatedAt.Add(quickLife)
	if row.ID, err = t.newID(); err != nil {
		return QuickConnect{}, explained("make an id", err)
	}
	if row.Code, err = t.keys.Seal(t.opt.Random, sealQuickCode, FormatID(row.ID), code); err != nil {
		return QuickConnect{}, explained("seal a code", err)
	}
	id := row.ID
	err = t.tx(ctx, "sign a television in", func(tx *gorm.DB) error {
		if err := t.stillMay(ctx, tx, this, &row); err != nil {
			return err
		}
		id, err = t.quickConnects.put(ctx, tx, &row, code)
		return err
	})
	if err != nil {
		return QuickConnect{}, err
	}
	return t.Get(ctx, this.AccountID, serverID, id)
}

// count counts a try of an owner, right or wrong, because the media server counts none.
func (t *Televisions) count(ctx context.Context, ownerID, serverID int64, caller Caller) error {
	from, l := t.throttle.placeOf(caller.Address), t.opt.Limits
	for _, rule := range []struct {
		what, subject string
		limit         Limit
	}{
		{"television hour", FormatID(ownerID), l.QuickHour},
		{"quick connect source", from.near, l.QuickSource.times(from.times)},
		{"quick connect server", FormatID(serverID), l.QuickServer},
	} {
		if err := t.throttle.allow(ctx, t.throttle.key(rule.what, rule.subject), rule.limit); err != nil {
			return err
		}
	}
	return nil
}

// stillMay locks the person, the session of the owner and the server, and checks that the owner may sign the television
// in now.
func (t *Televisions) stillMay(ctx context.Context, tx *gorm.DB, this Session, row *quickRow) error {
	if err := lockUsableAccount(tx, row.AccountID); err != nil {
		return err
	}
	err := lockRow(tx, "sessions", "id = ? AND account_id = ?", this.ID, this.AccountID)
	if errors.Is(err, ErrNotFound) {
		return ErrNoSession
	}
	if err != nil {
		return err
	}
	if err := lockOwnServer(tx, this.AccountID, row.ServerID); err != nil {
		return err
	}
	place, err := t.placeOf(ctx, tx, this.AccountID, row.ServerID, row.LinkID)
	if err == nil && place.Refused != "" {
		err = ErrTelevisionRefused.with("Reason", place.Refused)
	}
	return err
}

// Get reads what has become of the digits that an owner has typed. It returns [ErrNotFound] for the try of somebody
// else, and for one that ended long ago.
func (t *Televisions) Get(ctx context.Context, ownerID, serverID, id int64) (QuickConnect, error) {
	row, err := database.G[quickRow](t.read(ctx)).Where("id = ? AND server_id = ? AND asked_by = ? AND asked_by <> 0", id, serverID, ownerID).Take(ctx)
	if err != nil {
		return QuickConnect{}, explained("read a try of a television", err)
	}
	one := t.quick(&row)
	place, err := t.Place(ctx, ownerID, serverID, row.LinkID)
	if errors.Is(err, ErrNotFound) && one.State == QuickAsked { // without the link no agent will answer
		one.State, one.Reason = QuickFailed, QuickNotAllowed
	} else if err != nil && !errors.Is(err, ErrNotFound) {
		return QuickConnect{}, err
	}
	one.ServerName = place.ServerName
	return one, nil
}

// tellTelevision notes in the history of a person that the owner of a server has signed a television in for them, and
// owes them a mail. For a member of a family it goes to the guardians.
func (c *core) tellTelevision(ctx context.Context, tx *gorm.DB, accountID int64, server string) error {
	account, err := c.accountByID(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if err := c.owe(ctx, tx, televisionMail(&account, server, c.Now())); err != nil {
		return err
	}
	return c.recordAbout(ctx, tx, accountID, EventTelevision, server, Caller{})
}
