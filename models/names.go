package models

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Lengths of names, in code points.
const (
	usernameMin    = 3
	usernameMax    = 32
	displayNameMax = 64
)

// reservedUsernames returns the usernames that could make a person look like the service or
// its staff: mailboxes (RFC 2142 among others), words that programs print for a missing
// value, and paths of the service.
func reservedUsernames() []string {
	return strings.Fields(`
abuse account accounts admin administrator anonymous api api-docs apis app apps auth
billing bot claim confirm connect contact daemon dev device devices download emby everyone
forgot guest guests help helpdesk hostmaster info invitations invite invites jellyfin
languages latchkey legal link links list list-request local localhost login logout mail
mailer-daemon marketing me media moderator nan news nil no-reply nobody none noc noreply
notifications null official operator owner password payment pin plex postmaster privacy
register registration reset root sales security server servers service session sessions
signin signout signup ssl-admin ssladmin ssladministrator sslwebmaster staff static status
superuser support sysadmin sysop system team test trouble true false undefined unlock usenet
user username users uucp void webmaster well-known wheel www www-data
`)
}

// usernameKey returns the key by which usernames are found and compared: the username in
// lower case. Usernames are ASCII, so that two different keys never look the same.
func usernameKey(username string) string { return strings.ToLower(username) }

// checkUsername returns the code of the mistake in a username, "" for a valid one. The
// service's own name is reserved as well.
func checkUsername(username, serviceName string) string {
	if len(username) < usernameMin || len(username) > usernameMax {
		return "username_invalid"
	}
	for i, r := range username {
		isEnd := i == 0 || i == len(username)-1
		if !isLetterOrDigit(r) && (isEnd || !strings.ContainsRune("._-", r)) {
			return "username_invalid"
		}
	}
	// Separators do not count: "ad.min" is compared as "admin".
	bare := strings.NewReplacer(".", "", "_", "", "-", "").Replace(usernameKey(username))
	service := onlyLettersAndDigits(strings.ToLower(serviceName))
	reserved := reservedUsernames()
	if bare == service || slices.Contains(reserved, usernameKey(username)) || slices.Contains(reserved, bare) {
		return "username_reserved"
	}
	return ""
}

func isLetterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func onlyLettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if isLetterOrDigit(r) {
			return r
		}
		return -1
	}, text)
}

// cleanDisplayName returns name as it is stored: composed (NFC), trimmed, and with
// single spaces inside. It reports false for a name that is too long or has characters
// that are invisible or change the direction of the text around them.
func cleanDisplayName(name string) (string, bool) {
	if len(name) > 4*displayNameMax || !utf8.ValidString(name) {
		return "", false
	}
	name = strings.Join(strings.Fields(norm.NFC.String(name)), " ")
	if utf8.RuneCountInString(name) > displayNameMax {
		return "", false
	}
	if name != "" && !strings.ContainsFunc(name, isSeen) || strings.ContainsFunc(name, hidden) {
		return "", false
	}
	return name, true
}

// isSeen reports whether r can be seen when it stands alone, unlike a joiner or an accent.
func isSeen(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) }

// hidden reports whether r is a control, format or private character, or a letter that
// shows nothing. It reports false for the joiners that Persian, Indic scripts and
// emoji need.
func hidden(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner, blankBraille = '\u200c', '\u200d', '\u2800'
	if r == zeroWidthNonJoiner || r == zeroWidthJoiner {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point) ||
		r == utf8.RuneError || r == blankBraille
}
