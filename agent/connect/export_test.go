package connect

import (
	"net/http"
	"net/netip"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// Refuse returns the answer for an error of the agent.
func Refuse(err error) error { return refuse(err) }

// Pending returns pending links and invites of guests in the form that the protocol lists.
func Pending(links []agent.Link, invites []agent.Invite) any { return pendingGuests(links, invites) }

// DeviceOf returns the device that the server sees in a request with only these values.
func DeviceOf(userAgent string, address netip.Addr, account, name string) mediaserver.Device {
	r := &http.Request{Header: http.Header{"User-Agent": {userAgent}}}
	return deviceOf(&wire.Request{Request: r, Identity: embywire.Identity{Device: name}, Address: address}, account)
}
