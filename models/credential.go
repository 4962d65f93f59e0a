package models

import "github.com/latchkey-media/latchkey/internal/secret"

// IsSessionToken reports whether text has the form of a session token, whether
// or not there is a session.
func IsSessionToken(text string) bool { return secret.WellFormed(secret.SessionToken, text) }

// IsServerKey reports whether text has the form of a server key, whether or not
// there is a server.
func IsServerKey(text string) bool { return secret.WellFormed(secret.ServerKey, text) }
