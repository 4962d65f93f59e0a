// Package builtin is a small media server without media, for people who have none
// to try, for programs that want local sign-in, and for tests. It keeps local
// users in a SQLite file of its own and answers the local half of the Emby wire
// (docs/emby-connect.md §4) except the Connect paths.
package builtin

import (
	"context"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/limit"
	"github.com/latchkey-media/latchkey/internal/secret"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// Errors of a [Server] beside those of package mediaserver.
var (
	ErrNameTaken         = errors.New("another local user has that name")
	ErrNameInvalid       = errors.New("a name has 1 to 64 letters, digits, blanks and . - _ ' @ +, and begins and ends with none of the blanks")
	ErrLastAdministrator = errors.New("the last administrator cannot be disabled")
	ErrGuest             = errors.New("a guest has no password here")
	ErrPicture           = errors.New("the picture must be a PNG, JPEG, GIF or (not animated) WebP file of at most 4 MiB and 5,000 pixels on each side")
	ErrWrongKey          = errors.New("the secret key does not fit the file of local users: set secret-key to the key that it was made with")
)

// version is what the server says it is: inside every gate that clients have
// (§4.3).
const version = "4.8.11.0"

// product is what the server calls itself where people read it.
const product = "Latchkey"

// Options are what a [Server] works with. PublicURL and Addresses may be nil.
type Options struct {
	Path    string // of the SQLite file, which is the server's own
	Name    string
	Keys    secret.Keys
	Hashing secret.HasherOptions
	Now     func() time.Time
	Random  io.Reader
	Log     *slog.Logger
	// PublicURL is where people reach the agent's own pages; "" where they cannot.
	PublicURL func() string
	// Addresses are where clients reach the server, at home and from outside, the best
	// first.
	Addresses func() (local, remote []string)
}

// Server is the media server. Several processes may have one file open.
type Server struct {
	db      *database.DB
	keys    secret.Keys
	hasher  *secret.Hasher
	opt     Options
	id      string
	tries   *passwordTries
	easy    *limit.Failures[string] // tries of easy PINs
	linking trouble
	writing trouble
	warned  sync.Map   // local users whose hash has a key that is gone
	drawing sync.Mutex // held while a picture is decoded and encoded
}

var _ mediaserver.Server = (*Server)(nil)

// Open opens the file at o.Path, or makes it. It returns [ErrWrongKey] or
// database.ErrNewerSchema.
func Open(ctx context.Context, o Options) (*Server, error) {
	db, err := database.Open("sqlite:"+o.Path, 4)
	if err != nil {
		return nil, fmt.Errorf("open the file of local users: %w", err)
	}
	s := &Server{db: db, keys: o.Keys, opt: o, tries: newPasswordTries(o.Now), easy: newEasyTries(o.Now)}
	s.linking.what = "local users are shown without their accounts: the agent's own copy cannot be read"
	s.writing.what = "the use of tokens cannot be written down: see that the file of local users can be written and that its disk is not full"
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func (s *Server) prepare(ctx context.Context) error {
	var err error
	if s.hasher, err = secret.NewHasher(s.keys, s.opt.Hashing); err != nil {
		return fmt.Errorf("open the file of local users: %w", err)
	}
	steps, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("migrations of the file of local users: %w", err)
	}
	if _, err := s.db.Migrate(ctx, steps, "builtin"); err != nil {
		return fmt.Errorf("migrate the file of local users: %w", err)
	}
	return s.db.Tx(ctx, func(tx *gorm.DB) error { return s.identify(tx) })
}

// identify gives a new file its id and finds out whether the secret key is the one
// of an old file.
func (s *Server) identify(tx *gorm.DB) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	const adopt = "INSERT INTO identity (one, server_id, key_id, created_at) VALUES (1, ?, ?, ?) ON CONFLICT (one) DO NOTHING"
	if err := tx.Exec(adopt, id, s.keys.ID(), s.now()).Error; err != nil {
		return fmt.Errorf("write the identity: %w", err)
	}
	var stored struct{ ServerID, KeyID string }
	if err := tx.Raw("SELECT server_id, key_id FROM identity").Scan(&stored).Error; err != nil {
		return fmt.Errorf("read the identity: %w", err)
	}
	if stored.KeyID != s.keys.ID() && stored.KeyID != s.keys.PreviousID() {
		return ErrWrongKey
	}
	if err := tx.Exec("UPDATE identity SET key_id = ? WHERE key_id <> ?", s.keys.ID(), s.keys.ID()).Error; err != nil {
		return fmt.Errorf("write the identity: %w", err)
	}
	s.id = stored.ServerID
	return nil
}

// Close closes the file.
func (s *Server) Close() error { return s.db.Close() }

// Identity implements [mediaserver.Server].
func (s *Server) Identity(ctx context.Context) (mediaserver.Identity, error) {
	if err := s.db.Ping(ctx); err != nil {
		return mediaserver.Identity{}, fmt.Errorf("the file of local users: %w", err)
	}
	return mediaserver.Identity{ID: s.id, Name: s.opt.Name, Version: version, Product: product}, nil
}

// ApproveCode implements [mediaserver.Server]: there is no Quick Connect here.
func (s *Server) ApproveCode(context.Context, string, string) error {
	return mediaserver.ErrUnsupported
}

// now is the current time as the file keeps it: UTC, in whole milliseconds.
func (s *Server) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// newID is 128 random bits as media servers write ids, and tokens too.
func (s *Server) newID() (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(s.opt.Random, raw); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return hex.EncodeToString(raw), nil
}

// exec runs one statement and returns how many rows it changed.
func (s *Server) exec(ctx context.Context, doing, statement string, args ...any) (rows int64, err error) {
	err = s.db.Again(ctx, func(db *gorm.DB) error {
		result := db.Exec(statement, args...)
		rows = result.RowsAffected
		return result.Error
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	return rows, nil
}

// scan runs one reading statement into out.
func (s *Server) scan(ctx context.Context, doing string, out any, statement string, args ...any) error {
	if err := s.db.Gorm.WithContext(ctx).Raw(statement, args...).Scan(out).Error; err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// tx runs work in a transaction; see [database.DB.Tx].
func (s *Server) tx(ctx context.Context, doing string, work func(tx *gorm.DB) error) error {
	if err := s.db.Tx(ctx, work); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
