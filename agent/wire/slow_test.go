package wire_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/servicetest"
)

// TestSlowClientsAreEnded connects clients that send byte by byte, that send nothing, or
// that do not read their answer. Their connections are closed, and other clients are served
// meanwhile. Clients that are slow but in time are served.
func TestSlowClientsAreEnded(t *testing.T) {
	t.Parallel()
	const get, post = "GET /Echo/1 HTTP/1.1\r\nHost: den\r\n", "POST /Echo/1 HTTP/1.1\r\nHost: den\r\nConnection: close\r\n"
	for name, client := range map[string]servicetest.SlowClient{
		"sends nothing":           {Ends: 10 * time.Second},
		"slow headers":            {Begins: get + "X-Long: ", Then: strings.Repeat("a", 100), Pause: time.Second, Ends: 10 * time.Second},
		"nothing after an answer": {Begins: get + "\r\n", Ends: 2 * time.Minute, Answer: "HTTP/1.1 201"},
		// This client reads only when the limit is over.
		"does not read the answer": {Begins: get + "\r\n", Mute: true, Ends: 2*time.Minute + 1},
		"slow body": {
			Begins: post + "Content-Length: 100\r\n\r\na=", Then: strings.Repeat("1", 98), Pause: time.Second,
			Ends: time.Minute, Answer: "HTTP/1.1 400",
		},
		"slow and in time": {
			Begins: post + "Content-Length: 52\r\n\r\na=", Then: strings.Repeat("1", 50), Pause: time.Second,
			Ends: 50 * time.Second, Answer: "HTTP/1.1 201",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t)
			synctest.Test(t, func(t *testing.T) {
				bubble := servicetest.NewBubble()
				server := wire.NewHTTPServer(site)
				go func() { _ = server.Serve(bubble) }()
				defer server.Close()
				client.Check(t, bubble, func() {
					answer, took := bubble.Ask(get + "Connection: close\r\n\r\n")
					if !strings.HasPrefix(answer, "HTTP/1.1 201") || took != 0 {
						t.Errorf("another client gets %.60q after %s, want the status 201 at once", answer, took)
					}
				})
			})
		})
	}
}
