//go:build !race

// This test does not run with the race detector, which needs more than twice the stack.

package handlers_test

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// An agent waits nearly all the time, so the cost of an agent is the memory that a waiting
// request holds. Most of it is a stack, which is as deep as the deepest call before the wait:
// a statement of the database on that goroutine would double it.
func TestWaitingAgentsHoldLittle(t *testing.T) { //nolint:paralleltest // it measures the memory of the whole process
	const (
		servers   = 30
		each      = 4        // as many as may wait for one server
		mostStack = 12 << 10 // 8 KiB of the request, and 4 KiB of net/http, which notices that the client leaves
	)
	stopping := make(chan struct{})
	clock := modelstest.NewClock()
	store := modelstest.Open(t, modelstest.SQLite(t), clock, modelstest.Unlimited)
	s := siteOf(t, store, clock, func(c *handlers.Server) { c.Stopping = stopping })
	site, err := s.Config.Handler()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := handlers.NewHTTPServer(site)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		close(stopping)
		_ = server.Close()
		<-served
	})
	ann := s.program(t).signedUp("ann")
	var requests [][]byte
	for i := range servers {
		agent := ann.agent(fmt.Sprintf("server%d", i))
		requests = append(requests, fmt.Appendf(nil, "GET /api/v1/server/changes?after=0&wait=25 HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n\r\n",
			strings.TrimPrefix(s.Config.PublicURL, "https://"), agent.header.Get("Authorization")))
	}
	// On a busy machine the scheduler interrupts requests at their deepest call, which needs some more stack and can double
	// it. So the least of a few measurements counts.
	least := int64(1 << 40)
	for range 5 {
		least = min(least, heldBy(t, listener.Addr().String(), slices.Repeat(requests, each)))
		if least <= mostStack {
			break
		}
	}
	t.Logf("a waiting agent holds %d bytes of stack", least)
	if least > mostStack {
		t.Errorf("a waiting agent holds %d bytes of stack, want at most %d", least, mostStack)
	}
}

// heldBy sends requests that wait, each on a connection of its own, and returns the bytes of stack that one of them holds. It
// ends them again.
func heldBy(t *testing.T, address string, requests [][]byte) int64 {
	t.Helper()
	waittest.Eventually(t, "no agent waits", func() bool { return waitingCalls() == 0 })
	before := stacks()
	for _, request := range requests {
		connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = connection.Close() }()
		if _, err := connection.Write(request); err != nil {
			t.Fatal(err)
		}
	}
	waittest.Eventually(t, "all agents wait", func() bool { return waitingCalls() == len(requests) })
	return (stacks() - before) / int64(len(requests))
}

// waitingCalls returns how many goroutines wait for a change, and do nothing else.
func waitingCalls() int {
	text := make([]byte, 8<<20)
	text = text[:runtime.Stack(text, true)]
	return bytes.Count(text, []byte("[select]:\ngithub.com/latchkey-media/latchkey/models.(*Changes).Wait("))
}

// stacks returns the bytes of all stacks.
func stacks() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.StackInuse)
}
