package main

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between the program and a database, and can cut the connections.
type proxy struct {
	t       *testing.T
	target  string
	address string

	mu       sync.Mutex
	listener net.Listener
	lines    map[net.Conn]struct{}
	silent   bool // whether it loses everything that is sent on old and new connections
	fuse     int  // the number of bytes after which every connection breaks; 0 for never
}

// behindProxy starts a proxy and returns the address at which the database is reached through it.
// The proxy stops when the test ends.
func behindProxy(t *testing.T, address string) (string, *proxy) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, target: u.Host, address: "127.0.0.1:0", lines: map[net.Conn]struct{}{}}
	p.restore()
	t.Cleanup(p.cut)
	u.Host = p.address
	return u.String(), p
}

// cut closes the port and every connection, as a server that ends does.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	for line := range p.lines {
		_ = line.Close()
	}
	clear(p.lines)
}

// hush keeps connections open and accepts new ones, but passes nothing on, as a broken network
// does, or a machine whose server is stopped.
func (p *proxy) hush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = true
}

// restore makes new connections work again. Connections that were silent stay dead.
func (p *proxy) restore() {
	p.t.Helper()
	p.cut()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent, p.listener, p.address = false, listener, listener.Addr().String()
	go func() {
		for {
			line, err := listener.Accept()
			if err != nil {
				return
			}
			go p.join(line)
		}
	}()
}

// breakAfter breaks every connection when n more bytes have passed, in both directions together.
// Connections that are opened after that work.
func (p *proxy) breakAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fuse = n
}

// burn subtracts n bytes that are about to pass from the fuse. It returns how many of them may
// still pass. If these are not all of them, it breaks every connection.
func (p *proxy) burn(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fuse == 0 {
		return n
	}
	if p.fuse > n {
		p.fuse -= n
		return n
	}
	n, p.fuse = p.fuse, 0
	for line := range p.lines {
		_ = line.Close()
	}
	clear(p.lines)
	return n
}

// join copies bytes between line and the target.
func (p *proxy) join(line net.Conn) {
	far, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = line.Close()
		return
	}
	p.mu.Lock()
	p.lines[line], p.lines[far] = struct{}{}, struct{}{}
	p.mu.Unlock()
	go p.carry(line, far)
	p.carry(far, line)
}

func (p *proxy) carry(from, to net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		silent := p.silent
		p.mu.Unlock()
		if silent {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		passing := p.burn(n)
		if _, failed := to.Write(buffer[:passing]); err != nil || failed != nil || passing < n {
			return
		}
	}
}
