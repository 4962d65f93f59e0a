package servicetest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/latchkey-media/latchkey/internal/reach"
)

// Nowhere returns an asker for tries from outside that finds no name and opens no connection. A test that wants answers
// replaces its functions.
func Nowhere() *reach.Asker {
	return &reach.Asker{
		Resolve: func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such name") },
		Dial:    func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, errors.New("no network in tests") },
		May:     reach.Public, Now: time.Now, Patience: time.Minute,
	}
}
