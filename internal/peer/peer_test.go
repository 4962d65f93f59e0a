package peer_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/latchkey-media/latchkey/internal/peer"
)

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// textOf returns an address as text, "" if it is unknown.
func textOf(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}

func TestAddress(t *testing.T) {
	t.Parallel()
	one := prefixes("10.0.0.1/32")
	two := prefixes("10.0.0.1/32", "10.0.0.2/32")
	inner := prefixes("10.0.0.0/8", "fd00::/8")
	for name, test := range map[string]struct {
		remote  string
		forward []string
		trusted []netip.Prefix
		want    string // "" for unknown
	}{
		"no proxy, no header":                 {"203.0.113.9:5000", nil, nil, "203.0.113.9"},
		"no proxy, the header of a stranger":  {"203.0.113.9:5000", []string{"6.6.6.6"}, nil, "203.0.113.9"},
		"a stranger beside a trusted proxy":   {"203.0.113.9:5000", []string{"6.6.6.6"}, one, "203.0.113.9"},
		"a proxy":                             {"10.0.0.1:5000", []string{"203.0.113.9"}, one, "203.0.113.9"},
		"a proxy that says nothing":           {"10.0.0.1:5000", nil, one, "10.0.0.1"},
		"the client wrote the first hop":      {"10.0.0.1:5000", []string{"6.6.6.6, 203.0.113.9"}, one, "203.0.113.9"},
		"the client wrote a trusted hop":      {"10.0.0.1:5000", []string{"10.0.0.1, 203.0.113.9"}, one, "203.0.113.9"},
		"two headers are one list":            {"10.0.0.1:5000", []string{"6.6.6.6", "203.0.113.9"}, one, "203.0.113.9"},
		"two proxies":                         {"10.0.0.1:5000", []string{"203.0.113.9, 10.0.0.2"}, two, "203.0.113.9"},
		"the second proxy is not trusted":     {"10.0.0.1:5000", []string{"203.0.113.9, 10.0.0.2"}, one, "10.0.0.2"},
		"with a port":                         {"10.0.0.1:5000", []string{"203.0.113.9:443"}, one, "203.0.113.9"},
		"IPv6":                                {"10.0.0.1:5000", []string{"2001:db8::9"}, one, "2001:db8::9"},
		"IPv6 in brackets":                    {"10.0.0.1:5000", []string{"[2001:db8::9]"}, one, "2001:db8::9"},
		"IPv6 with a port":                    {"10.0.0.1:5000", []string{"[2001:db8::9]:443"}, one, "2001:db8::9"},
		"IPv6 with a zone":                    {"10.0.0.1:5000", []string{"fe80::9%eth0"}, one, "fe80::9"},
		"the proxy is IPv4 in IPv6":           {"[::ffff:10.0.0.1]:5000", []string{"203.0.113.9"}, one, "203.0.113.9"},
		"a hop is IPv4 in IPv6":               {"10.0.0.1:5000", []string{"::ffff:203.0.113.9"}, one, "203.0.113.9"},
		"no address":                          {"10.0.0.1:5000", []string{"' OR 1=1"}, one, "10.0.0.1"},
		"no address at the right":             {"10.0.0.1:5000", []string{"203.0.113.9, junk"}, one, "10.0.0.1"},
		"no address behind a proxy":           {"10.0.0.1:5000", []string{"junk, 10.0.0.2"}, two, "10.0.0.2"},
		"an empty header":                     {"10.0.0.1:5000", []string{""}, one, "10.0.0.1"},
		"only commas":                         {"10.0.0.1:5000", []string{",,"}, one, "10.0.0.1"},
		"all hops are trusted":                {"10.0.0.1:5000", []string{"10.9.9.9, 10.0.0.44"}, inner, "10.9.9.9"},
		"a unix socket":                       {"@", []string{"6.6.6.6"}, inner, ""},
		"nothing is known of the other end":   {"", []string{"6.6.6.6"}, inner, ""},
		"another address is not in the range": {"11.0.0.1:5000", []string{"6.6.6.6"}, inner, "11.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{
				"X-Real-Ip": {"6.6.6.6"}, "Forwarded": {"for=6.6.6.6"}, "X-Client-Ip": {"6.6.6.6"}, "Cf-Connecting-Ip": {"6.6.6.6"},
			}
			for _, value := range test.forward {
				header.Add("X-Forwarded-For", value)
			}
			address, home := peer.Address(test.remote, header, test.trusted)
			if got := textOf(address); got != test.want {
				t.Errorf("address %q, want %q", got, test.want)
			}
			if home && !peer.AtHome(address) {
				t.Errorf("%v is at home", address)
			}
		})
	}
}

