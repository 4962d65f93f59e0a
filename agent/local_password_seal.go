package agent

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"
)

// A sealed password is, in base64url: a point of P-256 that the browser made for it, 12 random bytes,
// and the password under AES-256-GCM. The key is HKDF-SHA256 of the shared secret. Its salt is the
// point. Its info is passwordInfo with the id of the link, so that a password that was sealed for one
// link cannot be opened for another link. The password is filled up with zero bytes, so that its length
// does not show.
const (
	passwordInfo  = "latchkey local password " //nolint:gosec // it is no secret
	pointLength   = 65
	passwordLeast = 8 // characters
	passwordMost  = 128
)

// passwordKey returns the key to which browsers seal passwords. It is made when it is wanted for
// the first time.
func (s *Store) passwordKey(ctx context.Context) (*ecdh.PrivateKey, error) {
	var key *ecdh.PrivateKey
	err := s.tx(ctx, "read the password key", func(tx *gorm.DB) error {
		sealed, err := fact(tx, factPasswordKey)
		if err != nil {
			return err
		}
		if sealed == "" {
			key, err = s.newPasswordKey(tx)
			return err
		}
		text, err := s.keys.Open(sealPasswordKey, factPasswordKey, sealed)
		if err != nil {
			return ErrWrongKey
		}
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err == nil {
			key, err = ecdh.P256().NewPrivateKey(raw)
		}
		return err
	})
	return key, err
}

func (s *Store) newPasswordKey(tx *gorm.DB) (*ecdh.PrivateKey, error) {
	key, err := ecdh.P256().GenerateKey(s.random)
	if err != nil {
		return nil, fmt.Errorf("make a password key: %w", err)
	}
	sealed, err := s.keys.Seal(s.random, sealPasswordKey, factPasswordKey, base64.RawURLEncoding.EncodeToString(key.Bytes()))
	if err != nil {
		return nil, err
	}
	return key, setFact(tx, factPasswordKey, sealed)
}

// publicText returns the public half of a key as a report has it.
func publicText(key *ecdh.PrivateKey) string {
	return base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())
}

// errNotSealed means that a text does not contain a password that was sealed to this key for this link.
var errNotSealed = errors.New("the text is not sealed to this key for this link")

// openPassword opens a sealed password. It reports false for a text that is not sealed to this key
// for this link, and for a password that is too short, too long or not text.
func openPassword(key *ecdh.PrivateKey, linkID, sealed string) (string, bool) {
	plain, err := openSealed(key, linkID, sealed)
	password := strings.TrimRight(string(plain), "\x00")
	if err != nil || !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return "", false
	}
	length := utf8.RuneCountInString(password)
	return password, length >= passwordLeast && length <= passwordMost
}

func openSealed(key *ecdh.PrivateKey, linkID, sealed string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) < pointLength {
		return nil, errNotSealed
	}
	point := raw[:pointLength]
	sender, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, errNotSealed
	}
	shared, err := key.ECDH(sender)
	if err != nil {
		return nil, errNotSealed
	}
	derived, err := hkdf.Key(sha256.New, shared, point, passwordInfo+linkID, 32)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	rest := raw[pointLength:]
	if len(rest) < gcm.NonceSize() {
		return nil, errNotSealed
	}
	plain, err := gcm.Open(nil, rest[:gcm.NonceSize()], rest[gcm.NonceSize():], nil)
	if err != nil {
		return nil, errNotSealed
	}
	return plain, nil
}
