package agent

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/client"
)

// InterfaceAddress is an address of a network interface of this machine.
type InterfaceAddress struct {
	Address   netip.Addr
	Interface string // name of the interface
}

// MachineAddresses returns the addresses of this machine's interfaces that are
// up. It serves as Addresses.Interfaces.
func MachineAddresses() ([]InterfaceAddress, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list the interfaces: %w", err)
	}
	var list []InterfaceAddress
	for _, one := range interfaces {
		if one.Flags&net.FlagUp == 0 || one.Flags&net.FlagLoopback != 0 {
			continue
		}
		addresses, err := one.Addrs()
		if err != nil {
			continue // the interface has just disappeared
		}
		for _, address := range addresses {
			if prefix, err := netip.ParsePrefix(address.String()); err == nil {
				list = append(list, InterfaceAddress{prefix.Addr(), one.Name})
			}
		}
	}
	return list, nil
}

// Kinds of addresses.
const (
	kindLAN = "lan"
	kindVPN = "vpn"
	kindWAN = "wan"
)

// addressesMost is the greatest number of addresses in a report. The service does not store
// more.
const addressesMost = 20

// addressesToReport returns the addresses for a report, the best of each kind first. The
// parameter seenAs is the address from which the service sees this machine, or "".
func (c *core) addressesToReport(ctx context.Context, seenAs string) []client.Address {
	list := addressList{seen: map[string]bool{}}
	for _, configured := range c.opt.Addresses.Configured {
		list.add(kindOfURL(configured), configured)
	}
	if c.opt.Addresses.LAN && c.opt.Addresses.Interfaces != nil {
		found, err := c.opt.Addresses.Interfaces()
		if err != nil {
			c.trouble.begin(ctx, troubleInterfaces, "the addresses of this machine cannot be read: set addresses in the agent's settings",
				slog.String("cause", err.Error()))
		} else {
			c.trouble.end(ctx, troubleInterfaces)
		}
		// IPv4 comes first, because some clients show only one address, and people know
		// IPv4 addresses better.
		slices.SortStableFunc(found, func(x, y InterfaceAddress) int {
			return cmp.Compare(x.Address.Unmap().BitLen(), y.Address.Unmap().BitLen())
		})
		for _, one := range found {
			list.add(kindOfInterface(one), c.urlOf(one.Address))
		}
	}
	// If the owner has configured an address for use from outside, the bare IP address is
	// not added. Its only effect would be that devices send their access keys to it without
	// encryption.
	if outside, err := netip.ParseAddr(seenAs); err == nil && c.opt.Addresses.WAN && !list.has(kindWAN) && isGlobal(outside) {
		list.add(kindWAN, c.urlOf(outside))
	}
	return list.list
}

// urlOf returns the URL of the media server at address.
func (c *core) urlOf(address netip.Addr) string {
	return "http://" + net.JoinHostPort(address.Unmap().WithZone("").String(), strconv.Itoa(c.opt.Addresses.Port)) + c.opt.Addresses.Path
}

// addressList gathers addresses and leaves out repeated ones.
type addressList struct {
	list []client.Address
	seen map[string]bool
}

func (l *addressList) add(kind, address string) {
	if kind == "" || l.seen[address] || len(l.list) == addressesMost {
		return
	}
	l.seen[address] = true
	l.list = append(l.list, client.Address{Kind: kind, URL: address})
}

func (l *addressList) has(kind string) bool {
	for _, one := range l.list {
		if one.Kind == kind {
			return true
		}
	}
	return false
}

// kindOfURL returns the kind of an address that the admin has configured. A name
// or a public IP address is for outside. It returns "" if text is not a URL.
func kindOfURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return ""
	}
	address, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return kindWAN
	}
	if kind := kindOfAddress(address); kind != "" {
		return kind
	}
	return kindWAN
}

// kindOfInterface returns the kind of an address of this machine. It returns "" for an
// address that is useless to other machines: one in the network of a container, one that is
// valid only on this network link, or one that changes from day to day.
func kindOfInterface(one InterfaceAddress) string {
	name := strings.ToLower(one.Interface)
	for _, inner := range []string{
		"docker", "br-", "veth", "virbr", "vnet", "lxc", "lxd", "cni", "flannel", "cali", "podman", "vmnet", "vbox", "kube", "dummy",
	} {
		if strings.HasPrefix(name, inner) {
			return ""
		}
	}
	kind := kindOfAddress(one.Address)
	if kind == "" {
		return ""
	}
	for _, tunnel := range []string{"tun", "tap", "wg", "tailscale", "utun", "ppp", "zt", "nebula"} {
		if strings.HasPrefix(name, tunnel) {
			return kindVPN
		}
	}
	return kind
}

// kindOfAddress returns the kind of a private address, and "" for any other.
func kindOfAddress(address netip.Addr) string {
	address = address.Unmap()
	switch {
	case sharedSpace().Contains(address):
		return kindVPN
	case address.IsPrivate():
		return kindLAN
	default:
		return ""
	}
}

// sharedSpace returns the range of addresses that providers and some VPNs share
// (RFC 6598).
func sharedSpace() netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10) }

// isGlobal reports whether address can be reached from everywhere.
func isGlobal(address netip.Addr) bool {
	return address.IsGlobalUnicast() && kindOfAddress(address) == "" && address.Zone() == ""
}
