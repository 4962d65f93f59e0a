package handlers_test

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/servicetest"
)

// Clients that send byte by byte, that send nothing, or that do not read their answer, are
// cut off, and other clients are served meanwhile. A client that is slow but in time is
// served. The log has no error, because an operator could not do anything about it.
func TestSlowClientsAreEnded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := strings.TrimPrefix(s.URL, "https://")
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" }
	post := func(path, media, body string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\nContent-Type: " + media +
			"\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	}
	const form, language = "application/x-www-form-urlencoded", "language=de&return_to=%2Fsignup" // no database is asked for it
	long := strings.Repeat("a", 100)
	for name, client := range map[string]servicetest.SlowClient{
		"sends nothing":             {Ends: 5 * time.Second},
		"slow headers":              {Begins: get("/signin") + "X-Long: ", Then: long, Pause: time.Second, Ends: 5 * time.Second},
		"nothing after an answer":   {Begins: get("/livez") + "\r\n", Ends: time.Minute, Answer: "HTTP/1.1 200"},
		"does not read the answer":  {Begins: get("/static/css/latchkey.css") + "\r\n", Mute: true, Ends: 30*time.Second + 1}, // the client begins to read only after the service has cut it off
		"slow form":                 {Begins: post("/language", form, long), Then: long, Pause: time.Second, Ends: 10 * time.Second, Answer: "HTTP/1.1 400"},
		"slow JSON":                 {Begins: post("/api/v1/device-codes", "application/json", long), Then: long, Pause: time.Second, Ends: 10 * time.Second, Answer: "HTTP/1.1 400"},
		"slow form of a device":     {Begins: post("/api/v1/device-codes", form, long), Then: long, Pause: time.Second, Ends: 10 * time.Second, Answer: "HTTP/1.1 400"},
		"slow call of Emby Connect": {Begins: post("/service/user/authenticate", form, long), Then: long, Pause: time.Second, Ends: 10 * time.Second, Answer: "HTTP/1.1 400"},
		"slow and in time": {
			Begins: strings.TrimSuffix(post("/language", form, language), "\r\n") + "X-Long: ", Then: "abcd\r\n\r\n" + language, Pause: 200 * time.Millisecond,
			Ends: time.Duration(len("abcd\r\n\r\n")+len(language)) * 200 * time.Millisecond, Answer: "HTTP/1.1 303",
		},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // a bubble
			handler := servicetest.Must(s.Config.Handler())(t)
			synctest.Test(t, func(t *testing.T) {
				bubble := servicetest.NewBubble()
				server := handlers.NewHTTPServer(handler)
				go func() { _ = server.Serve(bubble) }()
				defer func() { _ = server.Close() }()
				client.Check(t, bubble, func() {
					answer, took := bubble.Ask(get("/livez") + "Connection: close\r\n\r\n")
					if !strings.HasPrefix(answer, "HTTP/1.1 200") || took != 0 {
						t.Errorf("another client gets %.60q after %s, want the status 200 at once", answer, took)
					}
				})
			})
		})
	}
	if log := s.Log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("the log says %.500s\nwant no error: there is nothing to mend", log)
	}
}
