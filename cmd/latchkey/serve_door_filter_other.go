//go:build !linux

package main

import (
	"errors"
	"net"
)

// refuseNew returns [errors.ErrUnsupported]: this system has no filter for single listeners that the program knows.
func refuseNew(*net.TCPListener) error { return errors.ErrUnsupported }
