package builtin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/secret"
)

const (
	// apiKeysMax is the number of API keys that a server may have.
	apiKeysMax = 100
	// apiKeyShown is the time for which a new key waits until its maker reads it. Nobody sees it
	// after that.
	apiKeyShown = 10 * time.Minute
	// appMax is the longest name of the program that a key is for, in code points.
	appMax = 100

	apiKeyPurpose = "builtin API key" //nolint:gosec // a purpose, not a credential
)

// Errors of API keys, which are texts for the administrator.
var (
	errAppName     = fmt.Errorf("name the program that the key is for: app has 1 to %d characters that can be shown", appMax)
	errTooManyKeys = fmt.Errorf("there are %d keys already: delete one that is not used any more", apiKeysMax)
)

// apiKey is a row of the table api_keys.
type apiKey struct {
	ID        int64
	KeyHash   secret.Hash
	Handle    string // names the key in lists; it is not a key itself
	Sealed    string // the key, encrypted; "" once it was shown
	Maker     string // the id of the local user who made the key, and to whom it is shown
	App       string // the program that the key is for
	CreatedAt time.Time
	UsedAt    time.Time // correct within ten minutes

	Key string `gorm:"-"` // set once, when the maker is shown the key
}

// addAPIKey makes a key for a program. Its maker learns the key from the next list: the protocol
// has no other place for it. It returns errAppName or errTooManyKeys.
func (s *Server) addAPIKey(ctx context.Context, maker, app string) error {
	app = strings.TrimSpace(app)
	if app == "" || utf8.RuneCountInString(app) > appMax || strings.ContainsFunc(app, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return errAppName
	}
	key, err := s.newID()
	if err != nil {
		return err
	}
	handle, err := s.newID()
	if err != nil {
		return err
	}
	sealed, err := s.keys.Seal(s.opt.Random, apiKeyPurpose, handle, key)
	if err != nil {
		return fmt.Errorf("encrypt an API key: %w", err)
	}
	now := s.now()
	const add = `INSERT INTO api_keys (key_hash, handle, sealed, maker, app, created_at, used_at)
SELECT ?, ?, ?, ?, ?, ?, ? WHERE (SELECT COUNT(*) FROM api_keys) < ?`
	rows, err := s.exec(ctx, "make an API key", add, secret.Sum(key), handle, sealed, maker, app, now, now, apiKeysMax)
	if err == nil && rows == 0 {
		err = errTooManyKeys
	}
	return err
}

// apiKeys returns all keys, the oldest first. A key that was not shown yet is shown to its maker,
// and its encrypted form is deleted: a second list no longer has it.
func (s *Server) apiKeys(ctx context.Context, reader string) ([]apiKey, error) {
	var keys []apiKey
	err := s.tx(ctx, "list the API keys", func(tx *gorm.DB) error {
		keys = nil // if the work is done again
		const forget = "UPDATE api_keys SET sealed = '' WHERE sealed <> '' AND "
		const read = "SELECT id, handle, sealed, maker, app, created_at, used_at FROM api_keys ORDER BY id"
		if err := tx.Exec(forget+"created_at <= ?", s.now().Add(-apiKeyShown)).Error; err != nil {
			return fmt.Errorf("forget keys that nobody read: %w", err)
		}
		if err := tx.Raw(read).Scan(&keys).Error; err != nil {
			return fmt.Errorf("read the keys: %w", err)
		}
		if err := tx.Exec(forget+"maker = ?", reader).Error; err != nil {
			return fmt.Errorf("forget the keys: %w", err)
		}
		return nil
	})
	for i := range keys {
		if err == nil && keys[i].Sealed != "" && keys[i].Maker == reader {
			keys[i].Key, err = s.keys.Open(apiKeyPurpose, keys[i].Handle, keys[i].Sealed)
		}
	}
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// endAPIKey ends a key at once. It is named by the key itself or by its handle. It also succeeds if
// there is no such key.
func (s *Server) endAPIKey(ctx context.Context, name string) error {
	id := embywire.ID(name)
	_, err := s.exec(ctx, "delete an API key", "DELETE FROM api_keys WHERE key_hash = ? OR handle = ?", secret.Sum(id), id)
	return err
}

// lookAPIKey is the statement that runs for a token that is not one of a local user.
//
//nolint:gosec // a statement, not a credential
const lookAPIKey = "SELECT id, app, used_at FROM api_keys WHERE key_hash = ?"

// findAPIKey returns the session of a program that has an API key; ok is false if the token is not an
// API key. The session has the right of an administrator and no local user.
func (s *Server) findAPIKey(ctx context.Context, token string) (who session, ok bool, err error) {
	var key apiKey
	if err := s.scan(ctx, "look for an API key", &key, lookAPIKey, secret.Sum(token)); err != nil || key.ID == 0 {
		return session{}, false, err
	}
	return session{apiKey: key.ID, client: key.App, administrator: true, usedAt: key.UsedAt}, true, nil
}

// errKeyHasNoUser means that a request needs a local user, but came with an API key, which has no
// local user.
var errKeyHasNoUser = errors.New("an API key belongs to no local user")
