package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
)

// Connections that are open and not yet accepted when the door closes are answered.
func TestDoorAnswersConnectionsThatWait(t *testing.T) {
	t.Parallel()
	listener, err := listenPlain(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(listener)
	defer func() { _ = d.Close() }()
	waiting := make([]net.Conn, 20)
	for i := range waiting {
		if waiting[i], err = (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String()); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(waiting[i], "GET / HTTP/1.0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Minute, ConnState: d.noteState,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answered") }),
	}
	done := make(chan struct{})
	go func() {
		d.closeAndWait(time.Hour)
		close(done)
	}()
	waittest.Eventually(t, "the door closes", d.closing.Load)
	if err := server.Serve(d); err == nil {
		t.Error("got no error from a door that was closed")
	}
	for _, connection := range waiting {
		if answer, err := io.ReadAll(connection); err != nil || !strings.HasSuffix(string(answer), "answered") {
			t.Errorf("got %q and the error %v, want the answer", answer, err)
		}
	}
	<-done
}

// A connection that the system has accepted just before the door closes is still given to the server before the stop goes on.
func TestDoorWaitsForAnAcceptUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := &lateListener{closed: make(chan struct{}), release: make(chan struct{})}
		d := newDoor(late)
		accepted, over := 0, false
		go func() {
			for {
				if _, err := d.Accept(); err != nil {
					return
				}
				accepted++
			}
		}()
		go func() {
			d.closeAndWait(time.Hour)
			over = true
		}()
		<-late.closed
		synctest.Wait()
		if over {
			t.Error("the stop went on while a connection was being accepted; want it to wait")
		}
		close(late.release)
		synctest.Wait()
		if accepted != 1 || !over {
			t.Errorf("got %d connections and over = %v, want 1 connection and an end", accepted, over)
		}
	})
}

// lateListener has a connection that Accept returns only after the listener was closed.
type lateListener struct {
	net.Listener

	closed, release chan struct{}
	given           bool
}

func (l *lateListener) Close() error {
	close(l.closed)
	return nil
}

func (l *lateListener) Accept() (net.Conn, error) {
	<-l.release
	if l.given {
		return nil, net.ErrClosed
	}
	l.given = true
	return &net.TCPConn{}, nil
}
