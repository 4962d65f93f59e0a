package builtin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/secret"
)

const (
	// tokensKept is the number of tokens that one local user may have. A further token ends
	// the token whose last use is the longest time ago.
	tokensKept = 300
	// noteEvery is the time between two writes of the use of a token.
	noteEvery = 10 * time.Minute
)

// session is a valid token, with its device and local user; or an API key, which has neither.
type session struct {
	id            int64  // 0 for an API key
	apiKey        int64  // the id of the API key, or 0
	user          string // "" for an API key
	name          string
	administrator bool
	deviceID      string
	deviceName    string
	client        string
	version       string
	usedAt        time.Time
	policy        Policy // without the libraries
}

// lookToken is the statement that every signed-in request runs.
//
//nolint:gosec // a statement, not a credential
const lookToken = `SELECT t.id, t.local_user_id, t.device_id, t.device_name, t.client, t.version, t.used_at, u.name, u.administrator, u.policy
FROM access_tokens t JOIN local_users u ON u.id = t.local_user_id
WHERE t.token_hash = ? AND NOT u.disabled`

// findSession returns the session of a token or of an API key; ok is false if the token is not
// valid.
func (s *Server) findSession(ctx context.Context, token string) (who session, ok bool, err error) {
	token = strings.ToLower(strings.TrimSpace(token))
	if embywire.ID(token) != token || token == "" {
		return session{}, false, nil
	}
	who, ok, err = s.findToken(ctx, token)
	if err != nil || ok {
		return who, ok, err
	}
	return s.findAPIKey(ctx, token)
}

