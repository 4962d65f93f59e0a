// Package peer says who is at the other end of a request: the address of the caller, also behind
// proxies, whether the caller is at home, and the network by which a caller is counted.
package peer

import (
	"net/netip"
	"strings"
)

// Address returns the address of the caller, without a zone and never as IPv4 in IPv6. The address comes from remote,
// which is the other end of the connection ("203.0.113.9:5000"), or from the header that the trusted proxies have
// written; trusted lists their networks. It is the zero Addr if remote has no address, as with a unix socket.
//
// Only the header X-Forwarded-For counts. It is read from the right, where the trusted proxies wrote, and never past
// the first hop that is not trusted: everything before that hop may be a lie.
//
// home reports whether the caller is certainly in the home network. If the header is there, every hop on the way must
// be a trusted proxy: an unknown proxy in the home network may pass on requests from the internet.
func Address(remote string, header map[string][]string, trusted []netip.Prefix) (address netip.Addr, home bool) {
	address, ok := parseHop(remote)
	if !ok {
		return netip.Addr{}, false
	}
	forwarded := header["X-Forwarded-For"]
	if len(forwarded) == 0 {
		return address, AtHome(address) && !cameThroughProxy(header)
	}
	left, more := strings.Join(forwarded, ","), true
	for more && isTrusted(address, trusted) {
		comma := strings.LastIndexByte(left, ',')
		hop, ok := parseHop(strings.TrimSpace(left[comma+1:]))
		if !ok {
			return address, false // the last address that could be read is used instead
		}
		address = hop
		if more = comma >= 0; more {
			left = left[:comma]
		}
	}
	return address, AtHome(address) && !more
}

// AtHome reports whether an address is one of a home network: private, link-local or of this machine.
func AtHome(address netip.Addr) bool {
	return address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast()
}

// Network returns the network by which a caller with this address is counted. It is the part of the
// address that a caller cannot change at will: all of an IPv4 address, the upper half (/64) of an IPv6
// address. All unknown addresses have the zero Prefix, so that they are counted as one.
func Network(address netip.Addr) netip.Prefix { return network(address, 32, 64) }

// Neighbourhood returns the larger network around an address that may still belong to one caller: /24
// of an IPv4 address, /48 of an IPv6 address. It is the zero Prefix for an unknown address.
func Neighbourhood(address netip.Addr) netip.Prefix { return network(address, 24, 48) }

func network(address netip.Addr, bits4, bits6 int) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := bits6
	if address.Is4() {
		bits = bits4
	}
	around, err := address.Prefix(bits)
	if err != nil || !address.IsValid() {
		return netip.Prefix{}
	}
	return around
}

// cameThroughProxy reports whether the request has a header that proxies write.
func cameThroughProxy(header map[string][]string) bool {
	for _, name := range []string{"Forwarded", "Via", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-Ip", "Cf-Connecting-Ip"} {
		if strings.Join(header[name], "") != "" {
			return true
		}
	}
	return false
}

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	for _, prefix := range trusted {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// parseHop reads an address with or without a port. Most hops have no port, and so no colon.
func parseHop(text string) (netip.Addr, bool) {
	if !strings.Contains(text, ":") {
		hop, err := netip.ParseAddr(text)
		return hop, err == nil
	}
	if hop, err := netip.ParseAddrPort(text); err == nil {
		return hop.Addr().Unmap().WithZone(""), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimSuffix(inner, "]")
	}
	hop, err := netip.ParseAddr(text)
	return hop.Unmap().WithZone(""), err == nil
}
