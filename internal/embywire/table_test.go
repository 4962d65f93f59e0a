package embywire_test

import (
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/embywire"
)

func TestTableFindsRoutes(t *testing.T) {
	t.Parallel()
	var table embywire.Table[string]
	table.Add("GET", "/servers", "list")
	table.Add("POST", "/servers", "register")
	table.AddActing("GET", "/servers/accept", "accept")
	table.Add("DELETE GET", "/servers/{Id}", "one")
	for request, want := range map[string]string{
		"GET /servers":          "list",
		"GET /Servers":          "list",
		"HEAD /servers":         "list",
		"POST /servers":         "register",
		"DELETE /servers":       "405 of /servers: GET HEAD POST",
		"GET /servers/accept":   "accept",
		"GET /servers/AbC":      "one AbC",
		"PUT /servers/AbC":      "405 of /servers/{Id}: DELETE GET HEAD",
		"GET /servers/":         "404",
		"GET //servers":         "404",
		"GET /servers/AbC/more": "404",
		"GET /nothing":          "404",
	} {
		method, path, _ := strings.Cut(request, " ")
		match := table.Find(method, path)
		got := "404"
		switch {
		case match.OK:
			got = strings.TrimSpace(match.Value + " " + match.Values["id"])
		case match.Pattern != "":
			got = "405 of " + match.Pattern + ": " + strings.Join(match.Allowed, " ")
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", request, got, want)
		}
	}
}

// HEAD does not stand for a GET that changes something.
func TestHeadNeverActs(t *testing.T) {
	t.Parallel()
	var table embywire.Table[string]
	table.AddActing("GET", "/accept", "accept")
	match := table.Find("HEAD", "/accept")
	if got := strings.Join(match.Allowed, " "); match.OK || got != "GET" {
		t.Errorf("HEAD found %v with the methods %q, want none with GET", match.OK, got)
	}
}
