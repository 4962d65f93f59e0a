package builtin

import (
	"context"
	"crypto/sha1" //nolint:gosec // the wire of old clients; each SHA-1 is hashed slowly again
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/limit"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/internal/typed"
)

// Purposes of hashes, for the secret key. Old clients send the SHA-1 of a password instead
// of the password. So the slow hash that is stored is always made from the SHA-1.
const (
	passwordPurpose = "local password"
	easyPurpose     = "local easy pin"
)

// errWrong means that the name or the password is wrong, or that the local user may not sign in
// with a password.
var errWrong = errors.New("wrong name or password")

// guess holds the SHA-1s, in lower-case hex digits, of a password that somebody typed. The
// keyboards of two devices can write the same password in different ways, so password and
// pin are the SHA-1s of the forms that are stored. raw is the SHA-1 of the text as it was
// typed, because older hashes were made from that. If a client sends a SHA-1, all three are
// this SHA-1. The zero guess cannot be right.
type guess struct{ password, pin, raw string }

// guessOf returns the guess for a password.
func guessOf(password string) guess {
	return guess{sumOf(passwordForm(password)), sumOf(pinForm(password)), sumOf(password)}
}

func sumOf(text string) string {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

// passwordForm returns the form of a password that is stored, as for the passwords of
// accounts. A text without a visible character stays as it is, because it must not count as
// the empty password. A text that is not UTF-8 stays as it is, too.
func passwordForm(password string) string {
	if form := typed.Password(password); form != "" && utf8.ValidString(password) {
		return form
	}
	return password
}

// pinForm returns the form of an easy PIN that is stored, in which digits of every script
// are 0 to 9. See [passwordForm] for the texts that stay as they are.
func pinForm(pin string) string {
	if form := strings.TrimSpace(typed.Plain(pin)); form != "" && utf8.ValidString(pin) {
		return form
	}
	return pin
}

// sums returns the SHA-1s to compare with a stored hash for a purpose, the most likely first.
func (g guess) sums(purpose string) []string {
	form := g.password
	if purpose == easyPurpose {
		form = g.pin
	}
	if form == g.raw {
		return []string{form}
	}
	return []string{form, g.raw}
}

// guessOfSHA1 returns the guess for a SHA-1 that a client sent, or the zero guess if the
// text is not a SHA-1.
func guessOfSHA1(sum string) guess {
	sum = strings.ToLower(strings.TrimSpace(sum))
	if len(sum) != 2*sha1.Size || strings.Trim(sum, "0123456789abcdef") != "" {
		return guess{}
	}
	return guess{sum, sum, sum}
}

// caller says from which device and address a password is tried.
type caller struct {
	address netip.Addr
	home    bool   // surely in the home network
	device  string // the id of the device, as it says; may be ""
}

// hashPassword returns the hash to store for a password, or "" for an empty password.
func (s *Server) hashPassword(ctx context.Context, id, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	return s.hashGuess(ctx, passwordPurpose, id, guessOf(password))
}

// hashGuess returns the hash to store for a password or an easy PIN.
func (s *Server) hashGuess(ctx context.Context, purpose, id string, g guess) (string, error) {
	hash, err := s.hasher.Hash(ctx, purpose, id, g.sums(purpose)[0])
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// doors says how callers at home may sign in, in addition to the password.
type doors struct{ withoutPassword, easyPIN bool }

// prove checks that a guess is the password of the local user of row, and counts the try.
// For the zero row, which stands for an unknown name, it does the same work, so that the
// time of the answer does not tell which names exist. It returns [errWrong] or a
// [*limit.WaitError].
func (s *Server) prove(ctx context.Context, name string, row *userRow, g guess, from caller, ways doors) error {
	known, err := s.isKnown(ctx, row.ID, from.device)
	if err != nil {
		return err
	}
	who := passwordTry{name: nameKey(name), address: from.address, home: from.home, known: known, device: from.device}
	return s.tries.try(ctx, who, func() error {
		match, err := s.matches(ctx, row.PasswordHash, passwordPurpose, row, g)
		if err != nil {
			return err
		}
		if row.ID == "" || row.Disabled || row.Guest {
			return errWrong
		}
		if match || from.home && ways.withoutPassword && row.PasswordHash == "" && !row.Administrator && g == guessOf("") {
			return nil
		}
		if from.home && ways.easyPIN && row.EasyHash != "" {
			return s.proveEasy(ctx, row, g)
		}
		return errWrong
	})
}

// proveEasy checks an easy PIN. Because a PIN is short, its tries are counted for the local
// user, wherever they come from. After too many tries of PINs, the password still works.
func (s *Server) proveEasy(ctx context.Context, row *userRow, g guess) error {
	err := s.easy.Try(ctx, row.ID, counted(func() error {
		match, err := s.matches(ctx, row.EasyHash, easyPurpose, row, g)
		if err == nil && !match {
			err = errWrong
		}
		return err
	}))
	if _, shut := errors.AsType[*limit.WaitError](err); shut {
		return errWrong
	}
	return err
}

// matches compares a guess with a stored hash. A hash that was made with a secret key that
// is no longer set never matches.
func (s *Server) matches(ctx context.Context, stored, purpose string, row *userRow, g guess) (bool, error) {
	for _, sum := range g.sums(purpose) {
		match, outdated, err := s.hasher.Verify(ctx, stored, purpose, row.ID, sum)
		if errors.Is(err, secret.ErrUnknownKey) {
			s.warnOfKey(ctx, row)
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("compare a password: %w", err)
		}
		if match && outdated && purpose == passwordPurpose {
			s.rehash(ctx, row, g)
		}
		if match {
			return true, nil
		}
	}
	return false, nil
}

// warnOfKey logs once for each local user that their password has to be set again.
func (s *Server) warnOfKey(ctx context.Context, row *userRow) {
	if _, told := s.warned.LoadOrStore(row.ID, true); !told {
		s.opt.Log.WarnContext(ctx, "the password of a local user was stored with a secret key that is no longer set: set the password again with `latchkey agent users password`",
			slog.String("local_user", row.ID))
	}
}

// rehash replaces a stored hash with one of the current key and cost. If that fails, the
// old hash stays and still matches.
func (s *Server) rehash(ctx context.Context, row *userRow, g guess) {
	hash, err := s.hashGuess(ctx, passwordPurpose, row.ID, g)
	if err != nil {
		return
	}
	rows, err := s.exec(ctx, "renew a password's hash", "UPDATE local_users SET password_hash = ? WHERE id = ? AND password_hash = ?",
		hash, row.ID, row.PasswordHash)
	if err == nil && rows == 1 {
		row.PasswordHash = hash
	}
}

// SetPassword sets the password of a local user and ends all of their tokens. An empty
// password removes it. It returns mediaserver.ErrNotFound or [ErrGuest].
func (s *Server) SetPassword(ctx context.Context, id, password string) error {
	id = embywire.ID(id)
	hash, err := s.hashPassword(ctx, id, password)
	if err != nil {
		return err
	}
	return s.replacePassword(ctx, id, hash, nil, 0)
}

// GivePassword implements [mediaserver.Users]. Guests are let in by the agent alone, and get no
// password.
func (s *Server) GivePassword(ctx context.Context, id, password string) error {
	if password == "" {
		return mediaserver.ErrNotAllowed
	}
	hash, err := s.hashPassword(ctx, embywire.ID(id), password)
	if err != nil {
		return err
	}
	refuse := func(tx *gorm.DB, row *userRow) error {
		if row.Guest {
			return mediaserver.ErrUnsupported
		}
		return noAdministrator(tx, row)
	}
	return s.changeUser(ctx, "give a password", id, refuse, storePassword(hash, 0))
}

// replacePassword stores a hash, removes the easy PIN and ends all tokens of a local user except
// the token with the id keep. If the parameter was is not nil and the stored hash is no longer
// *was, replacePassword changes nothing and returns errWrong. It returns mediaserver.ErrNotFound,
// [ErrGuest] or [errWrong].
func (s *Server) replacePassword(ctx context.Context, id, hash string, was *string, keep int64) error {
	refuse := func(_ *gorm.DB, row *userRow) error {
		if row.Guest {
			return ErrGuest
		}
		if was != nil && row.PasswordHash != *was {
			return errWrong
		}
		return nil
	}
	return s.changeUser(ctx, "change a password", id, refuse, storePassword(hash, keep))
}

// storePassword returns the change of [Server.changeUser] that stores a hash, removes the easy PIN
// and ends all tokens except the token with the id keep.
func storePassword(hash string, keep int64) func(tx *gorm.DB, row *userRow) error {
	return func(tx *gorm.DB, row *userRow) error {
		if err := tx.Exec("UPDATE local_users SET password_hash = ?, easy_hash = '' WHERE id = ?", hash, row.ID).Error; err != nil {
			return fmt.Errorf("write the row: %w", err)
		}
		if err := forgetDevices(tx, row.ID); err != nil {
			return err
		}
		return endTokens(tx, row.ID, keep)
	}
}

// changePassword replaces the password of a local user who proves that they know the
// current one. Their other tokens end. It returns [errWrong], a [*limit.WaitError] or
// [ErrGuest].
func (s *Server) changePassword(ctx context.Context, who *session, current, next guess, from caller) error {
	row, err := s.row(ctx, "WHERE id = ?", who.user)
	if err != nil {
		return err
	}
	if row.Guest {
		return ErrGuest
	}
	if row.PasswordHash != "" {
		from.device = who.deviceID
		if err := s.prove(ctx, row.Name, &row, current, from, doors{}); err != nil {
			return err
		}
	}
	hash, err := s.hashGuess(ctx, passwordPurpose, row.ID, next)
	if err != nil {
		return err
	}
	return s.replacePassword(ctx, row.ID, hash, &row.PasswordHash, who.id)
}

// setEasyPIN gives a local user a short secret that signs them in at home; the zero guess
// removes it. It returns mediaserver.ErrNotFound or [ErrGuest].
func (s *Server) setEasyPIN(ctx context.Context, id string, pin guess) error {
	hash := ""
	if pin != (guess{}) {
		var err error
		if hash, err = s.hashGuess(ctx, easyPurpose, id, pin); err != nil {
			return err
		}
	}
	refuse := func(_ *gorm.DB, row *userRow) error {
		if row.Guest {
			return ErrGuest
		}
		return nil
	}
	return s.changeUser(ctx, "change an easy PIN", id, refuse, func(tx *gorm.DB, row *userRow) error {
		return tx.Exec("UPDATE local_users SET easy_hash = ? WHERE id = ?", hash, row.ID).Error
	})
}

// signIn gives a device a token for the local user of row, if the guess is their password.
// It returns [errWrong] or a [*limit.WaitError].
func (s *Server) signIn(ctx context.Context, row *userRow, name string, g guess, device mediaserver.Device, home bool) (mediaserver.Token, error) {
	if err := s.prove(ctx, name, row, g, caller{device.Address, home, device.ID}, doors{withoutPassword: true, easyPIN: true}); err != nil {
		return mediaserver.Token{}, err
	}
	token, err := s.mint(ctx, row.ID, device, &row.PasswordHash)
	if errors.Is(err, mediaserver.ErrNotFound) || errors.Is(err, mediaserver.ErrNotAllowed) {
		return mediaserver.Token{}, errWrong // disabled, or given another password, in the meantime
	}
	return token, err
}
