package connect_test

import (
	"crypto/md5"
	"encoding/hex"
)

// md5Of returns the text that a media server of 2017 sends instead of a password.
func md5Of(password string) string {
	sum := md5.Sum([]byte(password))
	return hex.EncodeToString(sum[:])
}
