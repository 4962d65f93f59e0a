package connect

import "github.com/latchkey-media/latchkey/models"

// UserOf returns a person as the protocol shows them. A test uses it for a person that
// no request can create yet.
func UserOf(a models.Account) any { return userOf(a, "") }
