package handlers

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/peer"
)

// seenAddress is how a request has arrived.
type seenAddress struct {
	origin   string // at which the browser sees the service
	secure   bool
	proxy    string // the address of the proxy that forwarded the request; "" for none
	noClient bool   // a proxy did not say for whom it forwards
}

// seeAddress says how the request has arrived. It believes the headers of any proxy, because who sets the service up checks what
// it says.
func seeAddress(r *http.Request) seenAddress {
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	first := func(name string) string {
		value, _, _ := strings.Cut(r.Header.Get(name), ",")
		return strings.TrimSpace(value)
	}
	if proto := strings.ToLower(first("X-Forwarded-Proto")); proto == "http" || proto == "https" {
		scheme = proto
	}
	if forwarded := first("X-Forwarded-Host"); forwarded != "" && !strings.ContainsAny(forwarded, "/?#@ ") {
		host = forwarded
	}
	seen := seenAddress{origin: scheme + "://" + strings.ToLower(host), secure: scheme == "https"}
	through := false
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via"} {
		through = through || r.Header.Get(name) != ""
	}
	if through {
		seen.proxy, _, _ = net.SplitHostPort(r.RemoteAddr)
		seen.noClient = r.Header.Get("X-Forwarded-For") == ""
	}
	return seen
}

// addressChecks says aloud what the service sees of its address.
func addressChecks(c *gin.Context, b Base, all []Setting) []setupCheck {
	seen := seeAddress(c.Request)
	checks := []setupCheck{{true, b.T("setup.check.seen", "Address", seen.origin)}}
	add := func(good bool, name string, pairs ...any) {
		checks = append(checks, setupCheck{good, b.T("setup.check."+name, pairs...)})
	}
	if public := settingText(all, "public-url"); public != "" {
		if bareOrigin(public) == bareOrigin(seen.origin) {
			add(true, "same")
		} else {
			add(false, "other", "Address", public)
		}
	}
	if !seen.secure {
		add(false, "plain")
	}
	switch {
	case seen.proxy == "":
		add(true, "direct")
	case seen.noClient:
		add(false, "no_client", "Proxy", seen.proxy)
	case !slices.ContainsFunc(trusting(all), func(text string) bool { return trusts(text, seen.proxy) }):
		add(false, "not_trusted", "Proxy", seen.proxy)
	default:
		add(true, "trusted", "Proxy", seen.proxy)
	}
	return checks
}

// trusting returns the proxies that the settings trust.
func trusting(all []Setting) []string {
	return strings.FieldsFunc(settingText(all, "trusted-proxies"), func(r rune) bool { return r == ',' || r == ' ' })
}

// trusts reports whether an address or a network has the address of a proxy.
func trusts(text, proxy string) bool {
	_, network, err := net.ParseCIDR(text)
	ip := net.ParseIP(proxy)
	if err != nil {
		return ip != nil && ip.Equal(net.ParseIP(text))
	}
	return ip != nil && network.Contains(ip)
}

// settingText returns the value of a setting as a form shows it.
func settingText(all []Setting, name string) string {
	for _, one := range all {
		if one.Name == name {
			return one.Text
		}
	}
	return ""
}

// bareOrigin returns an origin in lower case without the default port of its scheme.
func bareOrigin(origin string) string {
	scheme, host, _ := strings.Cut(strings.ToLower(origin), "://")
	return scheme + "://" + bareHost(host)
}

// proposeAddress makes the fields show what the service sees, where nothing is set yet.
func proposeAddress(c *gin.Context, all []Setting) {
	seen := seeAddress(c.Request)
	for i := range all {
		switch {
		case all[i].Text != "":
		case all[i].Name == "public-url":
			all[i].Text = seen.origin
		case all[i].Name == "trusted-proxies" && seen.proxy != "" && !seen.noClient:
			if address, _ := peer.Address(c.Request.RemoteAddr, nil, nil); address.IsValid() {
				all[i].Text = address.String()
			}
		}
	}
}
