package main

import (
	"errors"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/latchkey-media/latchkey/internal/waittest"
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
	tcp, address := listener.(*net.TCPListener), listener.Addr().(*net.TCPAddr)
	before, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = before.Close() }()
	if err := refuseNew(tcp); err != nil {
		t.Fatalf("refuse new connections: %v", err)
	}
	after := connecting(t, address)
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatalf("accept the connection that was open: %v", err)
	}
	_ = accepted.Close()
	if second, err := acceptWaiting(tcp); second != nil || err != nil {
		t.Fatalf("got the connection %v and the error %v after new ones were refused; want none", second, err)
	}
	_ = listener.Close()
	var outcome int
	waittest.Eventually(t, "the new connection has ended", func() bool {
		outcome, err = unix.GetsockoptInt(after, unix.SOL_SOCKET, unix.SO_ERROR)
		return err != nil || outcome != 0
	})
	if err != nil || unix.Errno(outcome) != unix.ECONNREFUSED {
		t.Errorf("the new connection ended with %v and the error %v, want %v", unix.Errno(outcome), err, unix.ECONNREFUSED)
	}
}

// connecting returns a socket that has asked for a connection and does not wait for the answer.
func connecting(t *testing.T, to *net.TCPAddr) int {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(socket) })
	if err := unix.Connect(socket, &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())}); !errors.Is(err, unix.EINPROGRESS) {
		t.Fatalf("connect: got the error %v, want %v", err, unix.EINPROGRESS)
	}
	return socket
}
