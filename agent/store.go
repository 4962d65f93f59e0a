package agent

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/migrations"
	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Store is the agent's own file. It holds what the server is registered as, a
// copy of the links, local tokens and guests. Several programs may have it open
// at once.
type Store struct {
	db     *database.DB
	keys   secret.Keys
	now    func() time.Time
	random io.Reader
	path   string

	linksMost int // the greatest number of links
	endedMost int // the greatest number of ended sessions that are kept for one link
}

// ErrWrongKey means that the secret key does not fit the agent's file.
var ErrWrongKey = errors.New("the secret key does not fit the agent's file: set secret-key to the key that the file was made with, " +
	"or run latchkey agent setup --force with a new claim code")

// Purposes of the values that are sealed in the file.
const (
	sealServerKey    = "agent server key"
	sealToken        = "agent local token"
	sealGuest        = "agent guest secret"
	sealRegistration = "agent registration"
	sealKeyRenewal   = "agent server key renewal"
	sealCheck        = "agent key check"
	sealPasswordKey  = "agent password key"
	sealManaged      = "agent managed password"
)

// OpenStore opens the agent's file at path, and creates it if it does not exist.
// It returns [ErrWrongKey], or database.ErrNewerSchema for the file of a newer
// program.
func OpenStore(ctx context.Context, path string, keys secret.Keys, now func() time.Time, random io.Reader) (*Store, error) {
	db, err := database.Open("sqlite:"+path, 8)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, keys: keys, now: now, random: random, path: path, linksMost: linksMost, endedMost: endedMost}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// prepare brings the schema up to date and checks that the secret key fits.
func (s *Store) prepare(ctx context.Context) error {
	steps, err := migrations.SQLite()
	if err != nil {
		return err
	}
	if _, err := s.db.Migrate(ctx, steps, "agent"); err != nil {
		return fmt.Errorf("open the agent's file: %w", err)
	}
	return s.tx(ctx, "check the secret key", func(tx *gorm.DB) error {
		sealed, err := fact(tx, factKeyCheck)
		if err != nil {
			return err
		}
		if sealed == "" {
			if sealed, err = s.keys.Seal(s.random, sealCheck, factKeyCheck, "fits"); err != nil {
				return err
			}
			return setFact(tx, factKeyCheck, sealed)
		}
		if _, err := s.keys.Open(sealCheck, factKeyCheck, sealed); err != nil {
			return ErrWrongKey
		}
		return nil
	})
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// tx runs the function work in a transaction. It may call work more than once.
func (s *Store) tx(ctx context.Context, doing string, work func(tx *gorm.DB) error) error {
	if err := s.db.Tx(ctx, work); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// read returns the database for a single statement.
func (s *Store) read(ctx context.Context) *gorm.DB { return s.db.Gorm.WithContext(ctx) }

// newID returns a random id of 32 hex digits for a row.
func (s *Store) newID() (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return hex.EncodeToString(raw), nil
}

// newGuestSecret returns a random password for a guest: 43 characters.
func (s *Store) newGuestSecret() (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// The names of facts.
const (
	factKeyCheck      = "key_check"
	factRegistration  = "registration" // a registration request without an answer yet, sealed
	factServerID      = "server_id"    // id at the service
	factServerKey     = "server_key"   // sealed
	factKeyRenewal    = "key_renewal"  // the idempotency key of a request for a new server key without an answer yet, sealed
	factSystemID      = "system_id"    // of the registered media server
	factServerName    = "server_name"
	factProduct       = "product"
	factVersion       = "version"
	factOwner         = "owner"
	factSeenAs        = "seen_as"
	factChangeSeq     = "change_seq"   // number of the last change that was carried out
	factPlace         = "place"        // change time of the lock file when the service last confirmed the copy
	factLastContact   = "last_contact" // time of the last answer of the service
	factLastReport    = "last_report"
	factClock         = "clock"           // the latest time that the agent has seen while something was unlocked
	factPasswordKey   = "password_key"    // the private half of the key to which browsers seal passwords, sealed
	factLocalPassword = "local_password:" // followed by the id of a local user; see passwordTried
	factQuickConnect  = "quick_connect:"  // followed by the id of a code; a quickNote
)

// fact reads a fact. It returns "" if the fact is not set.
func fact(tx *gorm.DB, name string) (string, error) {
	var values []string
	if err := tx.Raw("SELECT value FROM facts WHERE name = ?", name).Scan(&values).Error; err != nil {
		return "", fmt.Errorf("read the facts: %w", err)
	}
	if len(values) == 0 {
		return "", nil
	}
	return values[0], nil
}

// setFact writes a fact. The empty value removes it.
func setFact(tx *gorm.DB, name, value string) error {
	statement, args := "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", []any{name, value}
	if value == "" {
		statement, args = "DELETE FROM facts WHERE name = ?", []any{name}
	}
	if err := tx.Exec(statement, args...).Error; err != nil {
		return fmt.Errorf("write the facts: %w", err)
	}
	return nil
}

// facts reads all facts, by name.
func (s *Store) facts(ctx context.Context) (map[string]string, error) {
	var rows []struct{ Name, Value string }
	if err := s.read(ctx).Raw("SELECT name, value FROM facts").Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the facts: %w", err)
	}
	facts := make(map[string]string, len(rows))
	for _, row := range rows {
		facts[row.Name] = row.Value
	}
	return facts, nil
}

// setFacts writes several facts in one transaction.
func (s *Store) setFacts(ctx context.Context, facts map[string]string) error {
	return s.tx(ctx, "write the facts", func(tx *gorm.DB) error {
		for name, value := range facts {
			if err := setFact(tx, name, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// serverKey returns the server key, or "" before the registration.
func (s *Store) serverKey(ctx context.Context) (string, error) {
	facts, err := s.facts(ctx)
	if err != nil || facts[factServerKey] == "" {
		return "", err
	}
	key, err := s.keys.Open(sealServerKey, factServerKey, facts[factServerKey])
	if err != nil {
		return "", ErrWrongKey
	}
	return key, nil
}

// changeSeq returns the number of the last change that was carried out, or -1
// before the feed was first read.
func changeSeq(tx *gorm.DB) (int64, error) {
	text, err := fact(tx, factChangeSeq)
	if err != nil || text == "" {
		return -1, err
	}
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the number of the last change: %w", err)
	}
	return seq, nil
}

func setChangeSeq(tx *gorm.DB, seq int64) error {
	return setFact(tx, factChangeSeq, strconv.FormatInt(seq, 10))
}

// stamp returns t in the form that the file has: Unix milliseconds, or 0 for the zero time.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment returns the time of a stamp.
func moment(stamp int64) time.Time {
	if stamp == 0 {
		return time.Time{}
	}
	return time.UnixMilli(stamp).UTC()
}

// parseStamp returns the time of a fact, or the zero time if the text is not a
// number.
func parseStamp(text string) time.Time {
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return moment(ms)
}

func stampText(t time.Time) string { return strconv.FormatInt(stamp(t), 10) }
