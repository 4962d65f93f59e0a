package servicetest

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Bubble is a listener inside a bubble of testing/synctest. Its connections are pipes in memory, so
// that the time of the bubble passes while both ends wait. The time limits of a server that serves
// it have their effect, and a test of hours takes no real time.
type Bubble struct {
	accepted chan net.Conn
	closed   chan struct{}
	close    sync.Once
}

// NewBubble returns a listener for a server in the bubble of the caller.
func NewBubble() *Bubble {
	return &Bubble{accepted: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept returns the server's end of the next connection.
func (b *Bubble) Accept() (net.Conn, error) {
	select {
	case connection := <-b.accepted:
		return connection, nil
	case <-b.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Accept return an error from now on.
func (b *Bubble) Close() error {
	b.close.Do(func() { close(b.closed) })
	return nil
}

// Addr returns the address of the listener, which nobody can reach.
func (b *Bubble) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

// Dial returns the client's end of a new connection. Both ends have an address, because a server
// needs one.
func (b *Bubble) Dial() net.Conn {
	client, server := net.Pipe()
	b.accepted <- addressed{server}
	return client
}

// addressed is the server's end of a pipe, with the address of a client.
type addressed struct{ net.Conn }

func (addressed) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 50000}
}

// Ask sends a request that asks the server to close the connection afterwards. It returns the
// answer and how long that took.
func (b *Bubble) Ask(request string) (answer string, took time.Duration) {
	begun, connection := time.Now(), b.Dial()
	defer func() { _ = connection.Close() }()
	go func() { _, _ = io.WriteString(connection, request) }()
	text, _ := io.ReadAll(connection)
	return string(text), time.Since(begun)
}

// SlowClient describes a client that sends or reads slowly, and what the server must do with it.
type SlowClient struct {
	Begins string        // what it sends at once
	Then   string        // what it sends afterwards, byte by byte
	Pause  time.Duration // the wait before each of these bytes
	Mute   bool          // whether it does not read the answer before Ends
	Ends   time.Duration // the time after which the server must have closed the connection
	Answer string        // how the answer begins; "" for none
}

// Check connects several clients like c, and checks when the server ends their connections and what
// it answers. Meanwhile it calls the function others once a second, which sends a request as an
// ordinary client. The caller of Check is in a bubble.
func (c SlowClient) Check(t *testing.T, b *Bubble, others func()) {
	t.Helper()
	begun := time.Now()
	var slow sync.WaitGroup
	var fail sync.Once
	for range 40 {
		connection := b.Dial()
		slow.Go(func() { c.send(connection) })
		slow.Go(func() {
			if c.Mute {
				time.Sleep(c.Ends)
			}
			answer, _ := io.ReadAll(connection)
			if took := time.Since(begun); took != c.Ends || !strings.HasPrefix(string(answer), c.Answer) || c.Answer == "" && len(answer) > 0 {
				fail.Do(func() {
					t.Errorf("a connection ends after %s with %.60q, want %s and %q", took, answer, c.Ends, c.Answer)
				})
			}
			_ = connection.Close()
		})
	}
	for time.Since(begun) < c.Ends {
		others()
		time.Sleep(time.Second)
	}
	slow.Wait()
}

// send sends everything, or as much as it can before the connection ends.
func (c SlowClient) send(connection net.Conn) {
	_, err := io.WriteString(connection, c.Begins)
	for i := 0; i < len(c.Then) && err == nil; i++ {
		time.Sleep(c.Pause)
		_, err = io.WriteString(connection, c.Then[i:i+1])
	}
}
