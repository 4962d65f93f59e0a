package handlers_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
)

// Requests that a proxy and this service could read differently are refused, so that
// nobody smuggles a second request past the proxy.
func TestAmbiguousRequestsAreRefused(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := handlers.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusTeapot)
	}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	for what, test := range map[string]struct {
		header string
		want   int
	}{
		"a plain request":        {"Host: a\r\nContent-Length: 1\r\n\r\nx", http.StatusTeapot},
		"two lengths":            {"Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", http.StatusBadRequest},
		"a length with a sign":   {"Host: a\r\nContent-Length: +1\r\n\r\nx", http.StatusBadRequest},
		"an unknown coding":      {"Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", http.StatusNotImplemented},
		"a coding twice":         {"Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", http.StatusNotImplemented},
		"a space before a colon": {"Host: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", http.StatusBadRequest},
		"two hosts":              {"Host: a\r\nHost: b\r\n\r\n", http.StatusBadRequest},
		"no host":                {"Accept: */*\r\n\r\n", http.StatusBadRequest},
	} {
		if got := rawStatus(t.Context(), t, listener.Addr().String(), "POST / HTTP/1.1\r\n"+test.header); got != test.want {
			t.Errorf("%s: status %d, want %d", what, got, test.want)
		}
	}
}

// rawStatus sends the bytes of a request and returns the status of the answer.
func rawStatus(ctx context.Context, t *testing.T, address, request string) int {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
