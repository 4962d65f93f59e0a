package agent

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// newToken is a local token that the media server has just made.
type newToken struct {
	link        *linkRow
	localUserID string
	deviceID    string
	value       string
	allUsers    bool // Policy.AllowAllUsers
}

// tokensMost is the greatest number of tokens of one link in use. An app that
// names another device each time must not fill the media server with tokens.
const tokensMost = 100

const insertToken = `INSERT INTO tokens (id, link_id, account_id, local_user_id, device_id, sealed, created_at, ending_at)`

// putToken writes a token. If the link has changed since the token was requested,
// or right is false, the token is written as one to be revoked, and kept is
// false.
// An older token of the device for the same local user is removed, because the
// media server ended it when it made the new one; one for another local user has
// to be revoked. Of a link with more than tokensMost tokens the oldest have to be
// revoked.
func (s *Store) putToken(ctx context.Context, t newToken, right bool) (kept bool, id string, err error) {
	if id, err = s.newID(); err != nil {
		return false, "", err
	}
	sealed, err := s.keys.Seal(s.random, sealToken, id, t.value)
	if err != nil {
		return false, "", err
	}
	err = s.tx(ctx, "keep a token", func(tx *gorm.DB) error {
		kept = false
		now := stamp(s.now())
		err := tx.Exec("DELETE FROM tokens WHERE link_id = ? AND device_id = ? AND local_user_id = ? AND ending_at = 0",
			t.link.ID, t.deviceID, t.localUserID).Error
		if err != nil {
			return err
		}
		if err := s.oweTokens(tx, "link_id = ? AND device_id = ?", t.link.ID, t.deviceID); err != nil {
			return err
		}
		if !right {
			return s.putOwed(tx, t, id, sealed)
		}
		result := tx.Exec(insertToken+` SELECT ?, id, account_id, local_user_id, ?, ?, ?, 0 FROM links
WHERE id = ? AND access_key_sha256 = ? AND local_user_id = ? AND `+usable+" AND (? OR "+allowed+")",
			id, t.deviceID, sealed, now, t.link.ID, t.link.AccessKeySHA256, t.localUserID, now, t.allUsers)
		if kept = result.RowsAffected == 1; result.Error != nil {
			return result.Error
		}
		if kept {
			return s.oweTokens(tx, `link_id = ? AND id NOT IN
 (SELECT id FROM tokens WHERE link_id = ? AND ending_at = 0 ORDER BY id = ? DESC, created_at DESC LIMIT ?)`, t.link.ID, t.link.ID, id, tokensMost)
		}
		return s.putOwed(tx, t, id, sealed)
	})
	return kept && err == nil, id, err
}

// putOwed writes a token that has to be revoked.
func (s *Store) putOwed(tx *gorm.DB, t newToken, id, sealed string) error {
	now := stamp(s.now())
	return tx.Exec(insertToken+" VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		id, t.link.ID, t.link.AccountID, t.localUserID, t.deviceID, sealed, now, now).Error
}

// owedToken is a token that has to be revoked.
type owedToken struct {
	ID, LinkID, AccountID, LocalUserID, Sealed string
}

// owedTokens reads up to n tokens that have to be revoked, the oldest first.
func (s *Store) owedTokens(ctx context.Context, n int) ([]owedToken, error) {
	var rows []owedToken
	err := s.read(ctx).Raw("SELECT id, link_id, account_id, local_user_id, sealed FROM tokens WHERE ending_at > 0 ORDER BY ending_at, id LIMIT ?", n).
		Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read tokens to be revoked: %w", err)
	}
	return rows, nil
}

// owedToken reads one token that has to be revoked.
func (s *Store) owedToken(ctx context.Context, id string) (owedToken, error) {
	var rows []owedToken
	err := s.read(ctx).Raw("SELECT id, link_id, account_id, local_user_id, sealed FROM tokens WHERE id = ?", id).Scan(&rows).Error
	if err == nil && len(rows) == 0 {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		return owedToken{}, fmt.Errorf("read a token: %w", err)
	}
	return rows[0], nil
}

// postpone moves a token that could not be revoked behind all others.
func (s *Store) postpone(ctx context.Context, id string) error {
	return s.tx(ctx, "put a token off", func(tx *gorm.DB) error {
		return tx.Exec("UPDATE tokens SET ending_at = max(?, (SELECT max(ending_at) + 1 FROM tokens)) WHERE id = ? AND ending_at > 0",
			stamp(s.now()), id).Error
	})
}

// dropToken removes a token that has ended.
func (s *Store) dropToken(ctx context.Context, id string) error {
	return s.tx(ctx, "forget a token", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM tokens WHERE id = ?", id).Error
	})
}
