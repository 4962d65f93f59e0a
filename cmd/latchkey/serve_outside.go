package main

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/latchkey-media/latchkey/internal/reach"
	"github.com/latchkey-media/latchkey/models"
)

// outside returns what asks the addresses of servers from outside, or nil if the settings do not want that. It asks public
// addresses alone, and none of this machine.
func (p *program) outside() *reach.Asker {
	if p.settings.TryFromOutside != "on" {
		return nil
	}
	resolve, dial := reach.Direct()
	return &reach.Asker{
		Resolve: resolve, Dial: dial, May: reach.Public, Own: ownAddresses(p.settings.PublicURL, resolve, net.InterfaceAddrs), Now: p.now,
		Patience: models.TryTime - time.Second/2, // a try that says nothing ends later than every answer
	}
}

// ownAddresses returns a function that reports whether an address belongs to this machine: to one of its interfaces, or to
// the public name of the service, which may be that of a proxy in front of it.
func ownAddresses(
	publicURL string, resolve func(context.Context, string) ([]netip.Addr, error), interfaces func() ([]net.Addr, error),
) func(context.Context, netip.Addr) bool {
	host := ""
	if public, err := url.Parse(publicURL); err == nil {
		host = public.Hostname()
	}
	return func(ctx context.Context, address netip.Addr) bool {
		list, _ := interfaces() // without the interfaces, the public name still counts
		for _, one := range list {
			if prefix, err := netip.ParsePrefix(one.String()); err == nil && prefix.Addr().Unmap().WithZone("") == address {
				return true
			}
		}
		if literal, err := netip.ParseAddr(host); err == nil {
			return literal.Unmap() == address
		}
		named, _ := resolve(ctx, host+".")
		return slices.Contains(named, address)
	}
}
