package secret

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"
)

// KeyMinLength is the least number of characters of a secret key.
const KeyMinLength = 32

// ErrKeyTooShort means that a secret key has fewer than [KeyMinLength] characters.
var ErrKeyTooShort = errors.New("the secret key needs 32 characters or more")

// Keys are the secret key of the service and, while it is rotated, the previous one.
// Every keyed hash is made with a key derived for its purpose (HKDF, RFC 5869), so that
// the values of one purpose reveal nothing about the values of another.
type Keys struct {
	current, previous key
}

type key struct {
	id   string // says which key made a stored value; "" for the zero key
	root []byte
	kept *derivedKeys // nil for the zero key
}

// derivedKeys keeps the keys that were derived from a key, by purpose. To derive a key again would
// take longer than the hash or the decryption that needs it. The purposes are names in the code, so
// there are few.
type derivedKeys struct {
	mu    sync.RWMutex
	keys  map[string][]byte
	aeads map[string]cipher.AEAD
}

// NewKeys returns the keys for the configured texts. previous may be empty. It
// returns [ErrKeyTooShort] for a text that is too short.
func NewKeys(current, previous string) (Keys, error) {
	if utf8.RuneCountInString(current) < KeyMinLength {
		return Keys{}, ErrKeyTooShort
	}
	if previous != "" && utf8.RuneCountInString(previous) < KeyMinLength {
		return Keys{}, fmt.Errorf("previous key: %w", ErrKeyTooShort)
	}
	keys := Keys{current: newKey(current)}
	if previous != "" && previous != current {
		keys.previous = newKey(previous)
	}
	return keys, nil
}

func newKey(text string) key {
	k := key{root: []byte(text), kept: &derivedKeys{keys: map[string][]byte{}, aeads: map[string]cipher.AEAD{}}}
	id := k.mac("key id")
	k.id = hex.EncodeToString(id[:8])
	return k
}

// ID returns the name of the current key, for storing beside the values that the key
// made. The name is derived from the key, and reveals nothing about it.
func (k Keys) ID() string { return k.current.id }

// PreviousID returns the name of the previous key, or "".
func (k Keys) PreviousID() string { return k.previous.id }

// MAC returns the keyed hash of parts for purpose, made with the current key. It depends on where
// each part ends: ("ab", "c") and ("a", "bc") have different hashes.
func (k Keys) MAC(purpose string, parts ...string) Hash { return k.current.mac(purpose, parts...) }

// MACWith does what [Keys.MAC] does, with the key whose name is id. It returns false if that is
// neither the current key nor the previous one.
func (k Keys) MACWith(id, purpose string, parts ...string) (Hash, bool) {
	switch {
	case id == k.current.id:
		return k.current.mac(purpose, parts...), true
	case id != "" && id == k.previous.id:
		return k.previous.mac(purpose, parts...), true
	default:
		return Hash{}, false
	}
}

// Verifies reports, in constant time, whether mac is the keyed hash of parts for
// purpose under the current key or the previous one.
func (k Keys) Verifies(mac []byte, purpose string, parts ...string) bool {
	now := k.current.mac(purpose, parts...)
	if hmac.Equal(mac, now[:]) {
		return true
	}
	if k.previous.id == "" {
		return false
	}
	before := k.previous.mac(purpose, parts...)
	return hmac.Equal(mac, before[:])
}

// Derive returns a key of 32 bytes for a purpose that uses its own key, such as the
// proof of work.
func (k Keys) Derive(purpose string) []byte { return slices.Clone(k.current.derived(purpose)) }

// derived returns the key for a purpose. The caller must not change it.
func (k key) derived(purpose string) []byte {
	if k.kept == nil {
		return k.derive(purpose)
	}
	k.kept.mu.RLock()
	found := k.kept.keys[purpose]
	k.kept.mu.RUnlock()
	if found == nil {
		found = k.derive(purpose)
		k.kept.mu.Lock()
		defer k.kept.mu.Unlock()
		k.kept.keys[purpose] = found
	}
	return found
}

func (k key) derive(purpose string) []byte {
	derived, err := hkdf.Key(sha256.New, k.root, nil, "latchkey "+purpose, sha256.Size)
	if err != nil {
		panic("secret: HKDF refuses 32 bytes: " + err.Error()) // it refuses only more than 8,160
	}
	return derived
}

func (k key) mac(purpose string, parts ...string) Hash {
	m := hmac.New(sha256.New, k.derived(purpose))
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		m.Write(length[:])
		m.Write([]byte(part))
	}
	return Hash(m.Sum(nil))
}
