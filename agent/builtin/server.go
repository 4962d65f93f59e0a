// Package builtin is a small media server without media. It is for people who want to try
// Latchkey without a media server, for programs that want local sign-in, and for tests. It
// keeps local users in a SQLite file of its own and answers the local half of the Emby
// protocol (docs/emby-connect.md §4), except the Connect paths.
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
	"github.com/latchkey-media/latchkey/internal/picture"
	"github.com/latchkey-media/latchkey/internal/secret"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// Errors of a [Server], in addition to the errors of package mediaserver.
var (
	ErrNameTaken         = errors.New("another local user has that name")
	ErrNameInvalid       = errors.New("a name has 1 to 64 letters, digits, blanks and . - _ ' @ +, and no blank at its beginning or end")
	ErrLastAdministrator = errors.New("the last administrator cannot be disabled")
	ErrGuest             = errors.New("a guest has no password here")
	ErrPicture           = picture.ErrFile
	ErrWrongKey          = errors.New("the secret key does not fit the file of local users: set secret-key to the key that the file was made with")
)

// version is the version of Emby that the server claims to have. It satisfies every check that clients make
// (docs/emby-connect.md §4.3).
const version = "4.8.11.0"

// product is the name of the software, as people see it.
const product = "Latchkey"

// Options are the settings of a [Server]. PublicURL and Addresses may be nil.
type Options struct {
	Path    string // the path of the SQLite file, which only the server uses
	Name    string
	Keys    secret.Keys
	Hashing secret.HasherOptions
	Now     func() time.Time
	Random  io.Reader
	Log     *slog.Logger
	// PublicURL returns the address at which people reach the pages of the agent, or "" if
	// these cannot be reached.
	PublicURL func() string
	// Addresses returns the addresses at which clients reach the server, at home and from
	// outside, the best first.
	Addresses func() (local, remote []string)
	// Catalogue has the items that the server shows in place of media. It may be nil.
	Catalogue *Catalogue
}

// Server is the media server. Several processes may have the same file open.
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
	warned  sync.Map // local users that were already logged because their hash was made with an unknown secret key
	stock   *stock   // the catalogue with its ids; empty without a catalogue
	drawer  picture.Drawer
}

var _ mediaserver.Server = (*Server)(nil)

// Open opens the file at o.Path, or makes it. It returns [ErrWrongKey] or
// database.ErrNewerSchema.
func Open(ctx context.Context, o Options) (*Server, error) {
	db, err := database.Open("sqlite:"+o.Path, 4)
	if err != nil {
		return nil, fmt.Errorf("open the file of local users: %w", err)
	}
	s := &Server{db: db, keys: o.Keys, opt: o, tries: newPasswordTries(o.Now), easy: newEasyTries(o.Now), drawer: picture.Drawer{Side: pictureSide}}
	s.linking.what = "local users are shown without their accounts: the links in the agent's file cannot be read"
	s.writing.what = "the last use of tokens cannot be stored: check that the file of local users is writable and that its disk is not full"
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func (s *Server) prepare(ctx context.Context) error {
	var err error
	hashing := s.opt.Hashing
	hashing.Now = s.opt.Now
	if s.hasher, err = secret.NewHasher(s.keys, hashing); err != nil {
		return fmt.Errorf("open the file of local users: %w", err)
	}
	steps, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("migrations of the file of local users: %w", err)
	}
	if _, err := s.db.Migrate(ctx, steps, "builtin"); err != nil {
		return fmt.Errorf("migrate the file of local users: %w", err)
	}
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.identify(tx); err != nil {
			return err
		}
		return s.openCatalogue(tx)
	})
}

// identify gives a new file its id, and checks that an existing file belongs to the secret
// key. It returns [ErrWrongKey].
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
	if err := s.db.Ready(ctx); err != nil {
		return mediaserver.Identity{}, fmt.Errorf("the file of local users: %w", err)
	}
	return mediaserver.Identity{ID: s.id, Name: s.opt.Name, Version: version, Product: product}, nil
}

// ApproveCode implements [mediaserver.Server]. The server has no Quick Connect.
func (s *Server) ApproveCode(context.Context, string, string) error {
	return mediaserver.ErrUnsupported
}

// now returns the current time as the file keeps it: in UTC and whole milliseconds.
func (s *Server) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// newID returns 128 random bits as 32 hex digits, for ids and tokens.
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

// scan runs one statement that reads, and stores the result in out.
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
