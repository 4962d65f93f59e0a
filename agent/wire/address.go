package wire

import (
	"net/http"
	"net/netip"
	"strings"
)

// caller returns who asks, and whether they are known to be at home. It is the
// peer, or whom a trusted proxy names: X-Forwarded-For is read from the right,
// where the proxies that we trust wrote, and never past the first hop that is none.
//
// Where nobody whom we trust vouches for the whole way, nobody is at home: what
// stands before the first hop that we trust may be a proxy for the whole world.
func (k *Kit) caller(r *http.Request) (address netip.Addr, local bool) {
	address, ok := parseHop(r.RemoteAddr)
	if !ok {
		return netip.Addr{}, false
	}
	forwarded := r.Header.Values("X-Forwarded-For")
	if len(forwarded) == 0 {
		return address, atHome(address) && !cameThroughProxy(r.Header)
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	left := len(hops)
	for ; left > 0 && k.trusted(address); left-- {
		hop, ok := parseHop(strings.TrimSpace(hops[left-1]))
		if !ok {
			return address, false // the last hop that made sense answers for it
		}
		address = hop
	}
	return address, atHome(address) && left == 0
}

func (k *Kit) trusted(address netip.Addr) bool {
	for _, prefix := range k.TrustedProxies {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// cameThroughProxy reports whether some proxy left its mark.
func cameThroughProxy(header http.Header) bool {
	for _, name := range []string{"Forwarded", "Via", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-Ip", "Cf-Connecting-Ip"} {
		if header.Get(name) != "" {
			return true
		}
	}
	return false
}

func atHome(address netip.Addr) bool {
	return address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast()
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
