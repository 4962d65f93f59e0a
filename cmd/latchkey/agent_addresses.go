package main

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// addresses returns the addresses that the agent reports. port is the port at which the agent
// itself serves the builtin media server, or 0 if it does not serve one.
func (p *agentProgram) addresses(port int) agent.Addresses {
	s := p.settings
	all := agent.Addresses{
		Configured: s.Addresses, Port: port, LAN: s.ReportLAN, WAN: s.ReportWAN, Interfaces: agent.MachineAddresses,
	}
	if s.MediaServer == config.MediaServerBuiltin && s.MediaServerURL == "" {
		all.Own = true
		host, _, err := net.SplitHostPort(s.Listen)
		if address, failed := netip.ParseAddr(host); err == nil && (host == "localhost" || failed == nil && address.IsLoopback()) {
			all.LAN, all.WAN = false, false // other machines cannot reach it
		}
		return all
	}
	u, err := url.Parse(s.MediaServerURL)
	if err != nil {
		return all // the settings were checked
	}
	all.Port, all.Path = portOf(u), u.EscapedPath()
	switch address, err := netip.ParseAddr(u.Hostname()); {
	case u.Hostname() == "localhost", err == nil && address.IsLoopback():
	case err == nil: // the media server is on another machine
		all.Interfaces = func() ([]agent.InterfaceAddress, error) { return []agent.InterfaceAddress{{Address: address}}, nil }
	default: // a host name, perhaps of a container: other machines may not know it
		all.LAN = false
	}
	return all
}

// portOf returns the port of a URL, even if the URL leaves it out because it is the usual one of
// the scheme.
func portOf(u *url.URL) int {
	if port, err := strconv.Atoi(u.Port()); err == nil {
		return port
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// toward returns the address of the media server for a caller in the home network whose own address
// is from. It returns "" if there is no way to that caller.
func (p *agentProgram) toward(ctx context.Context, from netip.AddrPort, port int) string {
	if u, err := url.Parse(p.settings.MediaServerURL); err == nil && u.Host != "" {
		if address, err := netip.ParseAddr(u.Hostname()); err != nil && u.Hostname() != "localhost" || err == nil && !address.IsLoopback() {
			return u.String()
		}
	}
	// Opening this connection sends nothing. It only shows which interface packets would use.
	connection, err := (&net.Dialer{}).DialContext(ctx, "udp", from.String())
	if err != nil {
		return ""
	}
	defer func() { _ = connection.Close() }()
	host, _, err := net.SplitHostPort(connection.LocalAddr().String())
	if err != nil {
		return ""
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port)) + pathOf(p.settings.MediaServerURL)
}

// pathOf returns the escaped path of an address, such as "/jellyfin", or "".
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "" // the settings were checked
	}
	return u.EscapedPath()
}

// below makes routes also answer below the path of the media server and below the path of each
// address at which people reach it, because a proxy in front of the agent may not remove that path
// from the requests.
func (p *agentProgram) below(routes *embywire.Routes) {
	for _, base := range p.bases() {
		routes.Below(base)
	}
}

// bases returns the escaped paths below which people reach the media server.
func (p *agentProgram) bases() (paths []string) {
	for _, address := range append([]string{p.settings.MediaServerURL}, p.settings.Addresses...) {
		if path := pathOf(address); path != "" && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// shownAddresses returns the function from which the builtin media server gets its own addresses.
func (p *agentProgram) shownAddresses(publicURL func() string) func() (local, remote []string) {
	return func() (local, remote []string) {
		if own := publicURL(); own != "" {
			local = []string{own}
		}
		return local, p.settings.Addresses
	}
}
