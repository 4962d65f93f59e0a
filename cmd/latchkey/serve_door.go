package main

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// door is a listener that knows how many of its connections are busy: the server waits for a
// request on them or answers one. [http.Server.Shutdown] drops a request that it reads only after
// Shutdown was called, even if the request had arrived before. So the program first closes the door
// and waits.
type door struct {
	net.Listener

	busy   atomic.Int64
	closed func() error
}

func newDoor(listener net.Listener) *door {
	return &door{Listener: listener, closed: sync.OnceValue(listener.Close)}
}

// Close closes the listener; it may be called again.
func (d *door) Close() error { return d.closed() }

// visit is a connection of a door. Only the server's goroutine of the connection changes it.
type visit struct {
	*net.TCPConn

	busy bool
}

// Accept waits for the next connection.
func (d *door) Accept() (net.Conn, error) {
	connection, err := d.Listener.Accept()
	if err != nil {
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

// lastRequestTime is the longest time that closeAndWait waits. Requests that had arrived when the
// door was closed are answered within this time. A connection without a request must not delay the
// stop any longer.
const lastRequestTime = 3 * time.Second

// closeAndWait closes the door, and waits until every request that had arrived is answered.
func (d *door) closeAndWait() {
	_ = d.Close()
	for end := time.Now().Add(lastRequestTime); d.busy.Load() > 0 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}
