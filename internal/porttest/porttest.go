// Package porttest finds ports for tests that must name one before a program listens there.
package porttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// The first port, and the number of ports, from which Free chooses. The system gives only higher
// ports to programs that let it choose.
const (
	first = 10_000
	count = 10_000
)

// Free returns an address of this machine, "127.0.0.1:PORT", at which no program listens. Programs
// that let the system choose a port never take this one, and Free returns each address only once in
// a process. It ends the test if it finds no port.
func Free(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(count))
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
		if err != nil {
			continue
		}
		_ = listener.Close()
		if _, given := returned.LoadOrStore(address, true); !given {
			return address
		}
	}
	t.Fatal("found no free port in 100 tries, want one")
	return ""
}

// returned holds the addresses that Free has returned.
var returned sync.Map
