package database_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/models/modelstest"
)

// proxy stands between a program and its MySQL server, and can be stopped.
type proxy struct {
	t        *testing.T
	server   string
	listener net.Listener
	done     sync.WaitGroup

	mu    sync.Mutex
	open  []net.Conn
	deaf  bool   // everything that the client sends is lost
	full  bool   // no statement is prepared: the client is told that the server has as many as it keeps
	cutAt []byte // the server's answer to a message with these bytes is lost, with the connection
}

// newProxy returns a proxy and the address of an empty database behind it.
func newProxy(t *testing.T) (p *proxy, address string) {
	t.Helper()
	u, err := url.Parse(modelstest.MySQL(t))
	if err != nil {
		t.Fatal(err)
	}
	p = &proxy{t: t, server: u.Host}
	p.start("127.0.0.1:0")
	t.Cleanup(p.stop)
	u.Host = p.listener.Addr().String()
	return p, u.String()
}

func (p *proxy) start(at string) {
	p.t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", at)
	if err != nil {
		p.t.Fatal(err)
	}
	p.listener = listener
	p.done.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.done.Go(func() { p.join(client) })
		}
	})
}

// restart opens the port that stop closed.
func (p *proxy) restart() {
	p.t.Helper()
	p.start(p.listener.Addr().String())
}

// stop closes the port and breaks all connections.
func (p *proxy) stop() {
	_ = p.listener.Close()
	p.mu.Lock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.open = nil
	p.mu.Unlock()
	p.done.Wait()
}

func (p *proxy) set(change func(p *proxy)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// join copies bytes between a client and the server until one of them closes.
func (p *proxy) join(client net.Conn) {
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp", p.server)
	if err != nil {
		_ = client.Close()
		return
	}
	p.set(func(p *proxy) { p.open = append(p.open, client, server) })
	p.done.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			break
		}
		if p.loses(client, buffer[:n]) {
			continue
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			break
		}
	}
	_ = server.Close()
}

// loses reports whether the message said must not reach the server. If cutAt names the
// message, loses closes the client's connection before the server gets it.
func (p *proxy) loses(client net.Conn, said []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.cutAt) > 0 && bytes.Contains(said, p.cutAt) {
		p.cutAt = nil
		_ = client.Close()
		return false
	}
	if p.full && len(said) > 4 && said[4] == prepare {
		_, _ = client.Write(noRoom())
		return true
	}
	return p.deaf
}

// prepare is the command COM_STMT_PREPARE of MySQL's protocol. It follows the four bytes of a
// packet's head.
const prepare = 0x16

// noRoom returns the packet with the error 1461, ER_MAX_PREPARED_STMT_COUNT_REACHED.
func noRoom() []byte {
	text := append([]byte{0xff, 0xb5, 0x05}, "#42000Can't create more than max_prepared_stmt_count statements"...)
	return append([]byte{byte(len(text)), 0, 0, 1}, text...)
}
