package main

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

// After new connections are refused, nothing can come between the last accept and the close: an open connection is accepted,
// and a new one is not made.
func TestDoorRefusesNewConnections(t *testing.T) {
	t.Parallel()
	listener, err := listenPlain(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	address := listener.Addr().String()
	before, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = before.Close() }()
	if err := refuseNew(listener.(*net.TCPListener)); err != nil {
		t.Fatalf("refuse new connections: %v", err)
	}
	after := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		after <- err
	}()
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatalf("accept the connection that was open: %v", err)
	}
	_ = accepted.Close()
	if tcp := listener.(*net.TCPListener); tcp.SetDeadline(time.Now().Add(50*time.Millisecond)) == nil {
		if second, err := tcp.Accept(); err == nil {
			_ = second.Close()
			t.Error("a connection was accepted after new ones were refused; want none")
		}
	}
	_ = listener.Close()
	if err := <-after; !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the new connection ended with %v, want %v", err, syscall.ECONNREFUSED)
	}
}
