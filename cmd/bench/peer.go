package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/internal/bench"
)

// peer is another service that somebody has built and started, to compare ours with it.
type peer struct {
	of      string // the name of the case that it answers
	program program
	path    string
	header  string // the name of the header with the token; "" for no token
}

// peers is the flag that names the peers.
type peers []peer

var errPeer = errors.New("want CASE|NAME|URL|HEADER: VALUE|PROCESS ID; the last two may be left out")

// String returns nothing: the flag has no default.
func (*peers) String() string { return "" }

// Set adds a peer.
func (p *peers) Set(text string) error {
	const least, most = 3, 5
	parts := strings.Split(text, "|")
	if len(parts) < least || len(parts) > most {
		return errPeer
	}
	parts = append(parts, "", "")
	address, err := url.Parse(parts[2])
	if err != nil || address.Scheme != "http" || address.Port() == "" {
		return fmt.Errorf("%w; the URL is http://HOST:PORT/PATH", errPeer)
	}
	one := peer{of: parts[0], path: address.RequestURI(), header: parts[3], program: program{name: parts[1], address: address.Host}}
	if parts[4] != "" {
		if one.program.pid, err = strconv.Atoi(parts[4]); err != nil {
			return errPeer
		}
	}
	*p = append(*p, one)
	return nil
}

// target returns the target for the case rt. It has no goal, because our service is compared with
// the peer and not the other way round.
func (p *peer) target(rt route) bench.Target {
	rt.request = func(b []byte, _ *rand.Rand) []byte {
		b = fmt.Appendf(b, "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n", http.MethodGet, p.path, p.program.address)
		if p.header != "" {
			b = append(b, p.header+"\r\n"...)
		}
		return append(b, "\r\n"...)
	}
	rt.want, rt.later = http.StatusOK, nil
	return rt.target(&p.program)
}
