package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// door is a listener that knows how many of its connections are busy: the server waits for a
// request on them or answers one. [http.Server.Shutdown] drops a request that it reads only after
// Shutdown was called, even if the request had arrived before. And when a listener is closed, the
// system drops the connections that wait to be accepted. So the program first closes the door and
// waits.
type door struct {
	net.Listener

	busy    atomic.Int64
	closing atomic.Bool
	closed  func() error
	shut    chan struct{} // closed with the listener
	told    func()        // closes over
	over    chan struct{} // closed when Accept has said that the listener is closed
}

func newDoor(listener net.Listener) *door {
	d := &door{Listener: listener, shut: make(chan struct{}), over: make(chan struct{})}
	d.told = sync.OnceFunc(func() { close(d.over) })
	d.closed = sync.OnceValue(func() error {
		defer close(d.shut)
		return listener.Close()
	})
	return d
}

// listenPlain listens at an address for TCP connections that have a single path. Linux has no filter for listeners of
// Multipath TCP (RFC 8684), which Go uses otherwise.
func listenPlain(ctx context.Context, address string) (net.Listener, error) {
	var listening net.ListenConfig
	listening.SetMultipathTCP(false)
	return listening.Listen(ctx, "tcp", address)
}

// keptOpen is a listener whose port systemd keeps open: connections that this run does not accept wait
// for the next run.
type keptOpen struct{ net.Listener }

// Close closes the listener; it may be called again.
func (d *door) Close() error { return d.closed() }

// visit is a connection of a door. Only the server's goroutine of the connection changes it.
type visit struct {
	*net.TCPConn

	busy bool
}

// Accept waits for the next connection. When the door is closing, Accept returns the connections
// that are open already, and closes the listener as soon as none of them is left.
func (d *door) Accept() (net.Conn, error) {
	connection, err := d.Listener.Accept()
	if own, ok := d.Listener.(*net.TCPListener); ok && d.closing.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
		if connection, err = acceptWaiting(own); connection == nil {
			err = errors.Join(err, d.Close(), net.ErrClosed)
		}
	}
	if err != nil {
		if errors.Is(err, net.ErrClosed) {
			d.told()
		}
		return nil, err
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		return &visit{TCPConn: tcp}, nil
	}
	return connection, nil
}

// noteState notes the state of a connection. The server calls it as its hook
// [http.Server.ConnState].
func (d *door) noteState(connection net.Conn, state http.ConnState) {
	v, ok := connection.(*visit)
	if !ok {
		return
	}
	busy := state == http.StateNew || state == http.StateActive
	if busy == v.busy {
		return
	}
	v.busy = busy
	if busy {
		d.busy.Add(1)
	} else {
		d.busy.Add(-1)
	}
}

// lastRequestTime is the longest time that the service waits for the requests that had arrived when
// its door was closed. A connection without a request must not delay the stop any longer.
const lastRequestTime = 3 * time.Second

// halfOpenTime is the time in which a caller's last packet for opening a connection arrives, if its first one had arrived before
// new connections were refused: a way there and back within a data centre.
const halfOpenTime = 20 * time.Millisecond

// closeAndWait closes the door, after Accept has accepted every connection that is open, and waits
// until every request that had arrived is answered. It waits for no longer than the given time.
func (d *door) closeAndWait(longest time.Duration) {
	end := time.Now().Add(longest)
	if own, ok := d.Listener.(*net.TCPListener); ok {
		last := time.Unix(1, 0)
		if refuseNew(own) == nil {
			last = time.Now().Add(halfOpenTime)
		}
		d.closing.Store(true)
		if own.SetDeadline(last) == nil { // ends the Accept that waits then
			select {
			case <-d.shut:
			case <-time.After(longest):
			}
		}
	}
	_ = d.Close()
	// The system may have given a connection to an Accept that has not returned yet. The server has noted every
	// connection as soon as it calls Accept again.
	select {
	case <-d.over:
	case <-time.After(time.Until(end)):
	}
	for d.busy.Load() > 0 && time.Now().Before(end) {
		time.Sleep(5 * time.Millisecond)
	}
}
