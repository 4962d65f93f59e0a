package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
)

// Connections that are open and not yet accepted when the door closes are answered.
func TestDoorAnswersConnectionsThatWait(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
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
