package main

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// addresses returns the addresses that the agent reports. port is where the agent
// itself serves the builtin media server, or 0 if it does not.
func (p *agentProgram) addresses(port int) agent.Addresses {
	s := p.settings
	all := agent.Addresses{
		Configured: s.Addresses, Port: port, LAN: s.ReportLAN, WAN: s.ReportWAN, Interfaces: agent.MachineAddresses,
	}
	if s.MediaServer == config.MediaServerBuiltin && s.MediaServerURL == "" {
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
	default: // a name, perhaps of a container: its meaning on other machines is unknown
		all.LAN = false
	}
	return all
}

// portOf returns the port of a URL, also if it is the usual one of the scheme.
func portOf(u *url.URL) int {
	if port, err := strconv.Atoi(u.Port()); err == nil {
		return port
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// toward returns the address of the media server for a caller whose address in the
// home network is from. It returns "" if no address leads there.
func (p *agentProgram) toward(ctx context.Context, from netip.AddrPort, port int) string {
	if u, err := url.Parse(p.settings.MediaServerURL); err == nil && u.Host != "" {
		if address, err := netip.ParseAddr(u.Hostname()); err != nil && u.Hostname() != "localhost" || err == nil && !address.IsLoopback() {
			return u.String()
		}
	}
	// Nothing is sent: opening the connection only shows which interface a packet
	// would leave by.
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

// below makes routes answer below the path of the media server and of each address at
// which people reach it, too, because a proxy in front of the agent may not remove the
// path from the requests.
func (p *agentProgram) below(routes *embywire.Routes) {
	routes.Below(pathOf(p.settings.MediaServerURL))
	for _, address := range p.settings.Addresses {
		routes.Below(pathOf(address))
	}
}

// shownAddresses returns a function that the builtin media server asks for its
// own addresses.
func (p *agentProgram) shownAddresses(publicURL func() string) func() (local, remote []string) {
	return func() (local, remote []string) {
		if own := publicURL(); own != "" {
			local = []string{own}
		}
		return local, p.settings.Addresses
	}
}
