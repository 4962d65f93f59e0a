package main

import (
	"net"

	"golang.org/x/sys/unix"
)

// refuseNew lets the system ignore callers who ask for a new connection at the listener. Connections that are open already, or
// half open, can still be accepted. Otherwise a connection could be completed between the last accept and the close, and the system would
// reset it. A caller who was ignored asks again about a second later (RFC 6298, section 2) and is refused then, because the
// listener is closed.
func refuseNew(listener *net.TCPListener) error {
	raw, err := listener.SyscallConn()
	if err != nil {
		return err
	}
	// The program for the filter of the socket begins at the header of TCP (RFC 9293, section 3.1): the byte 13 holds the flags.
	const flags, syn, ack = 13, 0x02, 0x10
	const everything = 0xffffffff
	filter := [5]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: syn | ack},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: everything},
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	})
	if err != nil {
		return err
	}
	return failed
}
