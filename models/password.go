package models

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

// ChangePassword holds the present password of a signed-in person and the new one.
type ChangePassword struct {
	Current, Password string
}

// Renewed holds the new token and device mark of a browser after its owner changed the
// password.
type Renewed struct {
	Token      string
	DeviceMark string // older marks are no longer valid
}

// ChangePassword sets a new password. All other sessions end, this session gets a new
// token, mailed links that set a password stop working, and a notice is mailed. Servers and
// the links to them stay as they are. It returns errors about the fields current_password
// and password, [ErrThrottled] or [ErrNoSession].
func (a *Accounts) ChangePassword(ctx context.Context, this Session, in ChangePassword, caller Caller) (Renewed, error) {
	row, err := a.accountByID(ctx, a.read(ctx), this.AccountID)
	if err != nil {
		return Renewed{}, err
	}
	if wrong := a.checkPassword("password", in.Password, row.personal()...); wrong != nil {
		return Renewed{}, invalid([]FieldError{*wrong})
	}
	if err := a.passwordIs(ctx, &row, in.Current, caller); err != nil {
		return Renewed{}, err
	}
	if sameText(in.Current, in.Password) {
		return Renewed{}, ErrSamePassword
	}
	hash, err := a.newPasswordHash(ctx, &row, in.Password, caller)
	if err != nil {
		return Renewed{}, err
	}
	out := Renewed{}
	err = a.tx(ctx, "change the password", func(tx *gorm.DB) error {
		out.Token, err = a.changePassword(ctx, tx, &row, this, hash, caller)
		return err
	})
	if err != nil {
		return Renewed{}, err
	}
	out.DeviceMark, err = a.newDeviceMark(&row, "")
	return out, explained("mark the device", err)
}

func (a *Accounts) changePassword(ctx context.Context, tx *gorm.DB, row *accountRow, this Session, hash string, caller Caller) (string, error) {
	err := a.replacePassword(tx, row, hash)
	if errors.Is(err, ErrTokenSpent) { // another change or a reset came first and ended this session
		return "", ErrNoSession.because(err)
	}
	if err != nil {
		return "", err
	}
	if err := a.feedEndedKeys(ctx, tx, row.ID, "id <> ?", this.ID); err != nil {
		return "", err
	}
	if err := a.endSessions(ctx, tx, row.ID, "id <> ?", this.ID); err != nil {
		return "", err
	}
	newToken, err := a.renewToken(tx, this.ID)
	if err != nil {
		return "", err
	}
	if err := a.owe(ctx, tx, passwordChangedMail(row, caller, a.Now())); err != nil {
		return "", err
	}
	return newToken, a.recordEvent(ctx, tx, row.ID, EventPasswordChanged, caller)
}

func sameText(a, b string) bool {
	one, _ := preparePassword(a)
	other, _ := preparePassword(b)
	return one == other
}

func (c *core) newPasswordHash(ctx context.Context, row *accountRow, password string, caller Caller) (string, error) {
	prepared, _ := preparePassword(password)
	hash, err := c.hasher.Hash(c.known(ctx, row, caller), passwordPurpose, row.owner(), prepared)
	return hash, explained("hash the password", err)
}

// replacePassword stores a new password if no other change came first, and makes the mailed
// links void that belong to the old password. It returns [ErrTokenSpent] when another
// change came first.
func (c *core) replacePassword(tx *gorm.DB, row *accountRow, hash string) error {
	err := updateAccount(tx, row.ID, map[string]any{
		"password_hash": hash, "legacy_md5": "", "legacy_md5_filtered": "", "password_version": row.PasswordVersion + 1, "password_changed_at": c.Now(),
	}, "password_version = ? AND disabled_at IS NULL", row.PasswordVersion)
	if KindOf(err) == KindNotFound {
		return ErrTokenSpent.because(err)
	}
	if err != nil {
		return err
	}
	if err := replaceWaiting(tx, row.ID); err != nil {
		return err
	}
	if err := endQuickConnects(tx, row.ID); err != nil {
		return err
	}
	if err := endLocalPasswords(tx, row.ID); err != nil {
		return err
	}
	return revoke(tx, row.ID, purposeReset, purposePINReset, purposePending)
}
