package models

import (
	"context"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// LocalPasswords are the operations by which a person gives their local user a password. The
// browser seals the password to the key of the agent. The service cannot read the sealed
// password, and keeps it until the agent has answered.
type LocalPasswords struct{ *core }

// The states of a new password for a local user.
const (
	LocalPasswordAsked  = "asked" // the agent has not answered yet
	LocalPasswordDone   = "done"
	LocalPasswordFailed = "failed" // see Reason
)

// The reasons of a failure. Agents report the first four; the service sets the others.
const (
	LocalPasswordNotAllowed  = "not_allowed"   // the local user is an administrator, waits for a yes, is disabled, or the link has ended
	LocalPasswordNoLocalUser = "no_local_user" // the agent has not created the local user of a guest yet
	LocalPasswordUnreadable  = "unreadable"    // it was sealed to another key, or it is not a password
	LocalPasswordUnavailable = "unavailable"   // the media server does not answer, or takes no passwords
	LocalPasswordExpired     = "expired"       // the agent did not answer in time, or the person signed out everywhere
	LocalPasswordReplaced    = "replaced"      // another password was chosen later
)

const (
	localPasswordLife = 10 * time.Minute // of the whole row, with its result
	localPasswordMax  = 900              // bytes of a sealed password
)

// localPasswordRow is a row of local_passwords.
type localPasswordRow struct {
	ID        int64
	ServerID  int64
	AccountID int64
	LinkID    int64
	Sealed    string // to the key of the agent; "" once it is settled
	State     string
	Reason    string
	Address   string // of the browser in which it was chosen
	Device    string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// TableName returns the name of the table, local_passwords.
func (localPasswordRow) TableName() string { return "local_passwords" }

// LocalPassword is a new password for a local user, on its way to the agent. Times are UTC.
type LocalPassword struct {
	ID, ServerID, AccountID, LinkID int64
	Sealed                          string // only from [LocalPasswords.Open]
	State, Reason                   string
	Address, Device                 string // of the browser in which it was chosen
	CreatedAt, ExpiresAt            time.Time
}

func (c *core) localPassword(r *localPasswordRow) LocalPassword {
	p := LocalPassword{
		ID: r.ID, ServerID: r.ServerID, AccountID: r.AccountID, LinkID: r.LinkID, State: r.State, Reason: r.Reason,
		Address: r.Address, Device: r.Device, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
	}
	if r.State == LocalPasswordAsked && !r.ExpiresAt.After(c.Now()) {
		p.State, p.Reason = LocalPasswordFailed, LocalPasswordExpired
	}
	return p
}

// LocalPasswordPlace says whether a person may give their local user on a server a password.
type LocalPasswordPlace struct {
	LinkID     int64
	ServerName string
	LocalUser  string // "" while only the agent knows
	Key        string // of the agent, to which the browser seals; "" if the agent takes no passwords
	Media      string // which media server it is, see [Report]
	Guest      bool
	Refused    string // why not: linked, no_key, paused, administrator, not_allowed, disabled or gone; "" for nothing
}

// localPasswordPlace reads a link, its server and its local user.
//
//nolint:gosec // a statement, not a password
const localPasswordPlace = `SELECT l.id AS link_id, l.type, s.name, s.own_name, s.media, s.password_key, s.linked_passwords,
  u.name AS local_user, u.administrator, u.disabled, u.not_allowed, u.gone_at, l.paused_at, l.paused_until
FROM links l JOIN servers s ON s.id = l.server_id
LEFT JOIN local_users u ON u.id = l.local_user_id
WHERE l.account_id = ? AND l.server_id = ? AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?) AND s.disabled_at IS NULL`

// localPasswordPlaceRow is a row of [localPasswordPlace].
type localPasswordPlaceRow struct {
	LinkID                              int64
	Type, Name, OwnName, Media          string
	PasswordKey                         string
	LinkedPasswords                     bool
	LocalUser                           *string
	Administrator, Disabled, NotAllowed *bool
	GoneAt                              *time.Time
	PausedAt, PausedUntil               *time.Time
}

func (r *localPasswordPlaceRow) place(now time.Time) LocalPasswordPlace {
	server := describedRow{Name: r.Name, OwnName: r.OwnName}
	place := LocalPasswordPlace{
		LinkID: r.LinkID, ServerName: server.description().Name, Key: r.PasswordKey, Media: r.Media, Guest: r.Type == LinkGuest, Refused: r.refused(now),
	}
	if r.LocalUser != nil {
		place.LocalUser = *r.LocalUser
	}
	return place
}

// refused returns why the person may not give a password, or "". The agent checks each of these
// reasons again.
func (r *localPasswordPlaceRow) refused(now time.Time) string {
	is := func(flag *bool) bool { return flag != nil && *flag }
	switch {
	case r.PasswordKey == "":
		return "no_key"
	case r.Type != LinkGuest && !r.LinkedPasswords:
		return "linked"
	case pauseAt(r.PausedAt, r.PausedUntil, now).On():
		return "paused"
	case r.LocalUser == nil:
		return "" // the agent knows, or waits until it has created the local user of a guest
	case r.GoneAt != nil:
		return "gone"
	case is(r.Administrator):
		return "administrator"
	case is(r.Disabled):
		return "disabled"
	case is(r.NotAllowed):
		return "not_allowed"
	default:
		return ""
	}
}

// Place reads whether an account may give its local user on a server a password. It returns
// [ErrNotFound] unless the account may use the server.
func (p *LocalPasswords) Place(ctx context.Context, accountID, serverID int64) (LocalPasswordPlace, error) {
	place, err := p.placeOf(ctx, p.read(ctx), accountID, serverID)
	return place, explained("read where a local password goes", err)
}

func (p *LocalPasswords) placeOf(ctx context.Context, db *gorm.DB, accountID, serverID int64) (LocalPasswordPlace, error) {
	var rows []localPasswordPlaceRow
	if err := db.WithContext(ctx).Raw(localPasswordPlace, accountID, serverID, LinkAccepted, p.Now()).Scan(&rows).Error; err != nil {
		return LocalPasswordPlace{}, err
	}
	if len(rows) != 1 {
		return LocalPasswordPlace{}, ErrNotFound
	}
	return rows[0].place(p.Now()), nil
}

// isSealed reports whether a text can be a sealed password: base64url of reasonable length.
func isSealed(text string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return len(text) >= 100 && len(text) <= localPasswordMax && strings.Trim(text, letters) == ""
}

// Ask hands a sealed password to the agent of a server. The calls of each account are counted. A
// password that waits already is replaced. Ask returns [ErrThrottled], errors about the field
// sealed, [ErrNotFound] if the account has no link to the server or was disabled, [ErrNoSession],
// or an error with the code local_password_refused if the local user may not get a password.
func (p *LocalPasswords) Ask(ctx context.Context, this Session, serverID int64, sealed string, caller Caller) (LocalPassword, error) {
	if err := p.clock.agrees(); err != nil {
		return LocalPassword{}, ErrUnavailable.because(err)
	}
	if !isSealed(sealed) {
		return LocalPassword{}, fieldError(KindInvalid, "sealed", "local_password_invalid")
	}
	if err := p.throttle.allow(ctx, p.throttle.key("local password", FormatID(this.AccountID)), p.opt.Limits.LocalPassword); err != nil {
		return LocalPassword{}, err
	}
	row := localPasswordRow{
		ServerID: serverID, AccountID: this.AccountID, Sealed: sealed, State: LocalPasswordAsked,
		Address: caller.Address, Device: caller.Device, CreatedAt: p.Now(),
	}
	row.ExpiresAt = row.CreatedAt.Add(localPasswordLife)
	var err error
	if row.ID, err = p.newID(); err != nil {
		return LocalPassword{}, explained("make an id", err)
	}
	err = p.tx(ctx, "ask for a local password", func(tx *gorm.DB) error { return p.ask(ctx, tx, this, &row) })
	return p.localPassword(&row), err
}

func (p *LocalPasswords) ask(ctx context.Context, tx *gorm.DB, this Session, row *localPasswordRow) error {
	if err := lockUsableAccount(tx, this.AccountID); err != nil {
		return err
	}
	err := lockRow(tx, "sessions", "id = ? AND account_id = ?", this.ID, this.AccountID)
	if errors.Is(err, ErrNotFound) {
		return ErrNoSession
	}
	if err != nil {
		return err
	}
	if err := lockServer(tx, "id = ?", row.ServerID); err != nil {
		return err
	}
	place, err := p.placeOf(ctx, tx, row.AccountID, row.ServerID)
	if err != nil {
		return err
	}
	if place.Refused != "" {
		return ErrLocalPasswordRefused
	}
	row.LinkID = place.LinkID
	err = tx.Exec("UPDATE local_passwords SET state = ?, reason = ?, sealed = '' WHERE account_id = ? AND state = ? AND server_id = ?",
		LocalPasswordFailed, LocalPasswordReplaced, row.AccountID, LocalPasswordAsked, row.ServerID).Error
	if err != nil {
		return err
	}
	if err := database.G[localPasswordRow](tx).Create(ctx, row); err != nil {
		return err
	}
	return p.feedChange(ctx, tx, changeRow{
		ServerID: row.ServerID, Kind: ChangeLocalPasswordAsked, LinkID: row.LinkID, AccountID: row.AccountID,
	})
}

// Get reads a new password of an account, without the password. It returns [ErrNotFound] for a
// new password of another account, and for a new password whose time is over.
func (p *LocalPasswords) Get(ctx context.Context, accountID, id int64) (LocalPassword, error) {
	row, err := database.G[localPasswordRow](p.read(ctx)).Where("id = ? AND account_id = ?", id, accountID).Take(ctx)
	return p.localPassword(&row), explained("read a local password", err)
}

// endLocalPasswords ends the new passwords of an account that no agent has taken.
func endLocalPasswords(tx *gorm.DB, accountID int64) error {
	return tx.Exec("UPDATE local_passwords SET state = ?, reason = ?, sealed = '' WHERE account_id = ? AND state = ?",
		LocalPasswordFailed, LocalPasswordExpired, accountID, LocalPasswordAsked).Error
}
