package jellyfin

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// pair is one member of an authorization header.
type pair struct{ name, value string }

// authorization returns the value of the one header that every version understands. From 12
// on, Jellyfin ignores the older headers and a key in the query.
func authorization(pairs ...pair) string {
	var header strings.Builder
	for i, p := range pairs {
		if i == 0 {
			header.WriteString("MediaBrowser ")
		} else {
			header.WriteString(", ")
		}
		header.WriteString(p.name + `="` + encode(p.value) + `"`)
	}
	return header.String()
}

// encode percent-encodes everything except letters, digits and "-._~". Jellyfin reads a "+"
// as a blank.
func encode(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

// identity returns the header of a device without a token.
func identity(device mediaserver.Device) string {
	return authorization(
		pair{"Client", headerValue(device.Client, "Unknown")},
		pair{"Device", headerValue(device.Name, headerValue(device.Client, "Unknown"))},
		pair{"DeviceId", device.ID},
		pair{"Version", headerValue(device.Version, "0")},
	)
}

// headerValue returns the part of a value that Jellyfin keeps, or the text other if nothing is
// left: Jellyfin refuses a header in which a member is missing.
func headerValue(value, other string) string {
	return cmp.Or(printable.Cut(strings.TrimSpace(strings.ToValidUTF8(value, "")), 64), other)
}
