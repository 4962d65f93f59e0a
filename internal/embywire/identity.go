package embywire

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Identity is how a client describes itself, with its token. It is read from all places where
// clients of Emby's kind put it (§4.1). A part that the client does not send is "".
type Identity struct {
	UserID   string
	Client   string
	Device   string // its name
	DeviceID string // not cut to [DeviceIDMax] bytes, so that a longer one can be refused
	Version  string
	Token    string
}

// DeviceIDMax is the greatest number of bytes that the id of a device may have,
// everywhere in the service and its agent: the id connects a session at the service
// with the local tokens of the same device, so both sides must accept the same ids.
const DeviceIDMax = 255

// longest is the number of bytes that are kept of each part of an identity. Tokens are far shorter.
const longest = 512

// ReadIdentity reads the identity of a request. The token comes from the authorization header, else
// from X-Emby-Token, X-MediaBrowser-Token, or the query (api_key, ApiKey, X-Emby-Token). The other
// parts come from X-Emby-Authorization, else from Authorization, else from the separate X-Emby-*
// fields, each as a header or in the query. params come from [Read]; only the names above are read
// from them. ReadIdentity returns no error: it leaves out what cannot be understood.
func ReadIdentity(header http.Header, params Params) Identity {
	id := parseAuthorization(header.Get("X-Emby-Authorization"))
	id.fill(parseAuthorization(header.Get("Authorization")))
	id.fill(parseAuthorization(params.Get("x-emby-authorization")))
	discrete := func(name string) string {
		if value := header.Get(name); value != "" {
			return text(value)
		}
		return text(params.Get(strings.ToLower(name)))
	}
	id.fill(Identity{
		UserID: discrete("X-Emby-User-Id"), Client: discrete("X-Emby-Client"), Device: discrete("X-Emby-Device-Name"),
		DeviceID: discrete("X-Emby-Device-Id"), Version: discrete("X-Emby-Client-Version"),
	})
	for _, token := range []string{
		header.Get("X-Emby-Token"), header.Get("X-MediaBrowser-Token"),
		params.Get("api_key", "apikey"), params.Get("x-emby-token"), params.Get("x-mediabrowser-token"),
	} {
		if id.Token == "" {
			id.Token = text(token)
		}
	}
	return id
}

// fill sets the empty parts of id from other.
func (id *Identity) fill(other Identity) {
	for _, pair := range []struct {
		mine *string
		its  string
	}{
		{&id.UserID, other.UserID},
		{&id.Client, other.Client},
		{&id.Device, other.Device},
		{&id.DeviceID, other.DeviceID},
		{&id.Version, other.Version},
		{&id.Token, other.Token},
	} {
		if *pair.mine == "" {
			*pair.mine = pair.its
		}
	}
}

// parseAuthorization reads "MediaBrowser" or "Emby", in any letter case, and the pairs
// after it: quoted or not, with or without a blank after the comma, with blanks inside.
// A comma inside quotes belongs to the value; a comma in an unquoted value ends it only
// if another pair follows. If a name occurs twice, its first pair counts.
func parseAuthorization(header string) Identity {
	scheme, rest, found := strings.Cut(strings.TrimSpace(header), " ")
	if !found || !strings.EqualFold(scheme, "MediaBrowser") && !strings.EqualFold(scheme, "Emby") {
		return Identity{}
	}
	var id Identity
	for rest = strings.TrimLeft(rest, ", \t"); rest != ""; rest = strings.TrimLeft(rest, ", \t") {
		var name, value string
		name, rest, found = strings.Cut(rest, "=")
		if !found {
			break
		}
		value, rest = nextValue(strings.TrimLeft(rest, " \t"))
		name = name[strings.LastIndexByte(name, ',')+1:] // without the text that a quote inside quotes has left
		id.set(strings.ToLower(strings.TrimSpace(name)), value)
	}
	return id
}

// nextValue returns the value at the front of rest, which is the text after a "=", and the text
// after that value.
func nextValue(rest string) (value, after string) {
	if strings.HasPrefix(rest, `"`) {
		for end := 1; end < len(rest); end++ {
			switch rest[end] {
			case '\\':
				end++
			case '"':
				return unquote(rest[1:end]), rest[end+1:]
			}
		}
		return rest[1:], "" // the quote is never closed
	}
	for end := 0; end < len(rest); end++ {
		if rest[end] == ',' && pairFollows(rest[end+1:]) {
			return strings.TrimSpace(rest[:end]), rest[end+1:]
		}
	}
	return strings.TrimSpace(rest), ""
}

// unquote removes the backslashes that escape characters.
func unquote(value string) string {
	if !strings.Contains(value, `\`) {
		return value
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(value)
}

// pairFollows reports whether rest is empty or begins with a word of letters and
// "=".
func pairFollows(rest string) bool {
	rest = strings.TrimLeft(rest, " \t")
	after := strings.TrimLeft(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	return rest == "" || after != rest && strings.HasPrefix(strings.TrimLeft(after, " \t"), "=")
}

func (id *Identity) member(name string) *string {
	switch name {
	case "userid":
		return &id.UserID
	case "client":
		return &id.Client
	case "device":
		return &id.Device
	case "deviceid":
		return &id.DeviceID
	case "version":
		return &id.Version
	case "token":
		return &id.Token
	default:
		return nil
	}
}

func (id *Identity) set(name, value string) {
	if member := id.member(name); member != nil && *member == "" {
		*member = text(value)
	}
}

// text returns a value with its percent-encoding undone, as UTF-8, without
// characters that control a terminal or change the direction of a line, and cut to
// [longest] bytes.
func text(value string) string {
	if len(value) > 8*longest { // no encoding makes a text longer than that
		value = value[:8*longest]
	}
	if decoded, err := url.PathUnescape(value); err == nil {
		value = decoded
	}
	if !utf8.ValidString(value) {
		value = fromLatin1(value)
	}
	value = strings.TrimSpace(strings.Map(shown, value))
	if len(value) > longest {
		value = strings.TrimSpace(strings.ToValidUTF8(value[:longest], ""))
	}
	return value
}

// shown returns r, or -1 to drop it: control characters, line ends, and characters that change the
// direction of a text belong to no name.
func shown(r rune) rune {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return -1
	default:
		return r
	}
}

// fromLatin1 reads bytes that are not UTF-8 as ISO 8859-1, which old clients send.
func fromLatin1(value string) string {
	runes := make([]rune, len(value))
	for i := range len(value) {
		runes[i] = rune(value[i])
	}
	return string(runes)
}
