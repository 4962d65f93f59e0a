package connect

import (
	"net/http"
	"net/netip"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// Refuse makes an answer of an error of the agent.
func Refuse(err error) error { return refuse(err) }

// Pending is how pending links are listed.
func Pending(links []agent.Link) any { return guestsOf(links) }

// DeviceOf is the device of a request that says little.
func DeviceOf(userAgent string, address netip.Addr, account, name string) mediaserver.Device {
	r := &http.Request{Header: http.Header{"User-Agent": {userAgent}}}
	return deviceOf(&wire.Request{Request: r, Identity: embywire.Identity{Device: name}, Address: address}, account)
}
