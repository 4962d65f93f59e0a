package models

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Accounts are the operations on a person's account.
type Accounts struct{ *core }

// Caller is the browser, device or server that makes a request. Counters, sessions and
// the history that people see use it.
type Caller struct {
	Address string // canonical IP address; "" when unknown, then all such callers are counted together
	Device  string // "Firefox on Windows", at most 80 characters; "" when unknown
	Icon    string // computer, phone, tablet, tv or device
	By      int64  // the guardian who acts for the account, whom its history names; 0 for the person
}

// accountRow is a row of accounts.
type accountRow struct {
	ID                int64
	Username          string // as typed
	UsernameKey       string
	DisplayName       string
	Email             string // where mail goes; "" for people without an address
	EmailKey          string
	PasswordHash      string // "" when only a mailed link can set one
	PasswordVersion   int64  // raised with every new password and address; links that were mailed before stop working
	PasswordChangedAt time.Time
	PINHash           string     `gorm:"column:pin_hash"` // "" for no PIN
	PINChangedAt      *time.Time `gorm:"column:pin_changed_at"`
	PINOffAt          *time.Time `gorm:"column:pin_off_at"`
	Locale            string
	GuardianID        *int64
	CeilingAge        *int64 // see [Ceiling]; nil for none
	CeilingUnrated    bool
	CreatedAt         time.Time
	ConfirmedAt       *time.Time
	DisabledAt        *time.Time
	SignedInAt        *time.Time // the first time
	LegacyMD5         string     `gorm:"column:legacy_md5"` // see legacy_md5.go
	LegacyMD5Filtered string     `gorm:"column:legacy_md5_filtered"`
	Operator          bool
	LockVersion       int64  // raised by every transaction that locks the account, see lock.go
	TimeZone          string // in which mails tell times; "" while no browser has told it. See time_zone.go
	Picture           string // token of the picture; "" for none. See picture.go
	NewcomerOf        int64  // the invite whose link made the account, until it confirms an address; else 0. See newcomer.go
}

// TableName returns the name of the table, accounts.
func (accountRow) TableName() string { return "accounts" }

// Account is a person's account with this service. Times are UTC.
type Account struct {
	ID                int64
	Username          string
	DisplayName       string // never ""
	Email             string // "" for people without an address
	Locale            string // "en"
	TimeZone          string // in which mails tell times, "Europe/Berlin"; "" for UTC
	Picture           string // token of the picture, see [Pictures]; "" for none
	HasPIN            bool
	PINOff            bool // after too many wrong tries; a reset turns it on again
	PINChangedAt      time.Time
	PasswordChangedAt time.Time
	CreatedAt         time.Time
	ConfirmedAt       time.Time // zero while the sign-up waits
	DisabledAt        time.Time // zero unless an operator disabled it
	Operator          bool      // may use the operations of operators; only the command line changes it
	Newcomer          bool      // came by the link of an invite, and has not confirmed an address yet; see newcomer.go
}

// pinRemindAfter is the age of a PIN at which its owner is advised to change it.
const pinRemindAfter = 365 * 24 * time.Hour

// PINOld reports whether the PIN is so old that its owner is reminded to change it. now is
// the present time.
func (a Account) PINOld(now time.Time) bool {
	return a.HasPIN && now.Sub(a.PINChangedAt) >= pinRemindAfter
}

func (r *accountRow) account() Account {
	return Account{
		ID: r.ID, Username: r.Username, DisplayName: r.DisplayName, Email: r.Email, Locale: r.Locale, TimeZone: r.TimeZone, Picture: r.Picture,
		HasPIN: r.PINHash != "", PINOff: r.PINOffAt != nil, PINChangedAt: orZero(r.PINChangedAt),
		PasswordChangedAt: r.PasswordChangedAt.UTC(), CreatedAt: r.CreatedAt.UTC(),
		ConfirmedAt: orZero(r.ConfirmedAt), DisabledAt: orZero(r.DisabledAt), Operator: r.Operator, Newcomer: r.NewcomerOf != 0,
	}
}

// owner returns the text that the slow hashes of the account are bound to, so that a
// hash is of no use in the row of another account.
func (r *accountRow) owner() string { return FormatID(r.ID) }

// personal returns the words by which the person is known. No password or PIN of the account may
// consist of them.
func (r *accountRow) personal() []string { return personalWords(r.Username, r.DisplayName, r.Email) }

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// accountByID reads one account in db, which may be a transaction. It returns
// [ErrNotFound].
func (c *core) accountByID(ctx context.Context, db *gorm.DB, id int64) (accountRow, error) {
	row, err := database.G[accountRow](db).Where("id = ?", id).Take(ctx)
	return row, explained("read the account", err)
}

// accountByName finds an account by username, or by confirmed address if name holds an "@".
// It runs one statement whether or not the account exists, so that nobody can tell from the
// time of the answer whether it exists. It returns [ErrNotFound].
func (c *core) accountByName(ctx context.Context, db *gorm.DB, name string) (accountRow, error) {
	const byUsername = "username_key = ?"
	const byEmail = "id = (SELECT account_id FROM emails WHERE email_key = ? AND held_until IS NULL)"
	condition, key := byUsername, nameKey(name)
	if isEmail(key) {
		condition = byEmail
	}
	row, err := database.G[accountRow](db).Where(condition, key).Take(ctx)
	return row, explained("find the account", err)
}

