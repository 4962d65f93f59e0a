package models

import (
	"net/netip"

	"github.com/latchkey-media/latchkey/internal/peer"
)

// networksOf returns the networks by which a caller with this address is counted: near is the
// network that the caller surely has alone ("192.0.2.1/32", "2001:db8::/64"), and far is the
// network around near (/24, /48). Both are "" for an unknown address, so that all unknown addresses
// are counted as one address.
func networksOf(address string) (near, far string) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "", ""
	}
	return peer.Network(ip).String(), peer.Neighbourhood(ip).String()
}
