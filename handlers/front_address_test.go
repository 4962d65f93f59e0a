package handlers

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestClientAddress(t *testing.T) {
	t.Parallel()
	one := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
	two := append(one, netip.MustParsePrefix("10.0.0.2/32"))
	inner := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct {
		name    string
		remote  string
		forward []string
		trusted []netip.Prefix
		want    string // "" for unknown
	}{
		{"nobody trusted, no header", "203.0.113.9:5000", nil, nil, "203.0.113.9"},
		{"nobody trusted, header of a stranger", "203.0.113.9:5000", []string{"6.6.6.6"}, nil, "203.0.113.9"},
		{"stranger beside a trusted proxy", "203.0.113.9:5000", []string{"6.6.6.6"}, one, "203.0.113.9"},
		{"proxy", "10.0.0.1:5000", []string{"203.0.113.9"}, one, "203.0.113.9"},
		{"proxy that says nothing", "10.0.0.1:5000", nil, one, "10.0.0.1"},
		{"client wrote the first hop", "10.0.0.1:5000", []string{"6.6.6.6, 203.0.113.9"}, one, "203.0.113.9"},
		{"client wrote a trusted hop", "10.0.0.1:5000", []string{"10.0.0.1, 203.0.113.9"}, one, "203.0.113.9"},
		{"two headers are one list", "10.0.0.1:5000", []string{"6.6.6.6", "203.0.113.9"}, one, "203.0.113.9"},
		{"two proxies", "10.0.0.1:5000", []string{"203.0.113.9, 10.0.0.2"}, two, "203.0.113.9"},
		{"second proxy is not trusted", "10.0.0.1:5000", []string{"203.0.113.9, 10.0.0.2"}, one, "10.0.0.2"},
		{"with a port", "10.0.0.1:5000", []string{"203.0.113.9:443"}, one, "203.0.113.9"},
		{"IPv6", "10.0.0.1:5000", []string{"2001:db8::9"}, one, "2001:db8::9"},
		{"IPv6 in brackets", "10.0.0.1:5000", []string{"[2001:db8::9]"}, one, "2001:db8::9"},
		{"IPv6 with a port", "10.0.0.1:5000", []string{"[2001:db8::9]:443"}, one, "2001:db8::9"},
		{"IPv6 with a zone", "10.0.0.1:5000", []string{"fe80::9%eth0"}, one, "fe80::9"},
		{"IPv4 dressed as IPv6 peer", "[::ffff:10.0.0.1]:5000", []string{"203.0.113.9"}, one, "203.0.113.9"},
		{"IPv4 dressed as IPv6 hop", "10.0.0.1:5000", []string{"::ffff:203.0.113.9"}, one, "203.0.113.9"},
		{"junk", "10.0.0.1:5000", []string{"' OR 1=1"}, one, "10.0.0.1"},
		{"junk at the right", "10.0.0.1:5000", []string{"203.0.113.9, junk"}, one, "10.0.0.1"},
		{"junk behind a proxy", "10.0.0.1:5000", []string{"junk, 10.0.0.2"}, two, "10.0.0.2"},
		{"empty", "10.0.0.1:5000", []string{""}, one, "10.0.0.1"},
		{"only commas", "10.0.0.1:5000", []string{",,"}, one, "10.0.0.1"},
		{"all hops trusted", "10.0.0.1:5000", []string{"10.9.9.9, 10.0.0.44"}, inner, "10.9.9.9"},
		{"unix socket", "@", []string{"6.6.6.6"}, inner, ""},
		{"no peer", "", []string{"6.6.6.6"}, inner, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{
				"X-Real-Ip": {"6.6.6.6"}, "Forwarded": {"for=6.6.6.6"}, "X-Client-Ip": {"6.6.6.6"}, "Cf-Connecting-Ip": {"6.6.6.6"},
			}}
			for _, value := range tt.forward {
				r.Header.Add("X-Forwarded-For", value)
			}
			if got := addressText(clientAddress(r, tt.trusted)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzClientAddress(f *testing.F) {
	for _, seed := range []string{"203.0.113.9", "10.0.0.1, junk", "[::1]:80", "%", "[[", "::%x", "1.2.3.4:99999"} {
		f.Add(seed)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{RemoteAddr: "10.0.0.1:5000", Header: http.Header{"X-Forwarded-For": {header}}}
		got := clientAddress(r, trusted)
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("%q: %v", header, got)
		}
	})
}
