// Package discovery answers apps in the home network that ask over UDP for media
// servers (docs/emby-connect.md §4.3).
package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/latchkey-media/latchkey/internal/peer"
)

// Options hold the settings of [Serve]. All are needed.
type Options struct {
	Listen string // ":7359"
	// Address returns the address at which a caller can reach the media server, such as
	// "http://192.168.1.2:8096", or "" for no answer. The parameter from is the caller's
	// address.
	Address  func(from netip.AddrPort) string
	ID, Name func() string // of the media server; while the id is "" nobody gets an answer
	Log      *slog.Logger
	Now      func() time.Time
}

// ErrBusy means that another program uses the port.
var ErrBusy = errors.New("another program, probably a media server, answers there already: " +
	"switch off its answers to apps in the home network, or the answers of the agent (discovery: off)")

// Serve answers until ctx ends, and then returns nil. It returns ErrBusy if the
// port is taken.
func Serve(ctx context.Context, o Options) error {
	var listening net.ListenConfig
	connection, err := listening.ListenPacket(ctx, "udp", o.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("discovery: listen at udp %s: %w", o.Listen, ErrBusy)
	case err != nil:
		return fmt.Errorf("discovery: listen: %w", err)
	}
	packets, ok := connection.(*net.UDPConn)
	if !ok {
		return fmt.Errorf("discovery: %s is no UDP", o.Listen)
	}
	return o.serve(ctx, packets)
}

// serve answers the questions that arrive at connection.
func (o *Options) serve(ctx context.Context, connection *net.UDPConn) error {
	stop := context.AfterFunc(ctx, func() { _ = connection.Close() })
	defer stop()
	defer func() { _ = connection.Close() }()
	limits := newLimits(o.Now)
	buffer := make([]byte, longestQuestion+1)
	broken := 0
	for {
		n, from, err := connection.ReadFromUDPAddrPort(buffer)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("discovery: read: %w", err)
		case err != nil: // for example, nobody has received an answer
			if broken++; broken > 100 {
				return fmt.Errorf("discovery: read: %w", err)
			}
			continue
		}
		broken = 0
		answer := o.answer(limits, buffer[:n], from)
		if answer == nil {
			continue
		}
		if _, err := connection.WriteToUDPAddrPort(answer, from); err != nil {
			o.Log.DebugContext(ctx, "an app in the home network was not answered", slog.Any("error", err))
		}
	}
}

// found is the answer to an app.
type found struct {
	Address         string  `json:"Address"`
	ID              string  `json:"Id"`
	Name            string  `json:"Name"`
	EndpointAddress *string `json:"EndpointAddress"`
}

// longestAnswer is the length in bytes of the longest answer that KODI can read.
const longestAnswer = 1024

// answer returns the answer to a datagram. It returns nil if the datagram is not
// the question, comes from outside the home network, or comes too often.
func (o *Options) answer(limits *limits, question []byte, from netip.AddrPort) []byte {
	source := from.Addr().Unmap()
	if !peer.AtHome(source) || from.Port() == 0 {
		return nil
	}
	if !asks(question) || !limits.allow(source.WithZone("")) {
		return nil
	}
	answer := found{Address: o.Address(netip.AddrPortFrom(source, from.Port())), ID: o.ID(), Name: o.Name()}
	if answer.Address == "" || answer.ID == "" {
		return nil
	}
	for {
		text, err := json.Marshal(answer)
		if err == nil && len(text) <= longestAnswer {
			return text
		}
		runes := []rune(answer.Name)
		if err != nil || len(runes) == 0 {
			return nil
		}
		answer.Name = string(runes[:len(runes)/2])
	}
}
