package handlers

import (
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/mileusna/useragent"

	"github.com/latchkey-media/latchkey/internal/printable"
	"github.com/latchkey-media/latchkey/models"
)

const (
	maxDeviceName = 80 // characters
	maxUserAgent  = 512
)

// caller returns the caller of the request, for operations of models.
func caller(c *gin.Context) models.Caller {
	device, icon := deviceOf(c.GetHeader("User-Agent"))
	return models.Caller{Address: addressText(visitOf(c).address), Device: device, Icon: icon}
}

// deviceOf returns the name of a browser or device, such as "Firefox on
// Windows", and its icon, from the User-Agent that it sends. The name is ""
// when it is unknown.
func deviceOf(agent string) (name, icon string) {
	if len(agent) > maxUserAgent {
		agent = agent[:maxUserAgent]
	}
	ua := useragent.Parse(printable.Text(agent))
	icon = deviceIcon(ua)
	return deviceName(ua, icon), icon
}

func deviceName(ua useragent.UserAgent, icon string) string {
	system := ua.OS
	switch {
	case icon == "tv":
		system = "TV" // the operating system of a television says little, and is mostly guessed wrong
	case ua.Device != "" && ua.OS == useragent.IOS:
		system = ua.Device // "iPhone" says more than "iOS"
	}
	if ua.IsUnknown() && system == "" {
		return ""
	}
	name := strings.TrimSpace(ua.Name)
	switch {
	case name == "":
		name = system
	case system != "":
		name += " on " + system
	}
	return strings.TrimSpace(printable.Cut(name, maxDeviceName))
}

// televisionWords are words in the User-Agent of televisions and of boxes that are
// connected to them.
const televisionWords = "smarttv|smart-tv|smart tv|googletv|google tv|appletv|apple tv|android tv|; aft|bravia|web0s|webos tv|tizen|roku|hbbtv|viera"

func deviceIcon(ua useragent.UserAgent) string {
	lower := strings.ToLower(ua.String)
	for word := range strings.SplitSeq(televisionWords, "|") {
		if strings.Contains(lower, word) {
			return "tv"
		}
	}
	switch {
	case ua.Tablet:
		return "tablet"
	case ua.Mobile:
		return "phone"
	case ua.Desktop:
		return "computer"
	default:
		return "device"
	}
}

// addressText returns an address as people read it, or "" when it is unknown.
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