// A caller is at home only if that is certain.
func TestAddressAtHome(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		remote string
		header http.Header
		want   bool
	}{
		"from the internet":                     {"203.0.113.5:1", nil, false},
		"from home":                             {"192.168.1.2:1", nil, true},
		"from home, IPv6":                       {"[fe80::2%eth0]:1", nil, true},
		"a stranger says that they are at home": {"203.0.113.5:1", http.Header{"X-Forwarded-For": {"192.168.1.2"}}, false},
		"a proxy at home that is not trusted":   {"192.168.1.2:1", http.Header{"X-Forwarded-For": {"192.168.1.3"}}, false},
		"through a proxy, from home":            {"127.0.0.1:1", http.Header{"X-Forwarded-For": {"192.168.1.2"}}, true},
		"through a proxy, from the internet":    {"127.0.0.1:1", http.Header{"X-Forwarded-For": {"203.0.113.5"}}, false},
		"through a second, unknown proxy":       {"127.0.0.1:1", http.Header{"X-Forwarded-For": {"192.168.1.2, 10.8.1.1"}}, false},
		"a hop that is no address":              {"127.0.0.1:1", http.Header{"X-Forwarded-For": {"unknown"}}, false},
		"a proxy that names nobody":             {"127.0.0.1:1", http.Header{"X-Forwarded-Proto": {"https"}}, false},
		"a proxy with another header":           {"127.0.0.1:1", http.Header{"Forwarded": {"for=192.168.1.2"}}, false},
		"a mark after an empty header":          {"127.0.0.1:1", http.Header{"Via": {"", "1.1 proxy"}}, false},
		"a real address that only a header has": {"127.0.0.1:1", http.Header{"X-Real-Ip": {"192.168.1.2"}}, false},
		"a unix socket":                         {"@", nil, false},
	} {
		if _, got := peer.Address(test.remote, test.header, prefixes("127.0.0.1/32")); got != test.want {
			t.Errorf("%s: at home %v, want %v", name, got, test.want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"203.0.113.9", "10.0.0.1, junk", "[::1]:80", "%", "[[", "::%x", "1.2.3.4:99999"} {
		f.Add(seed)
	}
	trusted := prefixes("10.0.0.1/32")
	f.Fuzz(func(t *testing.T, forwarded string) {
		got, _ := peer.Address("10.0.0.1:5000", http.Header{"X-Forwarded-For": {forwarded}}, trusted)
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("%q: address %v, want one without a zone that is not IPv4 in IPv6", forwarded, got)
		}
	})
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"192.0.2.1":            {"192.0.2.1/32", "192.0.2.0/24"},
		"::ffff:192.0.2.1":     {"192.0.2.1/32", "192.0.2.0/24"},
		"127.0.0.1":            {"127.0.0.1/32", "127.0.0.0/24"},
		"2001:db8:1:2:3:4:5:6": {"2001:db8:1:2::/64", "2001:db8:1::/48"},
		"fe80::1%eth0":         {"fe80::/64", "fe80::/48"},
	} {
		address := netip.MustParseAddr(text)
		if got := [2]string{peer.Network(address).String(), peer.Neighbourhood(address).String()}; got != want {
			t.Errorf("%s: networks %q, want %q", text, got, want)
		}
	}
	if got := peer.Network(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("unknown address: network %v, want the zero Prefix", got)
	}
}

func TestAtHome(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"192.168.1.2": true, "10.1.2.3": true, "172.16.1.1": true, "fd00::1": true, "fe80::1": true, "169.254.1.1": true, "127.0.0.1": true, "::1": true,
		"203.0.113.5": false, "2001:db8::1": false, "100.64.1.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false,
	} {
		if got := peer.AtHome(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is at home: %v, want %v", text, got, want)
		}
	}
}
