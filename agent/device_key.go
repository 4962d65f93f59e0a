package agent

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strconv"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// With device keys each session at the service has an access key of its own. The key names the
// session and is derived from the SHA-256 of the link's key, so the agent can check it without
// asking the service. The feed says which sessions have ended. See ADR 0031.

// shownKey is an access key that a device shows.
type shownKey struct {
	text    string
	hash    string // its SHA-256 in hex digits
	session int64  // the session that the key names, if it is a device key; 0 if it cannot be one
}

func showKey(text string) shownKey {
	sum := sha256.Sum256([]byte(text))
	return shownKey{text: text, hash: hex.EncodeToString(sum[:]), session: secret.DeviceKeyNumber(text)}
}

// sessionID returns the id of the session that the key names, as the service writes ids, or "" if
// the key names no session.
func (k *shownKey) sessionID() client.ID {
	if k.session == 0 {
		return ""
	}
	return client.ID(strconv.FormatInt(k.session, 10))
}

// numberOf returns an id of the service as a number, or 0 for any other text.
func numberOf(id client.ID) int64 {
	number, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil {
		return 0
	}
	return max(0, number)
}

// opens reports whether a key opens the link. With device keys this is the key of a session, and
// otherwise the key of the link.
func (r *linkRow) opens(key *shownKey) bool {
	if !r.DeviceKeys {
		return subtle.ConstantTimeCompare([]byte(r.AccessKeySHA256), []byte(key.hash)) == 1
	}
	raw, err := hex.DecodeString(r.AccessKeySHA256)
	if err != nil || len(raw) != len(secret.Hash{}) || key.session == 0 {
		return false
	}
	want := secret.DeviceKey(secret.Hash(raw), key.session)
	return subtle.ConstantTimeCompare([]byte(want), []byte(key.text)) == 1
}

// sessionOf returns the session whose key has opened the link, or 0 if the link's own key has
// opened it.
func (r *linkRow) sessionOf(key *shownKey) int64 {
	if !r.DeviceKeys {
		return 0
	}
	return key.session
}

// unsure reports whether the agent may have missed that the session of a key has ended.
func (r *linkRow) unsure(key *shownKey) bool { return r.DeviceKeys && key.session <= r.AskedUntil }

// hasEnded reports whether the session of a key for a link has ended.
func (s *Store) hasEnded(ctx context.Context, link *linkRow, key *shownKey) (bool, error) {
	if !link.DeviceKeys {
		return false, nil
	}
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM ended_sessions WHERE link_id = ? AND session_id = ?", link.ID, key.session).Scan(&n).Error
	if err != nil {
		return false, fmt.Errorf("read an ended session: %w", err)
	}
	return n > 0, nil
}

// endedMost is the greatest number of ended sessions that are kept for a link.
const endedMost = 2000

// sessionEnded carries out a change that ends a session: it writes that the key of the session no
// longer opens the link. If tokensToo is true, it also marks the tokens that were given for the
// key.
func (f *feed) sessionEnded(tx *gorm.DB, change *client.Change, tokensToo bool) error {
	session := numberOf(change.SessionID)
	if session == 0 {
		return nil // the account was deleted meanwhile, or the change makes no sense
	}
	known, err := readLinks(tx, "id = ?", string(change.LinkID))
	if err != nil || len(known) == 0 {
		return err
	}
	if err := f.store.endSession(tx, known[0].ID, session); err != nil {
		return err
	}
	if !tokensToo {
		return nil
	}
	return f.store.oweTokens(tx, "link_id = ? AND session_id = ?", known[0].ID, session)
}

// endSession writes that a session has ended. If a link has too many ended sessions, the older
// half is forgotten, and the agent asks the service about sessions of that time.
func (s *Store) endSession(tx *gorm.DB, linkID string, session int64) error {
	err := tx.Exec("INSERT INTO ended_sessions (link_id, session_id) VALUES (?, ?) ON CONFLICT DO NOTHING", linkID, session).Error
	if err != nil {
		return fmt.Errorf("write an ended session: %w", err)
	}
	var n int
	if err := tx.Raw("SELECT COUNT(*) FROM ended_sessions WHERE link_id = ?", linkID).Scan(&n).Error; err != nil || n <= s.endedMost {
		return err
	}
	var until int64
	err = tx.Raw("SELECT session_id FROM ended_sessions WHERE link_id = ? ORDER BY session_id LIMIT 1 OFFSET ?", linkID, n/2).Scan(&until).Error
	if err != nil {
		return err
	}
	if err := tx.Exec("UPDATE links SET asked_until = max(asked_until, ?) WHERE id = ?", until, linkID).Error; err != nil {
		return err
	}
	return tx.Exec("DELETE FROM ended_sessions WHERE link_id = ? AND session_id <= ?", linkID, until).Error
}

// forgetSessions forgets the ended sessions of a link that was removed or has another key. The
// keys of these sessions open nothing any more, because they were derived from the former key.
func (s *Store) forgetSessions(tx *gorm.DB, linkID string) error {
	err := tx.Exec("DELETE FROM ended_sessions WHERE link_id = ?", linkID).Error
	if err == nil {
		err = tx.Exec("UPDATE links SET asked_until = 0 WHERE id = ?", linkID).Error
	}
	if err != nil {
		return fmt.Errorf("forget ended sessions: %w", err)
	}
	return nil
}

// askAll makes the agent ask the service about the keys of all sessions that began before the
// links were read. This is needed when the agent follows the feed from another place than before.
func askAll(tx *gorm.DB, rows []linkRow) error {
	for _, row := range rows {
		if row.SessionMark == 0 {
			continue
		}
		if err := tx.Exec("UPDATE links SET asked_until = max(asked_until, ?) WHERE id = ?", row.SessionMark, row.ID).Error; err != nil {
			return fmt.Errorf("note that sessions are unsure: %w", err)
		}
	}
	return nil
}
