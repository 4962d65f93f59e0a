package models

import "github.com/latchkey-media/latchkey/internal/secret"

// IsSessionToken reports whether text has the form of a session token. It does not look
// whether the session exists.
func IsSessionToken(text string) bool { return secret.WellFormed(secret.SessionToken, text) }

// IsServerKey reports whether text has the form of a server key. It does not look whether
// the server exists.
func IsServerKey(text string) bool { return secret.WellFormed(secret.ServerKey, text) }
