package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// purpose is the only thing that a single-use secret may do.
type purpose string

const (
	purposeConfirm     purpose = "confirm"      // confirms a sign-up's address
	purposePending     purpose = "pending"      // lets a browser change a sign-up that waits
	purposeReset       purpose = "reset"        // sets a new password
	purposePINReset    purpose = "pin_reset"    // sets or removes the PIN
	purposeEmailChange purpose = "email_change" // confirms a new address
	purposeEmailUndo   purpose = "email_undo"   // brings the old address back
	purposeNotMe       purpose = "not_me"       // ends one session
	purposeSetup       purpose = "setup"        // tries the mail settings in the first run; its hash is in setups
	purposeStay        purpose = "stay"         // prolongs a stay by two weeks
	purposeInvite      purpose = "invite"       // shows an invite and lets its reader sign up; never spent
)

// token is a row of tokens: the hash of a secret.
type token struct {
	Hash            secret.Hash
	Purpose         purpose
	AccountID       int64
	SubjectID       int64 // the email change, session or link it is about, or 0
	PasswordVersion int64 // of the account when it was made
	CreatedAt       time.Time
	ExpiresAt       time.Time
	UsedAt          *time.Time
}

// TableName returns the name of the table, tokens.
func (token) TableName() string { return "tokens" }

// LinkInfo describes a mailed link.
type LinkInfo struct {
	AccountID int64
	Username  string
	Email     string // the address that the link is about
	Subject   int64
	Newcomer  bool // the account has no confirmed address yet, see newcomer.go, or its guardian lets it go
}

// fresh finds an unused token without spending it. It returns [ErrTokenSpent] for any
// other text.
func (c *core) fresh(ctx context.Context, db *gorm.DB, kind secret.Kind, p purpose, text string) (token, error) {
	if !secret.WellFormed(kind, text) {
		return token{}, ErrTokenSpent
	}
	found, err := database.G[token](db).
		Where("hash = ? AND purpose = ? AND used_at IS NULL AND expires_at > ?", secret.Sum(text), p, c.Now()).Find(ctx)
	if err != nil {
		return token{}, explained("find a token", err)
	}
	if len(found) != 1 {
		return token{}, ErrTokenSpent
	}
	return found[0], nil
}

// spend marks a mailed token as used by one conditional update, so that one of several
// parallel callers succeeds. It returns [ErrTokenSpent] to the others.
func (c *core) spend(ctx context.Context, tx *gorm.DB, p purpose, text string) (token, error) {
	if !secret.WellFormed(secret.MailToken, text) {
		return token{}, ErrTokenSpent
	}
	now, hash := c.Now(), secret.Sum(text)
	result := tx.Exec("UPDATE tokens SET used_at = ? WHERE hash = ? AND purpose = ? AND used_at IS NULL AND expires_at > ?",
		now, hash, p, now)
	if result.Error != nil {
		return token{}, result.Error
	}
	if result.RowsAffected != 1 {
		return token{}, ErrTokenSpent
	}
	return database.G[token](tx).Where("hash = ?", hash).Take(ctx)
}

// mailedLink describes the link of an unused token without spending it.
func (c *core) mailedLink(ctx context.Context, p purpose, text string) (LinkInfo, error) {
	t, err := c.fresh(ctx, c.read(ctx), secret.MailToken, p, text)
	if err != nil {
		return LinkInfo{}, err
	}
	row, err := c.accountByID(ctx, c.read(ctx), t.AccountID)
	if err != nil {
		return LinkInfo{}, ErrTokenSpent.because(err)
	}
	if row.DisabledAt != nil || passwordBound(p) && row.PasswordVersion != t.PasswordVersion {
		return LinkInfo{}, ErrTokenSpent
	}
	return LinkInfo{AccountID: row.ID, Username: row.Username, Email: row.Email, Subject: t.SubjectID, Newcomer: row.NewcomerOf != 0 || row.GuardianID != nil}, nil
}

// passwordBound reports whether a new password or address makes older tokens of p
// void. Such a link may only be used while the account has the address that it was
// mailed to, even if it was made while the address changed.
func passwordBound(p purpose) bool {
	return p == purposeReset || p == purposePINReset || p == purposeConfirm
}

// tokenAccount returns the account of a spent token. It refuses a disabled account and
// a token that was made for an older password.
func (c *core) tokenAccount(ctx context.Context, tx *gorm.DB, t token) (accountRow, error) {
	row, err := c.accountByID(ctx, tx, t.AccountID)
	if err != nil {
		if KindOf(err) == KindNotFound {
			return row, ErrTokenSpent
		}
		return row, err
	}
	if row.DisabledAt != nil || passwordBound(t.Purpose) && row.PasswordVersion != t.PasswordVersion {
		return row, ErrTokenSpent
	}
	return row, nil
}

// revokeUnused does what [revoke] does, but keeps used tokens until they expire. With
// them the service recognises a second click on a link that has already worked.
func revokeUnused(tx *gorm.DB, accountID int64, p purpose) error {
	if err := tx.Exec("DELETE FROM tokens WHERE account_id = ? AND purpose = ? AND used_at IS NULL", accountID, p).Error; err != nil {
		return err
	}
	return tx.Exec("DELETE FROM outbox WHERE account_id = ? AND kind IN ?", accountID, kindsWithSecret([]purpose{p})).Error
}

// revoke deletes an account's tokens of some purposes, and the owed mails that would
// make more of them.
func revoke(tx *gorm.DB, accountID int64, purposes ...purpose) error {
	if err := tx.Exec("DELETE FROM tokens WHERE account_id = ? AND purpose IN ?", accountID, purposes).Error; err != nil {
		return err
	}
	return tx.Exec("DELETE FROM outbox WHERE account_id = ? AND kind IN ?", accountID, kindsWithSecret(purposes)).Error
}
