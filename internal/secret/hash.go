// Package secret makes and checks the secrets of the service: look-up hashes,
// tokens, keyed hashes derived from the secret key, and slow hashes of passwords and
// PINs. It uses no database.
package secret

import (
	"crypto/sha256"
	"database/sql/driver"
	"fmt"
)

// Hash is 32 bytes that are stored instead of a secret, to find it again: the SHA-256
// of a token, or a keyed hash of a name. The column is BINARY(32).
type Hash [sha256.Size]byte

// Sum returns the SHA-256 of text. It suits tokens of 112 random bits or more (OWASP
// ASVS 6.5.2); a text that a person chose needs a [Hasher].
func Sum(text string) Hash { return sha256.Sum256([]byte(text)) }

// Value implements [driver.Valuer]. Without it, GORM would pass each byte as a separate parameter
// of the statement.
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
