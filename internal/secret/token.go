package secret

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// Kind is the prefix of a token. With it, scanners for leaked secrets can say what
// they found, and a token of one kind is never taken for another.
type Kind string

// The kinds of tokens.
const (
	SessionToken Kind = "lks" // a browser's or a device's session
	MailToken    Kind = "lkm" // the secret of a mailed link
	PendingToken Kind = "lkp" // a sign-up that waits for its confirmation
	ServerKey    Kind = "lkv" // proves the identity of a server
	OpenCode     Kind = "lko" // lets one browser into a media server
	DeviceToken  Kind = "lkd" // a device uses it to ask whether it has been approved
	InviteToken  Kind = "lki" // the secret of an invite's link, which its owner hands on
	SetupPass    Kind = "lkw" // opens the pages of the first run
)

// tokenLength is the length of every token: prefix, "_", 256 bits, check digits.
const tokenLength = 3 + 1 + 43 + 6

// NewToken returns a token of 256 bits read from random.
func NewToken(kind Kind, random io.Reader) (string, error) {
	var raw Hash
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("secret: no randomness: %w", err)
	}
	return FormatToken(kind, raw), nil
}

// FormatToken returns the bytes raw as a token of this kind.
func FormatToken(kind Kind, raw Hash) string {
	body := string(kind) + "_" + base64.RawURLEncoding.EncodeToString(raw[:])
	return body + checkDigits(body)
}

// WellFormed reports whether token has the form of a token of this kind: length, prefix and check
// digits. Other texts are refused before any look-up.
func WellFormed(kind Kind, token string) bool {
	if len(token) != tokenLength || !strings.HasPrefix(token, string(kind)+"_") {
		return false
	}
	body := token[:tokenLength-6]
	return token[tokenLength-6:] == checkDigits(body)
}

func checkDigits(body string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(body)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
