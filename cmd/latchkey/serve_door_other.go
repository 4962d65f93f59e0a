//go:build !unix

package main

import "net"

// acceptWaiting returns nil: this system does not tell whether a connection waits.
func acceptWaiting(*net.TCPListener) (net.Conn, error) { return nil, nil }
