package jellyfintest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// TestWebApp asks for the files of the web app, and for what a proxy hands to the agent.
func TestWebApp(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "12", jellyfintest.Base("/jellyfin"))
	for path, row := range map[string]struct {
		status int
		has    string
	}{
		"/jellyfin/web/":            {http.StatusOK, `src="app.js"`},
		"/jellyfin/web/app.js":      {http.StatusOK, "jellyfin_credentials"},
		"/jellyfin/web/none.js":     {http.StatusNotFound, ""},
		"/jellyfin/latchkey/open":   {http.StatusNotFound, ""},
		"/latchkey/open":            {http.StatusOK, `src="app.js"`}, // by the redirect
		"/jellyfin/web/config.json": {http.StatusOK, `"servers":[]`},
		"/JELLYFIN/web/config.json": {http.StatusOK, `"servers":[]`},
	} {
		status, body := get(t, strings.TrimSuffix(fake.URL, "/jellyfin")+path)
		if status != row.status || !strings.Contains(body, row.has) {
			t.Errorf("%s: status %d with %q, want %d with %q", path, status, body, row.status, row.has)
		}
	}
	fake.SetWebServers("https://elsewhere.example.org")
	_, body := get(t, fake.URL+"/web/config.json")
	var said struct {
		Servers []string `json:"servers"`
	}
	if json.Unmarshal([]byte(body), &said) != nil || len(said.Servers) != 1 {
		t.Errorf("config.json is %q, want it with one server", body)
	}
	fake.SetStarting(jellyfintest.StartLoading)
	if status, _ := get(t, fake.URL+"/web/"); status != http.StatusServiceUnavailable {
		t.Errorf("while it starts: status %d, want %d", status, http.StatusServiceUnavailable)
	}
}

// get fetches an address.
func get(t *testing.T, address string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(raw)
}
