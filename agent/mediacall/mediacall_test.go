package mediacall_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/mediacall"
)

// New reads addresses as people type and copy them. A wrong one is refused with an error that holds no secret of it.
func TestAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://192.168.1.2:8096":                     "http://192.168.1.2:8096",
		" https://media.example/jellyfin/ ":           "https://media.example/jellyfin",
		"https://media.example/jellyfin/web/":         "https://media.example/jellyfin",
		"https://media.example/web/index.html":        "https://media.example",
		"http://media.example:8096/web/index.html#!/": "http://media.example:8096",
		"https://media.example/web/index.html#home":   "",
		"https://media.example/?api_key=x":            "",
		"https://me:secret@media.example":             "",
		"media.example:8096":                          "",
		"media.example":                               "",
		"ftp://media.example":                         "",
		"http://":                                     "",
		"http://[::1":                                 "",
		"":                                            "",
	} {
		got, err := mediacall.New(mediacall.Options{Product: "Jellyfin", URL: text})
		if (err == nil) != (want != "") || err == nil && got.Address() != want {
			t.Errorf("%q: %v (error %v), want %q", text, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error quotes the password: %v", text, err)
		}
	}
}

// Something is done only if the media server says so: a page of a proxy with a good status is an error.
func TestDone(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		wanted, status int
		body           string
		done           bool
	}{
		"nothing":                     {0, http.StatusNoContent, "", true},
		"an empty body":               {0, http.StatusOK, " \n", true},
		"a page":                      {0, http.StatusOK, "<html>", false},
		"another status than wanted":  {http.StatusNoContent, http.StatusOK, "", false},
		"the wanted status":           {http.StatusNoContent, http.StatusNoContent, "", true},
		"a redirect is not followed":  {0, http.StatusFound, "", false},
		"a status that says no":       {0, http.StatusForbidden, "", false},
		"a status of a broken server": {0, http.StatusInternalServerError, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got http.Header
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r.Header.Clone()
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(row.status)
				_, _ = w.Write([]byte(row.body))
			}))
			defer server.Close()
			client, err := mediacall.New(mediacall.Options{Product: "Emby", URL: server.URL, Version: "1", AnswerMax: 1 << 10, DoneStatus: row.wanted})
			if err != nil {
				t.Fatal(err)
			}
			err = client.Do(t.Context(), mediacall.Call{Doing: "ending it", Method: http.MethodPost, Path: "/end", Header: http.Header{"X-Emby-Token": {"k"}}})
			if (err == nil) != row.done {
				t.Errorf("error %v, want done %v", err, row.done)
			}
			if err != nil {
				if _, is := errors.AsType[*mediacall.CallError](err); !is || !strings.HasPrefix(err.Error(), "emby: ending it: ") {
					t.Errorf("error %v, want a failure that says what was done", err)
				}
				if wrong := row.status > 299; wrong != (mediacall.StatusOf(err) == row.status) {
					t.Errorf("status %d, want %d only for a status that says no", mediacall.StatusOf(err), row.status)
				}
			}
			if got.Get("X-Emby-Token") != "k" || got.Get("User-Agent") != "Latchkey/1" {
				t.Errorf("headers %v, want the token and the version", got)
			}
		})
	}
}
