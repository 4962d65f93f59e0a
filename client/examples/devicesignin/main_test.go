package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

func TestRun(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	say := func(pattern string, status int, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(pattern, "GET") && r.Header.Get("Authorization") != "Bearer lks_y" {
				t.Error("no token is sent, want lks_y")
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, body)
		})
	}
	say("POST /api/v1/device-codes", 201, `{"device_code":"lkd_x","user_code":"BCDF-GHJK","verification_uri":"https://id.example.org/link",`+
		`"verification_uri_complete":"https://id.example.org/link?user_code=BCDF-GHJK","expires_in":600,"interval":5}`)
	say("POST /api/v1/device-codes/token", 200, `{"token":"lks_y","account":{"id":"1","username":"ann"}}`)
	say("GET /api/v1/servers", 200, `{"servers":[{"id":"2","name":"Den","access_key":"a-secret","addresses":[{"kind":"lan","url":"http://192.168.1.2:8096"}]}]}`)
	service := httptest.NewServer(mux)
	defer service.Close()
	var out strings.Builder
	err := run(t.Context(), []string{service.URL}, &out, client.WithSleep(func(context.Context, time.Duration) error { return nil }))
	const want = "Open https://id.example.org/link on your phone and type BCDF-GHJK\nann may use 1 servers.\nDen\n  lan    http://192.168.1.2:8096\n"
	if err != nil || out.String() != want {
		t.Errorf("%v, want %v\n%s", err, want, out.String())
	}
	if err := run(t.Context(), nil, &out); err == nil {
		t.Error("without an address: got no error, want one")
	}
}
