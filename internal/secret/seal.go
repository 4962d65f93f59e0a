package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrSealed means that a sealed text cannot be opened: it was made with another key,
// for another purpose or place, or it was changed.
var ErrSealed = errors.New("secret: the sealed text cannot be opened")

// Seal encrypts text for purpose with a key derived from the current secret key (AES-256-GCM). It
// binds the text to place, such as the id of its row: a sealed text that is copied to another place
// cannot be opened. The result is ASCII: the key's id, ".", base64url.
func (k Keys) Seal(random io.Reader, purpose, place, text string) (string, error) {
	aead, err := k.current.aead(purpose)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return "", fmt.Errorf("secret: no randomness: %w", err)
	}
	sealed := aead.Seal(nonce, nonce, []byte(text), []byte(place))
	return k.current.id + "." + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Open decrypts a text that [Keys.Seal] made for the same purpose and place, with the
// current key or the previous one. It returns [ErrSealed].
func (k Keys) Open(purpose, place, sealed string) (string, error) {
	id, encoded, _ := strings.Cut(sealed, ".")
	use := k.current
	if id != use.id {
		use = k.previous
	}
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || id == "" || id != use.id {
		return "", ErrSealed
	}
	aead, err := use.aead(purpose)
	if err != nil {
		return "", err
	}
	if len(raw) < aead.NonceSize() {
		return "", ErrSealed
	}
	text, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], []byte(place))
	if err != nil {
		return "", ErrSealed
	}
	return string(text), nil
}

// aead returns the cipher for a purpose. It may be used by many goroutines at once.
func (k key) aead(purpose string) (cipher.AEAD, error) {
	if k.kept == nil {
		return k.newAEAD(purpose)
	}
	k.kept.mu.RLock()
	found := k.kept.aeads[purpose]
	k.kept.mu.RUnlock()
	if found != nil {
		return found, nil
	}
	found, err := k.newAEAD(purpose)
	if err == nil {
		k.kept.mu.Lock()
		defer k.kept.mu.Unlock()
		k.kept.aeads[purpose] = found
	}
	return found, err
}

func (k key) newAEAD(purpose string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.derive("seal " + purpose))
	if err != nil {
		return nil, fmt.Errorf("secret: cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("secret: cipher: %w", err)
	}
	return aead, nil
}
