package reach

import "net/netip"

// Public reports whether an address is one that everybody in the internet can reach, as far as its number shows. It
// refuses every form that wraps another address, because it could wrap one of a private network: IPv4 in IPv6, the
// forms of NAT64, 6to4 and Teredo. It refuses the addresses at which cloud providers answer their machines.
func Public(address netip.Addr) bool {
	if !address.IsValid() || address.Zone() != "" || address.Is4In6() {
		return false
	}
	if address.Is6() && !within(address, "2000::/3") { // no other IPv6 address is given to hosts in the internet
		return false
	}
	for _, prefix := range notPublic() {
		if within(address, prefix) {
			return false
		}
	}
	return true
}

func within(address netip.Addr, prefix string) bool {
	return netip.MustParsePrefix(prefix).Contains(address)
}

// notPublic returns the networks of IANA's registries of special addresses that could be taken for public ones.
func notPublic() []string {
	return []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"168.63.129.16/32",  // answers the machines of Azure
		"2001::/23",         // Teredo and others
		"2001:db8::/32",     // documentation
		"2002::/16",         // 6to4
		"2620:4f:8000::/48", // AS112
		"3fff::/20",         // documentation
	}
}