// Get reads an account. It returns [ErrNotFound].
func (a *Accounts) Get(ctx context.Context, accountID int64) (Account, error) {
	row, err := a.accountByID(ctx, a.read(ctx), accountID)
	if err != nil {
		return Account{}, err
	}
	return row.account(), nil
}

// updateAccount changes columns of one account, and locks it for the rest of the
// transaction. condition, which may be "", narrows the choice further. It returns
// [ErrNotFound] if no row fits.
func updateAccount(tx *gorm.DB, accountID int64, columns map[string]any, condition string, args ...any) error {
	columns["lock_version"] = gorm.Expr("lock_version + 1") // the columns can have these values already
	query := tx.Table("accounts").Where("id = ?", accountID)
	if condition != "" {
		query = query.Where(condition, args...)
	}
	result := query.Updates(columns)
	if result.Error != nil {
		return result.Error
	}
	if result.RowsAffected != 1 {
		return ErrNotFound
	}
	return nil
}

// passwordIs checks the password that a signed-in person has typed again. It counts
// the try before it compares, in another counter than sign-ins, so that strangers
// cannot lock the owner out. It returns [ErrWrongPassword], [ErrThrottled], or
// [ErrNoSession] for an account that was disabled meanwhile.
func (c *core) passwordIs(ctx context.Context, row *accountRow, password string, caller Caller) error {
	if row.DisabledAt != nil {
		return ErrNoSession
	}
	key := c.throttle.key("signed-in", row.owner())
	if err := c.throttle.attempt(ctx, key, c.opt.Limits.SignedIn); err != nil {
		return err
	}
	match, err := c.verifyPassword(c.known(ctx, row, caller), row, password)
	if err != nil {
		return err
	}
	if !match {
		return ErrWrongPassword
	}
	return c.throttle.forget(ctx, key)
}

// known returns the context in which the passwords and PINs of a known person are hashed. A known
// person has a session of the account or a known device. The network of caller goes into it, too.
func (c *core) known(ctx context.Context, row *accountRow, caller Caller) context.Context {
	return secret.ForKnown(ctx, row.owner(), c.throttle.placeOf(caller.Address).far)
}

// passwordPurpose and pinPurpose keep the hashes of passwords and of PINs apart.
const (
	passwordPurpose = "password"
	pinPurpose      = "pin"
)

// verifyPassword compares password with the password of an account. Without an account (row
// is nil) or without a stored password it does the same work and reports false, so that the
// time of the answer tells nobody whether they exist. If the stored hash was made with an
// old key or cost, it is replaced after a match; a failure to replace it is only logged.
func (c *core) verifyPassword(ctx context.Context, row *accountRow, password string) (bool, error) {
	stored, owner := "", ""
	if row != nil {
		stored, owner = row.PasswordHash, row.owner()
	}
	prepared, ok := preparePassword(password)
	match, outdated, err := c.verifyHash(ctx, stored, passwordPurpose, owner, prepared)
	if err != nil {
		return false, explained("check the password", err)
	}
	if !match || !ok || row == nil {
		return false, nil
	}
	if outdated {
		c.rehash(ctx, row.ID, "password_hash", stored, passwordPurpose, owner, prepared)
	}
	return true, nil
}

// verifyHash compares text with a stored hash. A hash that can no longer be checked,
// because its secret key is unknown or the row is damaged, never matches, but the
// comparison takes as long as with any other hash: the person needs a reset, and a stranger
// learns nothing.
func (c *core) verifyHash(ctx context.Context, stored, purpose, owner, text string) (match, outdated bool, err error) {
	match, outdated, err = c.hasher.Verify(ctx, stored, purpose, owner, text)
	if !errors.Is(err, secret.ErrUnknownKey) && !errors.Is(err, secret.ErrBadHash) {
		return match, outdated, err
	}
	c.opt.Log.WarnContext(ctx, "a stored hash cannot be checked", slog.String("account_id", owner), logError(err))
	return c.hasher.Verify(ctx, "", purpose, owner, text)
}

// rehash stores a fresh hash of text, unless the column has changed meanwhile. If too many
// hashes wait, it does nothing, because the next sign-in or PIN that matches tries again.
func (c *core) rehash(ctx context.Context, accountID int64, column, stored, purpose, owner, text string) {
	fresh, err := c.hasher.Hash(secret.ForOwner(ctx, owner), purpose, owner, text)
	if errors.Is(err, secret.ErrBusy) {
		return
	}
	if err == nil {
		err = c.tx(ctx, "renew a hash", func(tx *gorm.DB) error {
			return updateAccount(tx, accountID, map[string]any{column: fresh}, column+" = ?", stored)
		})
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		c.opt.Log.WarnContext(ctx, "a hash was not renewed", logAccount(accountID), logError(err))
	}
}
