package connect

import "github.com/latchkey-media/latchkey/models"

// UserOf is a person on the wire, for a test of what no door makes yet.
func UserOf(a models.Account) any { return userOf(a) }
