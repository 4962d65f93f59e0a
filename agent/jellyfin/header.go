package jellyfin

import (
	"net/url"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// pair is one member of an authorization header.
type pair struct{ name, value string }

// authorization writes the one header that every version understands. The legacy
// ones and the key in the query are ignored by 12 and newer.
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

// encode percent-encodes all but letters, digits and "-._~". Jellyfin reads a "+"
// as a blank.
func encode(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

// identity is the header of a device, without a token.
func identity(device mediaserver.Device) string {
	return authorization(
		pair{"Client", orElse(device.Client, "Unknown")},
		pair{"Device", orElse(device.Name, orElse(device.Client, "Unknown"))},
		pair{"DeviceId", device.ID},
		pair{"Version", orElse(device.Version, "0")},
	)
}

// orElse is what Jellyfin keeps of a name, or another one: it refuses a member
// that is missing.
func orElse(value, other string) string {
	runes := []rune(strings.TrimSpace(strings.ToValidUTF8(value, "")))
	if len(runes) == 0 {
		return other
	}
	return string(runes[:min(len(runes), 64)])
}
