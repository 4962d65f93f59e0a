package models

import "net/netip"

// networksOf are the networks by which an address is counted: the one its owner
// surely holds alone (IPv4 /32, IPv6 /64), and the one around it (/24, /48). An
// unknown address is "" twice: all of them share one bucket.
func networksOf(address string) (near, far string) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "", ""
	}
	ip = ip.Unmap().WithZone("")
	nearBits, farBits := 64, 48
	if ip.Is4() {
		nearBits, farBits = 32, 24
	}
	return prefix(ip, nearBits), prefix(ip, farBits)
}

func prefix(ip netip.Addr, bits int) string {
	p, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
