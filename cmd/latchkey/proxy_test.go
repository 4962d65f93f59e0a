package main

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands before a database and takes it away.
type proxy struct {
	t       *testing.T
	target  string
	address string

	mu       sync.Mutex
	listener net.Listener
	lines    map[net.Conn]struct{}
	silent   bool // swallows what is said on lines old and new
}

// behindProxy returns the address of the database at address as it is reached
// through a proxy, which stops with the test.
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

// cut closes the port and breaks every line, as the end of a server does.
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

// hush lets lines stand and be opened and says nothing on them, as a network
// that has come apart does.
func (p *proxy) hush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = true
}

// restore makes all well again; lines that were hushed stay dead.
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

// join carries what is said between line and the target.
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
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}
