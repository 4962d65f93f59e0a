// Package secret makes and checks the secrets of the service: look-up hashes,
// tokens, keyed hashes derived from the one secret key, and slow hashes of
// passwords and PINs. It knows no database and none of our other packages.
package secret

import (
	"crypto/sha256"
	"database/sql/driver"
	"fmt"
)

// Hash is 32 bytes by which something is found without being kept itself: the
// SHA-256 of a token, or a keyed hash of a name. It is stored as BINARY(32).
type Hash [sha256.Size]byte

// Sum is the SHA-256 of text. It suits tokens of 112 random bits or more
// (OWASP ASVS 6.5.2); anything that a person chose needs a [Hasher].
func Sum(text string) Hash { return sha256.Sum256([]byte(text)) }

// Value implements [driver.Valuer]. Without it GORM spreads the bytes into one
// parameter each.
func (h Hash) Value() (driver.Value, error) { return h[:], nil }

// Scan implements sql.Scanner. It refuses anything that is not 32 bytes.
func (h *Hash) Scan(value any) error {
	b, ok := value.([]byte)
	if !ok || len(b) != len(h) {
		return fmt.Errorf("secret: a hash of %d bytes expected, got %T", len(h), value)
	}
	copy(h[:], b)
	return nil
}