// findToken returns the session of a token of a local user.
func (s *Server) findToken(ctx context.Context, token string) (who session, ok bool, err error) {
	rows, err := s.db.Gorm.WithContext(ctx).Raw(lookToken, secret.Sum(token)).Rows()
	if err != nil {
		return session{}, false, fmt.Errorf("look for a token: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err reports it
	for rows.Next() {
		var policy string
		err := rows.Scan(&who.id, &who.user, &who.deviceID, &who.deviceName, &who.client, &who.version, &who.usedAt, &who.name, &who.administrator, &policy)
		if err == nil {
			who.policy, err = decodePolicy(policy)
		}
		if err != nil {
			return session{}, false, fmt.Errorf("read a token: %w", err)
		}
		ok = true
	}
	if err := rows.Err(); err != nil {
		return session{}, false, fmt.Errorf("read a token: %w", err)
	}
	return who, ok, nil
}

// letsIn reports whether the hours of the local user allow a request now. Administrators are
// always let in.
func (s *Server) letsIn(administrator bool, p *Policy) bool {
	return administrator || p.letsIn(s.opt.Now())
}

// noteUse stores that a token was used, if it was not stored in the last ten minutes. If
// that fails, the request is answered nevertheless.
func (s *Server) noteUse(ctx context.Context, who *session) {
	if now := s.now(); now.Sub(who.usedAt) >= noteEvery {
		s.writing.note(ctx, s.opt.Log, s.writeUse(ctx, who, now))
	}
}

func (s *Server) writeUse(ctx context.Context, who *session, now time.Time) error {
	if who.apiKey != 0 {
		_, err := s.exec(ctx, "note the use of an API key", "UPDATE api_keys SET used_at = ? WHERE id = ?", now, who.apiKey)
		return err
	}
	const note = "UPDATE access_tokens SET used_at = ? WHERE id = ? AND used_at < ?"
	rows, err := s.exec(ctx, "note the use of a token", note, now, who.id, now.Add(-noteEvery/2))
	if err != nil || rows == 0 {
		return err
	}
	_, err = s.exec(ctx, "note the use of a token", "UPDATE local_users SET used_at = ? WHERE id = ?", now, who.user)
	return err
}

// Mint implements [mediaserver.Tokens].
func (s *Server) Mint(ctx context.Context, localUserID string, device mediaserver.Device) (mediaserver.Token, error) {
	return s.mint(ctx, localUserID, device, nil)
}

// mint makes a token. If passwordHash is not nil and no longer the hash of the local user,
// mint returns mediaserver.ErrNotAllowed.
func (s *Server) mint(ctx context.Context, localUserID string, device mediaserver.Device, passwordHash *string) (mediaserver.Token, error) {
	value, err := s.newID()
	if err != nil {
		return mediaserver.Token{}, err
	}
	refuse := func(_ *gorm.DB, row *userRow) error {
		if row.Disabled || passwordHash != nil && *passwordHash != row.PasswordHash {
			return mediaserver.ErrNotAllowed
		}
		policy, err := decodePolicy(row.Policy)
		if err == nil && !s.letsIn(row.Administrator, &policy) {
			err = mediaserver.ErrOutsideHours
		}
		return err
	}
	err = s.changeUser(ctx, "make a token", localUserID, refuse, func(tx *gorm.DB, row *userRow) error {
		if passwordHash != nil {
			if err := s.remember(tx, row.ID, device.ID); err != nil {
				return err
			}
		}
		return s.writeToken(tx, row.ID, value, device)
	})
	if err != nil {
		return mediaserver.Token{}, err
	}
	return mediaserver.Token{Value: value, LocalUserID: embywire.ID(localUserID)}, nil
}

func (s *Server) writeToken(tx *gorm.DB, id, value string, device mediaserver.Device) error {
	const write = `INSERT INTO access_tokens (token_hash, local_user_id, device_id, device_name, client, version, address, created_at, used_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (local_user_id, device_id) DO UPDATE SET token_hash = excluded.token_hash,
 device_name = excluded.device_name, client = excluded.client, version = excluded.version, address = excluded.address, icon_url = '',
 created_at = excluded.created_at, used_at = excluded.used_at`
	address := ""
	if device.Address.IsValid() {
		address = device.Address.Unmap().WithZone("").String()
	}
	now := s.now()
	err := tx.Exec(write, secret.Sum(value), id, device.ID, device.Name, device.Client, device.Version, address, now, now).Error
	if err != nil {
		return fmt.Errorf("write the token: %w", err)
	}
	if err := tx.Exec("UPDATE local_users SET signed_in_at = ?, used_at = ? WHERE id = ?", now, now, id).Error; err != nil {
		return fmt.Errorf("note the sign-in: %w", err)
	}
	const prune = `DELETE FROM access_tokens WHERE local_user_id = ? AND id NOT IN
 (SELECT id FROM access_tokens WHERE local_user_id = ? ORDER BY used_at DESC, id DESC LIMIT ?)`
	if err := tx.Exec(prune, id, id, tokensKept).Error; err != nil {
		return fmt.Errorf("end old tokens: %w", err)
	}
	return nil
}

// Revoke implements [mediaserver.Tokens].
func (s *Server) Revoke(ctx context.Context, token string) error {
	hash := secret.Sum(strings.ToLower(strings.TrimSpace(token)))
	_, err := s.exec(ctx, "end a token", "DELETE FROM access_tokens WHERE token_hash = ?", hash)
	return err
}

// Administrator implements [mediaserver.Tokens].
func (s *Server) Administrator(ctx context.Context, token string) (bool, error) {
	who, ok, err := s.findSession(ctx, token)
	if err == nil && !ok {
		err = mediaserver.ErrTokenEnded
	}
	return ok && who.administrator, err
}

// endTokens ends all tokens of a local user except the token with the id keep.
func endTokens(tx *gorm.DB, localUserID string, keep int64) error {
	if err := tx.Exec("DELETE FROM access_tokens WHERE local_user_id = ? AND id <> ?", localUserID, keep).Error; err != nil {
		return fmt.Errorf("end tokens: %w", err)
	}
	return nil
}

// sessionRow is a row of the table access_tokens, with the name and picture of its local
// user.
type sessionRow struct {
	ID          int64
	LocalUserID string
	Name        string
	PictureTag  string
	DeviceID    string
	DeviceName  string
	Client      string
	Version     string
	Address     string
	IconURL     string
	UsedAt      time.Time
}

// sessions returns the tokens that were used since a time, sorted by their last use. The
// token with the id own is always among them, as the first. If user is "", it returns the
// tokens of all local users.
func (s *Server) sessions(ctx context.Context, user string, since time.Time, own int64) ([]sessionRow, error) {
	const sessionsMax = 200
	var rows []sessionRow
	err := s.scan(ctx, "read the sessions", &rows, `SELECT t.id, t.local_user_id, t.device_id, t.device_name, t.client, t.version, t.address, t.icon_url, t.used_at, u.name, u.picture_tag
FROM access_tokens t JOIN local_users u ON u.id = t.local_user_id
WHERE (t.used_at >= ? OR t.id = ?) AND (? = '' OR t.local_user_id = ?) AND NOT u.disabled
ORDER BY t.id = ? DESC, t.used_at DESC, t.id DESC LIMIT ?`, since, own, user, user, own, sessionsMax)
	return rows, err
}
