//go:build unix

package main

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// acceptWaiting accepts a connection that is open already. If there is no such connection, it
// returns nil at once.
func acceptWaiting(listener *net.TCPListener) (net.Conn, error) {
	raw, err := listener.SyscallConn()
	if err != nil {
		return nil, err
	}
	socket := -1
	var failed error
	for again := true; again; again = errors.Is(failed, unix.EINTR) || errors.Is(failed, unix.ECONNABORTED) {
		if err := raw.Control(func(fd uintptr) { socket, _, failed = unix.Accept(int(fd)) }); err != nil {
			return nil, err
		}
	}
	if errors.Is(failed, unix.EAGAIN) {
		return nil, nil
	}
	if failed != nil {
		return nil, os.NewSyscallError("accept", failed)
	}
	unix.CloseOnExec(socket)
	file := os.NewFile(uintptr(socket), "connection")
	defer func() { _ = file.Close() }()
	return net.FileConn(file) // has a copy of the socket
}
