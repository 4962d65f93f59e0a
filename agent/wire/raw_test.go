package wire_test

import (
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// TestRawRequests sends raw requests that no regular client would write. A request must
// never be read as two requests, and a misspelt header must be ignored.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	listening := httptest.NewUnstartedServer(nil)
	listening.Config = wire.NewHTTPServer(newSite(t))
	listening.Start()
	t.Cleanup(listening.Close)
	const post = "POST /emby/Echo/1 HTTP/1.1\r\nHost: den\r\nConnection: close\r\n"
	for name, c := range map[string]struct {
		request string
		want    string // how the answer begins
		has     string
		answers int
	}{
		"as it should be":          {post + "Content-Length: 3\r\n\r\na=1", "HTTP/1.1 201", `"a":"1"`, 1},
		"waits, and may go on":     {post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\na=1", "HTTP/1.1 100", `"a":"1"`, 2},
		"waits, and is too large":  {post + "Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n", "HTTP/1.1 413", "too large", 1},
		"two lengths":              {post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\na=1", "HTTP/1.1 400", "", 1},
		"a length that is none":    {post + "Content-Length: +3\r\n\r\na=1", "HTTP/1.1 400", "", 1},
		"two ways to end":          {post + "Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\nGET /Echo/2 HTTP/1.1\r\nHost: den\r\n\r\n", "HTTP/1.1 201", `"id":"1"`, 1},
		"an unknown way to end":    {post + "Transfer-Encoding: xchunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n", "HTTP/1.1 501", "", 1},
		"a blank before the colon": {post + "X-Forwarded-For : 203.0.113.5\r\n\r\n", "HTTP/1.1 400", "", 1},
		"an underscore":            {post + "X_Forwarded_For: 203.0.113.5\r\n\r\n", "HTTP/1.1 201", `"address":"127.0.0.1"`, 1},
		"no host":                  {"GET /Echo/1 HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "", 1},
		"a whole address":          {"GET http://elsewhere/emby/Echo/7 HTTP/1.1\r\nHost: den\r\nConnection: close\r\n\r\n", "HTTP/1.1 201", `"id":"7"`, 1},
		"a tunnel":                 {"CONNECT den:80 HTTP/1.1\r\nHost: den:80\r\nConnection: close\r\n\r\n", "HTTP/1.1 404", "nothing here", 1},
		"bytes in the path":        {"GET /Echo/\xff%00 HTTP/1.1\r\nHost: den\r\nConnection: close\r\n\r\n", "HTTP/1.1 201", `"id":"`, 1},
		"line ends, escaped":       {"GET /Echo/1?a=1%0d%0aX-B:%202 HTTP/1.1\r\nHost: den\r\nConnection: close\r\n\r\n", "HTTP/1.1 201", `"a":"1\r\nX-B: 2"`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection, err := net.Dial("tcp", listening.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			connection.SetDeadline(time.Now().Add(waittest.Patience))
			if _, err := io.WriteString(connection, c.request); err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(connection)
			got := string(text)
			if !strings.HasPrefix(got, c.want) || !strings.Contains(got, c.has) || strings.Count(got, "HTTP/1.1 ") != c.answers {
				t.Errorf("got\n%s\nwant %d answers, the first %q, with %q", got, c.answers, c.want, c.has)
			}
		})
	}
}
