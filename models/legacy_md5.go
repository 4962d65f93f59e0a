package models

import (
	"context"
	"crypto/md5" //nolint:gosec // the protocol of old clients; each MD5 is hashed slowly again
	"encoding/hex"
	"errors"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// Old clients of Emby Connect send an MD5 instead of the password: the MD5 of the
// password itself, or of the password after a forum program had replaced some of its
// characters (docs/emby-connect.md §2.1). Everybody who knows that MD5 can sign in, so
// this is a setting that is off by default. The database keeps slow hashes of both MD5s,
// called verifiers. They are made at a sign-in with the plain password while the setting
// is on, and cleared with every new password and when the setting is turned off.

const (
	md5Purpose         = "legacy md5"
	md5FilteredPurpose = "legacy md5 filtered"
)

// filtered replaces the characters that the forum program replaced. A slash becomes
// the code of a backslash, as it did there.
func filtered(password string) string {
	return strings.NewReplacer("&", "&amp;", "/", "&#092;", "!", "&#33;", "$", "&#036;", `"`, "&quot;",
		"<", "&lt;", ">", "&gt;", "'", "&#39;").Replace(password)
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

// verifySignIn compares the typed password, or the MD5 that a client sent, with the
// password or the MD5 verifiers of the account.
func (s *Sessions) verifySignIn(ctx context.Context, row *accountRow, in SignIn) (bool, error) {
	if in.MD5 == "" || in.Password != "" {
		match, err := s.verifyPassword(ctx, row, in.Password)
		if match && err == nil {
			s.keepMD5(ctx, row, in.Password)
		}
		return match, err
	}
	stored, storedFiltered, owner := "", "", ""
	if row != nil && s.opt.LegacyMD5 {
		stored, storedFiltered, owner = row.LegacyMD5, row.LegacyMD5Filtered, row.owner()
	}
	sent := strings.ToLower(in.MD5)
	plain, _, err := s.verifyHash(ctx, stored, md5Purpose, owner, sent)
	if err != nil {
		return false, explained("check an MD5", err)
	}
	forum, _, err := s.verifyHash(ctx, storedFiltered, md5FilteredPurpose, owner, sent)
	if err != nil {
		return false, explained("check an MD5", err)
	}
	return plain || forum, nil
}

// keepMD5 stores the MD5 verifiers of an account that has none, or whose verifiers were
// made with an older secret key. A failure is logged and not returned, because the next
// sign-in tries again. If the hash is refused because too many hashes wait, that is not
// even logged.
func (s *Sessions) keepMD5(ctx context.Context, row *accountRow, password string) {
	if !s.opt.LegacyMD5 || strings.HasPrefix(row.LegacyMD5, s.keys.ID()+"$") {
		return
	}
	ctx = secret.ForOwner(ctx, row.owner())
	stored, err := s.hasher.Hash(ctx, md5Purpose, row.owner(), md5Hex(password))
	if err == nil {
		var storedFiltered string
		storedFiltered, err = s.hasher.Hash(ctx, md5FilteredPurpose, row.owner(), md5Hex(filtered(password)))
		if err == nil {
			err = s.tx(ctx, "keep MD5 verifiers", func(tx *gorm.DB) error {
				return updateAccount(tx, row.ID, map[string]any{"legacy_md5": stored, "legacy_md5_filtered": storedFiltered},
					"password_version = ?", row.PasswordVersion)
			})
		}
	}
	if err != nil && !errors.Is(err, secret.ErrBusy) {
		s.opt.Log.WarnContext(ctx, "MD5 verifiers were not made", logAccount(row.ID), logError(err))
	}
}

// clearMD5 deletes all verifiers when the setting is off. It finds the accounts that have
// verifiers by an index, because usually no account has any, and writes a few accounts at a
// time.
func (s *Store) clearMD5(ctx context.Context) error {
	for !s.opt.LegacyMD5 {
		var ids []int64
		if err := s.read(ctx).Raw("SELECT id FROM accounts WHERE legacy_md5 > '' LIMIT ?", sweepStep).Scan(&ids).Error; err != nil {
			return explained("find MD5 verifiers", err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := s.db.Again(ctx, func(db *gorm.DB) error {
			return db.Exec("UPDATE accounts SET legacy_md5 = '', legacy_md5_filtered = '' WHERE id IN ?", ids).Error
		}); err != nil {
			return explained("clear MD5 verifiers", err)
		}
	}
	return nil
}
