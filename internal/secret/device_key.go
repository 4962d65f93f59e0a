package secret

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// The lengths of a device key and of its halves, in hexadecimal digits.
const (
	deviceKeyLength = 32
	deviceKeyHalf   = deviceKeyLength / 2
)

// DeviceKey returns the key of 32 hexadecimal digits that is derived from a parent key for
// one number. Its first half is the number, so that a program that has the parent can derive the key
// again and compare. The second half is a MAC of the number: a key of one number tells
// nothing about the keys of other numbers. Each parent is used for nothing else.
func DeviceKey(parent Hash, number int64) string {
	var raw [deviceKeyHalf]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(number)) //nolint:gosec // the bits count
	mac := macOfNumber(parent, [8]byte(raw[:8]))
	copy(raw[8:], mac[:])
	var text [deviceKeyLength]byte
	hex.Encode(text[:], raw[:])
	return string(text[:])
}

// macOfNumber returns the HMAC-SHA256 (RFC 2104) of 8 bytes. Unlike crypto/hmac it allocates
// nothing: lists of servers need a MAC for each server.
func macOfNumber(key Hash, number [8]byte) Hash {
	var inner [sha256.BlockSize + len(number)]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	copy(inner[:], key[:])
	copy(outer[:], key[:])
	for i := range sha256.BlockSize {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	copy(inner[sha256.BlockSize:], number[:])
	sum := sha256.Sum256(inner[:])
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

// DeviceKeyNumber returns the number for which a device key was derived. It does not check that the
// text is a real device key; only [DeviceKey] can tell that. It returns 0 for a text that cannot be
// a device key.
func DeviceKeyNumber(text string) int64 {
	if len(text) != deviceKeyLength {
		return 0
	}
	raw, err := hex.DecodeString(text)
	if err != nil || hex.EncodeToString(raw) != text {
		return 0
	}
	return max(0, int64(binary.BigEndian.Uint64(raw[:8]))) //nolint:gosec // the bits count
}
