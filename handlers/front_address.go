package handlers

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddress is who asks: the peer, or whom a trusted proxy names. It is
// the zero Addr when the peer has none, as with a unix socket. Exactly one
// header counts, X-Forwarded-For; it is read from the right, where the
// proxies that we trust wrote, and never past the first hop that is none.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	address, ok := parseHop(r.RemoteAddr)
	if !ok {
		return netip.Addr{}
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isTrusted(address, trusted); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break // the last hop that made sense answers for it
		}
		address = hop
	}
	return address
}

// parseHop reads an address with or without a port.
func parseHop(text string) (netip.Addr, bool) {
	if hop, err := netip.ParseAddrPort(text); err == nil {
		return hop.Addr().Unmap().WithZone(""), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimSuffix(inner, "]")
	}
	hop, err := netip.ParseAddr(text)
	return hop.Unmap().WithZone(""), err == nil
}

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	for _, prefix := range trusted {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}
