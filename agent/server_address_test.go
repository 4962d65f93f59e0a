package agent_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

func TestAddressesToReport(t *testing.T) {
	t.Parallel()
	machine := []agent.InterfaceAddress{}
	for _, one := range [][2]string{
		{"192.168.1.2", "eth0"},
		{"fd00::2", "eth0"},
		{"fe80::1%eth0", "eth0"},
		{"2001:db8::5", "eth0"},
		{"169.254.1.1", "eth0"},
		{"172.17.0.1", "docker0"},
		{"172.18.0.1", "br-0a1b"},
		{"10.9.0.3", "veth12"},
		{"192.168.122.1", "virbr0"},
		{"100.101.102.103", "tailscale0"},
		{"100.64.0.7", "eth1"},
		{"10.8.0.2", "tun0"},
		{"10.7.0.2", "wg0"},
		{"203.0.113.4", "eth0"},
		{"10.0.0.9", "bridge0"},
		{"192.168.1.2", "eth0"},
		{"::ffff:192.168.9.9", "wlan0"},
	} {
		machine = append(machine, agent.InterfaceAddress{Address: netip.MustParseAddr(one[0]), Interface: one[1]})
	}
	found := []client.Address{
		{Kind: "lan", URL: "http://192.168.1.2:8096"},
		{Kind: "vpn", URL: "http://100.101.102.103:8096"},
		{Kind: "vpn", URL: "http://100.64.0.7:8096"},
		{Kind: "vpn", URL: "http://10.8.0.2:8096"},
		{Kind: "vpn", URL: "http://10.7.0.2:8096"},
		{Kind: "lan", URL: "http://10.0.0.9:8096"},
		{Kind: "lan", URL: "http://192.168.9.9:8096"},
		{Kind: "lan", URL: "http://[fd00::2]:8096"}, // last: apps show the first address
	}
	for name, test := range map[string]struct {
		set    func(*agent.Addresses)
		seenAs string
		want   []client.Address
	}{
		"interfaces": {func(*agent.Addresses) {}, "", found},
		"seen as":    {func(*agent.Addresses) {}, "198.51.100.7", append(slices.Clip(found), client.Address{Kind: "wan", URL: "http://198.51.100.7:8096"})},
		"seen as v6": {func(o *agent.Addresses) { o.LAN = false }, "2001:db8:1::1", []client.Address{{Kind: "wan", URL: "http://[2001:db8:1::1]:8096"}}},
		"wan off":    {func(o *agent.Addresses) { o.WAN, o.LAN = false, false }, "198.51.100.7", nil},
		"at home":    {func(o *agent.Addresses) { o.LAN = false }, "192.168.1.1", nil},
		"shared":     {func(o *agent.Addresses) { o.LAN = false }, "100.64.3.4", nil},
		"loopback":   {func(o *agent.Addresses) { o.LAN = false }, "127.0.0.1", nil},
		"garbage":    {func(o *agent.Addresses) { o.LAN = false }, "somewhere", nil},
		"configured": {
			func(o *agent.Addresses) {
				o.LAN, o.Configured = false, []string{"https://den.example.org", "http://192.168.3.4:8096", "https://198.51.100.9", "nonsense", "https://den.example.org"}
			},
			"198.51.100.7",
			[]client.Address{
				{Kind: "wan", URL: "https://den.example.org"},
				{Kind: "lan", URL: "http://192.168.3.4:8096"},
				{Kind: "wan", URL: "https://198.51.100.9"},
			},
		},
		"below a path": {
			func(o *agent.Addresses) {
				o.Path, o.Configured = "/jellyfin", []string{"http://192.168.3.4:8096/films"}
				o.Interfaces = func() ([]agent.InterfaceAddress, error) { return slices.Clone(machine[:2]), nil }
			},
			"198.51.100.7",
			[]client.Address{
				{Kind: "lan", URL: "http://192.168.3.4:8096/films"},
				{Kind: "lan", URL: "http://192.168.1.2:8096/jellyfin"},
				{Kind: "lan", URL: "http://[fd00::2]:8096/jellyfin"},
				{Kind: "wan", URL: "http://198.51.100.7:8096/jellyfin"},
			},
		},
		"broken": {func(o *agent.Addresses) {
			o.Interfaces = func() ([]agent.InterfaceAddress, error) { return nil, errors.New("no") }
		}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := agent.Options{Addresses: agent.Addresses{Port: 8096, LAN: true, WAN: true, Interfaces: func() ([]agent.InterfaceAddress, error) { return slices.Clone(machine), nil }}}
			test.set(&o.Addresses)
			d := &deployment{t: t, path: t.TempDir() + "/a.db", site: &servicetest.Service{Clock: modelstest.NewClock()}, log: &servicetest.Log{}}
			o.Now, o.Log = d.site.Clock.Now, d.log.Logger()
			d.options = o
			d.open()
			defer func() { _ = d.store.Close() }()
			if diff := cmp.Diff(test.want, d.AddressesFor(t.Context(), test.seenAs)); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMachineAddresses(t *testing.T) {
	t.Parallel()
	for _, one := range must(agent.MachineAddresses())(t) {
		if !one.Address.IsValid() || one.Interface == "" || one.Address.IsLoopback() {
			t.Errorf("address %+v, want a valid one of a named interface, not loopback", one)
		}
	}
}
