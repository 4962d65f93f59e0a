package mailer

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
)

// Plain says to which mail servers mail may go without TLS.
type Plain int

// The policies about mail without TLS.
const (
	PlainNowhere  Plain = iota // every mail travels over TLS
	PlainLoopback              // to a relay on this machine
	PlainPrivate               // to a relay on this machine or in a private network
)

// The errors for a mail server to which mail may not go without TLS. They are returned before a
// connection is opened, so the server has received nothing.
var (
	errNotLoopback = errors.New("smtp+plain:// sends without TLS, to this machine alone: " +
		"for a relay in your private network add ?network=private to mail-url, and for any other write smtp:// or smtps://")
	errNotPrivate = errors.New("smtp+plain:// sends without TLS, never over the internet: " +
		"the server's address is in no private network, so write smtp:// or smtps:// in mail-url")
)

// allows returns an error if mail may not go to address without TLS.
func (p Plain) allows(address netip.Addr) error {
	address = address.Unmap()
	shared := netip.MustParsePrefix("100.64.0.0/10") // overlay networks and internet providers use it for their own machines
	switch {
	case p == PlainNowhere, address.IsLoopback():
		return nil
	case p == PlainLoopback:
		return errNotLoopback
	case address.IsPrivate(), address.IsLinkLocalUnicast(), shared.Contains(address):
		return nil
	}
	return errNotPrivate
}

// control returns an error for an address to which mail may not go, before a connection is opened.
// It sees the IP address that a host name stands for, so a name cannot lead the mail out of the
// private network.
func (p Plain) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return p.allows(at.Addr())
}
