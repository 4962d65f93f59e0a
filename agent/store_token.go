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
	by          tokenCause
	value       string
	allUsers    bool // Policy.AllowAllUsers
}

// tokenCause names the session at the service for which a token is given. The token ends with this
// session.
type tokenCause struct {
	openedBy  string // the session in which a person pressed Open, by the id that the service gave it; "" for an exchange
	sessionID int64  // the session for whose access key a token is given; 0 for Open, and for the key of a link
}

// tokensMost is the greatest number of tokens of one link in use. An app that
// names another device each time must not fill the media server with tokens.
const tokensMost = 100

// noteToken writes, before the media server makes a token, that it may have made one. The
// note is a token without a value that has to be ended. It survives the end of the program;
// see [tokens.endUnfinished]. It returns the id of the note, which is also the id of the
// token.
func (s *Store) noteToken(ctx context.Context, t newToken) (id string, err error) {
	if id, err = s.newID(); err != nil {
		return "", err
	}
	err = s.tx(ctx, "note that a token is made", func(tx *gorm.DB) error {
		now := stamp(s.now())
		return tx.Exec("INSERT INTO tokens (id, link_id, account_id, local_user_id, device_id, opened_by, session_id, sealed, created_at, ending_at) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
			id, t.link.ID, t.link.AccountID, t.localUserID, t.deviceID, t.by.openedBy, t.by.sessionID, now, now).Error
	})
	return id, err
}

// putToken writes a token into its note. If the link has changed or the session has ended since the
// token was requested, an unlock that the link needs is over, or right is false, putToken marks the token so that it is revoked, and kept
// is false. An older token or note of the device for the same local user is removed, because the
// media server ended that token when it made the new one. A token of the device for another local
// user is marked to be revoked. If the link has more than tokensMost tokens, the oldest ones are
// marked, too.
func (s *Store) putToken(ctx context.Context, id string, t newToken, right bool) (kept bool, err error) {
	sealed, err := s.keys.Seal(s.random, sealToken, id, t.value)
	if err != nil {
		return false, err
	}
	err = s.tx(ctx, "keep a token", func(tx *gorm.DB) error {
		kept = false
		now := stamp(s.now())
		// SQLite finds the rows by the index of account_id. The partial index of link_id cannot
		// serve, because the condition on ending_at also covers notes.
		err := tx.Exec("DELETE FROM tokens WHERE account_id = ? AND link_id = ? AND device_id = ? AND local_user_id = ? AND (ending_at = 0 OR sealed = '') AND id <> ?",
			t.link.AccountID, t.link.ID, t.deviceID, t.localUserID, id).Error
		if err != nil {
			return err
		}
		if err := s.oweTokens(tx, "link_id = ? AND device_id = ?", t.link.ID, t.deviceID); err != nil {
			return err
		}
		in, err := s.letsIn(tx, t.link.ID)
		if err != nil {
			return err
		}
		if !right || !in {
			return putOwed(tx, id, sealed, now)
		}
		result := tx.Exec(`UPDATE tokens SET sealed = ?, created_at = ?, ending_at = 0 WHERE id = ? AND EXISTS (SELECT 1 FROM links
WHERE id = ? AND access_key_sha256 = ? AND local_user_id = ? AND `+usable+" AND (? OR "+allowed+")) AND NOT EXISTS (SELECT 1 FROM ended_sessions e WHERE e.link_id = ? AND e.session_id = ?)",
			sealed, now, id, t.link.ID, t.link.AccessKeySHA256, t.localUserID, now, t.allUsers, t.link.ID, t.by.sessionID)
		if kept = result.RowsAffected == 1; result.Error != nil {
			return result.Error
		}
		if kept {
			return s.oweTokens(tx, `link_id = ? AND id NOT IN
 (SELECT id FROM tokens WHERE link_id = ? AND ending_at = 0 ORDER BY id = ? DESC, created_at DESC LIMIT ?)`, t.link.ID, t.link.ID, id, tokensMost)
		}
		return putOwed(tx, id, sealed, now)
	})
	return kept && err == nil, err
}

// putOwed writes a token that has to be revoked into its note. It returns
// gorm.ErrRecordNotFound if there is no such note.
func putOwed(tx *gorm.DB, id, sealed string, now int64) error {
	result := tx.Exec("UPDATE tokens SET sealed = ?, ending_at = ? WHERE id = ?", sealed, now, id)
	if result.Error == nil && result.RowsAffected == 0 {
		return gorm.ErrRecordNotFound
	}
	return result.Error
}

// owedToken is a token that has to be revoked.
type owedToken struct {
	ID, LinkID, AccountID, LocalUserID, DeviceID, Sealed string
}

const owedColumns = "id, link_id, account_id, local_user_id, device_id, sealed"

// owedTokens reads up to n tokens that have to be revoked, the oldest first.
func (s *Store) owedTokens(ctx context.Context, n int) ([]owedToken, error) {
	var rows []owedToken
	err := s.read(ctx).Raw("SELECT "+owedColumns+" FROM tokens WHERE ending_at > 0 AND sealed <> '' ORDER BY ending_at, id LIMIT ?", n).
		Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read tokens to be revoked: %w", err)
	}
	return rows, nil
}

// owedToken reads one token that has to be revoked.
func (s *Store) owedToken(ctx context.Context, id string) (owedToken, error) {
	var rows []owedToken
	err := s.read(ctx).Raw("SELECT "+owedColumns+" FROM tokens WHERE id = ?", id).Scan(&rows).Error
	if err == nil && len(rows) == 0 {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		return owedToken{}, fmt.Errorf("read a token: %w", err)
	}
	return rows[0], nil
}

// unfinishedTokens reads the notes about tokens that the media server may have made and that nobody
// got, the oldest first. If id is not "", it reads only the note with this id.
func (s *Store) unfinishedTokens(ctx context.Context, id string) ([]owedToken, error) {
	var rows []owedToken
	err := s.read(ctx).Raw("SELECT "+owedColumns+" FROM tokens WHERE ending_at > 0 AND sealed = '' AND (? = '' OR id = ?) ORDER BY ending_at, id LIMIT 50", id, id).
		Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the notes about tokens: %w", err)
	}
	return rows, nil
}

// formerTokens reads the tokens that the device of a note had before.
func (s *Store) formerTokens(ctx context.Context, note owedToken) ([]owedToken, error) {
	var rows []owedToken
	err := s.read(ctx).Raw("SELECT "+owedColumns+" FROM tokens WHERE link_id = ? AND device_id = ? AND local_user_id = ? AND ending_at = 0",
		note.LinkID, note.DeviceID, note.LocalUserID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the tokens of a device: %w", err)
	}
	return rows, nil
}

// postpone moves a token that could not be revoked to the end of the list.
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
